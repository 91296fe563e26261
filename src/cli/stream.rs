//! Files to write that are none: pipes and devices, which are written to and not replaced.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Directories whose files are the open files of this process, by number.
// `/dev/stdout` leads to the first on Linux; macOS has the second alone.
const OPEN_FILES: [&str; 2] = ["/proc/self/fd", "/dev/fd"];

/// Links followed from the name of a report to its file.
// Linux gives up after as many. (path_resolution(7))
pub(super) const LINKS_MAX: usize = 40;

/// Returns `true` if a path names a pipe, a device or an open file of this process.
pub(super) fn is_one(path: &Path) -> bool {
    let is_other = |metadata: fs::Metadata| !metadata.is_file() && !metadata.is_dir();
    number(path).is_some() || fs::metadata(path).is_ok_and(is_other)
}

/// Opens what is no file; `None` for a file, and where nothing is yet.
///
/// # Errors
///
/// Fails where it cannot be written to.
pub(super) fn open(path: &Path) -> io::Result<Option<Box<dyn Write>>> {
    if !is_one(path) {
        return Ok(None);
    }
    Ok(Some(match number(path).as_deref() {
        // Opened anew, a file behind these would be written from its start, over what is in it.
        Some("1") => Box::new(io::stdout()),
        Some("2") => Box::new(io::stderr()),
        Some(_) => Box::new(OpenOptions::new().append(true).open(path)?),
        None => Box::new(OpenOptions::new().write(true).open(path)?),
    }))
}

/// Returns the number of the open file that a path names, such as that of `/dev/stdout`.
fn number(path: &Path) -> Option<String> {
    let mut file = path.to_owned();
    for _ in 0..LINKS_MAX {
        if OPEN_FILES.iter().any(|directory| parent(&file) == Path::new(directory)) {
            return Some(file.file_name()?.to_string_lossy().into_owned());
        }
        let target = fs::read_link(&file).ok()?;
        file = parent(&file).join(target);
    }
    None
}

/// Returns the directory that a file lies in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
