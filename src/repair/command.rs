//! What a person runs by hand, as data: reports write it for the shell of the instance.

use super::shell_word;
use super::shell_word::shell_path;
use std::fmt;

/// A command that changes or shows files. Paths may be those in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManualCommand {
    /// Leaves files to their owner alone.
    Close(Vec<String>),
    /// Leaves a directory to its owner alone.
    CloseDirectory(String),
    /// Gives files and directories to a user, as only root may.
    Give {
        /// The files and directories.
        paths: Vec<String>,
        /// The user, by name or number.
        user: String,
    },
    /// Gives a directory with all that is in it to the user that runs AEM, as only root may.
    GiveAll {
        /// The directory.
        path: String,
        /// The user, by name or number, where that is known.
        user: Option<String>,
    },
    /// Shows the md5 of files.
    Sums(Vec<String>),
}

/// The place of a name in a command that is not known here.
pub(crate) const USER: &str = "USER";

impl ManualCommand {
    /// Returns `true` if only root may run it.
    pub fn is_of_root(&self) -> bool {
        matches!(self, Self::Give { .. } | Self::GiveAll { .. })
    }
}

/// As a POSIX shell has it.
impl fmt::Display for ManualCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |paths: &[String]| -> String {
            paths.iter().map(|path| shell_path(path)).collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Close(paths) => write!(f, "chmod 600 {}", words(paths)),
            Self::CloseDirectory(path) => write!(f, "chmod 700 {}", shell_path(path)),
            Self::Give { paths, user } => {
                write!(f, "chown {} {}", shell_word(user), words(paths))
            }
            Self::GiveAll { path, user } => {
                let user = user.as_ref().map_or_else(|| USER.to_owned(), |user| shell_word(user));
                write!(f, "chown -R {user} {}", shell_path(path))
            }
            Self::Sums(paths) => write!(f, "md5sum {}", words(paths)),
        }
    }
}
