//! The bundle map: which instance has which bundle, under which id, in which version and state.
//!
//! Ids are given out in the order of installation, so they differ between instances by nature and are never compared.

use super::matrix::{group, odd};
use super::row::Expect;
use super::{Cell, CellState, Farm, Member};
use crate::facts::{Bundle, BundleState, IdentifiedBy};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Symbolic names × instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleMap {
    /// Names of the instances, in the order of the cells.
    pub instances: Vec<String>,
    /// One row a symbolic name, sorted by it.
    pub rows: Vec<BundleRow>,
    /// How many symbolic names differ, with a row here or not.
    pub differing: usize,
    /// How many do not differ as far as is known, and are not known on every instance; or are more than are compared.
    pub unknown: usize,
    /// How many are the same on every instance.
    pub same: usize,
}

/// One symbolic name on all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleRow {
    /// The symbolic name.
    pub symbolic_name: String,
    /// One cell an instance.
    pub cells: Vec<BundleCell>,
    /// Versions or states differ, or the bundle is missing where all bundles were seen.
    pub differs: bool,
    /// On some instance there is nothing to compare: it is not in the snapshot, or its version may be stale.
    pub unknown: bool,
    /// Which cells stand out.
    odd: Vec<bool>,
}

/// One symbolic name on one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleCell {
    /// What to show of it and compare.
    pub cell: Cell,
    /// The bundles of this name by id; usually one.
    pub installed: Vec<Installed>,
}

/// One bundle on one instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Installed {
    /// Its id.
    pub id: Option<u64>,
    /// Its version.
    pub version: Option<String>,
    /// The version is in the manifest in use. One that is in the location alone may be stale: it is shown, not compared.
    pub exact: bool,
    /// Its persistent state.
    pub state: Option<BundleState>,
}

impl BundleRow {
    /// Returns the mark of one cell, as those of the matrix.
    pub fn mark_at(&self, index: usize) -> Option<&'static str> {
        self.is_odd_at(index).then_some("odd")
    }

    /// Returns `true` if one cell belongs to another group than the largest.
    pub fn is_odd_at(&self, index: usize) -> bool {
        self.differs && self.odd.get(index) == Some(&true)
    }
}

impl BundleCell {
    /// Returns what the cell says without ids, which differ within a group of equals.
    pub fn without_ids(&self) -> String {
        if self.installed.is_empty() {
            return self.cell.text.clone();
        }
        let installed: Vec<String> = self.installed.iter().map(Installed::without_id).collect();
        installed.join("; ")
    }
}

/// Makes the bundle map of a farm, with the rows that are wanted. Bundles that Felix has uninstalled, and those without a
/// known name, are in none.
pub fn bundle_map(farm: &Farm, wanted: &dyn Fn(&BundleRow) -> bool) -> BundleMap {
    let whole: Vec<bool> = farm.members.iter().map(|m| m.snapshot.shows_all_bundles()).collect();
    let mut by_name: BTreeMap<&str, BTreeMap<usize, Vec<&Bundle>>> = BTreeMap::new();
    for (index, member) in farm.members.iter().enumerate() {
        for (name, bundle) in named(member) {
            by_name.entry(name).or_default().entry(index).or_default().push(bundle);
        }
    }
    let mut map = BundleMap {
        instances: farm.members.iter().map(|member| member.name.clone()).collect(),
        rows: Vec::new(),
        differing: 0,
        unknown: 0,
        same: 0,
    };
    let Limits { bundle_cells_max, bundle_cells_shown_max, .. } = Limits::DEFAULT;
    let rows = |cells: usize| cells.checked_div(whole.len()).unwrap_or_default();
    let (rows_max, shown_max) = (rows(bundle_cells_max), rows(bundle_cells_shown_max));
    // Of instances that have no bundle in common there is a row for each bundle with a cell for each instance.
    map.unknown = by_name.len().saturating_sub(rows_max);
    let compared = by_name.into_iter().take(rows_max);
    for row in compared.map(|(name, bundles)| row(name, &bundles, &whole)) {
        let count = match (row.differs, row.unknown) {
            (true, _) => &mut map.differing,
            (false, true) => &mut map.unknown,
            (false, false) => &mut map.same,
        };
        *count = count.saturating_add(1);
        if map.rows.len() < shown_max && wanted(&row) {
            map.rows.push(row);
        }
    }
    map
}

impl BundleMap {
    /// Returns how many symbolic names have no row.
    pub fn left_out(&self) -> usize {
        let all = self.differing.saturating_add(self.unknown).saturating_add(self.same);
        all.saturating_sub(self.rows.len())
    }
}

fn named(member: &Member) -> impl Iterator<Item = (&str, &Bundle)> {
    // Felix keeps state 1 only until the next refresh or clean stop, so it is no difference between instances.
    let installed = member.snapshot.bundles.iter().filter(|bundle| !bundle.is_uninstalled());
    installed.filter_map(|bundle| Some((bundle.symbolic_name.as_deref()?, bundle)))
}

fn row(name: &str, bundles: &BTreeMap<usize, Vec<&Bundle>>, whole: &[bool]) -> BundleRow {
    let installed: Vec<Vec<Installed>> = (0..whole.len())
        .map(|index| {
            let here = bundles.get(&index).into_iter().flatten();
            let mut installed: Vec<Installed> =
                here.map(|bundle| Installed::from(*bundle)).collect();
            installed.sort();
            installed
        })
        .collect();
    let some_exact = installed.iter().any(|here| is_exact(here));
    let mut cells: Vec<Cell> =
        installed.iter().zip(whole).map(|(here, whole)| cell(here, *whole, some_exact)).collect();
    group(&mut cells);
    BundleRow {
        symbolic_name: name.to_owned(),
        differs: differs(&installed, &cells),
        unknown: cells.iter().any(|cell| cell.value.is_none()),
        odd: odd(Expect::Equal, &cells),
        cells: cells
            .into_iter()
            .zip(installed)
            .map(|(cell, installed)| BundleCell { cell, installed })
            .collect(),
    }
}

fn cell(installed: &[Installed], whole: bool, some_exact: bool) -> Cell {
    let absent = || Some("absent".to_owned());
    if installed.is_empty() {
        let cell = Cell::optional(None, whole);
        return Cell { value: whole.then(absent).flatten(), ..cell };
    }
    let text: Vec<String> = installed.iter().map(ToString::to_string).collect();
    let value = match (is_exact(installed), some_exact) {
        (true, _) => Some(format!("{:?} {:?}", versions(installed), states(installed))),
        (false, false) => Some(format!("{:?}", states(installed))),
        // A version that may be stale says nothing beside one that was read in a jar.
        (false, true) => None,
    };
    Cell { value, ..Cell::without(CellState::Value, &text.join("; ")) }
}

fn is_exact(installed: &[Installed]) -> bool {
    !installed.is_empty() && installed.iter().all(|bundle| bundle.exact)
}

fn versions(installed: &[Installed]) -> Vec<Option<&str>> {
    // Felix allows several versions of one name, under ids that differ from instance to instance.
    let mut versions: Vec<_> = installed.iter().map(|bundle| bundle.version.as_deref()).collect();
    versions.sort_unstable();
    versions
}

/// Returns the states, where all are known.
fn states(installed: &[Installed]) -> Option<Vec<BundleState>> {
    let mut states: Vec<_> = installed.iter().map(|bundle| bundle.state).collect::<Option<_>>()?;
    states.sort_unstable();
    Some(states)
}

fn differs(installed: &[Vec<Installed>], cells: &[Cell]) -> bool {
    let present = || installed.iter().filter(|here| !here.is_empty());
    let exact = present().filter(|here| is_exact(here));
    let versions: BTreeSet<_> = exact.map(|here| versions(here)).collect();
    let states: BTreeSet<_> = present().filter_map(|here| states(here)).collect();
    let absent = cells.iter().any(|cell| cell.state == CellState::Absent);
    versions.len() > 1 || states.len() > 1 || absent
}

impl From<&Bundle> for Installed {
    fn from(bundle: &Bundle) -> Self {
        // `BundleUpdateTask` of the Sling installer keeps the location, so its version is that of the first install.
        let exact = bundle.identified_by == Some(IdentifiedBy::Manifest);
        Self {
            id: bundle.id,
            version: bundle.version.clone(),
            exact: exact && bundle.version.is_some(),
            state: bundle.state,
        }
    }
}

impl Installed {
    /// Returns version and state; a version that may be stale is marked with `~`.
    fn without_id(&self) -> String {
        let version = match &self.version {
            Some(version) if self.exact => version.clone(),
            Some(version) => format!("~{version}"),
            None => "version unknown".to_owned(),
        };
        match self.state {
            Some(state) => format!("{version}, {state}"),
            None => format!("{version}, state unknown"),
        }
    }
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        write!(f, "{id}: {}", self.without_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::testing::{FarmBuilder, Instance, good_farm};

    const NAME: &str = "org.apache.felix.scr";

    /// Names of the bundles that differ, and the letters and texts of the row of `NAME`.
    fn seen(farm: FarmBuilder) -> (Vec<String>, Vec<(Option<usize>, String)>) {
        let map = bundle_map(&farm.build(), &|row| row.differs);
        let row = map.rows.iter().find(|row| row.symbolic_name == NAME);
        let cells = row.into_iter().flat_map(|row| &row.cells);
        let cells = cells.map(|cell| (cell.cell.group, cell.cell.text.clone())).collect();
        (map.rows.iter().map(|row| row.symbolic_name.clone()).collect(), cells)
    }

    fn changed(change: impl FnOnce(&mut Bundle)) -> FarmBuilder {
        good_farm(&["a", "b"]).with("c", |i: Instance| i.change("bundle7", change))
    }

    #[test]
    fn bundles_that_are_the_same_are_left_out_and_counted() {
        let map = bundle_map(&good_farm(&["a", "b"]).build(), &|row| row.differs);
        assert_eq!((map.rows.len(), map.left_out(), map.instances.len()), (0, 5, 2));
        assert_eq!((map.differing, map.unknown, map.same), (0, 0, 5));
        let all = bundle_map(&good_farm(&["a", "b"]).build(), &|_| true);
        assert_eq!((all.rows.len(), all.left_out(), all.same), (5, 0, 5));
    }

    #[test]
    fn another_id_alone_is_no_difference() {
        // Felix numbers bundles as they are installed, and no two instances need have the same order.
        assert_eq!(seen(changed(|bundle| bundle.id = Some(8))).0, [""; 0]);
    }

    #[test]
    fn another_version_or_state_is_a_difference() {
        let (names, cells) = seen(changed(|bundle| bundle.version = Some("2.0".to_owned())));
        let a = (Some(0), "7: 3.4.22, active".to_owned());
        assert_eq!(names, [NAME]);
        assert_eq!(cells, [a.clone(), a.clone(), (Some(1), "7: 2.0, active".to_owned())]);
        let (_, cells) = seen(changed(|bundle| bundle.state = Some(BundleState::Installed)));
        assert_eq!(cells, [a.clone(), a, (Some(1), "7: 3.4.22, installed".to_owned())]);
    }

    #[test]
    fn bundle_is_missing_only_where_all_were_seen() {
        let without = |i: Instance| i.without_bundle("bundle7");
        let (names, cells) = seen(good_farm(&["a", "b"]).with("c", without));
        assert_eq!((names.len(), cells[2].clone()), (1, (Some(1), "absent".to_owned())));
        let cut = good_farm(&["a", "b"]).with("c", |i| without(i).gap(GapKind::Partial, None));
        assert_eq!(seen(cut).0, [""; 0]);
    }

    #[test]
    fn bundle_that_is_not_in_one_snapshot_is_not_the_same_everywhere() {
        let counts = |farm: FarmBuilder| {
            let map = bundle_map(&farm.build(), &|_| true);
            (map.differing, map.unknown, map.same)
        };
        let cut = |i: Instance| i.without_bundle("bundle7").gap(GapKind::Partial, None);
        assert_eq!(counts(good_farm(&["a", "b"]).with("c", cut)), (0, 1, 4));
        let old = |bundle: &mut Bundle| bundle.state = Some(BundleState::Installed);
        let differs = good_farm(&["a"]).with("b", |i| i.change("bundle7", old)).with("c", cut);
        assert_eq!(counts(differs), (1, 0, 4), "what differs somewhere differs");
    }

    #[test]
    fn version_that_may_be_stale_is_shown_and_not_compared() {
        let stale = changed(|bundle| {
            bundle.version = Some("2.0".to_owned());
            bundle.identified_by = Some(IdentifiedBy::Location);
        });
        assert_eq!(seen(stale).0, [""; 0]);
        let stopped = changed(|bundle| {
            bundle.identified_by = Some(IdentifiedBy::Location);
            bundle.state = Some(BundleState::Installed);
        });
        assert_eq!(seen(stopped).1[2], (None, "7: ~3.4.22, installed".to_owned()));
    }

    #[test]
    fn second_bundle_of_a_name_is_a_difference_and_an_uninstalled_one_is_none() {
        let twice = good_farm(&["a", "b"]).with("c", |i| i.bundle(9, NAME));
        assert_eq!(seen(twice).1[2].1, "7: 3.4.22, active; 9: 3.4.22, active");
        let gone = good_farm(&["a", "b"]).with("c", |i| {
            i.bundle(9, NAME).change("bundle9", |b| b.state = Some(BundleState::Uninstalled))
        });
        assert_eq!(seen(gone).0, [""; 0]);
    }
}
