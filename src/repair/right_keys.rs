//! The keys that a farm gets, and where they can be had.

use super::on_instance;
use crate::facts::{Digest, KeyFile, KeyName, Snapshot, realm};
use crate::farm::{Member, ignored_pair, pair_in_copy, pair_left_in_jcr, unused_pairs};

/// The node that holds keys in a repository.
const KEY_NODE: &str = "/etc/key";

/// The keys that are right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RightKeys<'a> {
    /// The instance that has them.
    pub(super) holder: &'a Member,
    /// What they are, hmac first.
    pub(super) digests: [Digest; 2],
    /// Their files; `None` where they are saved from the repository.
    files: Option<[&'a KeyFile; 2]>,
    /// The directory that they lie in, such as that of an old copy, or the node; `None` where the instance works with them.
    aside: Option<&'a str>,
}

impl<'a> RightKeys<'a> {
    /// Returns the keys that an instance works with, where both are as they should be.
    pub(super) fn in_use(holder: &'a Member) -> Option<Self> {
        let [hmac, master] =
            KeyName::ALL.map(|name| holder.key_in_file(name).map(|(_, file)| file));
        let files = hmac.zip(master).map(<[&KeyFile; 2]>::from);
        // A standby serves no CRXDE Lite: its repository is that of its primary, which is asked.
        if files.is_none() && holder.snapshot.is_standby() {
            return None;
        }
        Some(Self { holder, digests: holder.pair().sound()?, files, aside: None })
    }

    /// Returns the pairs that an instance has and does not work with, in old copies of it, where no key is looked for, and left in its
    /// repository. Those in
    /// copies that cannot be reached there as files, in another upload or in an archive in which the install does not lie, are left out.
    pub(super) fn kept(holder: &'a Member) -> impl Iterator<Item = Self> {
        let install = &holder.snapshot;
        let is_reached = move |copy: &&Snapshot| {
            copy.source == install.source && realm(&copy.root) == realm(&install.root)
        };
        let copies = holder.copies.iter().filter(is_reached);
        let copies = copies.filter_map(|copy| Some((copy.root.as_str(), pair_in_copy(copy)?)));
        let files = copies.chain(unused_pairs(install)).map(move |(directory, files)| {
            let digests = files.map(|file| file.digest.whole);
            Self { holder, digests, files: Some(files), aside: Some(directory) }
        });
        files.chain(Self::left_in_jcr(holder))
    }

    /// Returns the keys in files that an instance ignores, where they are its own.
    pub(super) fn ignored(holder: &'a Member) -> Option<Self> {
        let files = ignored_pair(holder).filter(|_| holder.pair().is_ignored())?;
        let digests = files.map(|file| file.digest.whole);
        Some(Self { holder, digests, files: Some(files), aside: None })
    }

    /// Returns the pair that is left in the repository of an instance that works with files.
    pub(super) fn left_in_jcr(holder: &'a Member) -> Option<Self> {
        let digests = pair_left_in_jcr(holder).filter(|_| !holder.snapshot.is_standby())?;
        Some(Self { holder, digests, files: None, aside: Some(KEY_NODE) })
    }

    /// Returns the files hmac and master on the instance; `None` where they are saved from its repository.
    pub(super) fn files(&self) -> Option<[String; 2]> {
        self.files.map(|pair| pair.map(|file| on_instance(&file.place.path).to_owned()))
    }

    /// Returns `true` if a person saves them from the repository.
    pub(super) fn are_in_jcr(&self) -> bool {
        self.files.is_none()
    }

    /// Returns `true` if their holder ignores its own files until its `storage` says where they are.
    pub(super) fn are_ignored(&self) -> bool {
        self.holder.pair().is_ignored() && self.aside.is_none()
    }

    /// Returns the directory that they lie in where the instance does not work with them.
    pub(super) fn aside(&self) -> Option<String> {
        self.aside.map(|directory| on_instance(directory).to_owned())
    }
}
