//! Steps that several repairs share, with the names and paths of the instance at hand.

use crate::facts::{CRYPTO, CRYPTO_FILE, KeyName, Snapshot};
use crate::farm::Member;

/// What every repair that replaces keys must say.
pub(super) const OVERWRITE_WARNING: &str = "Before you overwrite keys: whatever the target has encrypted with its old ones becomes \
unreadable. Have the passwords of its SSL key store, trust store, SAML key store, mail service and replication agents at hand, to enter \
them again.";

/// KA-23909: IMS `client_secret` gets lost after a restart.
pub(super) const KA_23909: &str = "Adobe KA-23909: IMS client_secret is lost after a restart";
/// The documentation of encapsulated tokens.
pub(super) const ENCAPSULATED_TOKEN: &str =
    "AEM 6.5, Encapsulated Token Support: Replicating the HMAC key";
/// Felix's own code.
pub(super) const FELIX_CACHE: &str = "Apache Felix Framework, BundleCache and BundleArchive";

/// Returns the data directory of a bundle on an instance, or words for it where its number is not known.
pub(super) fn data_directory(snapshot: &Snapshot, symbolic_name: &str) -> String {
    let mut bundles = snapshot.bundles_named(symbolic_name);
    match (bundles.next(), bundles.next()) {
        (Some(bundle), None) => format!("{}/data", bundle.place.path),
        _ => format!("launchpad/felix/bundle<id of {symbolic_name}>/data"),
    }
}

/// Stops an instance.
pub(super) fn stop(member: &Member) -> String {
    format!("Stop {}.", member.name)
}

/// Starts an instance.
pub(super) fn start(member: &Member) -> String {
    format!("Start {}.", member.name)
}

/// Writes `storage` anew, without a line end.
pub(super) fn write_storage(member: &Member, mode: &str) -> Vec<String> {
    let path = format!("{}/storage", data_directory(&member.snapshot, CRYPTO));
    let bytes = mode.len();
    vec![
        stop(member),
        format!(
            "On {}, replace the file; do not edit it, editors add a newline: printf %s {mode} > '{path}'",
            member.name
        ),
        format!("Check that it has {bytes} bytes: wc -c '{path}'"),
        start(member),
    ]
}

/// Copies both keys from one instance to others. They belong together, so they are always copied together.
pub(super) fn copy_keys(source: &Member, reason: &str, targets: &[&Member]) -> Vec<String> {
    let from = data_directory(&source.snapshot, CRYPTO_FILE);
    let mut steps = vec![
        format!("Take {} as the source: {reason}.", source.name),
        OVERWRITE_WARNING.to_owned(),
    ];
    for target in targets.iter().filter(|target| target.name != source.name) {
        let to = data_directory(&target.snapshot, CRYPTO_FILE);
        steps.push(stop(target));
        steps.push(format!(
            "Copy both files '{from}/hmac' and '{from}/master' of {} into '{to}/' of {}, in binary mode.",
            source.name, target.name
        ));
        steps.push(start(target));
    }
    steps.push(compare_sums(source));
    steps
}

fn compare_sums(source: &Member) -> String {
    let sums: Vec<String> = KeyName::ALL
        .into_iter()
        .filter_map(|name| Some(format!("{} for {name}", source.known_key(name)?.value.md5)))
        .collect();
    if sums.is_empty() {
        return "Compare the md5 sums of both files on all instances: md5sum hmac master"
            .to_owned();
    }
    format!("Check with md5sum hmac master: it must print {} everywhere.", sums.join(" and "))
}

/// Moves the keys of an instance from the repository to files: the steps of KA-23909 with this instance's numbers.
pub(super) fn leave_the_jcr(member: &Member) -> Vec<String> {
    let name = &member.name;
    let storage = format!("{}/storage", data_directory(&member.snapshot, CRYPTO));
    let keys = data_directory(&member.snapshot, CRYPTO_FILE);
    vec![
        format!(
            "On {name}, save the binary properties hmac and master of /etc/key (CRXDE Lite) as the files hmac and master."
        ),
        stop(member),
        format!("Put both files into '{keys}/', in binary mode."),
        format!(
            "Replace the file; do not edit it, editors add a newline: printf %s Bundle > '{storage}'"
        ),
        start(member),
        format!(
            "Check on {name}: md5sum '{keys}/hmac' '{keys}/master' must equal the sums of the saved properties."
        ),
        format!(
            "When logins and secrets work on {name}, delete the properties hmac and master of /etc/key, and restart once more."
        ),
    ]
}
