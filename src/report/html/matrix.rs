//! The matrix on the page.
//!
//! Facts are rows and instances columns in a small farm. A larger one is turned round, as on the terminal: what all agree on becomes a list,
//! the groups of the rest are summed up, and the table has one row an instance.

use super::super::group_letter::group_letter;
use crate::farm::{Cell, CellState, Expect, Matrix, MatrixRow, alike};
use serde::Serialize;

/// A column for each instance is readable up to here.
pub(super) const COLUMNS_MAX: usize = 12;
/// So many columns stand side by side at their usual width; the odd one of more would be out of sight.
const COLUMNS_WIDE_MAX: usize = 6;
/// Groups have so many colours; the letters go on.
const COLOURS: usize = 8;
/// A name of so many characters fits the usual column.
const NAME_CHARACTERS: usize = 18;
/// Names of a group are listed up to this many; the rest is counted.
const NAMES_MAX: usize = 8;

/// The matrix.
#[derive(Serialize)]
pub(super) struct MatrixView {
    /// The instances are rows, not columns.
    turned: bool,
    /// The instances are rows, and their names need a wide column.
    wide: bool,
    /// The columns are many, and narrower than usual.
    narrow: bool,
    count: usize,
    /// The instances that stand out, where the table may be too wide to see them at a glance.
    marked: Vec<Marked>,
    /// What all instances agree on, where that is not in the table.
    agreed: Vec<Agreed>,
    /// The groups of the facts that differ, where the table is too large to see them at a glance.
    groups: Vec<Grouped>,
    heads: Vec<MatrixHead>,
    lines: Vec<MatrixLine>,
}

/// An instance, and which of its facts are not as they should be.
#[derive(Serialize)]
struct Marked {
    name: String,
    facts: Vec<&'static str>,
}

#[derive(Serialize)]
struct Agreed {
    head: MatrixHead,
    cell: CellView,
}

#[derive(Serialize)]
struct Grouped {
    title: &'static str,
    groups: Vec<Group>,
}

/// Instances that say the same.
#[derive(Serialize)]
pub(super) struct Group {
    cell: CellView,
    count: usize,
    names: Vec<String>,
    more: usize,
}

/// A line or column head: its name, and for a fact whether it is as expected.
#[derive(Serialize, Clone)]
struct MatrixHead {
    text: String,
    sign: &'static str,
}

#[derive(Serialize)]
struct MatrixLine {
    head: MatrixHead,
    cells: Vec<CellView>,
}

#[derive(Serialize, Clone)]
pub(super) struct CellView {
    state: &'static str,
    /// Tells the state without colour.
    mark: &'static str,
    text: String,
    letter: Option<String>,
    colour: Option<usize>,
    /// Says by a word that it is not what is expected of it.
    odd: Option<&'static str>,
}

impl From<&Matrix> for MatrixView {
    fn from(matrix: &Matrix) -> Self {
        let turned = matrix.instances.len() > COLUMNS_MAX;
        let (agreed, rows): (Vec<&MatrixRow>, Vec<&MatrixRow>) =
            matrix.rows.iter().partition(|row| turned && common_text(row).is_some());
        let facts: Vec<MatrixLine> = rows.iter().map(|row| line(row)).collect();
        let instance = |name: &String| MatrixHead { text: name.clone(), sign: "" };
        let instances: Vec<MatrixHead> = matrix.instances.iter().map(instance).collect();
        let (heads, lines) = if turned { turn(instances, &facts) } else { (instances, facts) };
        let differing = rows.iter().filter(|row| turned && row.is_odd());
        let narrow = !turned && matrix.instances.len() > COLUMNS_WIDE_MAX;
        Self {
            turned,
            narrow,
            marked: if narrow { marked(matrix) } else { Vec::new() },
            wide: turned && matrix.instances.iter().any(|name| is_long(name)),
            count: matrix.instances.len(),
            agreed: agreed.into_iter().filter_map(agreed_on).collect(),
            groups: differing.map(|row| grouped(row, &matrix.instances)).collect(),
            heads,
            lines,
        }
    }
}

fn marked(matrix: &Matrix) -> Vec<Marked> {
    let of = |(index, name): (usize, &String)| {
        let odd = matrix.rows.iter().filter(|row| row.is_odd_at(index));
        let facts: Vec<&str> = odd.map(|row| row.title).collect();
        (!facts.is_empty()).then(|| Marked { name: name.clone(), facts })
    };
    matrix.instances.iter().enumerate().filter_map(of).collect()
}

fn is_long(name: &str) -> bool {
    name.chars().count() > NAME_CHARACTERS
}

/// Makes the instances rows and the facts columns.
fn turn(instances: Vec<MatrixHead>, facts: &[MatrixLine]) -> (Vec<MatrixHead>, Vec<MatrixLine>) {
    let heads = facts.iter().map(|fact| fact.head.clone()).collect();
    let lines = instances.into_iter().enumerate().map(|(index, head)| {
        let cells = facts.iter().filter_map(|fact| fact.cells.get(index)).cloned();
        MatrixLine { head, cells: cells.collect() }
    });
    (heads, lines.collect())
}

fn line(row: &MatrixRow) -> MatrixLine {
    let sign = match (row.is_odd(), row.agrees()) {
        (true, _) => "!",
        (false, true) => "=",
        (false, false) => "",
    };
    let cells = row.cells.iter().enumerate();
    MatrixLine {
        head: MatrixHead { text: row.title.to_owned(), sign },
        cells: cells
            .map(|(index, cell)| CellView::new(cell, lettered(row), row.mark_at(index)))
            .collect(),
    }
}

/// Returns `true` if the groups of a row matter: it has several, and they are not as they should be.
fn lettered(row: &MatrixRow) -> bool {
    row.is_odd() && row.differs()
}

impl CellView {
    /// Returns the same cell with another text.
    pub(super) fn saying(&self, text: String) -> Self {
        Self { text, ..self.clone() }
    }

    /// Shows a cell, with the letter of its group where the groups of its row matter.
    pub(super) fn new(cell: &Cell, lettered: bool, odd: Option<&'static str>) -> Self {
        let group = cell.group.filter(|_| lettered);
        Self {
            state: cell.state.label(),
            mark: match cell.state {
                CellState::Value => "",
                CellState::Absent => "∅",
                CellState::Unreadable => "✗",
                CellState::NotInSnapshot => "?",
                CellState::NotApplicable => "–",
            },
            // A dash says that already.
            text: if cell.text == "-" { String::new() } else { cell.text.clone() },
            letter: group.map(group_letter),
            colour: group.map(|group| group % COLOURS),
            odd,
        }
    }
}

/// Returns what all instances of a row have in common, if they do.
fn common_text(row: &MatrixRow) -> Option<&str> {
    let first = row.cells.first()?;
    let same = |cell: &Cell| {
        (cell.state, &cell.text, &cell.value) == (first.state, &first.text, &first.value)
    };
    let is_known = first.state == CellState::Value && row.expect != Expect::Distinct;
    (is_known && row.cells.iter().all(same)).then_some(first.text.as_str())
}

fn agreed_on(row: &MatrixRow) -> Option<Agreed> {
    common_text(row)?;
    let cell = CellView::new(row.cells.first()?, lettered(row), row.mark_at(0));
    // That they are the same is said above them all.
    let head = MatrixHead { text: row.title.to_owned(), sign: if row.is_odd() { "!" } else { "" } };
    Some(Agreed { head, cell })
}

/// Sums a row up: its groups, the largest first, then what is not known.
fn grouped(row: &MatrixRow, instances: &[String]) -> Grouped {
    let of = |members: &Vec<usize>| {
        let first = *members.first()?;
        let cell = CellView::new(row.cells.get(first)?, lettered(row), row.mark_at(first));
        Some(group(cell, members, instances))
    };
    Grouped { title: row.title, groups: alike(&row.cells).iter().filter_map(of).collect() }
}

/// Returns a group of the instances with these indexes.
pub(super) fn group(cell: CellView, members: &[usize], instances: &[String]) -> Group {
    let names = members.iter().filter_map(|index| instances.get(*index)).cloned();
    Group {
        cell,
        count: members.len(),
        names: names.take(NAMES_MAX).collect(),
        more: members.len().saturating_sub(NAMES_MAX),
    }
}
