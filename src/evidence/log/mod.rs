//! The logs in `logs`, and what they were rotated to: signs of trouble, and what the last start logged.
//!
//! Logs have gigabytes, so they are read as they come, block by block; a rotated one may be a gzip. Nothing of their text is
//! kept but words of fixed patterns, since it holds personal data.

mod block;
mod gunzip;
mod signature;
mod startup;
mod time;

pub use signature::{SIGNATURES, Signature};

use super::{Fact, Found, Kind, Names, ParseError, Reads, Scan, Scanned, path};
use block::Blocks;
use gunzip::Gunzip;

pub(super) const KIND: Kind = Kind {
    name: "log",
    names: Names::End(&[LOG]),
    reads: Reads::Stream(|| Box::new(LogScan::Start(Vec::new()))),
    find,
    parse,
};

/// Ends the name of a log; rotated ones have a date or number behind, such as `error.log.2025-07-18` or `error.log.1.gz`.
const LOG: &str = ".log";
/// Logs of requests: the largest of all, and nothing but what strangers asked for is in them.
const OF_REQUESTS: [&str; 2] = ["access", "request"];

/// With which a text in UTF-16 begins.
const BYTE_ORDER_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, name) = path::split(path);
    // Sling rotates daily to `error.log.2025-07-18`, by
    // `org.apache.sling.commons.log.file.size='.'yyyy-MM-dd`.
    let (stem, rest) = name.split_once(LOG)?;
    let is_log = (rest.is_empty() || rest.starts_with(['.', '-'])) && !OF_REQUESTS.contains(&stem);
    let root = path::parent_of(directory, path::LOGS).filter(|_| is_log)?;
    Some(Found { root, bundle: "", name })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let mut scan = Box::new(LogScan::Start(Vec::new()));
    scan.push(bytes);
    Ok(scan.finish().fact)
}

/// Reads one log, packed or not: its first bytes decide.
enum LogScan {
    /// Fewer bytes than tell a gzip have come.
    Start(Vec<u8>),
    Plain(Blocks),
    /// UTF-16, as PowerShell writes what it filters out of a log.
    Wide(Blocks),
    Packed(Box<Gunzip>),
}

impl Scan for LogScan {
    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Plain(blocks) => blocks.push(bytes),
            // All that is searched for is ASCII, so what is left without the zeros is enough.
            Self::Wide(blocks) => {
                let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
                blocks.push(&narrow);
            }
            Self::Packed(gunzip) => gunzip.push(bytes),
            Self::Start(head) => {
                head.extend_from_slice(bytes);
                if head.len() >= gunzip::MAGIC.len() {
                    let head = std::mem::take(head);
                    let wide = BYTE_ORDER_MARKS.iter().find_map(|mark| head.strip_prefix(mark));
                    *self = match wide {
                        Some(_) => Self::Wide(Blocks::default()),
                        None if head.starts_with(&gunzip::MAGIC) => Self::Packed(Box::default()),
                        None => Self::Plain(Blocks::default()),
                    };
                    self.push(wide.unwrap_or(&head));
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> Scanned {
        let (blocks, problem) = match *self {
            Self::Start(_) => (Blocks::default(), None),
            Self::Plain(blocks) | Self::Wide(blocks) => (blocks, None),
            Self::Packed(gunzip) => gunzip.finish(),
        };
        Scanned { fact: Fact::Log(blocks.finish()), problem }
    }
}

#[cfg(test)]
mod tests;
