//! Reads the files on whose terms findings count, and the clock.

use super::args::Judging;
use crate::diagnosis::Selection;
use crate::facts::Date;
use crate::intake::is_packed;
use crate::limits::Limits;
use crate::policy::Remark;
use crate::request::{NamedText, Terms};
use anyhow::{Context, bail};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Reads the files that the options name.
///
/// # Errors
///
/// Fails when one cannot be read or is not what it should be; the message names it, and the line.
pub(super) fn read(
    selection: Selection,
    policy: Option<&Path>,
    baseline: Option<&Path>,
    as_of: Option<Date>,
) -> anyhow::Result<Terms> {
    let limits = Limits::DEFAULT;
    let text = |path: Option<&Path>, bytes_max, wanted| {
        path.map(|path| text_of(path, bytes_max, wanted)).transpose()
    };
    let policy = text(policy, limits.policy_bytes_max, "a policy")?;
    let baseline = text(baseline, limits.baseline_bytes_max, "an aemtrix baseline")?;
    Terms::new(selection, policy.as_ref(), baseline.as_ref(), || day(as_of))
}

/// Returns what is said of findings that are new in a baseline. The clock is not asked where none is written.
///
/// # Errors
///
/// Fails where the clock shows no day.
pub(super) fn remark(judging: &Judging) -> anyhow::Result<Remark> {
    let since = judging.write_baseline.as_ref().map(|_| day(judging.as_of)).transpose()?;
    let reason = judging.baseline_reason.clone();
    Ok(Remark { reason, since: since.map(|day| day.to_string()) })
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

/// Reads a file of text; `wanted` is what it should be.
fn text_of(path: &Path, bytes_max: u64, wanted: &str) -> anyhow::Result<NamedText> {
    let name = path.display().to_string();
    // A look at a pipe would take from what is read.
    if path.is_file() && is_packed(path) {
        bail!("{name}: is an archive, not {wanted}");
    }
    let file = File::open(path).with_context(|| name.clone())?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).with_context(|| name.clone())?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
        bail!("{name}: is larger than {bytes_max} bytes");
    }
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("{name}: is not UTF-8 text, and not {wanted}")
    };
    Ok(NamedText { name, text })
}

/// Returns the day that is asked for, else today in UTC.
fn day(asked: Option<Date>) -> anyhow::Result<Date> {
    let today = || Date::at_second(now_ms().ok()?.checked_div(1000)?);
    asked.or_else(today).context("the clock of this machine shows no day; use --as-of")
}
