//! Wrapped text, and the few colours.

use super::super::Screen;
use super::clean;
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
        if screen.palette.is_some() {
            // The codes are in the sixteen colours that every
            // terminal knows; the theme of the user decides on them.
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Writes `text` wrapped to the screen, with `label` before its first line and blanks before the others.
pub(in crate::report) fn labelled(
    label: &str,
    text: &str,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    under(label, clean(text, screen).split(' '), screen, out)
}

/// Writes items with commas behind a label. A line ends between two of them, and in one only where it is longer than a line.
pub(super) fn items(
    label: &str,
    items: &[String],
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let listed: Vec<String> = items.iter().map(|item| clean(item, screen)).collect();
    let listed = listed.join(",\n");
    let room = room(label, screen);
    let words = listed.split('\n').flat_map(|item| {
        let is_long = item.chars().count() > room;
        item.split(move |letter| is_long && letter == ' ')
    });
    under(label, words, screen, out)
}

/// Returns the columns for text behind a label.
fn room(label: &str, screen: Screen) -> usize {
    let columns = usize::from(screen.columns.unwrap_or(COLUMNS_MAX).min(COLUMNS_MAX));
    // A label may be longer than the screen is wide.
    columns.saturating_sub(label.chars().count().saturating_add(1)).max(20)
}

/// Writes words, none of which is broken, behind a label.
fn under<'t>(
    label: &str,
    words: impl Iterator<Item = &'t str>,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let blanks = " ".repeat(label.chars().count().saturating_add(1));
    for (index, line) in wrap(words, room(label, screen)).iter().enumerate() {
        match index {
            0 => writeln!(out, "{label} {line}")?,
            _ => writeln!(out, "{blanks}{line}")?,
        }
    }
    Ok(())
}

/// Writes a command alone on its line, which is never wrapped: half of one does something else.
pub(super) fn command(line: &str, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", clean(line, screen))
}

/// Writes a line that begins with `lead`, given plain and in colours, wrapped where it is longer than the screen. A line that goes to no
/// screen stays one, for programs that look for it.
pub(super) fn hanging(
    [plain, painted]: [&str; 2],
    text: &str,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let line = wrapped(&format!("{plain} {text}"), screen);
    match line.strip_prefix(plain) {
        Some(rest) => writeln!(out, "{painted}{rest}"),
        // Even the lead is wrapped, in which a colour would have to be found.
        None => writeln!(out, "{line}"),
    }
}

/// Returns a line as several, the second and later ones indented, where it is longer than the screen.
pub(super) fn wrapped(line: &str, screen: Screen) -> String {
    const INDENT: &str = "  ";
    let Some(columns) = screen.columns.map(usize::from) else { return line.to_owned() };
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    wrap(line.split(' '), columns.saturating_sub(INDENT.len())).join(&format!("\n{INDENT}"))
}

/// Breaks text between words. A path or command that is longer than a line stays whole, so that it can be copied.
fn wrap<'t>(words: impl Iterator<Item = &'t str>, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        let width = |text: &str| text.chars().count();
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line).saturating_add(width(word)) < columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Palette;
    use comfy_table::{Cell, Table};

    #[derive(Debug)]
    struct Plain;

    impl Palette for Plain {
        fn odd(&self, cell: Cell) -> Cell {
            cell
        }

        fn show(&self, _: &mut Table) {}
    }

    #[test]
    fn lines_break_between_words_and_words_never() {
        let wrap = |text: &str, columns| wrap(text.split(' '), columns);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("see /a/very/long/path now", 8), ["see", "/a/very/long/path", "now"]);
        assert_eq!(wrap("", 8), [""]);
    }

    #[test]
    fn line_stays_one_where_it_fits_or_no_screen_is_given() {
        let at = |columns| Screen { columns, ..Screen::default() };
        assert_eq!(wrapped("Verdict: X - one two", at(None)), "Verdict: X - one two");
        assert_eq!(wrapped("Verdict: X - one two", at(Some(20))), "Verdict: X - one two");
        assert_eq!(wrapped("Verdict: X - one two", at(Some(18))), "Verdict: X - one\n  two");
    }

    #[test]
    fn colour_takes_no_room() {
        let screen = Screen { columns: Some(30), palette: Some(&Plain), ..Screen::default() };
        let mut out = Vec::new();
        let painted = format!("Verdict: {} -", Paint::Red.on("X", screen));
        hanging(["Verdict: X -", &painted], "three more words here", screen, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "Verdict: \x1b[1;31mX\x1b[0m - three more\n  words here\n");
    }
}
