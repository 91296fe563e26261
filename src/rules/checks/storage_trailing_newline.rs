//! `storage-trailing-newline`: the word in `storage` is followed by a line end.

use super::fold::folded;
use super::references::KA_23909;
use crate::facts::StorageMode;
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-trailing-newline",
    severity: Severity::Error,
    compares: false,
    summary: "`storage` ends in a newline",
    effect: "Do not restart the instance before this is repaired: it may make new keys.",
    why: "`storage` must be the word alone: the 6 bytes `Bundle`, or the 3 bytes `JCR`. A line end after it is documented as not \
          allowed; editors such as vi add one when they save the file.",
    fix: "Replace the file; do not edit it: printf %s Bundle > storage",
    references: &[KA_23909],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(on).collect()
}

fn on(member: &Member) -> Vec<Hit> {
    let files = member.snapshot.storage_in_place();
    let words = files
        .filter(|file| file.storage.problem.is_none() && file.storage.mode != StorageMode::Unknown);
    let found = words.filter_map(|file| Some((file, file.storage.line_end?))).collect();
    folded(
        found,
        |(file, _)| vec![&file.place],
        |(file, line_end)| {
            let (storage, mode) = (file.storage, file.storage.mode.to_string());
            let message = format!(
                "storage of {} ends in {line_end}: {} bytes instead of {}",
                member.name,
                storage.bytes,
                mode.len()
            );
            Hit::on(member, message).at([&file.place]).needs([Need::Storage(member.name.clone())])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn message(storage: &[u8]) -> Option<String> {
        let hits = check(&farm().with("a", |i| i.storage(storage)).build());
        hits.into_iter().next().map(|hit| hit.message)
    }

    #[test]
    fn word_alone_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
        assert_eq!(message(b"JCR"), None);
    }

    #[test]
    fn both_line_ends_are_found() {
        assert_eq!(
            message(b"Bundle\n").unwrap(),
            "storage of a ends in a newline (LF): 7 bytes instead of 6"
        );
        assert_eq!(
            // `echo` ends its line, and that of Windows with two bytes.
            message(b"JCR\r\n").unwrap(),
            "storage of a ends in a Windows line end (CR LF): 5 bytes instead of 3"
        );
    }

    #[test]
    fn other_text_with_a_newline_is_another_fault() {
        assert_eq!(message(b"Files\n"), None);
        assert_eq!(message(b"bundle\n"), None);
    }
}
