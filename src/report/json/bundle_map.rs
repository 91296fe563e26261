//! The bundles that differ, in JSON. All bundles of an instance are listed with it.

use super::CELL_STATES;
use crate::farm::{BundleCell, BundleRow, Farm, Installed, bundle_map};
use schemars::JsonSchema;
use serde::Serialize;

/// The bundles that differ in version or state, or are missing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BundleMap")]
pub(super) struct WireBundleMap {
    /// The columns.
    instances: Vec<String>,
    rows: Vec<WireBundleRow>,
    /// Bundles that do not differ.
    same: usize,
}

/// One bundle on all instances.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BundleRow")]
struct WireBundleRow {
    symbolic_name: String,
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

impl From<&Farm> for WireBundleMap {
    fn from(farm: &Farm) -> Self {
        let map = bundle_map(farm, &|row| row.differs);
        Self {
            instances: map.instances,
            rows: map.rows.into_iter().map(WireBundleRow::from).collect(),
            same: map.left_out,
        }
    }
}

impl From<BundleRow> for WireBundleRow {
    fn from(row: BundleRow) -> Self {
        let cells = row.cells.into_iter().map(WireBundleCell::from).collect();
        Self { symbolic_name: row.symbolic_name, cells }
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
