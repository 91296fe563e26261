//! A topic of the manual on a terminal.

use super::Screen;
use super::table::{Paint, labelled};
use crate::manual::{Block, TOPICS, Topic, blocks};
use std::io::{self, Write};

/// Characters for the first cell of a row, where the second one stands beside it.
const FIRST_CELL: usize = 24;

/// Writes the names of the topics, one a line.
pub fn list_topics(out: &mut dyn Write) -> io::Result<()> {
    TOPICS.iter().try_for_each(|topic| writeln!(out, "  {:<11} {}", topic.name, topic.summary))
}

/// Writes a topic, wrapped to the screen. A row of a table becomes a list of what its cells say.
pub fn show_topic(topic: &Topic, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut is_first = true;
    let mut was_item = false;
    for block in blocks(topic.text) {
        let is_item = matches!(block, Block::Paragraph { is_item: true, .. });
        if !(is_first || is_item && was_item) {
            writeln!(out)?;
        }
        (is_first, was_item) = (false, is_item);
        match block {
            Block::Heading { text, .. } => writeln!(out, "{}", Paint::Bold.on(&text, screen))?,
            Block::Paragraph { is_item: true, text } => labelled(" -", &text, screen, out)?,
            Block::Paragraph { text, .. } => labelled("", &text, screen, out)?,
            Block::Code(lines) => {
                lines.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
            }
            Block::Table { head, rows } => {
                rows.iter().try_for_each(|cells| row(&head, cells, screen, out))?;
            }
        }
    }
    Ok(())
}

fn row(head: &[String], cells: &[String], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let Some((first, rest)) = cells.split_first() else { return Ok(()) };
    if let [only] = rest {
        return labelled(&format!(" {first:<FIRST_CELL$}"), only, screen, out);
    }
    labelled(" ", &Paint::Bold.on(first, screen), screen, out)?;
    let named = head.iter().skip(1).zip(rest).filter(|(_, cell)| !cell.is_empty());
    named
        .into_iter()
        .try_for_each(|(name, cell)| labelled(&format!("    {name}:"), cell, screen, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_fits_a_narrow_screen() {
        let screen = Screen { columns: Some(80), ..Screen::default() };
        for topic in &TOPICS {
            let mut out = Vec::new();
            show_topic(topic, screen, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().count() > 10 && !text.contains("|---"), "{text}");
            // Code is never wrapped, nor is a path.
            let is_long = |line: &&str| line.chars().count() > 80 && !line.starts_with("    ");
            assert_eq!(text.lines().find(is_long), None, "{}", topic.name);
        }
    }

    #[test]
    fn rows_say_what_their_cells_are() {
        let text = "| a | b | c |\n|---|---|---|\n| x | one | |\n\n| w | m |\n|---|---|\n| word | meaning |\n";
        let topic = Topic { name: "t", summary: "s", text };
        let mut out = Vec::new();
        show_topic(&topic, Screen::default(), &mut out).unwrap();
        let expected = format!("  x\n    b: one\n\n {:<24} meaning\n", "word");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
