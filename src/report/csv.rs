//! `csv`: the matrix of each farm, for spreadsheets (RFC 4180).
//!
//! One row a fact, one column an instance. Several farms share the columns; an instance of another farm leaves its cell empty.

use super::wording::marked;
use super::{Format, Report, printable};
use crate::rules::Judged;
use std::io::{self, Write};

pub(super) const FORMAT: Format =
    Format { name: "csv", extensions: &["csv"], summary: "the matrix, for spreadsheets", write };

/// Characters that make a spreadsheet compute a cell that begins with one of them. The wide forms count in Excel for East Asia.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let instances = report.farms.iter().flat_map(|judged| &judged.matrix.instances);
    let header = ["farm", "fact", "expect"].into_iter();
    line(header.chain(instances.map(String::as_str)), out)?;
    let mut before = 0_usize;
    for judged in &report.farms {
        let own = judged.matrix.instances.len();
        let behind = report.instances().saturating_sub(before.saturating_add(own));
        rows(judged, before, behind, out)?;
        before = before.saturating_add(own);
    }
    Ok(())
}

/// Writes the rows of a farm, with empty cells for so many instances before and behind its own.
fn rows(judged: &Judged, before: usize, behind: usize, out: &mut dyn Write) -> io::Result<()> {
    for row in &judged.matrix.rows {
        let cells: Vec<String> = row.cells.iter().map(|cell| marked(cell, &cell.text)).collect();
        let head = [judged.farm.name.as_str(), row.fact, row.expect.label()].into_iter();
        let blank = |count| std::iter::repeat_n("", count);
        let cells = cells.iter().map(String::as_str);
        line(head.chain(blank(before)).chain(cells).chain(blank(behind)), out)?;
    }
    Ok(())
}

fn line<'t>(fields: impl Iterator<Item = &'t str>, out: &mut dyn Write) -> io::Result<()> {
    let fields: Vec<String> = fields.map(field).collect();
    write!(out, "{}\r\n", fields.join(","))
}

/// Returns one field: harmless text, never a formula, in quotes where a separator of any locale would split it.
fn field(text: &str) -> String {
    let text = printable(text);
    let apostrophe = if text.trim_start().starts_with(FORMULA) { "'" } else { "" };
    let splits = |c: char| matches!(c, ',' | ';' | '"' | '\'' | '|');
    if text.contains(splits) || text.trim() != text {
        format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{apostrophe}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::Farm;
    use crate::report::Screen;
    use crate::rules::Selection;
    use crate::testing::good_farm;

    fn written(farms: Vec<Farm>) -> String {
        let report =
            Report::new(farms, Vec::new(), Vec::new(), &Selection::default(), Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cell_that_a_spreadsheet_would_compute_is_text() {
        assert_eq!(field("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        for text in ["=1", "+1", "-1", "@a", "\u{ff1d}1"] {
            assert_eq!(field(text), format!("'{text}"));
        }
        assert_eq!(field(" =1"), "\"' =1\"");
        assert_eq!(field("\t=1"), "\\u{9}=1");
    }

    #[test]
    fn separators_and_quotes_split_nothing() {
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("a;b"), "\"a;b\"");
        assert_eq!(field("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(field("a\r\nb"), "a\\u{d}\\u{a}b");
        assert_eq!(field("6.5.0"), "6.5.0");
    }

    #[test]
    fn row_has_a_cell_for_each_instance() {
        let text = written(vec![good_farm(&["a"]).with("b", |i| i.storage(b"JCR")).build()]);
        assert!(text.starts_with("farm,fact,expect,a,b\r\n"), "{text}");
        assert!(text.contains("farm,storage-mode,equal,Bundle,JCR\r\n"), "{text}");
        assert!(text.contains(",\"(in the JCR, not read)\"\r\n"), "{text}");
    }

    #[test]
    fn farms_share_the_columns() {
        let text = written(vec![good_farm(&["a", "b"]).build(), good_farm(&["c"]).build()]);
        assert!(text.starts_with("farm,fact,expect,a,b,c\r\n"), "{text}");
        assert!(text.contains("storage-mode,equal,Bundle,Bundle,\r\n"), "{text}");
        assert!(text.contains("storage-mode,equal,,,Bundle\r\n"), "{text}");
    }
}
