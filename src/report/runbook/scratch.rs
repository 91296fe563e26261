//! The directories in which keys lie while a farm is repaired.

use crate::rules::{Excuse, Judged, KeyRepair, Step};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Returns the directory through which the keys of each farm go: with its name where there are several, which may share machines.
pub(super) fn names(farms: &[Judged]) -> Vec<String> {
    if farms.len() < 2 {
        return farms.iter().map(|_| "keys".to_owned()).collect();
    }
    let mut taken = BTreeSet::new();
    farms.iter().map(|judged| unique(&judged.farm.name, &mut taken)).collect()
}

/// Returns a name that is plain to a shell and that no other farm has.
fn unique(farm: &str, taken: &mut BTreeSet<String>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain: String = farm.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    let plain = format!("keys-{plain}");
    let numbered = (2..=u32::MAX).map(|number| format!("{plain}-{number}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    // Files may not tell upper from lower case.
    let name = names.find(|name| taken.insert(name.to_lowercase()));
    name.unwrap_or(plain)
}

/// Says what to remove in the end, where something was kept.
pub(super) fn clean_up(judged: &Judged, scratch: &str, out: &mut dyn Write) -> io::Result<()> {
    let counts = judged
        .findings
        .iter()
        .filter(|found| !matches!(found.excuse, Some(Excuse::Suppressed { .. })));
    let mut commands = counts.flat_map(|found| &found.hit.fix).filter_map(|step| step.parts().1);
    let is_copied = matches!(judged.key_repair, Some(KeyRepair::Copy(_)));
    let is_kept = commands.any(|command| command.contains(Step::KEPT));
    let what = match (is_copied, is_kept) {
        (true, _) => format!("the directory `{scratch}` and those"),
        (false, true) => "the files and directories that were made for this: key files that were saved or brought, and directories".to_owned(),
        (false, false) => return Ok(()),
    };
    writeln!(
        out,
        "## Clean up\n\nWhen everything works, remove {what} with `{}` in their names from all machines: whoever reads them has the keys.\n",
        Step::KEPT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_plain_and_that_of_one_farm() {
        let mut taken = BTreeSet::new();
        let names = ["east", "a b", "a/b", "A-B", "$(id)"].map(|farm| unique(farm, &mut taken));
        assert_eq!(names, ["keys-east", "keys-a-b", "keys-a-b-2", "keys-A-B-3", "keys---id-"]);
    }
}
