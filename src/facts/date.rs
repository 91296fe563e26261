//! A day of the calendar.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar, from the year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;
/// Days of 400 years, after which the calendar repeats itself.
const DAYS_OF_ERA: u64 = 146_097;

impl Date {
    /// Returns the day that is so many days after 1 January 1970; `None` behind the year 9999.
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "u64 of at most 3,000,000 days, checked first"
    )]
    pub fn from_days(days: u64) -> Option<Self> {
        if days > 2_932_896 {
            return None;
        }
        // Years begin on 1 March here, so that the leap day is the last of its year. Months then have 31, 30, 31, 30, 31 days,
        // and again: 153 days in five months.
        let days = days + DAYS_TO_1970;
        let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day_of_month = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Some(Self {
            year: u16::try_from(year + era * 400 + next).ok()?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day_of_month).ok()?,
        })
    }
}

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no day of the form YYYY-MM-DD")]
pub struct NotADate;

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let bytes = text.as_bytes();
        let shape = |(byte, shape): (&u8, &u8)| match shape {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        };
        if bytes.len() != 10 || !bytes.iter().zip(b"dddd-dd-dd").all(shape) {
            return Err(NotADate);
        }
        let number = |from: usize, to: usize| {
            text.get(from..to).and_then(|digits| digits.parse::<u16>().ok()).ok_or(NotADate)
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let is_leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => 0,
        };
        let small = |number: u16| u8::try_from(number).map_err(|_| NotADate);
        if (1..=days).contains(&day) {
            Ok(Self { year, month: small(month)?, day: small(day)? })
        } else {
            Err(NotADate)
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, text) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_723, "2024-01-01"),
            (20_781, "2026-11-24"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(Date::from_days(days).unwrap().to_string(), text);
            assert_eq!(Date::from_days(days), text.parse().ok());
        }
        assert_eq!(Date::from_days(2_932_897), None);
    }

    #[test]
    fn each_day_follows_the_one_before() {
        let mut last: Date = "1969-12-31".parse().unwrap();
        for days in 0..60_000 {
            let date = Date::from_days(days).unwrap();
            assert!(last < date && date.to_string().parse() == Ok(date), "{date}");
            last = date;
        }
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
