//! The keys that a farm gets, and where they can be had.

use super::on_instance;
use crate::facts::{Digest, KeyFile, KeyName, Snapshot, realm};
use crate::farm::{Member, has_keys_in_jcr, pair_in_copy};

/// The keys that are right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RightKeys<'a> {
    /// The instance that has them.
    pub(super) holder: &'a Member,
    /// What they are, hmac first.
    pub(super) digests: [Digest; 2],
    /// Their files; `None` where they are saved from the repository.
    files: Option<[&'a KeyFile; 2]>,
    /// The old copy of the instance that they lie in; `None` where the instance works with them.
    copy: Option<&'a Snapshot>,
}

impl<'a> RightKeys<'a> {
    /// Returns the keys that an instance works with, where both are as they should be.
    pub(super) fn in_use(holder: &'a Member) -> Option<Self> {
        let [hmac, master] =
            KeyName::ALL.map(|name| holder.key_in_file(name).map(|(_, file)| file));
        let files = hmac.zip(master).map(<[&KeyFile; 2]>::from);
        Some(Self { holder, digests: holder.pair().sound()?, files, copy: None })
    }

    /// Returns the pairs in old copies of an instance that can be reached there as files: what lies in another upload, or in an archive
    /// in which the install does not lie, cannot.
    pub(super) fn kept(holder: &'a Member) -> impl Iterator<Item = Self> {
        let install = &holder.snapshot;
        let is_reached = move |copy: &&Snapshot| {
            copy.source == install.source && realm(&copy.root) == realm(&install.root)
        };
        holder.copies.iter().filter(is_reached).filter_map(move |copy| {
            let files = pair_in_copy(copy)?;
            let digests = files.map(|file| file.digest.whole);
            Some(Self { holder, digests, files: Some(files), copy: Some(copy) })
        })
    }

    /// Returns the files hmac and master on the instance; `None` where they are saved from its repository.
    pub(super) fn files(&self) -> Option<[String; 2]> {
        self.files.map(|pair| pair.map(|file| on_instance(&file.place.path).to_owned()))
    }

    /// Returns `true` if a person saves them from the repository.
    pub(super) fn are_in_jcr(&self) -> bool {
        self.copy.is_none() && has_keys_in_jcr(self.holder)
    }

    /// Returns the directory of the old copy that they lie in.
    pub(super) fn old_copy(&self) -> Option<String> {
        self.copy.map(|copy| on_instance(&copy.root).to_owned())
    }
}
