//! Each format, read back by a reader that is not the product's, over hostile names.

use crate::hostile_names::hostile_report;
use crate::run::{list, written};
use aemtrix::report::Report;
use aemtrix::rules::RULES;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
    for format in ["csv", "findings"] {
        let rows = fields(&written(&report, format));
        assert!(rows.len() > 1 && rows.iter().all(|row| row.len() == rows[0].len()), "{format}");
        let is_formula = |field: &String| field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert!(!rows.iter().flatten().any(is_formula), "{format}");
    }
    let report = Report { wide: true, ..report };
    let rows = fields(&written(&report, "csv"));
    let members = || report.farms[0].farm.members.iter();
    let unread: BTreeSet<&str> = report
        .gaps
        .iter()
        .filter(|gap| gap.kind.hides())
        .map(|gap| gap.source.as_str())
        .filter(|source| members().all(|member| member.snapshot.source != *source))
        .collect();
    assert_eq!(rows[0].len(), 3 + report.instances() + unread.len() + 2);
    assert_eq!(rows[0][rows[0].len() - 2..], ["wrong", "odd"]);
    // Both keys have a row for each of two digests.
    assert_eq!(rows.len(), 1 + report.farms[0].matrix.rows.len() + 4);
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
    let (mut columns, mut in_block) = (None, false);
    for line in text.lines() {
        // Blocks of commands end in no line of their own.
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        if is_fence || in_block {
            continue;
        }
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
    assert!(!in_block, "{text}");
    assert!(text.contains("<script>alert(1)</script>"), "the names are there");
}

#[test]
fn markdown_of_the_demo_fits_a_ticket() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo");
    let text = written(&crate::run::scan(&[demo.into()]), "markdown");
    assert!(text.lines().count() <= 100, "{text}");
}

fn schema_of_sarif() -> jsonschema::Validator {
    let schema = include_str!("../../testdata/schemas/sarif-2.1.0.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    // Its pattern for languages has a bracket too many, `…{2}]?$`, which no reader of patterns takes.
    for holder in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][holder]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern");
    }
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

/// Scans a case of `testdata/cases` as it lies there.
fn scan_case(name: &str) -> Report {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases").join(name);
    let sources = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.is_dir()).map(PathBuf::into_os_string);
    crate::run::scan(&sources.collect::<Vec<_>>())
}

#[test]
fn sarif_follows_its_schema() {
    let schema = schema_of_sarif();
    let valid = |report: &Report, what: &str| {
        let log: Value = serde_json::from_str(&written(report, "sarif")).unwrap();
        let errors: Vec<_> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{what}: {errors:#?}");
    };
    valid(&hostile_report(), "hostile names");
    valid(&crate::run::scan(&["/no/such/source".into()]), "no source");
    for case in crate::cases::all() {
        valid(&scan_case(&case.name), &case.name);
    }
}

/// What GitHub asks of an upload, by its page "SARIF support for code scanning" and its limits there.
fn fits_github(log: &Value) -> Result<(), String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let within = |value: &Value, max: usize| (1..=max).contains(&text(value).chars().count());
    let check = |is: bool, what: &str| if is { Ok(()) } else { Err(what.to_owned()) };
    check(text(&log["$schema"]).starts_with("https://"), "schema")?;
    check(log["version"] == "2.1.0" && list(&log["runs"]).count() == 1, "version and runs")?;
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    check(within(&driver["name"], 255) && within(&driver["version"], 255), "tool")?;
    check(list(&driver["rules"]).count() <= 25_000, "rules")?;
    let mut ids = BTreeSet::new();
    for rule in list(&driver["rules"]) {
        check(within(&rule["id"], 255) && ids.insert(text(&rule["id"])), "id")?;
        for description in ["shortDescription", "fullDescription"] {
            check(within(&rule[description]["text"], 1024), &format!("{description}: {rule}"))?;
        }
        let has_help = ["text", "markdown"].iter().all(|own| rule["help"][own].is_string());
        check(has_help && !text(&rule["help"]["text"]).is_empty(), "help")?;
        let level = text(&rule["defaultConfiguration"]["level"]);
        check(["note", "warning", "error"].contains(&level.as_str()), "level")?;
        let own = &rule["properties"];
        check((1..=10).contains(&list(&own["tags"]).count()), "tags")?;
        let precision = text(&own["precision"]);
        check(["very-high", "high", "medium", "low"].contains(&precision.as_str()), "precision")?;
        let severity = text(&own["problem.severity"]);
        check(["error", "warning", "recommendation"].contains(&severity.as_str()), "severity")?;
    }
    check(list(&run["results"]).count() <= 25_000, "results")?;
    let mut lines = BTreeSet::new();
    for result in list(&run["results"]) {
        check(ids.contains(&text(&result["ruleId"])), "rule of a result")?;
        check(within(&result["message"]["text"], usize::MAX), "message")?;
        let related = result["relatedLocations"].as_array().map_or(0, Vec::len);
        let locations: Vec<&Value> = list(&result["locations"]).collect();
        check(locations.len() == 1 && related < 1000, "locations")?;
        let physical = &locations[0]["physicalLocation"];
        let uri = text(&physical["artifactLocation"]["uri"]);
        check(!uri.is_empty() && !uri.contains("://") && !uri.starts_with('/'), &uri)?;
        check(physical["region"]["startLine"].as_u64().is_some_and(|line| line > 0), "line")?;
        let hash = &result["partialFingerprints"]["primaryLocationLineHash"];
        check(within(hash, 255) && lines.insert((text(hash), text(&result["ruleId"]))), "hash")?;
    }
    Ok(())
}

#[test]
fn sarif_is_what_github_takes() {
    for case in crate::cases::all() {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
        let output = crate::run::aemtrix()
            .current_dir(home)
            .args(["scan", "-q", "-f", "sarif", &case.name])
            .output()
            .unwrap();
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(fits_github(&log), Ok(()), "{}", case.name);
        let mut wrong = log.clone();
        wrong["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"] = "".into();
        assert_eq!(fits_github(&wrong), Err("help".to_owned()));
        if !wrong["runs"][0]["results"][0].is_null() {
            let mut wrong = log.clone();
            let result = &mut wrong["runs"][0]["results"][0];
            result["locations"][0]["physicalLocation"]["region"] = Value::Null;
            assert_eq!(fits_github(&wrong), Err("line".to_owned()));
        }
    }
}

#[test]
fn schema_of_sarif_refuses_what_is_wrong() {
    let mut log: Value = serde_json::from_str(&written(&hostile_report(), "sarif")).unwrap();
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!schema_of_sarif().is_valid(&log));
}

#[test]
fn sarif_lists_every_rule_of_the_registry() {
    let log: Value = serde_json::from_str(&written(&hostile_report(), "sarif")).unwrap();
    let rules = list(&log["runs"][0]["tool"]["driver"]["rules"]);
    let ids: Vec<_> = rules.map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, RULES.iter().map(|rule| rule.id).collect::<Vec<_>>());
}

#[test]
fn junit_is_read_by_an_xml_parser_and_has_a_case_for_each_rule() {
    for report in [hostile_report(), crate::run::scan(&["/no/such/source".into()])] {
        let text = written(&report, "junit");
        let document = roxmltree::Document::parse(&text).expect("well-formed XML");
        let known = |name: &str| {
            ["testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"]
                .contains(&name)
                || ["properties", "property"].contains(&name)
        };
        let elements = || document.descendants().filter(roxmltree::Node::is_element);
        assert!(elements().all(|node| known(node.tag_name().name())));
        for suite in elements().filter(|node| node.has_tag_name("testsuite")) {
            let is_case = |node: &roxmltree::Node<'_, '_>| node.has_tag_name("testcase");
            let cases: Vec<_> = suite.children().filter(is_case).collect();
            let count = |name: &str| {
                let has = |case: &&roxmltree::Node<'_, '_>| {
                    case.children().any(|child| child.has_tag_name(name))
                };
                Some(cases.iter().filter(has).count().to_string())
            };
            assert_eq!(suite.attribute("tests").map(str::to_owned), Some(cases.len().to_string()));
            assert_eq!(suite.attribute("failures").map(str::to_owned), count("failure"));
            assert_eq!(suite.attribute("errors").map(str::to_owned), count("error"));
            if suite.attribute("name") == Some("farm") {
                let names = cases.iter().filter_map(|case| case.attribute("name"));
                let expected = std::iter::once("verdict").chain(RULES.iter().map(|rule| rule.id));
                assert!(names.eq(expected));
            }
        }
        assert!(elements().any(|node| node.has_tag_name("error")), "gaps are errors");
    }
}
