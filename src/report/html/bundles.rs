//! The bundle map on the page: a column an instance in a small farm, groups of equals in a larger one.

use super::super::labels::not_differing;
use super::matrix::{COLUMNS_MAX, CellView, Group, group};
use crate::farm::{BundleCell, BundleMap, BundleRow, alike};
use serde::Serialize;

/// The bundle map.
#[derive(Serialize)]
pub(super) struct BundleView {
    /// What the rows are.
    caption: String,
    /// Empty where the groups are shown.
    instances: Vec<String>,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    name: String,
    /// One an instance, in a small farm.
    cells: Vec<CellView>,
    /// In a larger one.
    groups: Vec<Group>,
}

impl BundleView {
    /// Shows a map; `by_name` says that its rows were chosen by name, whether they differ or not.
    pub(super) fn new(map: &BundleMap, by_name: bool) -> Self {
        let small = map.instances.len() <= COLUMNS_MAX;
        let caption = if by_name {
            let (rows, others) = (map.rows.len(), map.left_out());
            format!("Bundles of the names asked for: {rows}; not shown: {others}.")
        } else {
            format!(
                "Bundles that differ in version or state, or are missing: {}{}.",
                map.differing,
                not_differing(map)
            )
        };
        Self {
            caption,
            instances: if small { map.instances.clone() } else { Vec::new() },
            rows: map.rows.iter().map(|row| RowView::new(row, &map.instances, small)).collect(),
        }
    }
}

impl RowView {
    fn new(row: &BundleRow, instances: &[String], small: bool) -> Self {
        let cell = |(index, cell): (usize, &BundleCell)| {
            CellView::new(&cell.cell, row.differs, row.mark_at(index))
        };
        let cells: Vec<CellView> = row.cells.iter().enumerate().map(cell).collect();
        let groups = alike(row.cells.iter().map(|cell| &cell.cell));
        let groups = groups.iter().filter_map(|members| {
            let cell = cells.get(*members.first()?)?;
            // Ids differ within a group; what it has in common is reported without them.
            Some(group(cell.saying(common(row, *members.first()?)), members, instances))
        });
        Self {
            name: row.symbolic_name.clone(),
            groups: if small { Vec::new() } else { groups.collect() },
            cells: if small { cells } else { Vec::new() },
        }
    }
}

/// Returns what a cell says, without ids.
fn common(row: &BundleRow, index: usize) -> String {
    row.cells.get(index).map(BundleCell::without_ids).unwrap_or_default()
}
