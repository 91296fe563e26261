//! Keys that stand among other text: pasted into a property, or as a line of a file, as they are or as digits.

use super::Examined;
use crate::evidence::{KeyTraces, digest};
use crate::facts::{Digest, key_parts};
use std::collections::{BTreeMap, BTreeSet};

/// Hides in all that was examined every text that holds a key of any instance, or a part of one. `traces`: those of keys in files.
pub(super) fn hide(all: &mut Examined, traces: Vec<u64>) {
    let stored = all.snapshots.iter().flat_map(|(_, snapshot)| snapshot.all_keys());
    let traces: KeyTraces =
        stored.flat_map(|key| key.traces.iter().copied()).chain(traces).collect();
    let mut keys: BTreeMap<u64, BTreeSet<Digest>> = BTreeMap::new();
    for key in all.snapshots.iter().flat_map(|(_, snapshot)| snapshot.all_keys()) {
        for spelled in &key.spelled {
            keys.entry(spelled.bytes).or_default().insert(*spelled);
        }
    }
    let is_key = |text: &str| {
        let of_length = u64::try_from(text.len()).ok().and_then(|length| keys.get(&length));
        of_length.is_some_and(|keys| keys.contains(&digest(text.as_bytes())))
    };
    let holds_key = |text: &str| {
        is_key(text.trim())
            || key_parts(text).any(|part| is_any_form(part, &is_key))
            || traces.are_in(text)
    };
    for (_, snapshot) in &mut all.snapshots {
        snapshot.hide_keys(holds_key);
        snapshot.forget_spellings();
    }
    for gap in &mut all.gaps {
        gap.hide_keys(holds_key);
    }
}

/// Returns `true` if a part is a key as it stands, without the padding of base64, or as digits of either case with dashes between
/// them.
fn is_any_form(part: &str, is_key: &impl Fn(&str) -> bool) -> bool {
    let bare = part.trim_end_matches('=');
    let is_digits = || part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_key(part)
        || bare.len() < part.len() && is_key(bare)
        || is_digits() && is_key(&part.replace('-', "").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Gap, GapKind, HIDDEN_KEY, KeyName};
    use crate::testing::{Instance, farm};

    fn examined(change: impl FnOnce(Instance) -> Instance, text: &str) -> Examined {
        let build = farm().with("a", change).with("b", |i| i.setting("x", text)).build();
        let snapshots = build.members.into_iter().map(|member| (None, member.snapshot)).collect();
        let reason = format!("says {text}, which is not in the source");
        let gap = Gap { source: "b".to_owned(), path: None, kind: GapKind::Elsewhere, reason };
        Examined { snapshots, gaps: vec![gap], ..Examined::default() }
    }

    /// What is shown of a text in one instance, where another one has this key.
    fn shown(change: impl FnOnce(Instance) -> Instance, text: &str) -> String {
        let mut all = examined(change, text);
        hide(&mut all, Vec::new());
        let (_, snapshot) = all.snapshots.remove(1);
        let value = snapshot.settings.last().expect("the setting").value.clone();
        assert_eq!(
            value == HIDDEN_KEY,
            !all.gaps[0].reason.contains(text),
            "{}",
            all.gaps[0].reason
        );
        value
    }

    #[test]
    fn text_that_is_a_key_is_hidden_wherever_the_key_is() {
        let key = (KeyName::Hmac, &b"changeme"[..]);
        assert_eq!(shown(|i| i.hmac(b"changeme"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.hmac(b" changeme\r\n\n"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.hmac(b"\xff\xfec\0h\0a\0n\0g\0e\0m\0e\0"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.jcr(&[key]), "changeme"), HIDDEN_KEY);
        assert_eq!(
            shown(|i| i.key_in("bundle7", KeyName::Master, b"changeme"), "changeme"),
            HIDDEN_KEY
        );
        assert_eq!(shown(|i| i.moved_key(KeyName::Hmac, b"changeme"), "changeme"), HIDDEN_KEY);
        assert_eq!(shown(|i| i.hmac(b"changeme"), "unchanged"), "unchanged");
        assert_eq!(shown(|i| i, "changeme"), "changeme");
    }

    #[test]
    fn key_is_found_as_a_part_and_as_digits() {
        let master: Vec<u8> = (0xa0..0xb0).collect();
        let hmac = b"changeme";
        for text in [
            "/opt/changeme/x",
            "file:changeme",
            "C:\\keys\\changeme",
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            "/opt/A0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
            "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf",
            "x=oKGio6SlpqeoqaqrrK2urw==",
        ] {
            assert_eq!(shown(|i| i.hmac(hmac).master(&master), text), HIDDEN_KEY, "{text}");
        }
        for text in [
            "/opt/a0a1a2a3a4a5a6a7.d",
            "a6:a7:a8:a9:aa:ab:ac:ad:ae:af",
            "x 160,161,162,163,164,165,166,167",
        ] {
            assert_eq!(shown(|i| i.hmac(hmac).master(&master), text), HIDDEN_KEY, "{text}");
        }
        for text in ["/opt/changeme2", "/opt/a0a1a2a3a4a5a6a6a7a8a9aaabaca0aeae"] {
            assert_eq!(shown(|i| i.hmac(hmac).master(&master), text), text);
        }
    }
}
