//! The bundle map: a grid where it fits, else the groups of each bundle.

use super::super::group_letter::group_letter;
use super::super::labels::not_differing;
use super::super::{Screen, counted};
use super::grid::{self, Cut};
use super::names::{Headings, Shown};
use super::text::{Paint, labelled};
use crate::farm::{BundleMap, BundleRow, alike};
use std::io::{self, Write};

/// Names of a group are listed up to this many; the rest is counted.
const NAMES_MAX: usize = 5;

/// Writes the bundle map; `by_name` says that its rows were chosen by name, whether they differ or not.
pub(super) fn write(
    map: &BundleMap,
    by_name: bool,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let title = if by_name {
        format!("Bundles of the names asked for: {}; not shown: {}", map.rows.len(), map.left_out())
    } else {
        format!("Bundles that differ: {}{}", map.differing, not_differing(map))
    };
    writeln!(out, "{}", Paint::Bold.on(&title, screen))?;
    let titles: Vec<Shown> = map.rows.iter().map(|row| named(row, screen)).collect();
    let headings = grid::column_headings(&map.instances, &titles, screen);
    let grid = as_grid(map, &headings, screen);
    let fits = grid::width(&grid, grid::CELL_CHARACTERS_MIN) <= grid::room(screen);
    if map.rows.is_empty() {
        return writeln!(out);
    }
    if map.instances.len() <= grid::COLUMNS_MAX && fits {
        headings.write_shared(screen, out)?;
        return grid::print(&grid, screen, out);
    }
    for row in &map.rows {
        labelled(" ", &row.symbolic_name, screen, out)?;
        groups(row, &map.instances, screen, out)?;
    }
    writeln!(out)
}

fn named(row: &BundleRow, screen: Screen) -> Shown {
    (super::clean(&row.symbolic_name, screen), false)
}

fn as_grid(map: &BundleMap, headings: &Headings, screen: Screen) -> Vec<Vec<Shown>> {
    let head = std::iter::once(grid::plain("", screen)).chain(headings.cells()).collect();
    let line = |row: &BundleRow| {
        let cut = Cut::of(row.cells.iter().map(|cell| cell.cell.text.as_str()));
        let cells = row.cells.iter().enumerate().map(|(index, cell)| {
            grid::shown_cell(&cell.cell, cut, (row.differs, row.is_odd_at(index)), screen)
        });
        std::iter::once(named(row, screen)).chain(cells).collect()
    };
    std::iter::once(head).chain(map.rows.iter().map(line)).collect()
}

fn groups(
    row: &BundleRow,
    instances: &[String],
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    for members in alike(row.cells.iter().map(|cell| &cell.cell)) {
        let Some(first) = members.first().and_then(|first| row.cells.get(*first)) else { continue };
        let letter =
            first.cell.group.filter(|_| row.differs).map_or_else(|| "-".to_owned(), group_letter);
        let names = members.iter().filter_map(|index| instances.get(*index));
        let names: Vec<&str> = names.map(String::as_str).collect();
        let who = if names.len() > NAMES_MAX {
            counted(names.len(), "instance")
        } else {
            names.join(", ")
        };
        labelled(
            &format!("    {letter}"),
            &format!("{}: {who}", first.without_ids()),
            screen,
            out,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::BundleFilter;
    use crate::testing::{Scenes, good_farm};

    fn render(columns: Option<u16>, pattern: &str) -> String {
        let farm = good_farm(&["a", "b"])
            .with("c", |i| i.change("bundle7", |bundle| bundle.version = Some("2.0".to_owned())));
        let filter = BundleFilter::parse(pattern).unwrap();
        let screen = Screen { columns, ascii: true, palette: None };
        let mut out = Vec::new();
        write(&filter.map(&farm.build()), filter.is_by_name(), screen, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bundles_as_they_are_read() {
        let mut scenes = Scenes::default();
        scenes.add("a grid where it fits", &render(None, ""));
        scenes.add("groups where not", &render(Some(60), ""));
        scenes.add("of a name, without letters where they agree", &render(None, "settings"));
        scenes.are("bundles");
    }

    #[test]
    fn bundle_that_is_not_in_one_snapshot_is_counted_as_such() {
        let cut = |i: crate::testing::Instance| {
            i.without_bundle("bundle7").gap(crate::facts::GapKind::Partial, None)
        };
        let map = BundleFilter::default().map(&good_farm(&["a", "b"]).with("c", cut).build());
        let mut out = Vec::new();
        write(&map, false, Screen::default(), &mut out).unwrap();
        let title = "Bundles that differ: 0; not known everywhere: 1; the same everywhere: 4\n";
        assert!(String::from_utf8(out).unwrap().starts_with(title));
    }
}
