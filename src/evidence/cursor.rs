//! A bounds-checked cursor over complete bytes, and the error it reports.

/// Why some bytes do not follow their format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}: {problem}")]
pub struct ParseError {
    /// The field being read.
    pub what: &'static str,
    /// Byte offset of that field in the file.
    pub offset: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file ends where the field should be.
    #[error("file ends here")]
    Ends,
    /// The text is not what the field allows; it is quoted cut short.
    #[error("expected {expected}, found `{found}`")]
    Unexpected {
        /// What the format asks for.
        expected: &'static str,
        /// What stands there, printable and cut short.
        found: String,
    },
    /// The structure is deeper or longer than any real one.
    #[error("exceeds the limit of {0}")]
    Limit(usize),
}
