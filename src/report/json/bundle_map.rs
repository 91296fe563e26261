//! The bundles that differ, in JSON. All bundles of an instance are listed with it.

use crate::farm::{BundleCell, BundleRow, Farm, Installed, bundle_map};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct WireBundleMap {
    instances: Vec<String>,
    rows: Vec<WireBundleRow>,
    same: usize,
}

#[derive(Serialize)]
struct WireBundleRow {
    symbolic_name: String,
    cells: Vec<WireBundleCell>,
}

#[derive(Serialize)]
struct WireBundleCell {
    state: &'static str,
    group: Option<usize>,
    bundles: Vec<WireInstalled>,
}

#[derive(Serialize)]
struct WireInstalled {
    id: Option<u64>,
    version: Option<String>,
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
