//! What the helps and the man pages say besides subcommands and options. Lines fit 80 columns: an example that is broken in two cannot be copied.

/// Runs to begin with, and what each gives.
pub(super) const RUNS: [(&str, &str); 5] = [
    ("aemtrix scan uploads/", "the farm in a folder"),
    ("aemtrix scan -o case.html -o repair.sh uploads/", "a page, and the repair"),
    ("aemtrix scan --policy farm.toml --digests uploads/", "a gate before go-live"),
    ("aemtrix diff before/ after/", "what changed"),
    ("aemtrix rules hmac-differs", "what a finding means"),
];

/// What the exit codes mean.
pub(super) const EXIT_CODES: [(&str, &str); 3] = [
    ("0", "clean"),
    ("1", "findings at or above --fail-on"),
    ("2", "wrong usage, evidence incomplete, or output not written"),
];

/// What an upload needs at least.
pub(super) const UPLOAD: &str =
    "A small archive is enough for the keys, made inside crx-quickstart:";

/// The command that makes it.
pub(super) const UPLOAD_LINES: [&str; 4] = [
    "tar czf publish1.tar.gz conf bin launchpad/conf launchpad/config \\",
    "    launchpad/felix/bundle*/bundle.info \\",
    "    launchpad/felix/bundle*/data/{hmac,master,storage} \\",
    "    launchpad/felix/bundle*/data/sling.{id,options}.file",
];

/// What shows more when it is added.
pub(super) const UPLOAD_MORE: &str = "\
Add the directory that com.adobe.granite.crypto.keys.path names, where it is
set; launchpad/felix/bundle*/version* for exact bundle versions; and logs for
signs of trouble.";

/// What a run without arguments shows.
pub(super) const BEGIN: &str = "\
aemtrix: do the instances of an AEM farm agree on their crypto keys, and if not, why not?

  aemtrix scan uploads/                             the farm whose uploads are in a folder
  aemtrix scan author.tar.gz publish1.zip /opt/aem  or those that are named
  aemtrix rules hmac-differs                        what a finding means

`aemtrix --help` lists the subcommands, `aemtrix scan -h` the options that are used most.
";

/// Returns how a subcommand is run that lacks what it is about.
pub(super) fn example(subcommand: &str) -> Option<&'static str> {
    match subcommand {
        "scan" => Some("aemtrix scan uploads/"),
        "report" => Some("aemtrix report facts/"),
        "diff" => Some("aemtrix diff before/ after/"),
        "verify" => Some("aemtrix verify audit.json uploads/"),
        _ => None,
    }
}

/// Returns what the short help ends with.
pub(super) fn short() -> String {
    let runs = RUNS.map(|(command, what)| format!("  {command:<50}  {what}\n")).concat();
    let codes = EXIT_CODES.map(|(code, when)| format!("\n  {code}  {when}")).concat();
    format!(
        "aemtrix help TOPIC explains inputs, verdicts, rules, policy, output, scale-out,\n\
         page, limits, words.\n\nExamples:\n{runs}\nExit codes:{codes}"
    )
}

/// Returns what the long help ends with.
pub(super) fn long() -> String {
    let lines = UPLOAD_LINES.map(|line| format!("  {line}\n")).concat();
    format!("{UPLOAD}\n{lines}{UPLOAD_MORE}\n\n{}", short())
}
