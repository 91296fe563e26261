//! The rows of the matrix that a login or a secret hangs on: `storage` and the keys, and what is wrong with them by itself.

use super::{Cell, CellState, EffectiveKey, Farm, KeyHealth, KeyState, Member};
use crate::facts::{Bundle, CRYPTO, CRYPTO_FILE, KeyName, Storage, StorageMode};

/// What `storage` says, with the fault of its text, if it has one.
pub(super) fn storage_mode(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    if let Some(file) = member.storage() {
        return stored(&file.storage);
    }
    if snapshot.storage_in_place().next().is_some() {
        return Cell::without(CellState::Unreadable, SEVERAL).wrong(None);
    }
    if snapshot.bundles_named(CRYPTO).any(|bundle| unreadable_in(member, bundle, "storage")) {
        return Cell::without(CellState::Unreadable, "unreadable");
    }
    // AEM up to 6.2 has neither the file nor the bundle that reads key files.
    let has_key_files = snapshot.bundles_named(CRYPTO_FILE).next().is_some();
    let is_absent = member.is_storage_absent();
    Cell::optional(None, is_absent).wrong_if(is_absent && has_key_files)
}

const SEVERAL: &str = "several, which differ";

fn stored(storage: &Storage) -> Cell {
    let mode = storage.mode.to_string();
    let text = match (storage.line_end, storage.problem) {
        (_, Some(_)) => format!("{mode}, malformed"),
        (Some(line_end), None) => format!("{mode} + {}", line_end.short()),
        (None, None) => mode.clone(),
    };
    let meant = (storage.mode != StorageMode::Unknown).then_some(mode);
    if storage.is_exact() { Cell::value(text) } else { Cell::value(text).wrong(meant) }
}

fn unreadable_in(member: &Member, bundle: &Bundle, name: &str) -> bool {
    let path = format!("{}/data/{name}", member.snapshot.path_of(bundle));
    member.snapshot.gaps.iter().any(|gap| gap.kind.hides() && gap.path.as_ref() == Some(&path))
}

/// The digest of `hmac`.
pub(super) fn hmac(member: &Member) -> Cell {
    key(member, KeyName::Hmac)
}

/// The digest of `master`.
pub(super) fn master(member: &Member) -> Cell {
    key(member, KeyName::Master)
}

fn key(member: &Member, name: KeyName) -> Cell {
    let without = Cell::without;
    match member.key(name) {
        KeyState::Known(key) => known(member, key),
        // Without a word on the storage mode the key may lie in the repository.
        KeyState::Absent => without(CellState::Absent, "absent")
            .wrong_if(member.storage_mode().is_some_and(|mode| mode != StorageMode::Unknown)),
        KeyState::External if member.snapshot.moved_directory().is_some() => {
            without(CellState::NotInSnapshot, "not in snapshot")
        }
        KeyState::External => without(CellState::NotInSnapshot, "kept elsewhere"),
        KeyState::InJcr => without(CellState::NotInSnapshot, &in_jcr(member)),
        KeyState::Ambiguous => without(CellState::Unreadable, SEVERAL).wrong(None),
        KeyState::Uncertain(key) => {
            without(CellState::Unreadable, &format!("perhaps {}", key.value.short()))
        }
        KeyState::Unreadable => without(CellState::Unreadable, "unreadable"),
        KeyState::NotInSnapshot => without(CellState::NotInSnapshot, "not in snapshot"),
    }
}

fn known(member: &Member, key: &EffectiveKey) -> Cell {
    let flaw = match key.health {
        KeyHealth::LineEnd(line_end) => format!(" + {}", line_end.short()),
        KeyHealth::Altered(_) => " (altered)".to_owned(),
        _ => String::new(),
    };
    let text = key.value.short() + &flaw;
    // A stray line end is no other key, but the file is not what its peers have.
    let cell = Cell::compared(text, key.digest.whole.sha256.to_string());
    match key.health {
        _ if member.has_doubled_keys() => cell.wrong(None),
        KeyHealth::Sound => cell,
        KeyHealth::LineEnd(_) | KeyHealth::Altered(_) | KeyHealth::Unusual => {
            cell.wrong(Some(key.value.sha256.to_string()))
        }
        // One that was cut or written over is none.
        KeyHealth::NoKey
        | KeyHealth::Wrapped(_)
        | KeyHealth::Text(_)
        | KeyHealth::Empty
        | KeyHealth::Uniform
        | KeyHealth::FilledUp(_) => cell.wrong(None),
    }
}

/// Returns `true` if a fact is a key.
pub(super) fn is_key(fact: &str) -> bool {
    KeyName::ALL.into_iter().any(|name| name.file_name() == fact)
}

/// Returns the cell as wrong where the policy says that the instance has another key, and where the row is one of keys.
pub(super) fn by_policy(cell: Cell, fact: &str, farm: &Farm, member: &Member) -> Cell {
    let name = KeyName::ALL.into_iter().find(|name| name.file_name() == fact);
    let is_other = name.is_some_and(|name| {
        let key = member.known_key(name);
        let expected = farm.expected.keys.get(&name);
        key.zip(expected).is_some_and(|(key, expected)| !expected.is_of(&key.value))
    });
    cell.wrong_if(is_other)
}

fn in_jcr(member: &Member) -> String {
    match &member.snapshot.node_store {
        Some(store) if store.out_of_reach().is_some() => {
            format!("in {}, not in snapshot", store.kind.spoken())
        }
        _ => "JCR, not read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{GapKind, KeyName};
    use crate::farm::{Farm, matrix};
    use crate::testing::{FarmBuilder, Instance, farm, good_farm};

    /// The marks of a row: `<` after a cell that is not what is expected of it.
    fn marks(farm: FarmBuilder, fact: &str) -> String {
        marks_of(&farm.build(), fact)
    }

    fn marks_of(farm: &Farm, fact: &str) -> String {
        let rows = matrix(farm).rows;
        let row = rows.iter().find(|row| row.fact == fact).expect("this row");
        let mark = |index| if row.is_odd_at(index) { '<' } else { '.' };
        let marks: String = (0..row.cells.len()).map(mark).collect();
        assert_eq!(row.is_odd(), marks.contains('<'));
        assert!(!(row.is_odd() && row.agrees()));
        marks
    }

    fn stored(texts: &[&[u8]]) -> FarmBuilder {
        let names = ["a", "b", "c", "d"];
        names
            .iter()
            .zip(texts)
            .fold(farm(), |farm, (name, text)| farm.with(name, |i| i.storage(text)))
    }

    fn keyed(keys: &[&[u8]]) -> FarmBuilder {
        let names = ["a", "b", "c", "d"];
        names.iter().zip(keys).fold(farm(), |farm, (name, key)| farm.with(name, |i| i.hmac(key)))
    }

    const KEY: &[u8] = b"0123456789abcdefghijklmnopqrst\x80\xff";
    const OTHER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123\x80\xff";
    const STRAY: &[u8] = b"0123456789abcdefghijklmnopqrst\x80\xff\n";

    #[test]
    fn right_storage_is_not_the_odd_one_among_wrong_ones() {
        let storage = |texts: &[&[u8]]| marks(stored(texts), "storage-mode");
        assert_eq!(storage(&[b"Bundle", b"Bundle\n", b"Bundle\n"]), ".<<");
        assert_eq!(storage(&[b"Bundle", b"Bundle\n"]), ".<");
        assert_eq!(storage(&[b"Bundle\n", b"Bundle\n", b"Bundle\n"]), "<<<");
        assert_eq!(storage(&[b"Bundle", b"???", b"???"]), ".<<");
        assert_eq!(storage(&[b"Bundle", b"Bundle", b"Bundle"]), "...");
    }

    #[test]
    fn where_nothing_tells_which_is_wrong_the_odd_group_is_marked() {
        let storage = |texts: &[&[u8]]| marks(stored(texts), "storage-mode");
        assert_eq!(storage(&[b"Bundle", b"JCR", b"Bundle"]), ".<.");
        assert_eq!(storage(&[b"Bundle", b"JCR"]), "<<");
        // The newline is no other mode, so two of three agree on the mode.
        assert_eq!(storage(&[b"Bundle", b"JCR", b"Bundle\n"]), ".<<");
        assert_eq!(marks(keyed(&[KEY, OTHER, KEY]), "hmac"), ".<.");
    }

    #[test]
    fn key_with_a_stray_newline_is_wrong_and_still_the_same_key() {
        assert_eq!(marks(keyed(&[KEY, STRAY, STRAY]), "hmac"), ".<<");
        assert_eq!(marks(keyed(&[KEY, STRAY, STRAY, OTHER]), "hmac"), ".<<<");
        assert_eq!(marks(keyed(&[STRAY, STRAY]), "hmac"), "<<");
    }

    #[test]
    fn key_that_is_none_makes_no_right_one_odd() {
        assert_eq!(marks(keyed(&[KEY, &[7; 32], &[7; 32]]), "hmac"), ".<<");
        assert_eq!(marks(keyed(&[KEY, b"", b""]), "hmac"), ".<<");
        let both = |i: Instance| i.hmac(KEY).master(KEY);
        let farm = || farm().with("a", |i| i.hmac(KEY)).with("b", both);
        assert_eq!((marks(farm(), "hmac"), marks(farm(), "master")), (".<".into(), ".<".into()));
    }

    #[test]
    fn absence_that_was_seen_is_wrong() {
        let without = |i: Instance| i.without_key(KeyName::Master);
        assert_eq!(marks(good_farm(&["a", "b"]).with("c", without), "master"), "..<");
        assert_eq!(marks(farm().with("a", without).with("b", without), "master"), "<<");
        // In the JCR, which was not read, it may be.
        let unseen = |i: Instance| i.without_key(KeyName::Master).storage(b"JCR");
        assert_eq!(marks(good_farm(&["a"]).with("b", unseen), "master"), "..");
        let cut = |i: Instance| without(i).gap(GapKind::Partial, None);
        assert_eq!(marks(good_farm(&["a"]).with("b", cut), "master"), "..");
    }

    #[test]
    fn what_a_damaged_source_shows_is_not_held_against_it() {
        let damaged = |i: Instance| i.storage(b"Bundle\n").gap(GapKind::CorruptStream, None);
        assert_eq!(marks(farm().with("a", damaged).with("b", damaged), "storage-mode"), "..");
    }

    #[test]
    fn policy_tells_which_key_is_right() {
        let mut farm = keyed(&[KEY, OTHER, OTHER]).build();
        assert_eq!(marks_of(&farm, "hmac"), "<..");
        let key = farm.members[0].known_key(KeyName::Hmac).expect("a key").value;
        let text = format!(
            "[[farm]]\nname = \"farm\"\nhmac = \"{}\"\n[[farm.instance]]\nname = \"a\"\nsource = \"a*\"\n",
            key.md5
        );
        let policy = crate::policy::parse(&text, &[]).expect("a policy");
        farm.expected.keys = policy.farms[0].keys.clone();
        assert_eq!(marks_of(&farm, "hmac"), ".<<");
    }
}
