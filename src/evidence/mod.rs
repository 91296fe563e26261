//! The files that matter: how each kind is found by its path, how much of it is read, and what it says.
//!
//! One kind of evidence is one file: a value of [`Kind`] with a path pattern, a size bound and a parser from complete bytes
//! to one [`Fact`]. `KINDS` lists them all.

mod bundle_info;
mod cursor;
mod jar;

pub use bundle_info::BundleInfo;
pub use cursor::{ParseError, Problem};
pub use jar::Jar;

use crate::facts::{KeyDigest, KeyName, Storage};

/// One kind of evidence.
pub struct Kind {
    /// Its name, for messages.
    pub name: &'static str,
    /// How much of an entry is read.
    pub reads: Reads,
    /// Recognises a path. Must be cheap: it is asked for every entry of every source.
    pub find: fn(&str) -> Option<Found<'_>>,
    /// Says what the bytes mean.
    pub parse: fn(&Found<'_>, &[u8]) -> Result<Fact, ParseError>,
}

/// How much of an entry is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// A directory: that it is there is all that counts; `parse` gets no bytes.
    Presence,
    /// All of a file of at most so many bytes; a larger one is no real one.
    Whole(u64),
    /// The first bytes of a file; fewer than this means that the parser sees all of it.
    Prefix(u64),
}

/// A path that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'p> {
    /// The install root: the directory that stands for `crx-quickstart`, empty when the source starts inside it.
    pub root: &'p str,
    /// The bundle directory's name, such as `bundle39`; empty for what belongs to no bundle.
    pub bundle: &'p str,
    /// The part that tells entries of one kind apart: the file name, or the revision directory's name.
    pub name: &'p str,
}

/// What one piece of evidence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A directory is there.
    Seen,
    /// `bundle.info`.
    BundleInfo(BundleInfo),
    /// One of the single-value files that Felix wrote before 4.0; trimmed text.
    BundleValue(String),
    /// `revision.location` is there.
    RevisionLocation,
    /// The manifest of a `bundle.jar`.
    Jar(Jar),
    /// `storage`.
    Storage(Storage),
    /// `hmac` or `master`, digested.
    Key(KeyName, KeyDigest),
    /// `sling.id.file`: canonical lower-case UUID.
    SlingId(String),
    /// `sling.options.file`: the selected mode of each group.
    RunModes(Vec<String>),
    /// Settings that matter, as name and value, in file order.
    Settings(Vec<(String, String)>),
    /// `launchpad-timestamp.txt`, milliseconds since 1970.
    LastStart(u64),
    /// `last.java.version`.
    JavaMajor(u32),
}
