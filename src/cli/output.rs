//! Writes reports: to standard output, and to files that are whole or absent.

use super::stream::{self, LINKS_MAX, parent};
use crate::intake::{Origin, Source, is_packed};
use crate::limits::Limits;
use crate::policy::Remark;
use crate::report::{FORMATS, Format, HEAD_BYTES, Report, ReportTemplate, is_ours, write_baseline};
use anyhow::{Context, anyhow, bail};
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Returns the format of this name or extension, in any case.
pub(super) fn format(name: &str) -> Option<&'static Format> {
    let is_it = |known: &&str| known.eq_ignore_ascii_case(name);
    let by_name = FORMATS.iter().find(|format| is_it(&format.name));
    by_name.or_else(|| FORMATS.iter().find(|format| format.extensions.iter().any(is_it)))
}

/// Returns the format that the extension of a file means.
///
/// # Errors
///
/// Fails when no format has that extension; the message lists those there are.
pub(super) fn format_of(path: &Path) -> anyhow::Result<&'static Format> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // As a name of a format, in any case.
    let name = name.to_ascii_lowercase();
    let ends =
        |extension: &str| name.strip_suffix(extension).is_some_and(|rest| rest.ends_with('.'));
    let all =
        FORMATS.iter().flat_map(|format| format.extensions.iter().map(move |end| (end, format)));
    // `x.runbook.md` is a runbook, `x.md` is not: the longest extension counts.
    let found = all.filter(|(extension, _)| ends(extension)).max_by_key(|(end, _)| end.len());
    found.map(|(_, format)| format).ok_or_else(|| {
        let known: Vec<&str> =
            FORMATS.iter().flat_map(|format| format.extensions).copied().collect();
        anyhow!("{}: no format has this extension; there are: {}", path.display(), known.join(", "))
    })
}

/// Returns the format for a file to write; a pipe or a device whose name has no extension takes that of standard output.
///
/// # Errors
///
/// As [`format_of`], for files.
pub(super) fn format_to(path: &Path, other: &'static Format) -> anyhow::Result<&'static Format> {
    format_of(path).or_else(|error| if stream::is_one(path) { Ok(other) } else { Err(error) })
}

/// Reads a template.
///
/// # Errors
///
/// Fails when it cannot be read, or is none; the message is one sentence.
pub(super) fn template(path: &Path) -> anyhow::Result<ReportTemplate> {
    let max = Limits::DEFAULT.template_bytes_max;
    let mut text = String::new();
    let file = fs::File::open(path);
    file.and_then(|file| file.take(max.saturating_add(1)).read_to_string(&mut text))
        .with_context(|| format!("{}: the template could not be read", path.display()))?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > max) {
        bail!("{}: is larger than any template ({max} bytes)", path.display());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ReportTemplate::parse(&name, text).map_err(|problem| anyhow!("{}: {problem}", path.display()))
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
        // Rust ignores SIGPIPE, so `| head` ends here. A full disk is another error, and exits with 2.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            // What is still buffered would be written again when the buffer is dropped.
            drop(out.into_parts());
            Ok(())
        }
        result => result.context("standard output could not be written to"),
    }
}

/// Writes bytes to standard output, all at once.
///
/// # Errors
///
/// Fails when standard output cannot take them, or its reader has gone away.
pub(super) fn to_stdout_now(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Checks that a report takes the place of no source, of no file in one, and of no archive at all: one that was left out of a folder is
/// somebody's upload still.
///
/// # Errors
///
/// Fails when it would; the message is one sentence.
pub(super) fn check_apart(path: &Path, sources: &[Source]) -> anyhow::Result<()> {
    let file = destination(path);
    for source in sources {
        let Origin::Path(origin) = &source.origin else { continue };
        let Ok(origin) = origin.canonicalize() else { continue };
        // A source that was named with `-o` was once overwritten by its own report.
        if file == origin {
            bail!("{}: is a source, which a report must not replace", path.display());
        }
        if origin.is_dir() && file.starts_with(&origin) {
            bail!(
                "{}: lies in the source {}; write the report elsewhere",
                path.display(),
                source.name
            );
        }
    }
    if file.is_file() && is_packed(&file) {
        bail!("{}: is an archive, which a report must not replace", path.display());
    }
    Ok(())
}

/// Returns the file that a path names: links are followed to their end, the last one even when nothing is there yet.
fn destination(path: &Path) -> PathBuf {
    let mut file = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&file) else { break };
        file = parent(&file).join(target);
    }
    match (parent(&file).canonicalize(), file.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => file,
    }
}

/// Writes a report to a file: first to a temporary one beside it, which then takes its name. A pipe or a device is written to as it is.
///
/// # Errors
///
/// Fails when the file cannot be written; an old file of that name then stands as it was.
pub(super) fn to_file(report: &Report, path: &Path, other: &'static Format) -> anyhow::Result<()> {
    let format = format_to(path, other)?;
    write_to(path, |out| (format.write)(report, out))
        .map_err(|error| without_temporary_name(&error))
        .with_context(|| format!("{}: the report could not be written", path.display()))
}

/// Writes what is no report of a scan to a file, as [`to_file`] does.
///
/// # Errors
///
/// Fails when the file cannot be written; an old file of that name then stands as it was.
pub(super) fn to_path(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    write_to(path, write)
        .map_err(|error| without_temporary_name(&error))
        .with_context(|| format!("{}: the comparison could not be written", path.display()))
}

/// Writes findings for later runs to know, those of this one and those kept of an earlier one, to a file that is whole or absent.
///
/// # Errors
///
/// Fails when the file cannot be written; an old file of that name then stands as it was.
pub(super) fn to_baseline(report: &Report, remark: &Remark, path: &Path) -> anyhow::Result<()> {
    write_to(path, |out| write_baseline(report, &report.selection, remark, out))
        .map_err(|error| without_temporary_name(&error))
        .with_context(|| format!("{}: the baseline could not be written", path.display()))
}

/// Writes bytes to a file of this name, which is whole or absent, in a directory that is there.
///
/// # Errors
///
/// Fails when the directory cannot take it; an old file of that name then stands as it was.
pub(super) fn to_directory(directory: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = directory.join(name);
    write_whole(&path, |out| out.write_all(bytes))
        .map_err(|error| without_temporary_name(&error))
        .with_context(|| format!("{}: could not be written", path.display()))
}

/// Returns the names of what lies in a directory, but for those that are no text.
///
/// # Errors
///
/// Fails when it cannot be listed.
pub(super) fn names_in(directory: &Path) -> anyhow::Result<Vec<String>> {
    let names = fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()
    });
    let names = names.with_context(|| format!("{}: could not be listed", directory.display()))?;
    Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

/// Removes a file, which another run may have removed before.
///
/// # Errors
///
/// Fails when it is there and cannot be removed.
pub(super) fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("{}: could not be removed", path.display())),
    }
}

/// Checks that each file to write is named once, takes the place of none that the run reads for its options, and has a directory: a scan of an
/// hour is no time to find out that it has none.
///
/// # Errors
///
/// Fails on the first that does not; the message is one sentence.
pub(super) fn check_written<'p>(
    written: impl IntoIterator<Item = &'p PathBuf>,
    read: &[&Path],
) -> anyhow::Result<()> {
    let read: Vec<PathBuf> = read.iter().map(|path| destination(path)).collect();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in written {
        let file = destination(path);
        if read.contains(&file) {
            bail!("{}: is read by this run, which must not replace it", path.display());
        }
        if seen.contains(&file) {
            bail!("{}: is named twice as a file to write", path.display());
        }
        if !stream::is_one(path) {
            check_place(&file).with_context(|| format!("{}: cannot be written", path.display()))?;
        }
        seen.push(file);
    }
    Ok(())
}

/// Checks that a file can be made: no directory has its name, and its directory is there and takes files.
fn check_place(file: &Path) -> anyhow::Result<()> {
    if file.is_dir() {
        bail!("it is a directory");
    }
    if !parent(file).is_dir() {
        bail!("its directory does not exist");
    }
    check_takes_files(parent(file))
}

/// Checks that files can be made in a directory, by making one that has no name and is gone at once.
fn check_takes_files(directory: &Path) -> anyhow::Result<()> {
    // Tried, since no mode shows a read-only mount or an access control list.
    tempfile::tempfile_in(directory).map(drop).map_err(|error| without_temporary_name(&error))
}

/// Checks that a directory takes files; it is made where it is not there.
///
/// # Errors
///
/// Fails when it cannot be made, or takes none; the message is one sentence.
pub(super) fn make_directory(directory: &Path) -> anyhow::Result<()> {
    if directory.exists() && !directory.is_dir() {
        bail!("{}: is not a directory", directory.display());
    }
    fs::create_dir_all(directory)
        .with_context(|| format!("{}: could not be made", directory.display()))?;
    check_takes_files(directory).with_context(|| format!("{}: takes no files", directory.display()))
}

/// Checks that each file to write is new, empty, or one that this program wrote, unless any is to be replaced: `-o notes.md` is typed as fast as
/// `-o case.md`. Archives are left to [`check_apart`], which refuses them whatever is asked for.
///
/// # Errors
///
/// Fails on the first that is something else, or cannot be read; the message is one sentence.
pub(super) fn check_replaced<'p>(
    written: impl IntoIterator<Item = &'p PathBuf>,
    force: bool,
) -> anyhow::Result<()> {
    for path in written {
        let file = destination(path);
        if force || stream::is_one(path) || !file.is_file() || is_packed(&file) {
            continue;
        }
        if !head_of(&file).is_ok_and(|head| is_ours(&head)) {
            bail!(
                "{}: is there already, and is no report of aemtrix; --force replaces it",
                path.display()
            );
        }
    }
    Ok(())
}

/// Returns `true` if this program wrote a file, and there is something in it.
pub(super) fn is_written_by_us(path: &Path) -> bool {
    path.is_file() && head_of(path).is_ok_and(|head| !head.is_empty() && is_ours(&head))
}

fn head_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// Writes to what a path names: through a pipe or a device, a file whole.
fn write_to(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match stream::open(path)? {
        Some(stream) => {
            let mut out = BufWriter::new(stream);
            write(&mut out)?;
            out.flush()
        }
        None => write_whole(&destination(path), write),
    }
}

fn write_whole(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // Made in a file without a name, which goes with the run whatever ends it. Only a whole report is copied to one with a name, and
    // what a signal may leave there in that moment is no archive: no folder of uploads counts it as one.
    let mut unnamed = BufWriter::new(tempfile::tempfile_in(parent(file))?);
    write(&mut unnamed)?;
    let mut unnamed = unnamed.into_inner().map_err(io::IntoInnerError::into_error)?;
    unnamed.rewind()?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".aemtrix-");
    #[cfg(unix)]
    let old = fs::metadata(file).ok().filter(fs::Metadata::is_file);
    // A new report is as open as the umask lets it; one in the place of another is as open as that, from its first byte on.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match old {
        Some(_) => 0o600,
        None => 0o666,
    }));
    let mut temporary = builder.tempfile_in(parent(file))?;
    #[cfg(unix)]
    if let Some(old) = old {
        temporary.as_file().set_permissions(old.permissions())?;
    }
    io::copy(&mut unnamed, temporary.as_file_mut())?;
    // Before the rename: else a power failure may leave the new name on a file without its bytes.
    temporary.as_file().sync_all()?;
    temporary.persist(file).map(drop).map_err(|error| error.error)
}

/// Temporary files add their path to the text of an error; nobody knows the name, and it is another at each run.
fn without_temporary_name(error: &io::Error) -> anyhow::Error {
    let text = error.to_string();
    anyhow!("{}", text.split_once(" at path ").map_or(text.as_str(), |(problem, _)| problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_that_is_being_made_has_no_name_that_a_signal_could_leave_behind() {
        let home = tempfile::TempDir::new().unwrap();
        let names = || fs::read_dir(home.path()).unwrap().count();
        let file = home.path().join("a.json");
        write_whole(&file, |out| {
            out.write_all(b"{}")?;
            out.flush()?;
            assert_eq!(names(), 0);
            Ok(())
        })
        .unwrap();
        assert_eq!((names(), fs::read(&file).unwrap()), (1, b"{}".to_vec()));
        write_whole(&file, |_| Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!((names(), fs::read(&file).unwrap()), (1, b"{}".to_vec()));
    }

    #[test]
    fn file_to_write_is_neither_read_nor_named_twice() {
        let home = tempfile::TempDir::new().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::write(path("policy.toml"), "").unwrap();
        let check = |written: &[&str]| {
            let written: Vec<PathBuf> = written.iter().map(|name| path(name)).collect();
            check_written(&written, &[&path("policy.toml"), &path("known.json")])
                .map_err(|error| error.to_string())
        };
        assert_eq!(check(&["a.json", "a.html", "new.json"]), Ok(()));
        let [read, twice] = [
            "FILE: is read by this run, which must not replace it",
            "FILE: is named twice as a file to write",
        ];
        for (written, why) in [
            (&["a.json", "./policy.toml"][..], read),
            (&["known.json"], read),
            (&["a.json", "b.json", "./a.json"], twice),
        ] {
            let file = path(written[written.len() - 1]).display().to_string();
            assert_eq!(check(written), Err(why.replace("FILE", &file)));
        }
        let why = |name: &str| {
            let written = [home.path().join(name)];
            format!("{:#}", check_written(&written, &[]).unwrap_err())
        };
        assert!(
            why("no/a.json").ends_with("a.json: cannot be written: its directory does not exist")
        );
        fs::create_dir(path("d.html")).unwrap();
        assert!(why("d.html").ends_with("d.html: cannot be written: it is a directory"));
        if cfg!(target_os = "linux") {
            // Whoever asks, no file can be made there.
            assert!(why("/proc/a.json").starts_with("/proc/a.json: cannot be written: "));
        }
    }
}
