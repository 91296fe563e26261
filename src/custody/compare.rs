//! Whether sources are those of a report.

use super::{Claim, ExaminedSource};
use crate::facts::{Digested, SourceDigest, SourceRecord, split_path};
use std::collections::BTreeMap;
use std::fmt;

/// What became of each source of a report, and of each that was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// One for each source of the report, in its order, and behind them one for each that was given and is not in it.
    pub matches: Vec<SourceMatch>,
}

/// A source of a report beside the one that was given for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMatch {
    /// Its name in the report; of one that is not in it, the name that was given.
    pub name: String,
    /// What was given for it, where that has another name.
    pub given: Option<String>,
    /// How they compare.
    pub likeness: Likeness,
}

/// How a source compares with what a report says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Likeness {
    /// Every byte that the digest is over is the same.
    Same(SourceDigest),
    /// It has another length.
    OtherLength {
        /// In the report.
        was: u64,
        /// Now.
        is: u64,
    },
    /// It has another digest.
    OtherDigest {
        /// In the report.
        was: String,
        /// Now.
        is: String,
        /// What both are over.
        of: Digested,
    },
    /// It was not given.
    NotGiven,
    /// It is not in the report.
    NotInReport,
    /// Nothing shows: why.
    Unknown(&'static str),
}

impl Likeness {
    /// Returns `true` if it is surely not the same.
    pub fn differs(&self) -> bool {
        !matches!(self, Self::Same(_) | Self::Unknown(_))
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(SourceDigest { sha256, of: Digested::File }) => {
                write!(f, "the same (sha256 {sha256})")
            }
            Self::Same(SourceDigest { sha256, of: Digested::Listing }) => {
                write!(f, "the same in every file that is read (sha256 of their list {sha256})")
            }
            Self::OtherLength { was, is } => {
                write!(f, "DIFFERS: it has {is} bytes, and had {was} in the report")
            }
            Self::OtherDigest { was, is, of: Digested::File } => {
                write!(f, "DIFFERS: its sha256 is {is}, and was {was} in the report")
            }
            Self::OtherDigest { was, is, of: Digested::Listing } => {
                write!(
                    f,
                    "DIFFERS: the sha256 of the list of its files is {is}, and was {was} in the report"
                )
            }
            Self::NotGiven => f.write_str("NOT GIVEN: it is in the report alone"),
            Self::NotInReport => f.write_str("NOT IN THE REPORT"),
            Self::Unknown(why) => write!(f, "UNKNOWN: {why}"),
        }
    }
}

impl Verification {
    /// Returns `true` if all are surely the same.
    pub fn is_same(&self) -> bool {
        self.matches.iter().all(|one| matches!(one.likeness, Likeness::Same(_)))
    }

    /// Returns `true` if one is surely not the same.
    pub fn differs(&self) -> bool {
        self.matches.iter().any(|one| one.likeness.differs())
    }
}

/// Compares what a report claims with the sources that were given. They are matched by their names, those left by the names of their
/// files, and those left by their digests: files are moved and renamed. `version` is that of this program.
pub fn compare(claim: &Claim, given: &[SourceRecord], version: &str) -> Verification {
    let places = matched(&claim.examined, given);
    let lost = |(claimed, at): (_, &Option<usize>)| at.is_none().then_some(claimed);
    let lost: Vec<&ExaminedSource> = claim.examined.iter().zip(&places).filter_map(lost).collect();
    let is_left = |at: &usize| !places.contains(&Some(*at));
    let left: Vec<&SourceRecord> =
        (0..given.len()).filter(is_left).filter_map(|at| given.get(at)).collect();
    let mut taken = vec![false; given.len()];
    let mut matches = Vec::new();
    for (claimed, at) in claim.examined.iter().zip(places) {
        let record = at.and_then(|at| given.get(at));
        if let Some(taken) = at.and_then(|at| taken.get_mut(at)) {
            *taken = true;
        }
        let likeness = match record {
            Some(record) => likeness(claimed, record, claim.tool.version == version),
            None if left.iter().any(|record| may_be(claimed, record)) => Likeness::Unknown(
                "no source of this name was given, and without both digests nothing shows whether one of another name is it",
            ),
            None => Likeness::NotGiven,
        };
        let given = record.map(|record| record.name.clone());
        let given = given.filter(|name| *name != claimed.source);
        matches.push(SourceMatch { name: claimed.source.clone(), given, likeness });
    }
    let others = given.iter().zip(taken).filter(|(_, taken)| !taken);
    matches.extend(others.map(|(record, _)| SourceMatch {
        name: record.name.clone(),
        given: None,
        likeness: if lost.iter().any(|claimed| may_be(claimed, record)) {
            Likeness::Unknown("the report has no source of this name, and without both digests nothing shows whether it is one of another name")
        } else {
            Likeness::NotInReport
        },
    }));
    Verification { matches }
}

/// Returns `true` if a source of another name may be the claimed one: files are renamed, and only digests show that two are not the same.
fn may_be(claimed: &ExaminedSource, given: &SourceRecord) -> bool {
    let is_other_length = claimed.bytes.zip(given.bytes).is_some_and(|(was, is)| was != is);
    !is_other_length && (claimed.sha256.is_none() || given.digest.is_none())
}

/// Returns for each claimed source the place of the one that was given for it.
fn matched(claimed: &[ExaminedSource], given: &[SourceRecord]) -> Vec<Option<usize>> {
    let mut all = vec![None; claimed.len()];
    let mut taken = vec![false; given.len()];
    let by_name = |source: &ExaminedSource| Some(source.source.clone());
    let of_name = |record: &SourceRecord| Some(record.name.clone());
    pair(claimed, given, &mut all, &mut taken, &by_name, &of_name);
    let file = |path: &str| split_path(path.trim_end_matches('/')).1.to_owned();
    let by_file = |source: &ExaminedSource| Some(file(&source.source));
    let of_file = |record: &SourceRecord| Some(file(&record.name));
    pair(claimed, given, &mut all, &mut taken, &by_file, &of_file);
    let by_digest = |source: &ExaminedSource| source.sha256.map(|digest| digest.to_string());
    let of_digest = |record: &SourceRecord| record.digest.map(|digest| digest.sha256.to_string());
    pair(claimed, given, &mut all, &mut taken, &by_digest, &of_digest);
    all
}

/// Pairs what has the same key and no partner yet. Of several with one key, those with the same digest go together, the others in their
/// order.
fn pair(
    claimed: &[ExaminedSource],
    given: &[SourceRecord],
    all: &mut [Option<usize>],
    taken: &mut [bool],
    by: &dyn Fn(&ExaminedSource) -> Option<String>,
    of: &dyn Fn(&SourceRecord) -> Option<String>,
) {
    let digest = |record: &SourceRecord| record.digest.map(|digest| digest.sha256);
    for with_digest in [true, false] {
        let mut free: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        // From the back, since each list gives its last first.
        for (at, record) in given.iter().enumerate().rev() {
            let is_free = taken.get(at) == Some(&false);
            if let Some(key) = of(record).filter(|_| is_free) {
                let digest = if with_digest { digest(record) } else { None };
                free.entry((key, digest)).or_default().push(at);
            }
        }
        for (source, place) in claimed.iter().zip(all.iter_mut()).filter(|(_, at)| at.is_none()) {
            let sha256 = if with_digest { source.sha256 } else { None };
            let found = by(source).and_then(|key| free.get_mut(&(key, sha256))?.pop());
            if let Some(taken) = found.and_then(|at| taken.get_mut(at)) {
                (*place, *taken) = (found, true);
            }
        }
    }
}

fn likeness(claimed: &ExaminedSource, given: &SourceRecord, is_same_version: bool) -> Likeness {
    if let (Some(was), Some(is)) = (claimed.bytes, given.bytes)
        && was != is
    {
        return Likeness::OtherLength { was, is };
    }
    let Some(was) = claimed.sha256 else {
        return Likeness::Unknown(
            "the report has no digest of it; scan with --digests to have one",
        );
    };
    let Some(digest) = given.digest else {
        return Likeness::Unknown("it could not be read to its end");
    };
    if claimed.digest_of.as_deref().is_some_and(|of| of != digest.of.label()) {
        return Likeness::Unknown(
            "one is a directory and the other an archive, whose digests cannot be compared",
        );
    }
    if was == digest.sha256 {
        return Likeness::Same(digest);
    }
    if digest.of == Digested::Listing && !is_same_version {
        return Likeness::Unknown(
            "another version of this tool made the report, which may read other files of a directory",
        );
    }
    let (was, is) = (was.to_string(), digest.sha256.to_string());
    Likeness::OtherDigest { was, is, of: digest.of }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Hex;

    fn given(name: &str, byte: u8) -> SourceRecord {
        let digest = SourceDigest { sha256: Hex([byte; 32]), of: Digested::File };
        let bytes = Some(9);
        SourceRecord { name: name.into(), bytes, digest: Some(digest), ..Default::default() }
    }

    fn claimed(name: &str, byte: u8) -> ExaminedSource {
        let sha256 = Some(Hex([byte; 32]));
        let digest_of = Some("file".to_owned());
        ExaminedSource { source: name.into(), bytes: Some(9), sha256, digest_of }
    }

    fn claim(examined: Vec<ExaminedSource>) -> Claim {
        let text = br#"{"schema": "aemtrix.report/1", "tool": {"version": "1"}, "examined": [{"source": ""}]}"#;
        Claim { examined, ..Claim::read(&mut &text[..]).unwrap() }
    }

    fn said(examined: Vec<ExaminedSource>, given: &[SourceRecord]) -> Vec<(String, String)> {
        let all = compare(&claim(examined), given, "1").matches;
        let word = |text: String| text.split([' ', ':']).next().unwrap_or_default().to_owned();
        all.into_iter().map(|one| (one.name, word(one.likeness.to_string()))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn sources_are_found_by_name_by_file_and_by_digest() {
        let report = || vec![claimed("up/a.tgz", 1), claimed("up/b.tgz", 2), claimed("c.tgz", 3)];
        let moved = [given("renamed", 3), given("/case/b.tgz", 2), given("up/a.tgz", 1)];
        let same = [("up/a.tgz", "the"), ("up/b.tgz", "the"), ("c.tgz", "the")];
        assert_eq!(said(report(), &moved), pairs(&same));
        let twins = vec![claimed("x/a.tgz", 1), claimed("y/a.tgz", 2)];
        let moved = [given("p/a.tgz", 2), given("q/a.tgz", 1)];
        assert_eq!(said(twins, &moved), pairs(&[("x/a.tgz", "the"), ("y/a.tgz", "the")]));
    }

    #[test]
    fn what_differs_lacks_or_is_too_much_is_told() {
        let report = vec![claimed("a", 1), claimed("b", 2), claimed("c", 3)];
        let longer = SourceRecord { bytes: Some(10), ..given("b", 2) };
        let found = said(report, &[given("a", 9), longer, given("d", 4)]);
        let expected = [("a", "DIFFERS"), ("b", "DIFFERS"), ("c", "NOT"), ("d", "NOT")];
        assert_eq!(found, pairs(&expected));
    }

    #[test]
    fn renamed_source_without_a_digest_may_be_the_same() {
        let none = |name: &str| ExaminedSource { sha256: None, ..claimed(name, 1) };
        let unknown = [("a", "UNKNOWN"), ("b", "UNKNOWN")];
        assert_eq!(said(vec![none("a")], &[given("b", 1)]), pairs(&unknown));
        let unread = SourceRecord { digest: None, ..given("b", 1) };
        assert_eq!(said(vec![claimed("a", 1)], &[unread]), pairs(&unknown));
        let longer = SourceRecord { bytes: Some(10), ..given("b", 1) };
        assert_eq!(said(vec![none("a")], &[longer]), pairs(&[("a", "NOT"), ("b", "NOT")]));
        let one = [given("a", 1)];
        assert_eq!(
            said(vec![none("a"), none("b")], &one),
            pairs(&[("a", "UNKNOWN"), ("b", "NOT")])
        );
    }

    #[test]
    fn without_both_digests_nothing_is_told() {
        let unread = SourceRecord { digest: None, ..given("a", 1) };
        assert_eq!(said(vec![claimed("a", 1)], &[unread]), pairs(&[("a", "UNKNOWN")]));
        let none = ExaminedSource { sha256: None, ..claimed("a", 1) };
        assert_eq!(said(vec![none], &[given("a", 1)]), pairs(&[("a", "UNKNOWN")]));
        let listing = ExaminedSource { digest_of: Some("listing".into()), ..claimed("a", 1) };
        assert_eq!(said(vec![listing.clone()], &[given("a", 1)]), pairs(&[("a", "UNKNOWN")]));
        let mut directory = given("a", 2);
        directory.digest = Some(SourceDigest { sha256: Hex([2; 32]), of: Digested::Listing });
        let other = compare(&claim(vec![listing.clone()]), std::slice::from_ref(&directory), "2");
        assert!(!other.differs() && !other.is_same(), "another version reads other files");
        assert!(compare(&claim(vec![listing]), &[directory], "1").differs());
    }
}
