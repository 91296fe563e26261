//! The time at the start of a log record, local and without a zone: `19.07.2025 19:00:52.176` as AEM writes it, or
//! `2025-07-19 19:00:52.176` as the pattern of the project archetype does. In JSON, as Docker and log shippers write it, the first time of the
//! line counts.

use crate::facts::LogTime;

/// Length of a time in bytes.
pub(super) const TIME_BYTES: usize = 23;

/// A form of a time, and where in it the year, the month and the day begin.
struct Form {
    shape: &'static [u8; TIME_BYTES],
    year: usize,
    month: usize,
    day: usize,
}

/// The forms that are known, the usual one first. Log4j writes a comma before the milliseconds, others a `T` between date and time.
const FORMS: [Form; 5] = [
    Form { shape: b"dd.dd.dddd dd:dd:dd.ddd", year: 6, month: 3, day: 0 },
    Form { shape: b"dddd-dd-dd dd:dd:dd.ddd", year: 0, month: 5, day: 8 },
    Form { shape: b"dddd-dd-dd dd:dd:dd,ddd", year: 0, month: 5, day: 8 },
    Form { shape: b"dddd-dd-ddTdd:dd:dd.ddd", year: 0, month: 5, day: 8 },
    Form { shape: b"dddd-dd-ddTdd:dd:dd,ddd", year: 0, month: 5, day: 8 },
];

/// How far into a line of JSON a time is looked for.
const JSON_BYTES: usize = 64;

/// Reads the time at the start of a line; continuation lines, as of stack traces, have none.
pub(super) fn read(line: &[u8]) -> Option<LogTime> {
    if line.first() != Some(&b'{') {
        return at_start(line);
    }
    let head = line.get(..JSON_BYTES).unwrap_or(line);
    let quotes = head.iter().enumerate().take_while(|(_, byte)| **byte != b'\n');
    let mut values = quotes.filter(|(_, byte)| **byte == b'"');
    values.find_map(|(at, _)| at_start(line.get(at.saturating_add(1)..)?))
}

fn at_start(line: &[u8]) -> Option<LogTime> {
    let text = line.first_chunk::<TIME_BYTES>()?;
    let is_of = |form: &&Form| {
        text.iter().zip(form.shape).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
    };
    let form = FORMS.iter().find(is_of)?;
    let number = |from: usize, digits: usize| -> Option<u16> {
        str::from_utf8(text.get(from..from.checked_add(digits)?)?).ok()?.parse().ok()
    };
    let small = |from: usize, least: u16, most: u16| -> Option<u8> {
        let number = number(from, 2)?;
        (least..=most).contains(&number).then(|| u8::try_from(number).ok())?
    };
    Some(LogTime {
        year: number(form.year, 4)?,
        month: small(form.month, 1, 12)?,
        day: small(form.day, 1, 31)?,
        hour: small(11, 0, 23)?,
        minute: small(14, 0, 59)?,
        // 60 is a leap second.
        second: small(17, 0, 60)?,
        millisecond: number(20, 3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_comes_first() {
        let time = read(b"19.07.2025 19:00:52.176 *INFO* [x] y").unwrap();
        assert_eq!((time.to_string().as_str(), time.millisecond), ("2025-07-19 19:00:52", 176));
    }

    #[test]
    fn year_comes_first_where_a_pattern_says_so() {
        for line in [
            &b"2025-07-19 19:00:52.176 ERROR [x]"[..],
            b"2025-07-19 19:00:52,176 x",
            b"2025-07-19T19:00:52.176 x",
            b"2025-07-19T19:00:52,176+0200 x",
            b"{\"log\":\"19.07.2025 19:00:52.176 *WARN* [x] y\\n\",\"stream\":\"stdout\"}",
            b"{\"level\":\"WARN\",\"@timestamp\":\"2025-07-19T19:00:52.176Z\"}",
        ] {
            assert_eq!(read(line), read(b"19.07.2025 19:00:52.176"), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for line in [
            &b""[..],
            b"19.07.2025 19:00:52.17",
            b"\tat 19.07.2025 19:00:52.176",
            b"2025/07/19 19:00:52.176",
            b"19.13.2025 19:00:52.176",
            b"00.07.2025 19:00:52.176",
            b"19.07.2025 24:00:52.176",
            b"19.07.2025 19:60:52.176",
            b"1a.07.2025 19:00:52.176",
            b"{ 19.07.2025 19:00:52.176",
            b"{\"a\":1\n\"19.07.2025 19:00:52.176",
        ] {
            assert_eq!(read(line), None, "{}", line.escape_ascii());
        }
    }
}
