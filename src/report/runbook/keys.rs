//! The copying of keys, with commands.

use super::text::{code, commands, indent, item, name as spoken, prose, steps};
use crate::rules::{KeyCopy, KeyRepair, KeyTarget, Step};
use std::io::{self, Write};

/// What was encrypted with the keys that are replaced.
const ENCRYPTED: [&str; 7] = [
    "the password of the SSL key store",
    "the password of the trust store",
    "the passwords of the SAML key store and of other key stores of users",
    "the password of the mail service",
    "the passwords of replication agents",
    "the IMS client secret",
    "every other value in braces, `{…}`, in OSGi configurations",
];

/// Writes how the keys are made equal, by way of a directory.
pub(super) fn write(repair: &KeyRepair, scratch: &str, out: &mut dyn Write) -> io::Result<()> {
    match repair {
        KeyRepair::Copy(copy) => {
            before(copy, out)?;
            take(copy, scratch, out)?;
            copy.targets.iter().try_for_each(|target| give(copy, target, scratch, out))
        }
        KeyRepair::FindOut(own) => {
            writeln!(out, "## Find out whose keys are right\n")?;
            steps(own, out)
        }
        KeyRepair::Nothing(own) => {
            writeln!(out, "## Leave the keys\n")?;
            steps(own, out)
        }
    }
}

fn before(copy: &KeyCopy, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = copy.targets.iter().map(|target| spoken(&target.name)).collect();
    writeln!(out, "## Before you start\n")?;
    writeln!(out, "Source of the keys: **{}**, for {}.", spoken(&copy.source), copy.reason)?;
    writeln!(out, "They go to: {}.", names.join(", "))?;
    let left_out: Vec<String> = copy.left_out.iter().map(|name| spoken(name)).collect();
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        writeln!(out, "They do not go to: {names}. The policy accepts the keys that are there.")?;
    }
    writeln!(out)?;
    if let Some([hmac, master]) = &copy.sums {
        writeln!(out, "| file | md5 |\n|---|---|\n| hmac | `{hmac}` |\n| master | `{master}` |\n")?;
    }
    writeln!(out, "- Read this text to its end first.")?;
    copy.first.iter().try_for_each(|step| writeln!(out, "- {}", prose(step)))?;
    writeln!(out, "- Have a backup of every instance that gets other keys.")?;
    writeln!(
        out,
        "- What those instances have encrypted with their old keys becomes unreadable. Have at hand, to enter it again:"
    )?;
    ENCRYPTED.iter().try_for_each(|what| writeln!(out, "  - [ ] {what}"))?;
    writeln!(
        out,
        "- Run the commands as the user that runs AEM, in the directory where the paths below begin.\n"
    )
}

/// Writes how to get the keys from where they are right.
fn take(copy: &KeyCopy, scratch: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## On {}: take the keys", spoken(&copy.source))?;
    let sums = format!("md5sum {scratch}/hmac {scratch}/master");
    let make = format!("mkdir -m 700 {scratch}");
    writeln!(
        out,
        "\nA directory `{scratch}` that is there already is of something else: move it away first."
    )?;
    if let Some([hmac, master]) = &copy.files {
        commands("", &[format!("{make} && cp {hmac} {master} {scratch}/"), sums], out)?;
    } else {
        writeln!(out, "\nIt keeps its keys in the JCR. Make a directory:")?;
        commands("", &[make], out)?;
        writeln!(
            out,
            "Save the binary properties hmac and master of /etc/key (CRXDE Lite) in it, as `hmac` and `master`, and look at their sums:"
        )?;
        commands("", &[sums], out)?;
    }
    writeln!(
        out,
        "The sums must be those above. Bring the directory `{scratch}` to the machines below in binary mode, such as with `scp -r`, and by no way on which others can read it.\n"
    )
}

/// A numbered list that is written item by item.
struct List<'o> {
    out: &'o mut dyn Write,
    number: usize,
}

impl List<'_> {
    fn item(&mut self, text: &str) -> io::Result<()> {
        self.number = self.number.saturating_add(1);
        writeln!(self.out, "{}. {text}", self.number)
    }

    fn commands(&mut self, text: &str, own: &[String]) -> io::Result<()> {
        self.item(&format!("{text}:"))?;
        commands(&indent(self.number), own, self.out)
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        self.number = self.number.saturating_add(1);
        item(self.number, step, self.out)
    }
}

/// Writes how one instance gets the keys, and what else is done while it is stopped.
fn give(copy: &KeyCopy, target: &KeyTarget, scratch: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## On {}: put the keys\n", spoken(&target.name))?;
    for step in &target.first {
        writeln!(out, "{}\n", prose(step))?;
    }
    if let Some(save) = &target.save {
        writeln!(out, "{}\n", prose(save))?;
    }
    for (id, bundle) in &target.bundles {
        writeln!(out, "- {bundle} is bundle {id}.")?;
    }
    if !target.bundles.is_empty() {
        writeln!(out)?;
    }
    let mut list = List { out: &mut *out, number: 0 };
    put(copy, target, scratch, &mut list)?;
    target.also.iter().try_for_each(|step| list.step(step))?;
    list.item("Start the instance.")?;
    list.item("Enter again what cannot be read any more (the list above), and try a login.")?;
    if !target.ims.is_empty() {
        let pids: Vec<String> = target.ims.iter().map(|pid| code(pid)).collect();
        let indent = indent(list.number);
        writeln!(list.out, "{indent}Here that includes the client secret of {}.", pids.join(", "))?;
    }
    if target.in_jcr {
        list.item(&prose(&target.delete_properties()))?;
    }
    writeln!(out)
}

fn put(copy: &KeyCopy, target: &KeyTarget, scratch: &str, list: &mut List<'_>) -> io::Result<()> {
    let KeyTarget { directory, files: [hmac, master], .. } = target;
    list.item("Stop the instance.")?;
    list.commands(
        "Keep what is there; a file that is missing is told and does not matter, a directory that is there already needs another name",
        std::slice::from_ref(&target.keep),
    )?;
    let [make_keys, make_storage] = target.make.clone();
    let put = [
        format!("cp {scratch}/hmac {scratch}/master {directory}"),
        format!("chmod 600 {hmac} {master}"),
    ];
    let put: Vec<String> = make_keys.into_iter().chain(put).collect();
    list.commands("Put both files in place", &put)?;
    list.commands("Compare", &[format!("md5sum {hmac} {master}")])?;
    if let Some([hmac, master]) = &copy.sums {
        let (hmac, master) = (code(hmac), code(master));
        writeln!(list.out, "   It must print {hmac} for hmac and {master} for master.")?;
    }
    match &target.storage {
        Some([_, storage]) => list.commands(
            "Only when these sums are right, make the instance use the files. Do not edit this one, editors add a newline; it must have 6 bytes",
            &make_storage
                .into_iter()
                .chain([format!("printf %s Bundle > {storage}"), format!("wc -c {storage}")])
                .collect::<Vec<_>>(),
        ),
        None if target.is_storage_known => {
            list.item("Its `storage` says Bundle already; leave it as it is.")
        }
        None => list.item(
            "Its `storage` did not come, so nothing here says whether it uses these files: it must hold the 6 bytes `Bundle` and no newline.",
        ),
    }
}
