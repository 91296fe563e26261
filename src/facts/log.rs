//! What log files say: known signs of trouble, and what the instance logged at its last start.
//!
//! Nothing of a log's text is kept but words of fixed patterns: logs hold personal data.

use super::{Place, StorageMode};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A time as a log writes it: local, of an unknown zone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct LogTime {
    /// Year.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, from 0.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second.
    pub second: u8,
    /// Millisecond.
    pub millisecond: u16,
}

/// Starts that are kept of one instance: of each one that is seen there is a line in the timeline.
pub(crate) const STARTS_MAX: usize = 64;

/// Local times are at most this far from UTC: 14 hours in Kiribati.
const ZONE_MS_MAX: u64 = 14 * 60 * 60 * 1000;

impl LogTime {
    /// Returns `true` if it lies before a moment, in milliseconds since 1970, in whatever time zone the log was written.
    pub fn is_surely_before(&self, moment_ms: u64) -> bool {
        self.as_if_utc_ms().saturating_add(ZONE_MS_MAX) < moment_ms
    }

    /// Returns `true` if it lies after a moment, in milliseconds since 1970, in whatever time zone the log was written.
    pub fn is_surely_after(&self, moment_ms: u64) -> bool {
        self.as_if_utc_ms() > moment_ms.saturating_add(ZONE_MS_MAX)
    }

    /// Returns the milliseconds since 1970 that this is in UTC; 0 before.
    ///
    /// The day may be one that its month does not have, and the second a leap second: logs are read by their form.
    pub fn as_if_utc_ms(self) -> u64 {
        let first =
            Date::new(self.year.cast_signed(), self.month.cast_signed(), 1).unwrap_or_default();
        let first = DateTime::from_parts(first, Time::midnight());
        let midnight = TimeZone::UTC.to_timestamp(first).map_or(0, Timestamp::as_millisecond);
        let parts = [
            (1, self.day.saturating_sub(1).into()),
            (24, self.hour.into()),
            (60, self.minute.into()),
            (60, self.second.into()),
            (1000, self.millisecond.into()),
        ];
        let sum = |sum: i64, (of, more): (i64, i64)| sum.saturating_mul(of).saturating_add(more);
        let later = parts.into_iter().fold(0, sum);
        u64::try_from(midnight.saturating_add(later)).unwrap_or(0)
    }
}

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, .. } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

/// A start of the crypto support, as a log tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LogStart {
    /// When it was.
    pub time: LogTime,
    /// Where it then took its keys from.
    pub storage: StorageMode,
    /// The version of the crypto bundle.
    pub version: Option<String>,
}

/// A sign of trouble that is known from documents. Their labels are part of the JSON output.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LogSignature {
    /// IMS answers a request for an access token with status 400.
    ImsTokenRefused,
    /// IMS does not accept the client secret.
    ImsInvalidSecret,
    /// The integration or credential that IMS is asked with has expired.
    ImsExpired,
    /// IMS does not accept the signature of a JWT.
    ImsJwtMismatch,
    /// A protected value cannot be converted back.
    CryptoConvert,
    /// A cipher text cannot be decrypted.
    CryptoDecrypt,
    /// An OSGi configuration holds a value that cannot be decrypted.
    CryptoConfiguration,
    /// A client certificate gives no token credentials.
    CryptoCredentials,
    /// The password of the trust store cannot be decrypted.
    TruststoreUnreadable,
    /// The SAML handler finds its key store uninitialised.
    KeystoreUninitialized,
    /// An OAuth refresh token cannot be decrypted.
    OauthDecrypt,
    /// The crypto service cannot be set up.
    CryptoSetup,
    /// The crypto bundle cannot be resolved.
    CryptoUnresolved,
    /// A service needs the crypto service, which is not there.
    CryptoMissing,
    /// A request is rejected because of its CSRF token.
    CsrfRejected,
}

impl LogSignature {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::ImsTokenRefused => "ims-token-refused",
            Self::ImsInvalidSecret => "ims-invalid-secret",
            Self::ImsExpired => "ims-expired",
            Self::ImsJwtMismatch => "ims-jwt-mismatch",
            Self::CryptoConvert => "crypto-convert",
            Self::CryptoDecrypt => "crypto-decrypt",
            Self::CryptoConfiguration => "crypto-configuration",
            Self::CryptoCredentials => "crypto-credentials",
            Self::TruststoreUnreadable => "truststore-unreadable",
            Self::KeystoreUninitialized => "keystore-uninitialized",
            Self::OauthDecrypt => "oauth-decrypt",
            Self::CryptoSetup => "crypto-setup",
            Self::CryptoUnresolved => "crypto-unresolved",
            Self::CryptoMissing => "crypto-missing",
            Self::CsrfRejected => "csrf-rejected",
        }
    }
}

/// What an instance logs of itself; the latest statement counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LogTopic {
    /// Storage mode at the start of the crypto service: `Bundle` or `JCR`.
    Storage,
    /// Version of the crypto bundle at its start.
    CryptoVersion,
    /// Sling id, a canonical lower-case UUID.
    SlingId,
    /// Active run modes, separated by comma and blank.
    RunModes,
    /// HTTP port.
    Port,
    /// Whether the command line switches key files off: `true` or `false`.
    KeyFilesDisabled,
    /// The option of the command line that moves the keys, or what they lie in, to another directory.
    KeysElsewhere,
    /// Where Oak keeps the repository: the label of a kind of store.
    NodeStore,
}

/// How often something was seen in one log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// Log records that hold it; what a record repeats in its stack trace counts once.
    pub count: u64,
    /// Time of the first; `None` when no line up to it has one.
    pub first: Option<LogTime>,
    /// Time of the last; `None` when it has none.
    pub last: Option<LogTime>,
    /// Number of the first line, from 1.
    pub line: u64,
    /// Whether the last may have been logged since the last start; `None` in older facts, where the times decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_start: Option<bool>,
}

/// The latest statement on a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Told")]
pub struct LogStatement {
    /// The word.
    pub value: String,
    /// When it was logged.
    pub time: Option<LogTime>,
}

/// What one log file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFile {
    /// Signs of trouble.
    pub sightings: BTreeMap<LogSignature, Sighting>,
    /// Those of them that no start in the file follows.
    pub open: BTreeMap<LogSignature, OpenSign>,
    /// What the instance logs of itself.
    pub statements: BTreeMap<LogTopic, LogStatement>,
    /// The last time before a statement that has none.
    pub after: BTreeMap<LogTopic, LogTime>,
    /// Starts of the crypto support, the last ones.
    pub starts: BTreeSet<LogStart>,
    /// The last time that was met.
    pub ends: Option<LogTime>,
}

/// A sign in a log file that no start in the file follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenSign {
    /// When it was seen last, where that has a time.
    pub last: Option<LogTime>,
    /// It was also seen without one.
    pub is_untimed: bool,
}

impl LogFile {
    /// Takes a statement. Logs grow at their end, so it replaces an earlier one.
    pub fn say(&mut self, topic: LogTopic, statement: LogStatement) {
        match self.ends.filter(|_| statement.time.is_none()) {
            Some(ends) => self.after.insert(topic, ends),
            None => self.after.remove(&topic),
        };
        self.statements.insert(topic, statement);
    }
}

/// How often something was seen in all log files of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// Count and times over all files; the line is that in the file named by `place`.
    pub sighting: Sighting,
    /// The file that shows it first.
    pub place: Place,
}

/// What all log files of an instance say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Log {
    /// Number of files.
    pub files: usize,
    /// Signs of trouble.
    pub seen: BTreeMap<LogSignature, Seen>,
    /// The latest statement on each topic, and the file it is in.
    #[serde(rename = "told")]
    pub statements: BTreeMap<LogTopic, (LogStatement, Place)>,
    /// Starts of the crypto support, the last ones, sorted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub starts: BTreeSet<LogStart>,
}

impl Log {
    /// Returns the latest statement on a topic.
    pub fn statement(&self, topic: LogTopic) -> Option<&LogStatement> {
        self.statements.get(&topic).map(|(statement, _)| statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u8) -> Option<LogTime> {
        (day > 0).then_some(LogTime {
            year: 2025,
            month: 7,
            day,
            hour: 19,
            minute: 0,
            second: 52,
            millisecond: 176,
        })
    }

    #[test]
    fn time_is_shown_to_the_second() {
        assert_eq!(at(9).unwrap().to_string(), "2025-07-09 19:00:52");
        assert!(at(9) < at(10) && at(0) < at(1));
    }

    #[test]
    fn moments_are_compared_whatever_the_zone() {
        let time = LogTime {
            year: 2024,
            month: 2,
            day: 29,
            hour: 23,
            minute: 59,
            second: 59,
            millisecond: 999,
        };
        assert_eq!(time.as_if_utc_ms(), 1_709_251_199_999);
        let epoch =
            LogTime { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
        assert_eq!(epoch.as_if_utc_ms(), 0);
        assert_eq!(at(19).unwrap().as_if_utc_ms(), 1_752_951_652_176);
        // 2023 had no such day: it is the one that follows, as it was counted in its month.
        assert_eq!(LogTime { year: 2023, ..time }.as_if_utc_ms(), 1_677_715_199_999);
        assert_eq!(LogTime { year: 0, ..time }.as_if_utc_ms(), 0);
        let half_a_day = 12 * 60 * 60 * 1000;
        assert!(!time.is_surely_before(1_709_251_199_999 + half_a_day));
        assert!(time.is_surely_before(1_709_251_199_999 + 2 * half_a_day));
    }
}
