//! The copying of keys, with commands.

use super::text::{code, commands, prose, steps};
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

/// Returns what is left of the steps of a finding when the keys are copied.
pub(super) fn without(fix: &[Step], repair: Option<&KeyRepair>) -> Vec<Step> {
    let Some(repair) = repair else { return fix.to_vec() };
    if let Some(rest) = fix.strip_suffix(repair.steps().as_slice()) {
        return rest.to_vec();
    }
    let KeyRepair::Copy(copy) = repair else { return fix.to_vec() };
    copy.targets.iter().fold(fix.to_vec(), |rest, target| cut_out(&rest, &target.replaced))
}

/// Removes a run of steps.
fn cut_out(steps: &[Step], run: &[Step]) -> Vec<Step> {
    let length = run.len().max(1);
    let start = steps.windows(length).position(|window| window == run);
    let Some((before, rest)) = start.and_then(|at| steps.split_at_checked(at)) else {
        return steps.to_vec();
    };
    before.iter().chain(rest.iter().skip(length)).cloned().collect()
}

/// Writes how the keys are made equal.
pub(super) fn write(repair: &KeyRepair, out: &mut dyn Write) -> io::Result<()> {
    match repair {
        KeyRepair::Copy(copy) => {
            before(copy, out)?;
            take(copy, out)?;
            copy.targets.iter().try_for_each(|target| give(copy, target, out))?;
            writeln!(
                out,
                "## Clean up\n\nWhen everything works, remove the directory `keys` and those with `-before-` in their names from all machines: whoever reads them has the keys.\n"
            )
        }
        KeyRepair::FindOut(own) => {
            writeln!(out, "## Find out whose keys are right\n")?;
            steps(own, out)
        }
    }
}

fn before(copy: &KeyCopy, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = copy.targets.iter().map(|target| prose(&target.name)).collect();
    writeln!(out, "## Before you start\n")?;
    writeln!(out, "Source of the keys: **{}**, for {}.", prose(&copy.source), copy.reason)?;
    writeln!(out, "They go to: {}.", names.join(", "))?;
    let left_out: Vec<String> = copy.left_out.iter().map(|name| prose(name)).collect();
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
fn take(copy: &KeyCopy, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## On {}: take the keys\n", prose(&copy.source))?;
    let sums = "md5sum keys/hmac keys/master".to_owned();
    let make = "mkdir -m 700 keys".to_owned();
    if let Some([hmac, master]) = &copy.files {
        commands("", &[format!("{make} && cp {hmac} {master} keys/"), sums], out)?;
    } else {
        writeln!(
            out,
            "It keeps its keys in the JCR. Make a directory `keys`, and save the binary properties hmac and master of /etc/key (CRXDE Lite) in it, as `hmac` and `master`."
        )?;
        commands("", &[make, sums], out)?;
    }
    writeln!(
        out,
        "The sums must be those above. Bring the directory `keys` to the machines below in binary mode, such as with `scp -r`, and by no way on which others can read it.\n"
    )
}

/// Writes how one instance gets the keys.
fn give(copy: &KeyCopy, target: &KeyTarget, out: &mut dyn Write) -> io::Result<()> {
    let KeyTarget { name, directory, files: [hmac, master], .. } = target;
    writeln!(out, "## On {}: put the keys\n", prose(name))?;
    if let Some(save) = &target.save {
        writeln!(out, "{}\n", prose(save))?;
    }
    for (id, bundle) in &target.bundles {
        writeln!(out, "- {bundle} is bundle {id}.")?;
    }
    writeln!(
        out,
        "\n1. Stop the instance.\n2. Keep what is there; a file that is missing is told and does not matter, a directory that is there already needs another name:"
    )?;
    commands("   ", std::slice::from_ref(&target.keep), out)?;
    writeln!(out, "3. Put both files in place:")?;
    let put = [
        format!("mkdir -p {directory}"),
        format!("cp keys/hmac keys/master {directory}"),
        format!("chmod 600 {hmac} {master}"),
    ];
    commands("   ", &put, out)?;
    writeln!(out, "4. Compare:")?;
    commands("   ", &[format!("md5sum {hmac} {master}")], out)?;
    if let Some([hmac, master]) = &copy.sums {
        writeln!(out, "   It must print {} for hmac and {} for master.", code(hmac), code(master))?;
    }
    if let Some(storage) = &target.storage {
        writeln!(
            out,
            "5. Make the instance use the files. Do not edit this one, editors add a newline; it must have 6 bytes:"
        )?;
        let switch = [format!("printf %s Bundle > {storage}"), format!("wc -c {storage}")];
        commands("   ", &switch, out)?;
    } else {
        writeln!(
            out,
            "5. Its `storage` says Bundle already; leave it as it is, unless another part of this text says otherwise."
        )?;
    }
    writeln!(
        out,
        "6. Start the instance.\n7. Enter again what cannot be read any more (the list above), and try a login."
    )?;
    if !target.ims.is_empty() {
        let pids: Vec<String> = target.ims.iter().map(|pid| code(pid)).collect();
        writeln!(out, "   Here that includes the client secret of {}.", pids.join(", "))?;
    }
    if target.storage.is_some() {
        writeln!(out, "8. {}", prose(&target.delete_properties()))?;
    }
    writeln!(out)
}
