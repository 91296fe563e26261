//! A day of the calendar.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar, from the year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(civil::Date);

/// Its form.
const FORM: &[u8] = b"dddd-dd-dd";

impl Date {
    /// Returns the day in UTC so many seconds after 1970 began; `None` after the year 9999.
    pub fn at_second(seconds: u64) -> Option<Self> {
        let moment = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        Some(Self(TimeZone::UTC.to_datetime(moment).date()))
    }
}

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a date such as 2026-12-31")]
pub struct NotADate;

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        // The parser takes times, zones and years of six digits too.
        let is_of_form = |(byte, form): (u8, &u8)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == *other,
        };
        if text.len() == FORM.len() && text.bytes().zip(FORM).all(is_of_form) {
            text.parse().map(Self).map_err(|_| NotADate)
        } else {
            Err(NotADate)
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_of_days_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_868_799, "2000-02-29"),
            (1_795_478_400, "2026-11-24"),
            // The last day of jiff's `Timestamp`, so that a time in any zone stays within the year 9999.
            (253_402_207_200, "9999-12-30"),
        ] {
            assert_eq!(Date::at_second(seconds).unwrap().to_string(), text);
            assert_eq!(Date::at_second(seconds), text.parse().ok());
        }
        // The first second of the year 10000.
        assert_eq!((Date::at_second(253_402_300_800), Date::at_second(u64::MAX)), (None, None));
    }

    #[test]
    fn days_are_in_order() {
        let days = ["0000-02-29", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"];
        assert!(days.map(|day| day.parse::<Date>().unwrap()).is_sorted());
        assert!(days.iter().all(|day| day.parse::<Date>().unwrap().to_string() == *day));
    }

    #[test]
    fn anything_else_is_no_day() {
        for text in [
            "",
            "2026-1-01",
            "2026-13-01",
            "2026-00-01",
            "2026-02-29",
            "2026-04-31",
            "2026-01-00",
            "26-01-01",
            "2026-01-01 ",
            "2026/01/01",
            "\u{662}026-01-1",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
    }
}
