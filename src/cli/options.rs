//! Options that bear on the result, as a report tells them.

use super::args::{FailOn, FarmBasis, Judging, Output, Reading, Scan};
use crate::limits::Limits;
use clap::ValueEnum;

/// Returns the options of a scan that bear on the result and are not as usual.
pub(super) fn of_scan(scan: &Scan) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    all.extend(scan.include.iter().map(|glob| format!("--include {glob}")));
    all.extend(scan.exclude.iter().map(|glob| format!("--exclude {glob}")));
    all.extend(of_reading(&scan.reading));
    all
}

/// Returns the options of reading that are not as usual.
pub(super) fn of_reading(reading: &Reading) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let (limits, usual) = (reading.limits(), Limits::DEFAULT);
    let choices = [(!limits.logs, "--no-logs"), (!limits.users, "--no-users")];
    all.extend(choices.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()));
    let numbers = [
        ("--max-unpacked", limits.unpacked_bytes_max, usual.unpacked_bytes_max),
        ("--max-entries", limits.entries_max, usual.entries_max),
        ("--max-nesting", limits.nesting_max.into(), usual.nesting_max.into()),
        ("--max-window", limits.window_bytes_max, usual.window_bytes_max),
    ];
    let unusual = numbers.into_iter().filter(|(_, own, usual)| own != usual);
    all.extend(unusual.map(|(name, own, _)| format!("{name} {own}")));
    all
}

/// Returns the options of judging, and of what is shown, that are not as usual. Policy and baseline are distinguished.
pub(super) fn of_judging(judging: &Judging, output: &Output) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    all.extend(of_farms(&judging.farm_by));
    all.extend(judging.select.iter().map(|rule| format!("--select {rule}")));
    all.extend(judging.ignore.iter().map(|rule| format!("--ignore {rule}")));
    all.extend(given("--min-severity", judging.min_severity.as_ref()));
    if judging.fail_on != FailOn::Warning {
        all.extend(given("--fail-on", Some(&judging.fail_on)));
    }
    let least = judging.min_instances;
    all.extend((least > 0).then(|| format!("--min-instances {least}")));
    all.extend(output.bundles.is_some().then(|| "--bundles".to_owned()));
    all
}

/// Returns the option that says what makes a farm, where it is not as usual.
pub(super) fn of_farms(by: &FarmBasis) -> Option<String> {
    (*by != FarmBasis::All).then(|| format!("--farm-by {}", by.label()))
}

fn given(option: &str, value: Option<&impl ValueEnum>) -> Option<String> {
    Some(format!("{option} {}", value?.to_possible_value()?.get_name()))
}
