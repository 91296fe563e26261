//! The registries: every rule, format and row has its own name, says what it is, and is known where users look.

use crate::cases;
use crate::run::aemtrix;
use aemtrix::farm::ROWS;
use aemtrix::report::FORMATS;
use aemtrix::rules::{RULES, Rule};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rules that no case can show, and the unit test that does.
const SHOWN_BY_UNIT_TEST: &[(&str, &str)] = &[
    ("key-replaced", "key_that_is_newer_than_the_install_is_told_with_what_began_behind_it"),
    ("key-unreadable", "key_that_nobody_may_read_is_told"),
    ("key-umask", "mode_of_the_whole_farm_is_told_once"),
    ("pair-times-differ", "keys_that_were_written_apart_are_told"),
    ("storage-edited", "storage_that_is_newer_than_the_keys_is_told"),
];

/// Longest summary, in characters: a line of a table.
const SUMMARY_CHARS_MAX: usize = 79;

/// Longest effect, in characters.
const EFFECT_CHARS_MAX: usize = 88;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The file of a rule. Those of signs in logs are one table.
fn file_of(rule: &Rule) -> PathBuf {
    let checks = home().join("src/rules/checks");
    let own = checks.join(format!("{}.rs", rule.id.replace('-', "_")));
    if rule.id.starts_with("log-") && !own.exists() { checks.join("log_signs.rs") } else { own }
}

fn is_kebab_case(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.split('-').all(is_word)
}

/// The names, none of which may come twice.
fn unique<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeSet<&'n str> {
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name), "{name} comes twice");
    }
    seen
}

#[test]
fn rules_have_names_of_their_own() {
    assert!(unique(RULES.iter().map(|rule| rule.id)).into_iter().all(is_kebab_case));
}

#[test]
fn every_rule_is_in_the_file_of_its_name() {
    for rule in RULES {
        let text =
            fs::read_to_string(file_of(rule)).unwrap_or_else(|_| panic!("no file for {}", rule.id));
        assert!(text.contains(&format!("id: \"{}\"", rule.id)), "{}", rule.id);
        let is_named =
            [rule.id, "log-…"].iter().any(|id| text.starts_with(&format!("//! `{id}`: ")));
        assert!(is_named, "{}", rule.id);
    }
}

#[test]
fn every_file_with_a_rule_is_registered() {
    let known: BTreeSet<_> = RULES.iter().map(|rule| file_of(rule)).collect();
    for entry in fs::read_dir(home().join("src/rules/checks")).unwrap() {
        let path = entry.unwrap().path();
        // The tests of a rule may have a file of their own.
        if path.is_dir() {
            continue;
        }
        let has_rule = fs::read_to_string(&path).unwrap().contains(": Rule = Rule {");
        assert_eq!(has_rule, known.contains(&path), "{}", path.display());
    }
}

#[test]
fn every_rule_says_why_and_what_to_do() {
    for rule in RULES {
        for (what, text) in [
            ("summary", rule.summary),
            ("effect", rule.effect),
            ("why", rule.why),
            ("fix", rule.fix),
        ] {
            assert!(!text.trim().is_empty() && text.trim() == text, "{} of {}", what, rule.id);
            assert!(!text.contains("  ") && !text.contains('\n'), "{} of {}", what, rule.id);
        }
        assert!(rule.summary.chars().count() <= SUMMARY_CHARS_MAX, "{}", rule.id);
        assert!(!rule.summary.ends_with('.'), "{}", rule.id);
        assert!(rule.why.ends_with(['.', ')']), "{}", rule.id);
        assert!(rule.effect.ends_with('.') && !rule.effect.contains(". "), "{}", rule.id);
        // It stands on one line of a terminal.
        assert!(rule.effect.chars().count() <= EFFECT_CHARS_MAX, "{}", rule.id);
        assert!(!rule.references.is_empty(), "{}", rule.id);
        assert!(rule.references.iter().all(|reference| !reference.is_empty()), "{}", rule.id);
    }
}

/// Rule, severity and summary of each line of the table.
fn table_of(text: &str) -> Vec<(&str, &str, &str)> {
    let lines = text.lines().skip_while(|line| !line.starts_with("| rule | severity |")).skip(2);
    lines
        .map_while(|line| line.strip_prefix('|'))
        .filter_map(|line| {
            let cells: Vec<&str> =
                line.trim_end_matches('|').splitn(3, " | ").map(str::trim).collect();
            cells.try_into().ok()
        })
        .map(|[id, severity, summary]: [&str; 3]| (id.trim_matches('`'), severity, summary))
        .collect()
}

#[test]
fn manual_lists_the_rules() {
    let manual = fs::read_to_string(home().join("src/manual/rules.md")).unwrap();
    let known: Vec<_> =
        RULES.iter().map(|rule| (rule.id, rule.severity.label(), rule.summary)).collect();
    assert_eq!(table_of(&manual), known);
}

#[test]
fn every_rule_fires_in_a_case() {
    let cases = cases::all();
    let findings = cases.iter().flat_map(|case| &case.expect.findings);
    let mut shown: BTreeSet<_> = findings.filter_map(|finding| finding.split(' ').next()).collect();
    for (rule, test) in SHOWN_BY_UNIT_TEST {
        assert!(shown.insert(rule), "{rule} is shown by a case: take it off the list");
        let rule = RULES.iter().find(|known| known.id == *rule).expect("a rule of this name");
        let text = fs::read_to_string(file_of(rule)).unwrap();
        assert!(text.contains(&format!("fn {test}()")), "{test}");
    }
    let known: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(shown, known);
}

#[test]
fn command_line_lists_and_explains_every_rule() {
    let said = |arguments: &[&str]| {
        let output = aemtrix().arg("rules").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let list = said(&[]);
    let listed: Vec<_> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(listed, RULES.iter().map(|rule| rule.id).collect::<Vec<_>>());
    for rule in RULES {
        let explained = said(&[rule.id]).split_whitespace().collect::<Vec<_>>().join(" ");
        for text in [rule.summary, rule.why, rule.fix] {
            assert!(explained.contains(text), "{}: {text}", rule.id);
        }
    }
}

#[test]
fn formats_have_names_and_extensions_of_their_own() {
    assert!(unique(FORMATS.iter().map(|format| format.name)).into_iter().all(is_kebab_case));
    unique(FORMATS.iter().flat_map(|format| format.extensions).copied());
    for format in FORMATS {
        assert!(!format.extensions.is_empty() && !format.summary.is_empty(), "{}", format.name);
    }
}

#[test]
fn rows_have_names_and_titles_of_their_own() {
    assert!(unique(ROWS.iter().map(|row| row.fact)).into_iter().all(is_kebab_case));
    unique(ROWS.iter().map(|row| row.title));
}

#[test]
fn readme_and_help_name_the_same_files_to_pack() {
    let help = aemtrix().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let command = |text: &str| -> Vec<String> {
        let lines = text.lines().skip_while(|line| !line.trim().starts_with("tar czf"));
        lines.take(4).map(|line| line.trim().to_owned()).collect()
    };
    let readme = include_str!("../../README.md");
    assert_eq!(command(&help), command(readme));
    assert_eq!(command(&help).len(), 4);
}

/// Every field of the limits, and the row of the manual that has it, by its first words and its number.
const BOUNDS: &[(&str, &str, &str)] = &[
    ("unpacked_bytes_max", "bytes that a source may unpack to", "1 TiB"),
    ("ratio_max", "bytes that a source may unpack to for each of its own", "2,000"),
    ("unratioed_bytes_max", "bytes that a source may unpack to for each of its own", "4 GiB"),
    ("entries_max", "entries of a source", "50,000,000"),
    ("nesting_max", "compressions around an archive", "2"),
    ("inner_depth_max", "archives inside a source", "2 deep"),
    ("inner_archives_max", "archives inside a source", "1,000"),
    ("window_bytes_max", "what unpacking zstd or xz may look back on", "8 MiB"),
    ("extension_bytes_max", "one tar extension header", "1 MiB"),
    ("path_bytes_max", "one path or link target", "4,096"),
    ("user_bytes_max", "one user name", "256"),
    ("padding_bytes_max", "zeros after an archive", "1 MiB"),
    ("zeros_bytes_max", "zeros in a row in a tar", "1 GiB"),
    ("evidence_max", "pieces of evidence of a source", "100,000"),
    ("names_bytes_max", "names of those", "12 MiB"),
    ("instances_max", "instances of a source", "1,000"),
    ("segment_files_max", "files of segment stores", "10,000"),
    ("restart_bytes_max", "places to start from again", "3 MiB"),
    ("stretch_bytes_max", "what was unpacked again", "1 MiB"),
    ("repeated_bytes_max", "bytes that are unpacked again for the segment stores", "32 GiB"),
    ("rewound_bytes_max", "bytes that are unpacked again for the segment stores", "4 GiB"),
    ("links_max", "pieces of evidence of a source; symbolic links of it", "10,000"),
    ("gaps_max", "gaps of a source", "100"),
    ("log_bytes_max", "one packed log", "16 GiB"),
    ("log_ratio_max", "one packed log", "400 times"),
    ("log_unratioed_bytes_max", "one packed log", "4 MiB"),
    ("settings_max", "settings of one file", "256"),
    ("settings_bytes_max", "settings of one file", "32 KiB"),
    ("substitutions_max", "commands inside the commands of a script", "256"),
    ("substitution_bytes_max", "commands inside the commands of a script", "1,024"),
    ("setting_gaps_max", "gaps of the settings of one install", "100"),
    ("includes_max", "files that one setting may include", "64"),
    ("compared_installs_max", "installs of one source with which a file of none", "64"),
    (
        "script_path_parts_max",
        "files that one setting may include; directories of one path in a script",
        "64",
    ),
    ("shared_gaps_max", "gaps of a source that its instances share", "4,000"),
    ("link_hops_max", "symbolic links one after the other", "40"),
    ("known_links_max", "links of which it is kept where they lead", "1,000"),
    ("aliases_max", "links to one piece of evidence", "64"),
    ("claiming_links_max", "links beside installs", "100"),
    ("root_links_max", "links around installs", "1,000"),
    ("root_links_kept_max", "links around installs that may name the one in use; kept", "16"),
    ("log_directories_max", "directories with logs that a link", "1,000"),
    ("written_through_max", "entries below links of an archive", "100"),
    ("hollow_directories_max", "directories that are kept to find those", "20,000"),
    ("hollow_notes_max", "directories that are kept to find those", "3 notes"),
    ("hollow_depth_max", "directories that are kept to find those", "4 deep"),
    ("jcr_children_max", "configurations in a repository", "2,000"),
    ("jcr_configurations_max", "configurations in a repository", "256"),
    ("revisions_max", "older states of one segment store", "128 revisions"),
    ("past_segments_max", "older states of one segment store", "512 segments"),
    ("revision_samples_max", "older states of one segment store", "64 of them"),
    ("revisions_gone_max", "older states of one segment store", "3 lost"),
    ("checkpoints_max", "older states of one segment store", "64 checkpoints"),
    ("secrets_max", "protected values of a run", "100,000"),
    ("secrets_bytes_max", "protected values of a run", "16 MiB"),
    ("secret_chars_max", "protected values of a run", "8,192 characters"),
    ("masters_max", "protected values of a run", "10,000 keys"),
    ("secret_trials_max", "protected values of a run", "2,000,000 times"),
    ("waiting_sources_max", "sources whose facts wait", "256"),
    ("secret_runs_max", "runs of which saved facts say what they tried", "64"),
    ("secret_nodes_max", "nodes of a repository that are visited", "100,000"),
    ("secret_segments_max", "nodes of a repository that are visited", "256 segments"),
    ("secret_file_bytes_max", "nodes of a repository that are visited", "64 KiB"),
    ("secret_files_bytes_max", "nodes of a repository that are visited", "2 MiB together"),
    ("stored_secrets_max", "nodes of a repository that are visited", "1,000 values"),
    ("users", "users of repositories", "`--no-users`"),
    ("users_max", "users of repositories", "1,000,000"),
    ("user_nodes_max", "users of repositories", "5,000,000 nodes"),
    ("user_nodes_waiting_max", "users of repositories", "2,000,000 at a time"),
    ("user_segments_max", "users of repositories", "8,192 segments"),
    ("key_store_nodes_max", "users that are visited for the passwords", "1,000 nodes"),
    ("key_store_segments_max", "users that are visited for the passwords", "16 segments"),
    ("open_files_max", "files of a directory that are open", "8"),
    ("folders_max", "folders that are looked through", "10,000"),
    ("folder_depth_max", "folders that are looked through", "8 deep"),
    ("folder_files_max", "unknown files of a folder", "1,000"),
    ("folder_links_max", "unknown files of a folder; links", "1,000"),
    ("linked_entries_max", "entries of a directory to which a link of a folder leads", "1,000"),
    ("peek_bytes_max", "a look into a file of a folder", "1 KiB"),
    ("probe_bytes_max", "a look into a file of a folder", "1 MiB"),
    ("probe_first_entries_max", "a look into a file of a folder", "100 of a packed log"),
    ("wrapping_program_bytes_max", "of a program that may unpack itself", "1 MiB"),
    ("mail_bytes_max", "of a program that may unpack itself", "64 MiB"),
    ("probe_entries_max", "a look into a file of a folder", "100,000"),
    ("list_bytes_max", "policy; baseline; list of sources", "256 MiB"),
    ("like_names_max", "names that are compared with one that is missing", "1,000"),
    ("like_name_chars_max", "names that are compared with one that is missing", "100"),
    ("jump_bytes_min", "file bodies of a plain tar", "64 KiB"),
    ("logs", "logs", "all"),
    ("digests", "digests of sources", "none"),
    ("source_threads_max", "threads of one archive", "one"),
    ("report_bytes_max", "a report whose sources are verified", "4 GiB"),
    ("policy_bytes_max", "policy; baseline", "8 MiB"),
    ("baseline_bytes_max", "policy; baseline", "64 MiB"),
    ("list_bytes_max", "policy; baseline; list of sources", "256 MiB"),
    ("list_lines_max", "lines of a list of sources", "1,000,000"),
    ("depth_max", "directories one in the other", "64"),
    ("line_bytes_max", "one line of a file of facts", "64 MiB"),
    ("lines_bytes_max", "lines of facts that are parsed at once", "4 MiB"),
    ("bad_lines_max", "lines of a file of facts that are none", "20"),
    ("instance_bundles_max", "bundles that are put together", "2,000"),
    ("shared_bundles_max", "bundles that are put together", "16"),
    ("findings_alike_max", "findings of one rule on the same instances", "5"),
    ("full_farms_max", "farms that a table shows in full", "10"),
    ("overview_lines_max", "lines of each list of an overview", "100"),
    ("unfolded_instances_max", "instances of several farms on a page", "200"),
    ("listed_max", "names and steps of one kind in one finding", "10"),
    ("places_max", "names and steps of one kind in one finding; places", "100"),
    ("sarif_results_max", "results in SARIF", "25,000"),
    ("sarif_locations_max", "results in SARIF", "1,000"),
    ("compared_max", "snapshots with one Sling id, or none", "100"),
    ("sharing_max", "keys that farms share", "100,000"),
    ("farm_gaps_max", "gaps that are listed at farms", "100,000"),
    ("csv_blanks_max", "blank cells of a CSV", "1,000,000"),
    ("bundle_cells_max", "bundle map of a farm", "1,000,000"),
    ("bundle_cells_shown_max", "bundle map of a farm", "200,000"),
    ("policy_farms_max", "farms of a policy", "20,000"),
    ("differs_max", "farms of a policy", "100"),
    ("globs_max", "patterns with wildcards in a policy", "2,000"),
    ("globs_bytes_max", "patterns with wildcards in a policy", "64 KiB"),
    ("template_bytes_max", "template", "1 MiB"),
    ("template_words_max", "template", "10,000"),
    ("template_stack_bytes", "template", "32 MiB"),
    ("template_steps_max", "steps of a template", "1,000,000"),
    ("template_value_steps_max", "steps of a template", "50"),
];

#[test]
fn manual_has_a_row_for_every_bound() {
    let limits = fs::read_to_string(home().join("src/limits.rs")).unwrap();
    let fields: Vec<&str> = limits
        .lines()
        .take_while(|line| !line.starts_with("impl "))
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": "))
        .map(|(field, _)| field)
        .collect();
    let known: BTreeSet<_> = BOUNDS.iter().map(|(field, ..)| *field).collect();
    assert_eq!(unique(fields), known);
    let manual = include_str!("../../src/manual/limits.md");
    let rows = || manual.lines().skip_while(|line| !line.starts_with("| bound | default |"));
    for (field, bound, number) in BOUNDS {
        let is_its = |row: &&str| {
            row.strip_prefix("| ").is_some_and(|row| row.starts_with(bound)) && row.contains(number)
        };
        assert!(rows().any(|row| is_its(&row)), "{field}: {bound}, {number}");
    }
}
