//! Takes the text of a topic apart, as far as our own files go: it is no parser of Markdown.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading; `#` has depth 1.
    Heading {
        /// How deep it is.
        depth: usize,
        /// Its text.
        text: String,
    },
    /// A paragraph, or an item of a list, on one line.
    Paragraph {
        /// It is an item of a list.
        is_item: bool,
        /// Its text.
        text: String,
    },
    /// Lines to be shown as they are.
    Code(Vec<String>),
    /// A table.
    Table {
        /// The heads of its columns.
        head: Vec<String>,
        /// Its rows.
        rows: Vec<Vec<String>>,
    },
}

/// Returns the blocks of a text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            blocks.push(Block::Code(code.map(str::to_owned).collect()));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            let head = rows.remove(0);
            rows.retain(|row| !row.iter().all(|cell| cell.trim_matches('-').is_empty()));
            blocks.push(Block::Table { head, rows });
        } else if line.starts_with('#') {
            let text = line.trim_start_matches('#');
            let depth = line.len().saturating_sub(text.len());
            blocks.push(Block::Heading { depth, text: text.trim().to_owned() });
        } else if !line.trim().is_empty() {
            let is_item = line.starts_with("- ");
            let mut text = line.trim_start_matches("- ").trim().to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                text.push(' ');
                text.push_str(more.trim());
            }
            blocks.push(Block::Paragraph { is_item, text });
        }
    }
    blocks
}

/// Returns `true` if a line belongs to the paragraph before it.
fn continues(line: &str) -> bool {
    !line.trim().is_empty() && !["```", "|", "#", "- "].iter().any(|start| line.starts_with(start))
}

/// Returns the cells of a row. A bar inside code is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{0}");
    row.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(text: &str, is_item: bool) -> Block {
        Block::Paragraph { is_item, text: text.to_owned() }
    }

    #[test]
    fn text_is_taken_apart() {
        let text = "# A\n\none\ntwo\n- x\n  y\n- z\n\n```sh\n# code\n```\n\n| a | b |\n|---|---|\n| 1 | 2\\|3 |\nend\n";
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            blocks(text),
            [
                Block::Heading { depth: 1, text: "A".to_owned() },
                paragraph("one two", false),
                paragraph("x y", true),
                paragraph("z", true),
                Block::Code(vec!["# code".to_owned()]),
                Block::Table { head: row(["a", "b"]), rows: vec![row(["1", "2|3"])] },
                paragraph("end", false),
            ]
        );
    }
}
