//! Steps that several repairs share, with the names and paths of the instance at hand.

use super::Step;
use crate::facts::{Bundle, CRYPTO_FILE, Snapshot};
use crate::farm::Member;
pub(super) use crate::repair::{quoted, shell_word};

/// What every repair that replaces keys must say.
pub(super) const OVERWRITE_WARNING: &str = "Before you overwrite keys: whatever the target has encrypted with its old ones becomes \
unreadable. Have the passwords of its SSL key store, trust store, SAML key store, mail service and replication agents at hand, to enter \
them again.";

/// KA-23909: IMS `client_secret` gets lost after a restart.
pub(super) const KA_23909: &str = "Adobe KA-23909: IMS client_secret is lost after a restart";
/// The recipe for moving keys from the JCR to files.
pub(super) const CQSUPPORT: &str = "github cqsupport/fix-instructions: move-crypto-keys";
/// The documentation of encapsulated tokens.
pub(super) const ENCAPSULATED_TOKEN: &str =
    "AEM 6.5, Encapsulated Token Support: Replicating the HMAC key";
/// What the user said.
pub(super) const POLICY: &str = "README: Policy and baseline";
/// Felix's own code.
pub(super) const FELIX_CACHE: &str = "Apache Felix Framework, BundleCache and BundleArchive";

/// Returns the data directory of a bundle on an instance, or the one that its keys were moved to, or words for it where its number is not known.
pub(super) fn data_directory(snapshot: &Snapshot, symbolic_name: &str) -> String {
    let moved = snapshot.moved_keys.first().filter(|_| symbolic_name == CRYPTO_FILE);
    if let Some((directory, _)) = moved.and_then(|file| file.place.path.rsplit_once('/')) {
        return directory.to_owned();
    }
    let bundles: Vec<&Bundle> = snapshot.bundles_named(symbolic_name).collect();
    let one_id =
        bundles.windows(2).all(|two| two.iter().all(|b| b.id == two.first().and_then(|b| b.id)));
    // A copy such as bundle21.bak beside bundle21 has its number too, and goes.
    let own = |b: &&&Bundle| b.id.is_some_and(|id| b.directory == format!("bundle{id}"));
    match bundles.as_slice() {
        [bundle] => format!("{}/data", bundle.place.path),
        _ => match bundles.iter().find(own).filter(|_| one_id) {
            Some(bundle) => format!("{}/data", bundle.place.path),
            None => format!("launchpad/felix/bundle{UNKNOWN}{symbolic_name}>/data"),
        },
    }
}

/// What stands for the number of a bundle that is not known.
const UNKNOWN: &str = "<id of ";

/// Returns the command that makes the data directory of a bundle, a word of a shell, where it is not there; `None` for one whose number
/// is not known. It makes nothing above it: in a wrong directory it fails.
pub(super) fn make(directory: &str) -> Option<String> {
    (!directory.contains(UNKNOWN)).then(|| format!("(test -d {directory} || mkdir {directory})"))
}

/// Returns a command that is run in a directory, a word of a shell, which is made before where it is not there.
pub(super) fn after_making(directory: &str, command: &str) -> String {
    make(directory).map_or_else(|| command.to_owned(), |make| format!("{make} && {command}"))
}

/// Returns the command that writes a word into a file, without a line end.
pub(super) fn print_word(word: &str, path: &str) -> String {
    format!("printf %s {word} > {path}")
}

/// What to do with files that are about to be replaced.
pub(super) const KEEP: &str = "Keep what is there; a file that is missing is told and does not matter, a directory that is there already \
needs another name";

/// Returns the directory for what is about to be replaced on an instance, as one word of a shell: no other instance has it.
pub(super) fn kept(what: &str, name: &str) -> String {
    shell_word(&kept_path(what, name))
}

/// Returns the path of a file in that directory, as one word of a shell.
pub(super) fn kept_file(what: &str, name: &str, file: &str) -> String {
    shell_word(&format!("{}/{file}", kept_path(what, name)))
}

fn kept_path(what: &str, name: &str) -> String {
    format!("{what}{}{}", Step::KEPT, name.replace('/', "-"))
}

/// Returns the command that keeps files, given as words of a shell, in a directory that is not there yet.
pub(super) fn copy_aside(what: &str, name: &str, files: &[&str]) -> String {
    let directory = kept(what, name);
    format!("mkdir -m 700 {directory} && cp -p {} {directory}/", files.join(" "))
}

/// Keeps files that are about to be replaced.
pub(super) fn keep(what: &str, name: &str, files: &[&str]) -> Step {
    Step::command(KEEP, &copy_aside(what, name, files))
}

/// Says that keys which were kept are still keys.
pub(super) fn remove_kept(name: &str) -> Step {
    let text = format!(
        "When everything works on {name}, remove what was kept and saved: whoever reads it has the keys."
    );
    Step::from(text).last()
}

/// Says the same where several instances get other keys.
pub(super) fn remove_all_kept() -> Step {
    Step::from(
        "When everything works, remove what was kept and saved: whoever reads it has the keys.",
    )
}

/// Saves the keys in the repository of an instance that gets other ones: nothing else reads what it has encrypted.
pub(super) fn keep_properties(name: &str) -> String {
    format!(
        "While {name} still runs, download its own hmac and master of /etc/key (CRXDE Lite) into a directory {}: without them nothing reads \
         what it has encrypted so far.",
        kept("properties", name)
    )
}

/// Marks steps that are done where an instance gets the keys of another one.
pub(super) fn settled_by_copy(name: &str, steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps.into_iter().map(|step| step.settled_by_copy(name)).collect()
}

/// Deletes the keys that are left in the repository, once those in files have proved themselves.
pub(super) fn delete_properties(name: &str) -> String {
    format!(
        "When logins and secrets work on {name}, delete the properties hmac and master of /etc/key, and restart once more."
    )
}

/// Makes a directory, a word of a shell, where it is not there.
pub(super) fn make_directory(directory: &str) -> Option<Step> {
    Some(Step::command("Make the directory, where it is not there", &make(directory)?))
}

/// Makes an instance that is stopped use key files, which are in place.
pub(super) fn switch(name: &str, storage: &str) -> [Step; 2] {
    let lead =
        format!("On {name}, write the file storage anew; do not edit it, editors add a newline");
    let write = Step::command(&lead, &print_word("Bundle", storage));
    let check = Step::command("Check that it has 6 bytes", &format!("wc -c {storage}"));
    [write.last(), check.last()]
}

/// Gets the keys of an instance out of its repository, where there are no files to copy.
pub(super) fn download_keys(member: &Member) -> String {
    format!(
        "On {}, which keeps its keys in the JCR, save the binary properties hmac and master of /etc/key (CRXDE Lite) as the \
         files hmac and master.",
        member.name
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::repair::key_repair;
    use crate::rules::storage_repair::write_storage;
    use crate::testing::{Instance, farm};

    #[test]
    fn archives_inside_a_source_are_not_on_the_instance() {
        let packed = |mut i: Instance| {
            for bundle in &mut i.snapshot.bundles {
                bundle.place.path.insert_str(0, "case/a.tar.gz!/");
            }
            i.storage(b"Bundle\n")
        };
        let farm = farm().with("a", packed).build();
        let steps = write_storage(&key_repair(&farm), &farm.members[0]).join("\n");
        assert!(steps.contains("Bundle > 'crx-quickstart/launchpad/felix/bundle1/"), "{steps}");
        assert!(!steps.contains("!/"), "{steps}");
    }
}
