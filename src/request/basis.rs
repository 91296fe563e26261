//! What makes a farm, as it is asked for.

use crate::farm::{FarmBy, FarmPattern};

/// What makes a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FarmBasis {
    /// All instances are one.
    All,
    /// Each source is one.
    Input,
    /// The sources of one directory are one.
    Parent,
    /// What a pattern finds in the path of the install names it.
    Pattern(FarmPattern),
}

impl FarmBasis {
    /// Reads it as it is given on the command line.
    ///
    /// # Errors
    ///
    /// Fails on what is none of the words, and no pattern; the message says why.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "input" => Ok(Self::Input),
            "parent" => Ok(Self::Parent),
            _ => FarmPattern::parse(text).map(Self::Pattern).map_err(|why| {
                format!("it is none of all, input and parent, and no pattern of farms: {why}")
            }),
        }
    }

    /// Returns how instances are put into farms.
    pub fn by(&self) -> FarmBy<'_> {
        match self {
            Self::All => FarmBy::All,
            Self::Input => FarmBy::Input,
            Self::Parent => FarmBy::Parent,
            Self::Pattern(pattern) => FarmBy::Pattern(pattern),
        }
    }

    /// Returns the option that asks for it, where it is not as usual.
    pub fn option(&self) -> Option<String> {
        let label = match self {
            Self::All => return None,
            Self::Input => "input",
            Self::Parent => "parent",
            Self::Pattern(pattern) => pattern.as_str(),
        };
        Some(format!("--farm-by {label}"))
    }
}
