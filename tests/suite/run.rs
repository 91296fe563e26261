//! Runs the product: the pipeline in this process, and the binary in one of its own.

#![allow(dead_code, reason = "support for tests; not each needs all of it")]

use aemtrix::diagnosis::Selection;
use aemtrix::examine::examine;
use aemtrix::facts::Snapshot;
use aemtrix::farm::{FarmPlan, farms};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use aemtrix::policy::parse;
use aemtrix::report::{FORMATS, Format, Report, RunOutcome, Screen};
use aemtrix::rules::RULES;
use serde_json::Value;
use std::ffi::OsString;
use std::path::Path;

/// Names the instance in a source, as on the command line.
pub(crate) fn operand(name: &str, path: &Path) -> OsString {
    let mut operand = OsString::from(format!("{name}="));
    operand.push(path);
    operand
}

/// Scans sources in this process, on one thread.
pub(crate) fn scan(operands: &[OsString]) -> Report {
    scan_by(operands, None)
}

/// The same with a policy, on the day of the cases.
pub(crate) fn scan_by(operands: &[OsString], policy: Option<&str>) -> Report {
    scan_changed(operands, policy, |_| {})
}

/// The same with facts that are changed after they were read.
pub(crate) fn scan_changed(
    operands: &[OsString],
    policy: Option<&str>,
    change: impl Fn(&mut Snapshot),
) -> Report {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let policy = policy.map(|text| parse(text, &ids).unwrap());
    let found = discover(operands);
    let mut examined = examine(&found.sources, &Limits::default(), 1, &NoWatch);
    examined.gaps.extend(found.notes);
    examined.gaps.sort();
    examined.snapshots.iter_mut().for_each(|(_, snapshot)| change(snapshot));
    let plan = FarmPlan { gaps: &examined.gaps, policy: policy.as_ref(), ..FarmPlan::default() };
    let farms = farms(examined.snapshots, &plan).unwrap();
    let (mut selection, screen) = (Selection::default(), Screen::default());
    if let Some(policy) = &policy {
        selection.severities.clone_from(&policy.severities);
        selection.suppressions.clone_from(&policy.suppressions);
        selection.today = crate::cases::AS_OF.parse().ok();
    }
    Report::new(farms, examined.sources, examined.gaps, &selection, screen)
}

/// The format of a name.
pub(crate) fn format(name: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.name == name).expect("a format of this name")
}

/// The bytes of a report in a format.
pub(crate) fn written(report: &Report, name: &str) -> String {
    let mut bytes = Vec::new();
    (format(name).write)(report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A report as its JSON says it.
pub(crate) fn json(report: &Report) -> Value {
    serde_json::from_str(&written(report, "json")).unwrap()
}

/// The exit code that the binary would give a report with its usual options.
pub(crate) fn exit_code(report: &Report) -> i32 {
    match report.outcome() {
        RunOutcome::Clean => 0,
        RunOutcome::Findings => 1,
        RunOutcome::Open => 2,
    }
}

/// The binary, untouched by the settings of this terminal.
pub(crate) fn aemtrix() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("aemtrix").unwrap();
    let settings =
        ["COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "LC_ALL", "LC_CTYPE", "LANG", "RUST_LOG"];
    for name in settings {
        command.env_remove(name);
    }
    command
}

/// Every text in a JSON list, in its order.
pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().map_or(Vec::new(), |list| list.iter().filter_map(Value::as_str).collect())
}

/// Every member of a JSON list, of which there may be none.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
