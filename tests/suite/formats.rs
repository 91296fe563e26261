//! Each format, read back by a reader that is not the product's, over hostile names.

use crate::hostile_names::hostile_report;
use crate::run::written;

/// The fields of a CSV text, by RFC 4180.
fn fields(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut characters) = (false, text.chars().peekable());
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {
                characters.next();
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    assert!(!quoted && row.is_empty() && field.is_empty(), "the last line is not whole");
    rows
}

#[test]
fn csv_has_as_many_fields_in_every_row_and_no_formula() {
    let report = hostile_report();
    let rows = fields(&written(&report, "csv"));
    assert_eq!(rows[0].len(), 3 + report.instances());
    assert_eq!(rows.len(), 1 + report.farms[0].matrix.rows.len());
    for row in &rows {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        for field in row {
            assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{field}");
        }
    }
    assert!(rows[0].iter().any(|name| name.starts_with("'=cmd|")), "{:?}", rows[0]);
}

/// What is left of Markdown when its code spans are taken out.
fn without_code(line: &str) -> String {
    let (mut kept, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        kept.push_str(&rest[..at]);
        let fence = "`".repeat(rest[at..].chars().take_while(|c| *c == '`').count());
        let behind = &rest[at + fence.len()..];
        let closes = |end: usize| {
            !behind[..end].ends_with('`') && !behind[end + fence.len()..].starts_with('`')
        };
        let end = behind.match_indices(&fence).map(|(end, _)| end).find(|end| closes(*end));
        rest = &behind[end.expect("every span is closed in its line") + fence.len()..];
    }
    kept + rest
}

#[test]
fn markdown_holds_nothing_hostile_outside_code() {
    let text = written(&hostile_report(), "markdown");
    let mut columns = None;
    for line in text.lines() {
        let plain = without_code(line);
        for hostile in ["<", "@", "www.", "](", "#1", "\\u", "$(", "alert(1)", "&"] {
            assert!(!plain.contains(hostile), "{hostile} in {line}");
        }
        if line.starts_with('|') {
            // A table begins anew behind each other line.
            let bars = line.matches('|').count();
            assert_eq!(*columns.get_or_insert(bars), bars, "{line}");
        } else {
            columns = None;
        }
    }
    assert!(text.contains("<script>alert(1)</script>"), "the names are there");
}

#[test]
fn markdown_of_the_demo_fits_a_ticket() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo");
    let text = written(&crate::run::scan(&[demo.into()]), "markdown");
    assert!(text.lines().count() <= 60, "{text}");
    for part in ["INCONSISTENT", "| master |", "hmac-differs", "Take author as the source"] {
        assert!(text.contains(part), "{part}");
    }
}
