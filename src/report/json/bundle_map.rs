//! The bundles that differ, or those that were asked for, in JSON. All bundles of an instance are listed with it.

use super::CELL_STATES;
use crate::farm::{BundleCell, BundleMap, BundleRow, Installed};
use schemars::JsonSchema;
use serde::Serialize;

/// The bundles that differ in version or state, or are missing; with `--bundles=REGEX` those whose symbolic name matches.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BundleMap")]
pub(super) struct WireBundleMap {
    /// The columns.
    instances: Vec<String>,
    rows: Vec<WireBundleRow>,
    /// How many bundles of all differ.
    differing: usize,
    /// How many do not differ as far as is known, and are not known on every instance.
    unknown: usize,
    /// How many are the same on every instance.
    same: usize,
}

/// One bundle on all instances.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BundleRow")]
struct WireBundleRow {
    symbolic_name: String,
    /// Its versions or states differ, or it is missing somewhere.
    differs: bool,
    /// One cell a column.
    cells: Vec<WireBundleCell>,
}

/// One bundle on one instance.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BundleCell")]
struct WireBundleCell {
    #[schemars(extend("enum" = CELL_STATES))]
    state: &'static str,
    /// Cells of a row with the same number are equal.
    group: Option<usize>,
    /// Usually one; several where it is installed more than once.
    bundles: Vec<WireInstalled>,
}

/// A bundle that is installed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Installed")]
struct WireInstalled {
    id: Option<u64>,
    version: Option<String>,
    /// The version comes from the manifest of the revision that Felix would choose.
    version_exact: bool,
    state: Option<String>,
}

impl From<BundleMap> for WireBundleMap {
    fn from(map: BundleMap) -> Self {
        Self {
            instances: map.instances,
            rows: map.rows.into_iter().map(WireBundleRow::from).collect(),
            differing: map.differing,
            unknown: map.unknown,
            same: map.same,
        }
    }
}

impl From<BundleRow> for WireBundleRow {
    fn from(row: BundleRow) -> Self {
        let cells = row.cells.into_iter().map(WireBundleCell::from).collect();
        Self { symbolic_name: row.symbolic_name, differs: row.differs, cells }
    }
}

impl From<BundleCell> for WireBundleCell {
    fn from(cell: BundleCell) -> Self {
        Self {
            state: cell.cell.state.label(),
            group: cell.cell.group,
            bundles: cell.installed.into_iter().map(WireInstalled::from).collect(),
        }
    }
}

impl From<Installed> for WireInstalled {
    fn from(bundle: Installed) -> Self {
        Self {
            id: bundle.id,
            version: bundle.version,
            version_exact: bundle.exact,
            state: bundle.state.map(|state| state.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::report::BundleFilter;
    use crate::testing::good_farm;

    fn seen(pattern: &str) -> serde_json::Value {
        let cut =
            |i: crate::testing::Instance| i.without_bundle("bundle7").gap(GapKind::Partial, None);
        let farm = good_farm(&["a", "b"]).with("c", cut).build();
        let map = BundleFilter::parse(pattern).unwrap().map(&farm);
        serde_json::to_value(WireBundleMap::from(map)).unwrap()
    }

    #[test]
    fn bundle_that_is_not_in_one_snapshot_is_counted_as_such() {
        let map = seen("");
        assert_eq!(
            (&map["differing"], &map["unknown"], &map["same"]),
            (&0.into(), &1.into(), &4.into())
        );
        assert_eq!(map["rows"], serde_json::json!([]));
    }

    #[test]
    fn bundles_of_a_name_are_shown_whether_they_differ_or_not() {
        let map = seen("felix.scr");
        assert_eq!(map["rows"][0]["differs"], false);
        assert_eq!(map["rows"][0]["cells"][2]["state"], "not-in-snapshot");
        assert_eq!(map["same"], 4);
    }
}
