//! The terms on which findings count: the policy, the baseline, and the day.

use super::args::Judging;
use crate::custody::NamedFile;
use crate::diagnosis::Selection;
use crate::facts::{Date, Hex};
use crate::intake::is_packed;
use crate::limits::Limits;
use crate::policy::{Baseline, Policy, Remark, parse};
use crate::rules::RULES;
use anyhow::{Context, anyhow, bail};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the user expects, and which findings to show.
pub(super) struct Terms {
    pub(super) policy: Option<Policy>,
    pub(super) selection: Selection,
    /// The files that these were read from, for the report to name.
    pub(super) policy_file: Option<NamedFile>,
    pub(super) baseline_file: Option<NamedFile>,
    /// What is said of findings that are new in a baseline.
    pub(super) remark: Remark,
}

impl Terms {
    /// Reads the files that the options name.
    ///
    /// # Errors
    ///
    /// Fails when one cannot be read or is not what it should be; the message names it, and the line.
    pub(super) fn read(judging: &Judging) -> anyhow::Result<Self> {
        let mut selection = judging.selection();
        let (mut policy, mut policy_file, mut baseline_file) = (None, None, None);
        if let Some(path) = &judging.policy {
            let text = text_of(path, Limits::default().policy_bytes_max, "a policy")?;
            policy_file = Some(named(path, &text));
            let read = parse(&text, &rule_ids());
            policy = Some(read.map_err(|error| anyhow!("{}: {error}", path.display()))?);
        }
        if let Some(path) = &judging.baseline {
            let max = Limits::default().baseline_bytes_max;
            let text = text_of(path, max, "an aemtrix baseline")?;
            baseline_file = Some(named(path, &text));
            selection.baseline = Baseline::parse(&text)
                .map_err(|problem| anyhow!("{}: {problem}", path.display()))?;
        }
        if let Some(policy) = &policy {
            selection.severities.clone_from(&policy.severities);
            selection.suppressions.clone_from(&policy.suppressions);
            // The clock is not asked where nothing depends on it: the same input gives the same bytes.
            let has_days =
                policy.suppressions.iter().any(|suppression| suppression.until.is_some());
            selection.today = if has_days { Some(day(judging.as_of)?) } else { None };
        }
        let reason = judging.baseline_reason.clone();
        // The clock is not asked where no baseline is written.
        let since = judging.write_baseline.as_ref().map(|_| day(judging.as_of)).transpose()?;
        let remark = Remark { reason, since: since.map(|day| day.to_string()) };
        Ok(Self { policy, selection, policy_file, baseline_file, remark })
    }
}

fn named(path: &Path, text: &str) -> NamedFile {
    NamedFile { name: path.display().to_string(), sha256: Hex(Sha256::digest(text).into()) }
}

/// Returns the time by the clock of this machine, milliseconds since 1970.
///
/// # Errors
///
/// Fails where the clock is before 1970.
pub(super) fn now_ms() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = since.ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    milliseconds.context("the clock of this machine shows no time")
}

/// Returns the ids of all rules, which a policy may name.
pub(super) fn rule_ids() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.id).collect()
}

/// Reads a file of text; `wanted` is what it should be.
fn text_of(path: &Path, bytes_max: u64, wanted: &str) -> anyhow::Result<String> {
    let named = || path.display().to_string();
    // A look at a pipe would take from what is read.
    if path.is_file() && is_packed(path) {
        bail!("{}: is an archive, not {wanted}", path.display());
    }
    let file = File::open(path).with_context(named)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).with_context(named)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
        bail!("{}: is larger than {bytes_max} bytes", path.display());
    }
    String::from_utf8(bytes)
        .map_err(|_| anyhow!("{}: is not UTF-8 text, and not {wanted}", path.display()))
}

/// Returns the day that is asked for, else today in UTC.
fn day(asked: Option<Date>) -> anyhow::Result<Date> {
    let today = || Date::at_second(now_ms().ok()?.checked_div(1000)?);
    asked.or_else(today).context("the clock of this machine shows no day; use --as-of")
}
