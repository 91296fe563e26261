//! Why a finding does not count.

use crate::facts::Date;
use crate::policy::Remark;
use std::fmt;

/// Why a finding does not count. The verdict takes no excuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excuse {
    /// The policy suppresses it.
    Suppressed {
        /// Why, as the policy says.
        reason: String,
        /// The last day on which it does.
        until: Option<Date>,
    },
    /// It is in the baseline.
    Known(Remark),
}

impl Excuse {
    /// Returns what the baseline says of the finding, where it is in it.
    pub fn remark(&self) -> Option<&Remark> {
        if let Self::Known(remark) = self { Some(remark) } else { None }
    }
}

impl fmt::Display for Excuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suppressed { reason, until: None } => write!(f, "suppressed: {reason}"),
            Self::Suppressed { reason, until: Some(day) } => {
                write!(f, "suppressed until {day}: {reason}")
            }
            Self::Known(Remark { reason, since }) => {
                f.write_str("known")?;
                since.as_ref().map_or(Ok(()), |since| write!(f, " since {since}"))?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
        }
    }
}
