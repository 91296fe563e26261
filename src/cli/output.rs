//! Writes reports: to standard output, and to files that are whole or absent.

use crate::report::{FORMATS, Format, Report};
use anyhow::{Context, anyhow};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

/// Returns the format of this name.
pub(super) fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Returns the format that the extension of a file means.
///
/// # Errors
///
/// Fails when no format has that extension; the message lists those there are.
pub(super) fn format_of(path: &Path) -> anyhow::Result<&'static Format> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let found = FORMATS.iter().find(|format| format.extensions.contains(&extension));
    found.ok_or_else(|| {
        let known: Vec<&str> =
            FORMATS.iter().flat_map(|format| format.extensions).copied().collect();
        anyhow!("{}: no format has this extension; there are: {}", path.display(), known.join(", "))
    })
}

/// Writes to standard output. That the reader has gone away is no error.
///
/// # Errors
///
/// Fails when standard output cannot take it, such as on a full disk.
pub(super) fn to_stdout(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            // What is still buffered would be written again when the buffer is dropped.
            drop(out.into_parts());
            Ok(())
        }
        result => result.context("standard output: the report could not be written"),
    }
}

/// Writes a report to a file: first to a temporary one beside it, which then takes its name.
///
/// # Errors
///
/// Fails when the file cannot be written; an old file of that name then stands as it was.
pub(super) fn to_file(report: &Report, path: &Path) -> anyhow::Result<()> {
    let format = format_of(path)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let context = || format!("{}: the report could not be written", path.display());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".aemtrix-");
    // A report is for others to read; temporary files are private unless told otherwise.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let file = builder.tempfile_in(parent.unwrap_or(Path::new("."))).with_context(context)?;
    let mut out = BufWriter::new(file);
    (format.write)(report, &mut out).with_context(context)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(context)?;
    file.as_file().sync_all().with_context(context)?;
    file.persist(path).map(drop).map_err(|error| error.error).with_context(context)
}
