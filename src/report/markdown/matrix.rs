//! The matrix as a table: facts down while the instances fit side by side, instances down otherwise.

use super::super::labels::marked;
use super::super::markdown_text::cell;
use crate::farm::{Expect, Matrix, MatrixRow};
use std::io::{self, Write};

/// Tables of more columns are wider than a ticket.
const COLUMNS_MAX: usize = 6;

pub(super) fn write(matrix: &Matrix, out: &mut dyn Write) -> io::Result<()> {
    if matrix.instances.len() <= COLUMNS_MAX {
        let head = std::iter::once(String::new()).chain(matrix.instances.iter().map(|n| cell(n)));
        head_line(&head.collect::<Vec<_>>(), out)?;
        for row in &matrix.rows {
            let cells = (0..row.cells.len()).map(|index| shown(row, index));
            line(&std::iter::once(title(row)).chain(cells).collect::<Vec<_>>(), out)?;
        }
        return writeln!(out);
    }
    let (common, differing): (Vec<_>, Vec<_>) = matrix.rows.iter().partition(|row| is_common(row));
    writeln!(out, "The same on all {} instances:\n", matrix.instances.len())?;
    for row in common {
        writeln!(out, "- {}: {}", title(row), shown(row, 0))?;
    }
    writeln!(out)?;
    differing.chunks(COLUMNS_MAX).try_for_each(|rows| instances_down(matrix, rows, out))
}

fn instances_down(matrix: &Matrix, rows: &[&MatrixRow], out: &mut dyn Write) -> io::Result<()> {
    let head = std::iter::once("instance".to_owned()).chain(rows.iter().map(|row| title(row)));
    head_line(&head.collect::<Vec<_>>(), out)?;
    for (index, name) in matrix.instances.iter().enumerate() {
        let cells = rows.iter().map(|row| shown(row, index));
        line(&std::iter::once(cell(name)).chain(cells).collect::<Vec<_>>(), out)?;
    }
    writeln!(out)
}

fn is_common(row: &MatrixRow) -> bool {
    let mut pairs = row.cells.iter().zip(row.cells.iter().skip(1));
    pairs.all(|(a, b)| (a.state, &a.text, &a.value) == (b.state, &b.text, &b.value))
}

/// Says what a row is about, and by a word whether it is as it should be.
fn title(row: &MatrixRow) -> String {
    match (row.expect, row.is_odd(), row.differs()) {
        (_, false, _) => row.title.to_owned(),
        (Expect::Equal, true, true) => format!("**{} differs**", row.title),
        (Expect::Distinct, true, _) => format!("**{} is shared**", row.title),
        (_, true, _) => format!("**{} is wrong**", row.title),
    }
}

fn shown(row: &MatrixRow, index: usize) -> String {
    let Some(of) = row.cells.get(index) else { return String::new() };
    let text = cell(&marked(of, &of.text));
    if row.is_odd_at(index) { format!("**{text}**") } else { text }
}

fn head_line(cells: &[String], out: &mut dyn Write) -> io::Result<()> {
    line(cells, out)?;
    writeln!(out, "|{}", "---|".repeat(cells.len()))
}

fn line(cells: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FarmBuilder, Scenes, good_farm};

    fn written(farm: FarmBuilder) -> String {
        let mut out = Vec::new();
        write(&crate::farm::matrix(&farm.build()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn odd_and_wrong_cells_stand_out() {
        let text = written(good_farm(&["a", "b"]).with("c", |i| i.storage(b"JCR")));
        let newline = |i: crate::testing::Instance| i.storage(b"Bundle\n");
        let wrong = written(crate::testing::farm().with("a", newline).with("b", newline));
        let mut scenes = Scenes::default();
        scenes.add("one differs", &text);
        scenes.add("all are wrong alike", &wrong);
        scenes.are("matrix-markdown");
    }

    #[test]
    fn large_farm_has_a_line_for_each_instance() {
        let names: Vec<String> = (1..=20).map(|n| format!("publish{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = written(good_farm(&names).with("odd", |i| i.storage(b"JCR")));
        assert!(text.starts_with("The same on all 21 instances:\n"), "{text}");
        assert!(text.lines().any(|line| line.starts_with("| odd |")), "{text}");
        assert!(text.lines().all(|line| line.matches('|').count() <= COLUMNS_MAX + 2), "{text}");
    }
}
