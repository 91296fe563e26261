//! Times for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;

/// A moment, milliseconds since 1970, that prints as date and time in UTC to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(pub u64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = i64::try_from(self.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        match moment.map(|moment| TimeZone::UTC.to_datetime(moment)) {
            Some(at) => {
                let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
                write!(f, "{date} {hour:02}:{minute:02}:{second:02} UTC")
            }
            // The calendar ends there: a forged journal of a repository may say so.
            None => f.write_str("after the year 9999 UTC"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_dates() {
        for (milliseconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (951_868_800_000, "2000-03-01 00:00:00 UTC"),
            (1_709_164_800_000, "2024-02-29 00:00:00 UTC"),
            (1_714_558_925_000, "2024-05-01 10:22:05 UTC"),
            (4_107_542_399_000, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Utc(milliseconds).to_string(), expected);
        }
        // The last second of jiff's `Timestamp`.
        assert_eq!(Utc(253_402_207_200_000).to_string(), "9999-12-30 22:00:00 UTC");
        assert_eq!(Utc(u64::MAX).to_string(), "after the year 9999 UTC");
    }
}
