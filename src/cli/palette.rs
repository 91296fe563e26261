//! Colours in tables, on a terminal.

use crate::report::Palette;
use comfy_table::{Cell, Color, Table};

/// Colours as most terminals show them.
#[derive(Debug)]
pub(super) struct Terminal;

impl Palette for Terminal {
    fn odd(&self, cell: Cell) -> Cell {
        cell.fg(Color::Red)
    }

    fn show(&self, table: &mut Table) {
        table.enforce_styling();
    }
}

/// Returns the colours where they are wanted.
pub(super) fn palette(is_wanted: bool) -> Option<&'static dyn Palette> {
    is_wanted.then_some(&Terminal)
}
