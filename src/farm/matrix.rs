//! The matrix: facts × instances, each row in groups of equals.

use super::cell::Fault;
use super::row::{Expect, Row};
use super::{Cell, CellState, Farm, Member, ROWS, key_rows};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Facts × instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// Names of the instances, in the order of the cells.
    pub instances: Vec<String>,
    /// The rows, in the order of `ROWS`.
    pub rows: Vec<MatrixRow>,
}

/// One fact of all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixRow {
    /// Its name for programs.
    pub fact: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What is expected of its cells.
    pub expect: Expect,
    /// One cell an instance.
    pub cells: Vec<Cell>,
    /// Which of them are others than they should be, their faults aside.
    others: Vec<bool>,
    /// What tells which of them stand out.
    right: Right,
}

/// Which cell of a row the others should equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// Those of the largest group, where there is one.
    Majority,
    /// This one.
    Cell(usize),
    /// Nothing shows, whatever the groups are.
    Open,
}

impl MatrixRow {
    fn new(row: &Row, mut cells: Vec<Cell>) -> Self {
        if row.expect != Expect::Any {
            group(&mut cells);
        }
        let (fact, title, expect) = (row.fact, row.title, row.expect);
        let right = Right::Majority;
        let mut row = Self { fact, title, expect, cells, others: Vec::new(), right };
        row.mark();
        row
    }

    /// Decides again which cells stand out. With a right one known, those do that are not its equals, however many they are; where
    /// nothing shows which is right, all that differ.
    fn mark(&mut self) {
        let meant = || self.cells.iter().map(Cell::meant);
        self.others = match self.right {
            Right::Majority => odd(self.expect, &self.cells),
            Right::Cell(index) => {
                let right = self.cells.get(index).and_then(Cell::meant);
                // An absent key is what the repair brings, so it stands out though there is nothing to compare.
                let is_absent = |cell: &Cell| cell.state == CellState::Absent;
                let is_other = |cell: &Cell| cell.meant().is_some() && cell.meant() != right;
                self.cells.iter().map(|cell| is_absent(cell) || is_other(cell)).collect()
            }
            Right::Open => {
                let differ = meant().flatten().collect::<BTreeSet<_>>().len() > 1;
                meant().map(|meant| differ && meant.is_some()).collect()
            }
        };
    }

    /// Returns `true` if the cells are not what is expected of them.
    pub fn is_odd(&self) -> bool {
        (0..self.cells.len()).any(|index| self.is_odd_at(index))
    }

    /// Returns `true` if one cell is not what is expected of it: it is wrong in itself, or is another than the right one, or absent
    /// where that is known, or, where none is known to be right, belongs to another group than the largest, or shares what should
    /// be its own. Where nothing shows which is right, all that differ are.
    pub fn is_odd_at(&self, index: usize) -> bool {
        self.is_other_at(index) || self.cells.get(index).is_some_and(Cell::is_wrong)
    }

    /// Returns the word for a cell that is not what is expected of it: `wrong` wherever it stands, or `odd` among the others.
    pub fn mark_at(&self, index: usize) -> Option<&'static str> {
        let is_wrong = self.cells.get(index).is_some_and(Cell::is_wrong);
        self.is_odd_at(index).then_some(if is_wrong { "wrong" } else { "odd" })
    }

    /// Returns `true` if a cell, its fault aside, is another than the right one, or than most.
    pub fn is_other_at(&self, index: usize) -> bool {
        self.others.get(index) == Some(&true)
    }

    /// Returns `true` if there are several groups of equals.
    pub fn differs(&self) -> bool {
        self.cells.iter().any(|cell| cell.group > Some(0))
    }

    /// Returns `true` if several instances came and all of them are known to say the same, as they should.
    pub fn agrees(&self) -> bool {
        let known = self.cells.iter().all(|cell| cell.group.is_some());
        self.expect == Expect::Equal && known && self.cells.len() > 1 && !self.is_odd()
    }
}

impl Matrix {
    /// Marks the keys that are others than those of this instance, whose keys are right.
    pub fn compare_keys_with(&mut self, name: &str) {
        let index = self.instances.iter().position(|instance| instance == name);
        self.judge_keys(index.map_or(Right::Majority, Right::Cell));
    }

    /// Marks all keys that differ: nothing shows whose are right.
    pub fn doubt_keys(&mut self) {
        self.judge_keys(Right::Open);
    }

    fn judge_keys(&mut self, right: Right) {
        for row in self.rows.iter_mut().filter(|row| key_rows::is_key(row.fact)) {
            row.right = right;
            row.mark();
        }
    }

    /// Marks a fact of some instances as wrong whatever the others have.
    pub fn accuse(&mut self, fact: &str, names: &BTreeSet<&str>) {
        for row in self.rows.iter_mut().filter(|row| row.fact == fact) {
            let cells = self.instances.iter().zip(&mut row.cells);
            for (_, cell) in cells.filter(|(name, _)| names.contains(name.as_str())) {
                cell.fault = Some(Fault { meant: None });
            }
            row.mark();
        }
    }
}

/// Says which cells belong to another group than they should. They are compared as they would be without their faults, so that a right
/// one is not the odd one among wrong ones.
pub(super) fn odd(expect: Expect, cells: &[Cell]) -> Vec<bool> {
    let groups = numbers(&cells.iter().map(Cell::meant).collect::<Vec<_>>());
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for group in groups.iter().flatten() {
        let size = sizes.entry(*group).or_default();
        *size = size.saturating_add(1);
    }
    let size = |group: usize| sizes.get(&group).copied().unwrap_or_default();
    // With two largest groups there is no telling which is odd, so both are.
    let tie = size(1) > 0 && size(0) == size(1);
    let is_other = |group: usize| match expect {
        Expect::Equal => group > 0 || tie,
        Expect::Distinct => size(group) > 1,
        Expect::Any => false,
    };
    groups.into_iter().map(|group| group.is_some_and(is_other)).collect()
}

/// Facts that the verdict hangs on: shown even where nothing is known of them.
const DECISIVE: [&str; 3] = ["storage-mode", "hmac", "master"];

fn says_something(row: &MatrixRow) -> bool {
    let states = row.cells.iter().map(|cell| cell.state);
    states.into_iter().any(|state| matches!(state, CellState::Value | CellState::Unreadable))
}

/// Makes the matrix of a farm. Other facts that no instance shows are left out.
pub fn matrix(farm: &Farm) -> Matrix {
    let cells = |row: &Row| farm.members.iter().map(|member| cell(farm, member, row)).collect();
    let rows = ROWS.iter().map(|row| MatrixRow::new(row, cells(row)));
    Matrix {
        instances: farm.members.iter().map(|member| member.name.clone()).collect(),
        rows: rows.filter(|row| DECISIVE.contains(&row.fact) || says_something(row)).collect(),
    }
}

/// Reads a cell. What a damaged source shows is not held against it: a wrong bit would look like a wrong key.
fn cell(farm: &Farm, member: &Member, row: &Row) -> Cell {
    let cell = (row.cell)(member);
    if !member.snapshot.is_verified() {
        return Cell { fault: None, ..cell };
    }
    key_rows::by_policy(cell, row.fact, farm, member)
}

/// Returns the indexes of cells that say the same: the groups of equals, the largest first, then what is not compared.
pub fn alike<'c>(cells: impl IntoIterator<Item = &'c Cell>) -> Vec<Vec<usize>> {
    let mut alike: BTreeMap<(usize, &str, &str, bool), Vec<usize>> = BTreeMap::new();
    for (index, cell) in cells.into_iter().enumerate() {
        let own = match cell.group {
            Some(group) => (group, "", "", cell.is_wrong()),
            None => (usize::MAX, cell.state.label(), cell.text.as_str(), cell.is_wrong()),
        };
        alike.entry(own).or_default().push(index);
    }
    alike.into_values().collect()
}

/// Numbers the groups of equal cells: the largest first, of equally large ones that of the first instance.
pub(super) fn group(cells: &mut [Cell]) {
    let numbers = numbers(&cells.iter().map(|cell| cell.value.as_deref()).collect::<Vec<_>>());
    for (cell, number) in cells.iter_mut().zip(numbers) {
        cell.group = number;
    }
}

/// Numbers groups of equals: the largest first, of equally large ones that which begins first.
fn numbers(values: &[Option<&str>]) -> Vec<Option<usize>> {
    let mut members: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        let (count, _) = members.entry(value).or_insert((0, index));
        *count = count.saturating_add(1);
    }
    let mut order: Vec<(Reverse<usize>, usize, &str)> =
        members.into_iter().map(|(value, (count, first))| (Reverse(count), first, value)).collect();
    order.sort_unstable();
    let numbers: BTreeMap<&str, usize> =
        order.into_iter().enumerate().map(|(number, (_, _, value))| (value, number)).collect();
    values.iter().map(|value| numbers.get((*value)?).copied()).collect()
}
