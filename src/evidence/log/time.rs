//! A time as logs write it, local and without a zone: `19.07.2025 19:00:52.176` as AEM does, `2025-07-19 19:00:52.176` as the pattern of the
//! project archetype does, and what other patterns make of it.

use crate::facts::LogTime;

/// A time at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeText<'t> {
    pub(super) time: LogTime,
    /// Digits behind the second. The runtime of a container writes more than AEM does.
    pub(super) fraction_digits: usize,
    /// What is behind it.
    pub(super) rest: &'t [u8],
}

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// Reads the time that a text begins with.
///
/// `07/28/2025` and `28/07/2025` are no times: nothing tells which of both is the month.
pub(super) fn read(text: &[u8]) -> Option<TimeText<'_>> {
    let mut text = TimeCursor(text);
    let (year, month, day) = text.date()?;
    text.take(b",");
    text.take(b" T:")?;
    let hour = text.small(0, 23)?;
    text.take(b":")?;
    let minute = text.small(0, 59)?;
    text.take(b":")?;
    // 60 is a leap second.
    let second = text.small(0, 60)?;
    let (millisecond, fraction_digits) = text.fraction();
    let hour = text.half_day(hour)?;
    let time = LogTime { year, month, day, hour, minute, second, millisecond };
    Some(TimeText { time, fraction_digits, rest: text.0 })
}

/// Reads the time that syslog writes before a line, which has no year: `Nov 28 10:00:01 `. Returns what is behind it.
pub(super) fn behind_time_of_syslog(text: &[u8]) -> Option<&[u8]> {
    let mut text = TimeCursor(text);
    text.month_name()?;
    text.take(b" ")?;
    // A day of one digit has a second blank before it.
    text.take(b" ");
    text.small(1, 31)?;
    text.take(b" ")?;
    text.small(0, 23)?;
    text.take(b":")?;
    text.small(0, 59)?;
    text.take(b":")?;
    text.small(0, 60)?;
    text.take(b" ")?;
    Some(text.0)
}

/// What of a text is left to read.
struct TimeCursor<'t>(&'t [u8]);

impl TimeCursor<'_> {
    /// Takes the next byte, if it is one of these.
    fn take(&mut self, any: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        any.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Takes all digits that follow; a number of so many or fewer.
    fn number(&mut self, digits_max: usize) -> Option<(u16, usize)> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = str::from_utf8(digits).ok()?.parse().ok()?;
        self.0 = rest;
        (count <= digits_max).then_some((number, count))
    }

    fn small(&mut self, least: u16, most: u16) -> Option<u8> {
        let (number, _) = self.number(2)?;
        (least..=most).contains(&number).then(|| u8::try_from(number).ok())?
    }

    fn month_name(&mut self) -> Option<u8> {
        let (name, rest) = self.0.split_first_chunk::<3>()?;
        let at = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(*month))?;
        self.0 = rest;
        u8::try_from(at.saturating_add(1)).ok()
    }

    /// Reads year, month and day in the order in which they stand.
    fn date(&mut self) -> Option<(u16, u8, u8)> {
        if self.0.first()?.is_ascii_alphabetic() {
            // `Nov 28, 2025`, as `java.util.logging` writes it.
            let month = self.month_name()?;
            self.take(b" ")?;
            let day = self.small(1, 31)?;
            self.take(b",");
            self.take(b" ")?;
            return Some((self.year()?, month, day));
        }
        let (number, digits) = self.number(4)?;
        if digits == 4 {
            let separator = self.take(b"-/.")?;
            let month = self.small(1, 12)?;
            self.take(&[separator])?;
            return Some((number, month, self.small(1, 31)?));
        }
        let day = u8::try_from(number).ok().filter(|day| digits <= 2 && (1..=31).contains(day))?;
        let separator = self.take(b".-/ ")?;
        let month = match self.month_name() {
            Some(month) => month,
            None if matches!(separator, b'.' | b'-') => self.small(1, 12)?,
            None => return None,
        };
        self.take(&[separator])?;
        Some((self.year()?, month, day))
    }

    fn year(&mut self) -> Option<u16> {
        let (year, digits) = self.number(4)?;
        (digits == 4).then_some(year)
    }

    /// Reads what is behind the second, if anything is: milliseconds, and how many digits there are.
    fn fraction(&mut self) -> (u16, usize) {
        let Some((b'.' | b',' | b':', digits)) = self.0.split_first() else { return (0, 0) };
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return (0, 0);
        }
        let padded = digits.iter().take(count).chain([b'0', b'0'].iter()).take(3);
        let milliseconds = padded.fold(0_u16, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0')))
        });
        self.0 = digits.get(count..).unwrap_or_default();
        (milliseconds, count)
    }

    /// Returns the hour of 24, where `AM` or `PM` follows.
    fn half_day(&mut self, hour: u8) -> Option<u8> {
        let mark = match self.0 {
            [b' ', mark @ (b'A' | b'P'), b'M', rest @ ..]
            | [mark @ (b'A' | b'P'), b'M', rest @ ..]
                if !rest.first().is_some_and(u8::is_ascii_alphanumeric) =>
            {
                self.0 = rest;
                *mark
            }
            _ => return Some(hour),
        };
        let hour = if hour == 12 { 0 } else { hour };
        Some(if mark == b'P' { hour.saturating_add(12) } else { hour }).filter(|hour| *hour < 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Option<LogTime> {
        read(text.as_bytes()).map(|read| read.time)
    }

    #[test]
    fn day_comes_first() {
        let time = time("19.07.2025 19:00:52.176 *INFO* [x] y").unwrap();
        assert_eq!((time.to_string().as_str(), time.millisecond), ("2025-07-19 19:00:52", 176));
    }

    #[test]
    fn patterns_have_other_forms_of_the_same_time() {
        for text in [
            "2025-07-19 19:00:52.176 ERROR [x]",
            "2025-07-19 19:00:52,176 x",
            "2025-07-19T19:00:52.176 x",
            "2025-07-19T19:00:52,176+0200 x",
            "2025-07-19T19:00:52.176345678Z",
            "2025/07/19 19:00:52.176",
            "2025.07.19 19:00:52:176",
            "19-07-2025 19:00:52.176",
            "19 Jul 2025 19:00:52,176",
            "19/Jul/2025:19:00:52.176 +0200",
            "19-JUL-2025 19:00:52.176",
            "Jul 19, 2025 7:00:52.176 PM",
        ] {
            assert_eq!(time(text), time("19.07.2025 19:00:52.176"), "{text}");
        }
    }

    #[test]
    fn milliseconds_may_be_missing_or_fewer() {
        let at = |text| {
            let time = time(text).unwrap();
            (time.hour, time.millisecond)
        };
        assert_eq!(at("19.07.2025 19:00:52 *INFO*"), (19, 0));
        assert_eq!(at("19.07.2025 19:00:52. x"), (19, 0));
        assert_eq!(at("19.07.2025 19:00:52.1"), (19, 100));
        assert_eq!(at("19.07.2025 12:00:52 AM"), (0, 0));
        assert_eq!(at("19.07.2025 12:00:52 PM"), (12, 0));
        assert_eq!(at("19.07.2025 09:00:52 AMBER"), (9, 0));
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "19.07.2025",
            "19.07.2025 19:00",
            "\tat 19.07.2025 19:00:52.176",
            "19/07/2025 19:00:52.176",
            "07/19/2025 19:00:52.176",
            "19.13.2025 19:00:52.176",
            "00.07.2025 19:00:52.176",
            "19.07.2025 24:00:52.176",
            "19.07.2025 19:60:52.176",
            "19.07.2025 19:00:52 PM",
            "1a.07.2025 19:00:52.176",
            "20250719 19:00:52",
            "19.07.25 19:00:52",
            "99999999999999999999.07.2025 19:00:52",
            "Nov 28 10:00:01 host aem[1]:",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn syslog_has_no_year() {
        for text in ["Nov 28 10:00:01 host", "Nov  8 10:00:01 host"] {
            assert_eq!(behind_time_of_syslog(text.as_bytes()), Some(&b"host"[..]));
        }
        assert_eq!(behind_time_of_syslog(b"Nov 28, 2025 10:00:01 host"), None);
    }
}
