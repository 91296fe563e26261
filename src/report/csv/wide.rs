//! The matrix of each farm with a column an instance: `--wide`.
//!
//! One row a fact, one column an instance. Several farms share the columns; an instance of another farm leaves its cell empty. No two
//! columns have one name: where two would, that of an instance begins with its farm.
//!
//! Where farms are so many that shared columns would be nothing but blank cells ([`Limits::csv_blanks_max`]), each farm is a table of its
//! own: a head with its own instances, its rows, and an empty line. What was not read and is of no farm is the last table.
//!
//! Rows `hmac md5`, `hmac sha256`, `master md5` and `master sha256` have the digests of the keys in full.
//!
//! Where bundles were asked for, a row `bundle NAME` for each follows those of its farm.
//!
//! The last two columns name the instances whose cell is not as it should be: `wrong` whatever the others have, and `odd` among them.
//! They are joined with `; `; a name with a semicolon or a quote is in quotes, its own doubled, as a field of CSV would.
//!
//! A source that was not read and of which no instance was found has a column too, headed by its path: it may hold an instance, and a table
//! without it would look whole. Its cells say `(not read)`, or
//! `(no instance)`, in the farms that it may belong to, and the row `read` says why. Where that is
//! no farm, a row `read` without a farm says it. A source that was read in part has its instances, whose row `read` says so.

use super::super::labels::marked;
use super::super::{BundleFilter, Report, printable};
use super::{Unread, line, listed, unread, what, why};
use crate::diagnosis::Judged;
use crate::facts::{Digest, Gap, KeyName, spoken};
use crate::farm::{BundleRow, Expect, MatrixRow, Member, distinct};
use crate::limits::Limits;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The columns before all others.
const HEAD: [&str; 3] = ["farm", "fact", "expect"];

/// The marks, each with a column behind all others.
pub(super) const MARKS: [&str; 2] = ["wrong", "odd"];

/// The row that says whether a source was read.
const READ: &str = "read";

/// Writes it.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let unread = unread(report);
    let farms: Vec<&Judged> = report.farms.iter().collect();
    if blanks(report, &unread) <= Limits::DEFAULT.csv_blanks_max {
        return table(&farms, &unread, report, out);
    }
    // Of each farm the sources that it may have an instance in; the rest are reported behind all.
    let mut left = unread.clone();
    for judged in farms {
        let concerned = concerned(judged);
        for source in &concerned {
            left.remove(source);
        }
        let own = unread_of(&concerned, &unread);
        table(&[judged], &own, report, out)?;
        // An empty line is no record of RFC 4180; it
        // keeps the heads of the tables apart for people.
        write!(out, "\r\n")?;
    }
    if left.is_empty() { Ok(()) } else { table(&[], &left, report, out) }
}

/// Counts the cells that farms leave blank where they share the columns.
fn blanks(report: &Report, unread: &Unread<'_>) -> usize {
    let columns = report.instances().saturating_add(unread.len());
    let rows = report.farms.iter().map(|judged| judged.matrix.rows.len());
    let all = rows.fold(0, usize::saturating_add).saturating_mul(columns);
    let own = report
        .farms
        .iter()
        .map(|judged| judged.matrix.rows.len().saturating_mul(judged.matrix.instances.len()));
    if report.farms.len() < 2 { 0 } else { all.saturating_sub(own.fold(0, usize::saturating_add)) }
}

/// Writes a head and the rows of some farms, which share the columns.
fn table(
    farms: &[&Judged],
    unread: &Unread<'_>,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = columns(farms, unread);
    let count = farms.iter().map(|judged| judged.matrix.instances.len()).sum();
    let (instances, _) = columns.split_at_checked(count).unwrap_or_default();
    let names = columns.iter().map(String::as_str);
    line(HEAD.into_iter().chain(names).chain(MARKS), out)?;
    let mut before = 0_usize;
    let mut told = BTreeSet::new();
    for judged in farms {
        let concerned = concerned(judged);
        rows(judged, instances, before, &concerned, unread, report.bundles.as_ref(), out)?;
        told.extend(concerned);
        before = before.saturating_add(judged.matrix.instances.len());
    }
    if unread.keys().all(|source| told.contains(source)) {
        return Ok(());
    }
    let cells = unread
        .iter()
        .map(|(source, gap)| if told.contains(source) { String::new() } else { why(gap) });
    let cells: Vec<String> = cells.collect();
    let blank = std::iter::repeat_n("", count);
    let cells = cells.iter().map(String::as_str).chain(["", ""]);
    line(["", READ, "any"].into_iter().chain(blank).chain(cells), out)
}

/// Names the columns of the instances and of the sources that were not read, each once.
fn columns(farms: &[&Judged], unread: &Unread<'_>) -> Vec<String> {
    let fixed = || HEAD.into_iter().chain(MARKS);
    let instance = |farm: &str, name: &str| {
        [printable(name).into_owned(), printable(&format!("{farm}/{name}")).into_owned()]
    };
    let instances = farms.iter().flat_map(|judged| {
        judged.matrix.instances.iter().map(|name| instance(&judged.farm.name, name))
    });
    let sources = unread.keys().map(|source| printable(spoken(source)));
    let sources = sources.map(|name| [name.clone().into_owned(), format!("source {name}")]);
    let fixed_names = fixed().map(|name| [name.to_owned(), name.to_owned()]);
    distinct(fixed_names.chain(instances).chain(sources).collect()).split_off(fixed().count())
}

/// Returns the sources that may hold an instance of a farm.
fn concerned(judged: &Judged) -> BTreeSet<&str> {
    // A farm of which nothing came has no such row.
    if !judged.matrix.rows.iter().any(|row| row.fact == READ) {
        return BTreeSet::new();
    }
    let gaps = judged.farm.gaps.iter().filter(|gap| gap.kind.hides());
    gaps.map(|gap| gap.source.as_str()).collect()
}

/// Returns those of the sources not read that concern a farm.
fn unread_of<'r>(concerned: &BTreeSet<&'r str>, unread: &Unread<'r>) -> Unread<'r> {
    let own = concerned.iter().filter_map(|source| unread.get_key_value(source));
    own.map(|(source, gap)| (*source, *gap)).collect()
}

/// Writes the rows of a farm, whose columns begin behind so many of `instances`, and a cell for each source not read.
fn rows(
    judged: &Judged,
    instances: &[String],
    before: usize,
    concerned: &BTreeSet<&str>,
    unread: &Unread<'_>,
    bundles: Option<&BundleFilter>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (_, own) = instances.split_at_checked(before).unwrap_or_default();
    let (own, others) = own.split_at_checked(judged.matrix.instances.len()).unwrap_or_default();
    let not_read = |fact: &str, source: &str, gap: &Gap| match fact {
        _ if !concerned.contains(source) => String::new(),
        READ => why(gap),
        _ => format!("({})", what(gap)),
    };
    for row in all_rows(judged, bundles) {
        let sources = unread.iter().map(|(source, gap)| not_read(&row.fact, source, gap));
        let sources: Vec<String> = sources.collect();
        let head = [judged.farm.name.as_str(), &row.fact, row.expect.label()].into_iter();
        let blank = |count| std::iter::repeat_n("", count);
        let cells = row.cells.iter().map(|(text, _)| text.as_str());
        let cells = blank(before).chain(cells).chain(blank(others.len()));
        let marks = [0, 1].map(|mark| row.names_with(mark, own));
        let behind = sources.iter().chain(&marks).map(String::as_str);
        line(head.chain(cells).chain(behind), out)?;
    }
    Ok(())
}

/// Returns the rows of a farm: its matrix, the digests of its keys, and bundles where they were asked for.
pub(super) fn all_rows(judged: &Judged, bundles: Option<&BundleFilter>) -> Vec<CsvRow> {
    let bundles = bundles.map(|bundles| bundles.map(&judged.farm).rows).unwrap_or_default();
    let rows = judged.matrix.rows.iter().map(CsvRow::from).chain(digests(judged));
    rows.chain(bundles.iter().map(CsvRow::from)).collect()
}

/// Returns rows with the full digests of the keys that the instances work with, as they were read. Whether they agree is reported above.
fn digests(judged: &Judged) -> Vec<CsvRow> {
    let row = |name: KeyName, what: &str, text: fn(&Digest) -> String| {
        let cell = |member: &Member| {
            let key = member.known_key(name);
            (key.map(|key| text(&key.digest.whole)).unwrap_or_default(), [false; 2])
        };
        let cells = judged.farm.members.iter().map(cell).collect();
        CsvRow { fact: format!("{name} {what}"), expect: Expect::Any, cells }
    };
    let of = |name| {
        let md5 = row(name, "md5", |digest| digest.md5.to_string());
        [md5, row(name, "sha256", |digest| digest.sha256.to_string())]
    };
    KeyName::ALL.into_iter().flat_map(of).collect()
}

/// A fact, what its cells should be, and each cell with whether it has either of the marks: a wrong one may be odd besides.
pub(super) struct CsvRow {
    pub(super) fact: String,
    expect: Expect,
    pub(super) cells: Vec<(String, [bool; 2])>,
}

impl From<&MatrixRow> for CsvRow {
    fn from(row: &MatrixRow) -> Self {
        let cells = row.cells.iter().enumerate().map(|(index, cell)| {
            (marked(cell, &cell.text), [cell.is_wrong(), row.is_other_at(index)])
        });
        Self { fact: row.fact.to_owned(), expect: row.expect, cells: cells.collect() }
    }
}

impl From<&BundleRow> for CsvRow {
    fn from(row: &BundleRow) -> Self {
        let cells = row.cells.iter().map(|of| &of.cell).enumerate();
        let cells = cells.map(|(index, cell)| {
            (marked(cell, &cell.text), MARKS.map(|mark| row.mark_at(index) == Some(mark)))
        });
        let fact = format!("bundle {}", row.symbolic_name);
        Self { fact, expect: Expect::Equal, cells: cells.collect() }
    }
}

impl CsvRow {
    /// Names the instances whose cell has one of the marks.
    fn names_with(&self, mark: usize, instances: &[String]) -> String {
        let has_mark = |marks: &[bool; 2]| marks.get(mark) == Some(&true);
        let marked = self.cells.iter().zip(instances).filter(|((_, own), _)| has_mark(own));
        marked.map(|(_, name)| listed(name)).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::facts::GapKind;
    use crate::farm::Farm;
    use crate::report::Screen;
    use crate::testing::good_farm;

    fn written(farms: Vec<Farm>) -> String {
        written_with(farms, Vec::new())
    }

    fn written_with(farms: Vec<Farm>, gaps: Vec<Gap>) -> String {
        let selection = Selection::default();
        let report = Report::new(farms, Vec::new(), gaps, &selection, Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What is behind the name of a fact, of each farm that has it.
    fn rows<'t>(text: &'t str, fact: &str) -> Vec<&'t str> {
        let of_fact = |row: &&str| row.split(',').nth(1) == Some(fact);
        let rest = |row: &'t str| row.splitn(4, ',').nth(3).unwrap_or_default();
        text.lines().filter(of_fact).map(rest).collect()
    }

    #[test]
    fn names_with_a_semicolon_are_told_from_two_names() {
        assert_eq!(["a", "a; b", "a\"b"].map(listed), ["a", "\"a; b\"", "\"a\"\"b\""]);
        let newline = |i: crate::testing::Instance| i.storage(b"Bundle\n");
        let farm = good_farm(&["x", "y"]).with("a; =b", newline).with("c", newline);
        let text = written(vec![farm.build()]);
        let row = "Bundle + LF,Bundle + LF,Bundle,Bundle,\"\"\"a;' =b\"\"; c\",";
        assert_eq!(rows(&text, "storage-mode"), [row], "{text}");
    }

    #[test]
    fn no_two_columns_have_one_name() {
        let farm = |name: &str, members: &[&str]| Farm {
            name: name.to_owned(),
            ..good_farm(members).build()
        };
        let farms = || vec![farm("prod", &["a", "p"]), farm("stage", &["a", "odd", "q"])];
        let text = written(farms());
        let head = "farm,fact,expect,prod/a,p,stage/a,stage/odd,q,wrong,odd\r\n";
        assert!(text.starts_with(head), "{text}");
        let text = written_with(farms(), vec![cut("p"), cut("c.tar")]);
        let head =
            "farm,fact,expect,prod/a,prod/p,stage/a,stage/odd,q,c.tar,source p,wrong,odd\r\n";
        assert!(text.starts_with(head), "{text}");
        let text = written(vec![farm("prod", &["a\u{7}", "a\\u{7}"])]);
        let head = "farm,fact,expect,prod/a\\u{7}#1,prod/a\\u{7}#2,wrong,odd\r\n";
        assert!(text.starts_with(head), "{text}");
    }

    #[test]
    fn row_has_a_cell_for_each_instance() {
        let text = written(vec![good_farm(&["a"]).with("b", |i| i.storage(b"JCR")).build()]);
        assert!(text.starts_with("farm,fact,expect,a,b,wrong,odd\r\n"), "{text}");
        assert_eq!(rows(&text, "storage-mode"), ["Bundle,JCR,b,"], "{text}");
        let [hmac] = rows(&text, "hmac")[..] else { panic!("one row: {text}") };
        assert!(hmac.ends_with(",\"(JCR, not read)\",,"), "{text}");
    }

    #[test]
    fn instances_that_are_wrong_or_odd_are_named_behind_the_rest() {
        let other: Vec<u8> = (100..132).collect();
        let farm = good_farm(&["a", "b"]).with("=c", |i| i.hmac(&other).storage(b"Bundle\n"));
        let text = written(vec![farm.with("d", |i| i.storage(b"Bundle\n")).build()]);
        let [storage, hmac] = ["storage-mode", "hmac"].map(|fact| rows(&text, fact).concat());
        assert!(storage.ends_with("Bundle + LF,\"'=c; d\","), "{text}");
        assert!(hmac.ends_with(",,'=c"), "{text}");
        // A stray newline hides no other key.
        let stray = [&other[..], b"\n"].concat();
        let text = written(vec![good_farm(&["a", "b"]).with("c", |i| i.hmac(&stray)).build()]);
        assert!(rows(&text, "hmac").concat().ends_with(",c,c"), "{text}");
    }

    #[test]
    fn farms_share_the_columns() {
        let text = written(vec![good_farm(&["a", "b"]).build(), good_farm(&["c"]).build()]);
        assert!(text.starts_with("farm,fact,expect,a,b,c,wrong,odd\r\n"), "{text}");
        assert_eq!(rows(&text, "storage-mode"), ["Bundle,Bundle,,,", ",,Bundle,,"], "{text}");
    }

    #[test]
    fn farms_that_would_leave_the_columns_blank_are_tables_of_their_own() {
        let one = good_farm(&["a"]).build();
        let rows = crate::farm::matrix(&one).rows.len();
        let count = Limits::DEFAULT.csv_blanks_max.div_ceil(rows).isqrt() + 2;
        let farm = |index: usize| Farm { name: format!("f{index}"), ..one.clone() };
        let mut farms: Vec<Farm> = (0..count).map(farm).collect();
        farms[1].gaps = vec![cut("own.tar")];
        let text = written_with(farms.clone(), vec![cut("own.tar"), cut("c.tar")]);
        let head = "farm,fact,expect,a,wrong,odd\r\n";
        assert!(text.starts_with(head));
        assert_eq!(text.matches(head).count(), count - 1);
        assert_eq!(text.matches("\r\nfarm,fact,expect,a,own.tar,wrong,odd\r\n").count(), 1);
        let last =
            "\r\n\r\nfarm,fact,expect,c.tar,wrong,odd\r\n,read,any,(not read: is no archive),,\r\n";
        assert!(text.ends_with(last));
        let few = written(farms.split_off(count - 3));
        assert_eq!(few.matches("farm,fact").count(), 1);
    }

    fn cut(source: &str) -> Gap {
        let (source, reason) = (source.to_owned(), "is no archive".to_owned());
        Gap { source, path: None, kind: GapKind::Unreadable, reason }
    }

    #[test]
    fn source_that_was_not_read_has_a_column() {
        let farm = Farm { gaps: vec![cut("up/c.tar")], ..good_farm(&["a", "b"]).build() };
        let text = written_with(vec![farm], vec![cut("up/c.tar")]);
        assert!(text.starts_with("farm,fact,expect,a,b,up/c.tar,wrong,odd\r\n"), "{text}");
        assert_eq!(rows(&text, "read"), ["in full,in full,(not read: is no archive),,"], "{text}");
        assert_eq!(rows(&text, "storage-mode"), ["Bundle,Bundle,(not read),,"], "{text}");
    }

    #[test]
    fn bundles_that_were_asked_for_are_rows() {
        let old = |bundle: &mut crate::facts::Bundle| bundle.version = Some("2.0".to_owned());
        let farm = good_farm(&["a", "b"]).with("c", |i| i.change("bundle7", old)).build();
        let report = Report::new(
            vec![farm],
            Vec::new(),
            Vec::new(),
            &Selection::default(),
            Screen::default(),
        );
        let written = |bundles: Option<&str>| {
            let bundles = bundles.map(|pattern| BundleFilter::parse(pattern).unwrap());
            let mut out = Vec::new();
            write(&Report { bundles, ..report.clone() }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let rows = text.lines().filter(|row| row.starts_with("farm,bundle "));
            rows.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(written(None), [""; 0]);
        let differs = "farm,bundle org.apache.felix.scr,equal,\"7: 3.4.22, active\",\"7: 3.4.22, active\",\"7: 2.0, active\",,c";
        assert_eq!(written(Some("")), [differs]);
        assert_eq!(written(Some("felix.scr")), [differs]);
        assert_eq!(written(Some(".")).len(), 5);
    }

    #[test]
    fn source_of_no_farm_is_told_in_a_row_of_its_own() {
        let text = written_with(vec![good_farm(&["a"]).build()], vec![cut("c.tar")]);
        assert_eq!(rows(&text, "storage-mode"), ["Bundle,,,"], "{text}");
        assert_eq!(rows(&text, "read").last(), Some(&",(not read: is no archive),,"), "{text}");
        let text = written_with(Vec::new(), vec![cut("c.tar")]);
        assert_eq!(
            text,
            "farm,fact,expect,c.tar,wrong,odd\r\n,read,any,(not read: is no archive),,\r\n"
        );
    }
}
