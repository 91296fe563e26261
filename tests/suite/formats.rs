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
