//! `csv`: the matrix of each farm, for spreadsheets and data tools (RFC 4180), and the findings.
//!
//! One line a cell, so that the columns are the same whatever came: farm, instance, fact, value, mark. A mark is `wrong` whatever the others
//! have, or `odd` among them. A source of which nothing could be read has a line `read` of no farm.
//!
//! No part of a cell is computed, whatever a spreadsheet takes for the separator: an apostrophe is before what begins with `=`, `+`,
//! `-` or `@` at the start of a field, or after a `,`, `;` or `|` in it. What has an apostrophe there already gets another one, so that
//! whoever takes one away has the text.
//!
//! With `--wide`, one row a fact and one column an instance.

mod findings;
mod wide;

use super::{BundleFilter, FarmWriter, Format, Report, by_farm, printable};
use crate::diagnosis::Judged;
use crate::facts::{Gap, GapKind, spoken};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) use findings::FORMAT as FINDINGS;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    extensions: &["csv"],
    summary: "the matrix, one line a cell, for spreadsheets and data tools",
    write,
    by_farm: |report| (!report.wide).then(|| Box::new(Cells::new(report)) as _),
};

/// What some spreadsheet splits a line at, quotes or none: where it opens a file with `,` as one with `;`, quotes within a cell are text. A
/// tab is none of them, since [`printable`] leaves none.
const SEPARATORS: [char; 3] = [',', ';', '|'];

/// Characters that make a spreadsheet compute a cell that begins with one of them. The wide forms count in Excel for East Asia.
// The list of OWASP (CSV Injection) without tab and line ends, which `printable` writes out.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The columns.
const HEAD: [&str; 5] = ["farm", "instance", "fact", "value", "mark"];

/// Sources that were not read, with the first gap of each.
type Unread<'r> = BTreeMap<&'r str, &'r Gap>;

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.wide {
        return wide::write(report, out);
    }
    by_farm::write(Cells::new(report), report, out)
}

/// One line a cell.
struct Cells<'r> {
    bundles: Option<&'r BundleFilter>,
    /// Sources of which no farm has had an instance yet.
    unread: Unread<'r>,
}

impl<'r> Cells<'r> {
    fn new(report: &'r Report) -> Self {
        Self { bundles: report.bundles.as_ref(), unread: hiding(report) }
    }
}

impl FarmWriter for Cells<'_> {
    fn head(&mut self, out: &mut dyn Write) -> io::Result<()> {
        line(HEAD.into_iter(), out)
    }

    fn farm(&mut self, judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
        let (farm, names) = (judged.farm.name.as_str(), &judged.matrix.instances);
        for row in wide::all_rows(judged, self.bundles) {
            for ((value, marks), name) in row.cells.iter().zip(names) {
                let mark = wide::MARKS.into_iter().zip(marks).find(|(_, has)| **has);
                let mark = mark.map_or("", |(mark, _)| mark);
                line([farm, name, &row.fact, value, mark].into_iter(), out)?;
            }
        }
        for member in &judged.farm.members {
            self.unread.remove(member.snapshot.source.as_str());
        }
        Ok(())
    }

    fn tail(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for (source, gap) in &self.unread {
            line(["", spoken(source), "read", &why(gap), ""].into_iter(), out)?;
        }
        Ok(())
    }
}

/// Returns the sources that were not read and of which no instance was found.
fn unread(report: &Report) -> Unread<'_> {
    let mut unread = hiding(report);
    for member in report.farms.iter().flat_map(|judged| &judged.farm.members) {
        unread.remove(member.snapshot.source.as_str());
    }
    unread
}

/// Returns the sources of which something was not read.
fn hiding(report: &Report) -> Unread<'_> {
    let mut hiding = Unread::new();
    for gap in report.gaps.iter().filter(|gap| gap.kind.hides()) {
        hiding.entry(&gap.source).or_insert(gap);
    }
    hiding
}

fn why(gap: &Gap) -> String {
    let path = gap.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
    format!("({}: {path}{})", what(gap), gap.reason)
}

fn what(gap: &Gap) -> &'static str {
    if gap.kind == GapKind::NoInstance { "no instance" } else { "not read" }
}

/// Returns a name as one of a list: in quotes where it could be taken for more than one.
fn listed(name: &str) -> String {
    if name.contains([';', '"']) { quoted(name) } else { name.to_owned() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

pub(super) fn line<'t>(
    fields: impl Iterator<Item = &'t str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let fields: Vec<String> = fields.map(field).collect();
    // RFC 4180 §2: each record ends with CRLF, on every system.
    write!(out, "{}\r\n", fields.join(","))
}

/// Returns one field: harmless text, never a formula, in quotes where a separator of any locale would split it.
fn field(text: &str) -> String {
    let text = printable(text);
    // Excel splits by the list separator of the locale,
    // `;` in most of Europe, whatever the file has.
    let safe: String = text.split_inclusive(SEPARATORS).map(uncomputed).collect();
    let splits = |c: char| SEPARATORS.contains(&c) || matches!(c, '"' | '\'');
    // Blanks belong to a field (RFC 4180 §2.4), and many readers keep them in quotes alone.
    let is_whole = text.trim() == text && !text.contains(splits);
    if is_whole { safe } else { quoted(&safe) }
}

/// Returns what a spreadsheet may take for a cell, never as a formula. It may drop the blanks and the quotes that a cell begins with.
fn uncomputed(part: &str) -> Cow<'_, str> {
    let start = part.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    if start.starts_with(FORMULA) { format!("'{part}").into() } else { part.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::report::Screen;
    use crate::testing::good_farm;

    #[test]
    fn cell_that_a_spreadsheet_would_compute_is_text() {
        // Excel offers to start a program for such a cell (DDE).
        assert_eq!(field("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        for text in ["=1", "+1", "-1", "@a", "\u{ff1d}1"] {
            assert_eq!(field(text), format!("'{text}"));
        }
        assert_eq!(field(" =1"), "\"' =1\"");
        assert_eq!(field("\t=1"), "\\u{9}=1");
    }

    #[test]
    fn no_separator_of_another_locale_makes_a_formula_of_a_part() {
        assert_eq!(field("a;=1+1;<b>"), "\"a;'=1+1;<b>\"");
        for (text, safe) in [
            ("a; =1", "a;' =1"),
            ("a|+1", "a|'+1"),
            ("a,-1", "a,'-1"),
            ("a;;@x", "a;;'@x"),
            ("a;\"=1", "a;'\"\"=1"),
            ("a;'=1", "a;''=1"),
            ("'=1", "''=1"),
            ("a;b=1", "a;b=1"),
        ] {
            assert_eq!(field(text), format!("\"{safe}\""));
        }
        assert_eq!(field("a\t=1"), "a\\u{9}=1");
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
    fn every_cell_is_a_line_and_what_was_not_read_is_one() {
        let stray: Vec<u8> = (0..32).chain([b'\n']).collect();
        let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&stray)).build();
        let gap = Gap {
            source: "x.tar".to_owned(),
            path: None,
            kind: GapKind::Partial,
            reason: "ends at byte 9".to_owned(),
        };
        let (rows, digests) = (farm.members.len(), 4);
        let report =
            Report::new(vec![farm], vec![], vec![gap], &Selection::default(), Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "farm,instance,fact,value,mark");
        assert_eq!(lines.len(), 2 + rows * (report.farms[0].matrix.rows.len() + digests));
        assert!(
            lines.iter().any(|line| line.starts_with("farm,c,hmac,") && line.ends_with(",wrong")),
            "{text}"
        );
        assert_eq!(lines.last(), Some(&",x.tar,read,(not read: ends at byte 9),"));
    }
}
