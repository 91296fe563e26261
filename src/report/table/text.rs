//! Wrapped text, and the few colours.

use super::super::Screen;
use super::clean;
use comfy_table::{ContentArrangement, Table, presets};
use std::io::{self, Write};

/// Text is wrapped no wider than this, even on a wider screen.
const COLUMNS_MAX: u16 = 120;

/// A colour or weight. Nothing is said by it alone.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) enum Paint {
    Bold,
    Red,
    Yellow,
    Green,
}

impl Paint {
    /// Returns the text in this colour, where the screen has colours.
    pub(in crate::report) fn on(self, text: &str, screen: Screen) -> String {
        let code = match self {
            Self::Bold => "1",
            Self::Red => "1;31",
            Self::Yellow => "1;33",
            Self::Green => "1;32",
        };
        if screen.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Writes `text` wrapped to the screen, with `label` before its first line and blanks before the others.
pub(in crate::report) fn labelled(
    label: &str,
    text: &str,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = screen.columns.unwrap_or(COLUMNS_MAX).min(COLUMNS_MAX);
    let indent = u16::try_from(label.chars().count()).unwrap_or(0).saturating_add(1);
    let room = columns.saturating_sub(indent).max(20);
    let blanks = " ".repeat(usize::from(indent));
    for (index, line) in wrap(&clean(text, screen), room).enumerate() {
        match index {
            0 => writeln!(out, "{label} {line}")?,
            _ => writeln!(out, "{blanks}{line}")?,
        }
    }
    Ok(())
}

fn wrap(text: &str, columns: u16) -> impl Iterator<Item = String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.force_no_tty().set_width(columns).add_row([text]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.into_iter()
}
