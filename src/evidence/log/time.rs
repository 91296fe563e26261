//! The time at the start of a log record: `19.07.2025 19:00:52.176`, local and without a zone.

use crate::facts::LogTime;

/// Length of a time in bytes.
pub(super) const TIME_BYTES: usize = 23;

const SHAPE: &[u8; TIME_BYTES] = b"dd.dd.dddd dd:dd:dd.ddd";

/// Reads the time at the start of a line; continuation lines, as of stack traces, have none.
pub(super) fn read(line: &[u8]) -> Option<LogTime> {
    let text = line.first_chunk::<TIME_BYTES>()?;
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    if !text.iter().zip(SHAPE).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<u16> {
        str::from_utf8(text.get(from..to)?).ok()?.parse().ok()
    };
    let small = |from: usize, least: u16, most: u16| -> Option<u8> {
        let number = number(from, from.checked_add(2)?)?;
        (least..=most).contains(&number).then(|| u8::try_from(number).ok())?
    };
    Some(LogTime {
        year: number(6, 10)?,
        month: small(3, 1, 12)?,
        day: small(0, 1, 31)?,
        hour: small(11, 0, 23)?,
        minute: small(14, 0, 59)?,
        // 60 is a leap second.
        second: small(17, 0, 60)?,
        millisecond: number(20, 23)?,
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
    fn anything_else_is_no_time() {
        for line in [
            &b""[..],
            b"19.07.2025 19:00:52.17",
            b"\tat 19.07.2025 19:00:52.176",
            b"2025-07-19 19:00:52.176 *INFO*",
            b"19.13.2025 19:00:52.176",
            b"00.07.2025 19:00:52.176",
            b"19.07.2025 24:00:52.176",
            b"19.07.2025 19:60:52.176",
            b"1a.07.2025 19:00:52.176",
        ] {
            assert_eq!(read(line), None, "{}", line.escape_ascii());
        }
    }
}
