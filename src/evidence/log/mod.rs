//! The logs in `logs`, and what they were rotated to: signs of trouble, and what the last start logged.
//!
//! Logs have gigabytes, so they are read as they come, block by block; a rotated one may be a gzip. Nothing of their text is
//! kept but words of fixed patterns, since it holds personal data.

mod block;
mod gunzip;
mod head;
mod options;
mod prefix;
mod signature;
mod startup;
mod thrown;
mod time;

pub use signature::{SIGNATURES, Signature};

use super::{Fact, Found, Kind, Names, ParseError, Reads, Scan, Scanned, path, server};
use crate::facts::log_family;
use block::Blocks;
use gunzip::Gunzip;

pub(super) const KIND: Kind = Kind {
    name: "log",
    names: Names::Any,
    reads: Reads::Stream(|| Box::new(LogScan::Start(Vec::new()))),
    find,
    parse,
};

/// Ends the name of a log; rotated ones have a date or number behind, such as `error.log.2025-07-18` or `error.log.1.gz`.
const LOG: &str = ".log";
/// What logs are called that are written by other than Sling, or in another form.
const OTHER_ENDS: [&str; 8] =
    [".txt", ".json", ".jsonl", ".ndjson", ".out", ".err", "_log", "-log"];
/// Logs that are called so without any ending: `error.20251128`
const BARE: [&str; 5] = ["error", "stdout", "stderr", "console", "aem"];
/// Logs of requests and of the garbage collector: the largest of all, and nothing is in them but what strangers asked for, or sizes.
const OF_REQUESTS: [&str; 3] = ["access", "request", "gc"];

/// Formats that logs are packed in and that are not read here: name, and first bytes.
const UNREAD: [(&str, &[u8]); 8] = [
    ("zip", b"PK\x03\x04"),
    ("xz", b"\xfd7zXZ\0"),
    ("bzip2", b"BZh"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
    ("lz4", b"\x04\x22\x4d\x18"),
    ("compress", b"\x1f\x9d"),
    ("7z", b"7z\xbc\xaf\x27\x1c"),
    ("rar", b"Rar!\x1a\x07"),
];
/// So many first bytes tell how a log is packed.
const HEAD_BYTES: usize = 6;

/// With which a text in UTF-16 begins.
const BYTE_ORDER_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, name) = path::split(path);
    let root = path::parent_of(directory, path::LOGS)?;
    // What was saved of a running JVM may lie there, and is no log; `hs_err_pid99.log` is written where the JVM was started.
    let lower = name.to_ascii_lowercase();
    let is_log = is_log(name)
        && (lower.contains(LOG) && !lower.starts_with("hs_err")
            || (server::SMALL.find)(path).is_none());
    is_log.then_some(Found { root, bundle: "", name })
}

/// Returns `true` if a file among logs is one that is read, by its name.
fn is_log(name: &str) -> bool {
    // Windows takes `ERROR.LOG` for the same, and so do tools that pack it.
    let name = &*name.to_ascii_lowercase();
    if is_of_requests(name) {
        return false;
    }
    // Sling rotates daily to `error.log.2025-07-18`, by
    // `org.apache.sling.commons.log.file.size='.'yyyy-MM-dd`; `logrotate` with `dateext` writes `error.log-20250718`, and copies are called
    // `error.log~` or `error.log 2`.
    if let Some((_, rest)) = name.split_once(LOG) {
        return !rest.starts_with(char::is_alphanumeric);
    }
    let stem = log_family(name.strip_suffix(".gz").unwrap_or(name));
    BARE.contains(&stem) || OTHER_ENDS.iter().any(|end| stem.ends_with(end))
}

/// Returns `true` if a file among logs is one of requests or of the garbage collector, by its name: `access.log.2025-07-18`, `access_log.1`
pub fn is_of_requests(name: &str) -> bool {
    let name = &*name.to_ascii_lowercase();
    let stem = name.split_once(LOG).map_or(log_family(name), |(stem, _)| stem);
    let stem = OTHER_ENDS.iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
    // `access-2025-07-18.log`
    let stem = log_family(stem);
    // `localhost_access_log.2025-07-18.txt`, as Tomcat calls it.
    let stem = stem.strip_suffix("_log").unwrap_or(stem);
    OF_REQUESTS.contains(&stem) || stem.ends_with("_access")
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let mut scan = Box::new(LogScan::Start(Vec::new()));
    scan.push(bytes);
    Ok(scan.finish().fact)
}

/// Reads one log, packed or not: its first bytes decide.
enum LogScan {
    /// Fewer bytes than tell how it is packed have come.
    Start(Vec<u8>),
    /// Packed in this format, which is not read.
    Unread(&'static str),
    Plain(Blocks),
    /// UTF-16, as PowerShell writes what it filters out of a log.
    Wide(Blocks),
    Packed(Box<Gunzip>),
}

impl LogScan {
    /// Decides by the first bytes, and takes them.
    fn begin(head: &[u8]) -> Self {
        let wide = BYTE_ORDER_MARKS.iter().find_map(|mark| head.strip_prefix(mark));
        let wide = wide.or_else(|| is_wide(head).then_some(head));
        let unread = UNREAD.iter().find(|(_, magic)| head.starts_with(magic));
        let mut scan = match (wide, unread) {
            (Some(_), _) => Self::Wide(Blocks::default()),
            (None, Some((format, _))) => Self::Unread(format),
            (None, None) if head.starts_with(&gunzip::MAGIC) => Self::Packed(Box::default()),
            (None, None) => Self::Plain(Blocks::default()),
        };
        scan.push(wide.unwrap_or(head));
        scan
    }
}

/// Returns `true` if a text begins in UTF-16 without a byte order mark: every other byte is a zero.
fn is_wide(head: &[u8]) -> bool {
    let zeros =
        |odd: usize| head.iter().enumerate().all(|(at, byte)| (*byte == 0) == (at % 2 == odd));
    head.len() >= HEAD_BYTES && (zeros(0) || zeros(1))
}

impl Scan for LogScan {
    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Unread(_) => {}
            Self::Plain(blocks) => blocks.push(bytes),
            // All that is searched for is ASCII, so what is left without the zeros is enough.
            Self::Wide(blocks) => {
                let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
                blocks.push(&narrow);
            }
            Self::Packed(gunzip) => gunzip.push(bytes),
            Self::Start(head) => {
                head.extend_from_slice(bytes);
                if head.len() >= HEAD_BYTES {
                    let head = std::mem::take(head);
                    *self = Self::begin(&head);
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> Scanned {
        let (blocks, problem) = match *self {
            Self::Start(head) if head.is_empty() => (Blocks::default(), None),
            Self::Start(head) => return Box::new(Self::begin(&head)).finish(),
            // It is no log that was read, and found to be clean.
            Self::Unread(format) => {
                let problem = format!(
                    "is packed with {format}, which is not read in logs; unpack it, or pack it with gzip"
                );
                return Scanned { fact: Fact::Seen, problem: Some(problem) };
            }
            Self::Plain(blocks) | Self::Wide(blocks) => (blocks, None),
            Self::Packed(gunzip) => gunzip.finish(),
        };
        Scanned { fact: Fact::Log(Box::new(blocks.finish())), problem }
    }
}

#[cfg(test)]
mod tests;
