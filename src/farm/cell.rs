//! One cell of the matrix.

/// What a cell can say. The five differ: "not there" is not "not seen".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellState {
    /// The fact is known.
    Value,
    /// Everything was read, and it is not there.
    Absent,
    /// It is there and could not be read.
    Unreadable,
    /// The source does not show it.
    NotInSnapshot,
    /// The instance has no such fact.
    NotApplicable,
}

impl CellState {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Absent => "absent",
            Self::Unreadable => "unreadable",
            Self::NotInSnapshot => "not-in-snapshot",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// One fact of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What the cell says.
    pub state: CellState,
    /// For people.
    pub text: String,
    /// What decides whether two cells are equal; `None` where the cell is not compared.
    pub value: Option<String>,
    /// Number of the group of equals, the largest group first, from 0.
    pub group: Option<usize>,
    /// What is wrong with it wherever it stands, if anything is.
    pub(super) fault: Option<Fault>,
}

/// A cell is wrong whatever its peers say: a file with a stray newline, a key that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The value of the cell without the fault; `None` where nothing shows it.
    pub(super) meant: Option<String>,
}

impl Cell {
    /// Makes a cell that is compared by its text.
    pub(super) fn value(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { state: CellState::Value, value: Some(text.clone()), text, group: None, fault: None }
    }

    /// Makes a cell that is compared by `value` and shows `text`.
    pub(super) fn compared(text: String, value: String) -> Self {
        Self { state: CellState::Value, text, value: Some(value), group: None, fault: None }
    }

    /// Makes a cell that has no value to compare.
    pub(super) fn without(state: CellState, text: &str) -> Self {
        Self { state, text: text.to_owned(), value: None, group: None, fault: None }
    }

    /// Makes the cell of a fact that is known not to be there, which is compared as `value` all the same.
    pub(super) fn absent(text: &str, value: String) -> Self {
        Self { value: Some(value), ..Self::without(CellState::Absent, text) }
    }

    /// Makes the cell of a fact that may be there; `seen` says whether its absence was seen.
    pub(super) fn optional(value: Option<String>, seen: bool) -> Self {
        match value {
            Some(value) => Self::value(value),
            None if seen => Self::without(CellState::Absent, "absent"),
            None => Self::without(CellState::NotInSnapshot, "not in snapshot"),
        }
    }

    /// Returns the cell as one that is wrong wherever it stands, and that would have this value if it were not.
    pub(super) fn wrong(self, meant: Option<String>) -> Self {
        Self { fault: Some(Fault { meant }), ..self }
    }

    /// Returns the cell as [`Self::wrong`] where that is so; what it should be is not known.
    pub(super) fn wrong_if(self, is_wrong: bool) -> Self {
        if is_wrong { self.wrong(None) } else { self }
    }

    /// Returns `true` if the cell is wrong wherever it stands, whatever its peers say.
    pub fn is_wrong(&self) -> bool {
        self.fault.is_some()
    }

    /// Returns what decides whether the cell is an odd one: its value, faults aside.
    pub(super) fn meant(&self) -> Option<&str> {
        match &self.fault {
            Some(fault) => fault.meant.as_deref(),
            None => self.value.as_deref(),
        }
    }
}
