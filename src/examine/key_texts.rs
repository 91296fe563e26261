//! Keys that are text, and stand among other text: pasted into a property, or as a line of a file.

use crate::evidence::fingerprint;
use crate::facts::{Digest, KeyDigest, Repository, Snapshot};
use std::collections::BTreeSet;

/// Hides in all instances of a source every text that is a key of one of them. Keys that AEM makes are no text.
pub(super) fn hide(snapshots: &mut [Snapshot]) {
    let keys: BTreeSet<Digest> = snapshots
        .iter()
        .flat_map(digests)
        .filter(|key| key.text.is_some())
        .flat_map(forms)
        .collect();
    if keys.is_empty() {
        return;
    }
    let is_key = |text: &str| fingerprint(text.as_bytes()).is_some_and(|text| keys.contains(&text));
    for snapshot in snapshots {
        snapshot.hide_keys(is_key);
    }
}

/// Returns the keys in files, and those that the repository holds and held.
fn digests(snapshot: &Snapshot) -> impl Iterator<Item = &KeyDigest> {
    let past = snapshot.repository.iter().flat_map(|stored| &stored.history.others);
    let past = past.flat_map(|past| &past.keys);
    let stored = snapshot.repository.iter().flat_map(Repository::keys).chain(past);
    snapshot.all_key_files().map(|file| &file.digest).chain(stored.map(|key| &key.digest))
}

/// Returns a key as it is, and without the line end that it may or may not have been given by mistake.
fn forms(key: &KeyDigest) -> impl Iterator<Item = Digest> {
    key.trimmed.iter().map(|(_, digest)| *digest).chain([key.whole])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{HIDDEN_KEY, KeyName};
    use crate::testing::{Instance, farm};

    /// What is shown of a text, in an instance with this key.
    fn shown(change: impl FnOnce(Instance) -> Instance, text: &str) -> String {
        let build = farm().with("a", |i| change(i).setting("x", text)).build();
        let mut snapshots: Vec<_> =
            build.members.into_iter().map(|member| member.snapshot).collect();
        hide(&mut snapshots);
        snapshots.remove(0).settings.remove(0).value
    }

    #[test]
    fn text_that_is_a_key_is_hidden_wherever_the_key_is() {
        let key = (KeyName::Hmac, &b"changeme"[..]);
        assert_eq!(shown(|i| i.hmac(b"changeme"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.hmac(b"changeme\r\n"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.jcr(&[key]), "changeme"), HIDDEN_KEY);
        assert_eq!(
            shown(|i| i.key_in("bundle7", KeyName::Master, b"changeme"), "changeme"),
            HIDDEN_KEY
        );
        assert_eq!(shown(|i| i.moved_key(KeyName::Hmac, b"changeme"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.hmac(b"changeme"), "unchanged"), "unchanged");
        assert_eq!(shown(|i| i, "changeme"), "changeme");
    }
}
