//! The gate before a launch: a policy, a baseline, and the exit code.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list, texts};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

pub(crate) const POLICY: &str = r#"[[farm]]
name = "production"
[[farm.instance]]
name = "author"
source = "prod-author*"
role = "author"
[[farm.instance]]
name = "publish1"
[[farm.instance]]
name = "publish2"
"#;

/// A folder of uploads, and beside it a folder for everything else.
struct Gate {
    home: TempDir,
}

/// What a run said.
struct Said {
    code: Option<i32>,
    report: Value,
    errors: String,
}

impl Said {
    /// The farm of a name.
    fn farm(&self, name: &str) -> &Value {
        let mut farms = list(&self.report["farms"]);
        farms.find(|farm| farm["name"] == name).unwrap_or_else(|| panic!("{name}: {}", self.report))
    }

    /// Returns `true` if a finding of this rule counts.
    fn has(&self, rule: &str) -> bool {
        self.rules().contains(&rule)
    }

    /// The rules of the findings of all farms that count.
    fn rules(&self) -> Vec<&str> {
        let findings = list(&self.report["farms"]).flat_map(|farm| list(&farm["findings"]));
        let counting = findings.filter(|f| f["suppressed"].is_null() && f["known"] == false);
        counting.filter_map(|finding| finding["rule"].as_str()).collect()
    }
}

impl Gate {
    /// The farm of the policy, complete and sound.
    fn new() -> Self {
        let gate = Self { home: tempfile::tempdir().unwrap() };
        fs::create_dir(gate.uploads()).unwrap();
        gate.put("prod-author", &Instance::new("author").role("author"));
        gate.put("publish1", &Instance::new("publish1"));
        gate.put("publish2", &Instance::new("publish2"));
        gate
    }

    fn uploads(&self) -> PathBuf {
        self.home.path().join("uploads")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn put(&self, name: &str, instance: &Instance) {
        instance.case().pack_into(&self.uploads(), Packing::TarGz, name);
    }

    fn scan(&self, options: &[&str]) -> Said {
        let mut command = aemtrix();
        command.current_dir(self.home.path()).args(["scan", "-f", "json"]).args(options);
        let output = command.arg("uploads").output().unwrap();
        Said {
            code: output.status.code(),
            report: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The rules of the baseline `known.json`, in their order.
    fn known_rules(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("known.json")).unwrap();
        let known: Value = serde_json::from_str(&text).unwrap();
        let rules = list(&known["findings"]).map(|own| own["rule"].as_str().unwrap().to_owned());
        rules.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Scans by the policy with more text behind it.
    fn by_policy(&self, more: &str) -> Said {
        fs::write(self.path("policy.toml"), format!("{POLICY}{more}")).unwrap();
        self.scan(&["--policy", "policy.toml", "--as-of", "2026-06-01"])
    }
}

#[test]
fn farm_as_expected_passes() {
    let said = Gate::new().by_policy("");
    assert_eq!((said.code, said.rules()), (Some(0), vec![]), "{}", said.errors);
    let farm = said.farm("production");
    assert_eq!(farm["verdict"], "consistent");
    let names: Vec<_> = list(&farm["instances"]).map(|i| i["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["author", "publish1", "publish2"]);
}

#[test]
fn odd_key_fails() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("another"));
    let said = gate.by_policy("");
    assert_eq!((said.code, &said.farm("production")["verdict"]), (Some(1), &"inconsistent".into()));
    assert!(said.has("hmac-differs"));
}

#[test]
fn suppressed_key_passes_the_gate_and_is_still_inconsistent() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("another"));
    let suppress = |until: &str| {
        let rules = ["hmac-differs", "half-copied-pair"].map(|rule| {
            format!("[[suppress]]\nrule = \"{rule}\"\nreason = \"new\"\nuntil = \"{until}\"\n")
        });
        gate.by_policy(&rules.concat())
    };
    let said = suppress("2026-06-01");
    assert_eq!((said.code, said.rules()), (Some(0), vec![]));
    let farm = said.farm("production");
    assert_eq!((&farm["verdict"], &farm["suppressed"]), (&"inconsistent".into(), &2.into()));
    assert_eq!(farm["findings"][0]["suppressed"]["reason"], "new");
    let expired = suppress("2026-05-31");
    assert_eq!(expired.code, Some(1));
    assert_eq!(expired.rules().iter().filter(|rule| **rule == "suppression-expired").count(), 2);
    assert!(expired.has("hmac-differs"));
}

#[test]
fn missing_instance_fails() {
    let gate = Gate::new();
    fs::remove_file(gate.uploads().join("publish2.tar.gz")).unwrap();
    let said = gate.by_policy("");
    assert_eq!((said.code, said.rules()), (Some(1), vec!["instance-missing"]));
}

#[test]
fn missing_instance_whose_archive_is_cut_is_unknown() {
    let gate = Gate::new();
    let path = gate.uploads().join("publish2.tar.gz");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..60]).unwrap();
    let said = gate.by_policy("");
    assert_eq!((said.code, said.rules()), (Some(2), vec![]));
    let farm = said.farm("production");
    assert_eq!(farm["verdict"], "undecided");
    let [missing, cut] = texts(&farm["verdict_reasons"])[..] else { panic!("{farm}") };
    assert!(missing.starts_with("publish2, which the policy names, was not found"), "{missing}");
    assert!(cut.starts_with("uploads/publish2.tar.gz "), "{cut}");
}

#[test]
fn cut_archive_leaves_open_only_the_farm_it_may_belong_to() {
    let gate = Gate::new();
    fs::write(gate.uploads().join("stage-author.tar.gz"), b"\x1f\x8b\x08").unwrap();
    let stage =
        "[[farm]]\nname = \"stage\"\n[[farm.instance]]\nname = \"author\"\nsource = \"stage-*\"\n";
    let said = gate.by_policy(stage);
    assert_eq!(said.code, Some(2));
    assert_eq!(said.farm("production")["verdict"], "consistent");
    assert_eq!(said.farm("stage")["verdict"], "undecided");
}

#[test]
fn instance_that_nobody_expects_is_told_and_a_farm_of_its_own() {
    let gate = Gate::new();
    gate.put("stranger", &Instance::new("stranger"));
    let said = gate.by_policy("");
    assert_eq!((said.code, said.rules()), (Some(1), vec!["instance-unexpected"]));
    assert_eq!(said.farm("other")["verdict"], "undecided");
    assert_eq!(said.farm("production")["verdict"], "consistent");
}

#[test]
fn policy_that_cannot_be_applied_is_wrong_usage() {
    let gate = Gate::new();
    let said = gate.by_policy("[[farm.instances]]\nname = \"publish3\"\n");
    assert_eq!((said.code, &said.report), (Some(2), &Value::Null));
    gate.put("prod-author-again", &Instance::new("again"));
    let said = gate.by_policy("");
    assert_eq!((said.code, &said.report), (Some(2), &Value::Null));
}

#[test]
fn without_a_day_it_is_today() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("another"));
    for (until, suppressed) in [("1970-01-01", 0), ("9999-12-31", 1)] {
        let suppress = format!(
            "{POLICY}[[suppress]]\nrule = \"hmac-differs\"\nreason = \"r\"\nuntil = \"{until}\"\n"
        );
        fs::write(gate.path("policy.toml"), suppress).unwrap();
        let said = gate.scan(&["--policy", "policy.toml"]);
        assert_eq!(said.farm("production")["suppressed"], suppressed, "{until}");
    }
}

#[test]
fn suppressions_themselves_are_neither_suppressed_nor_known() {
    let gate = Gate::new();
    let stale = "[[suppress]]\nrule = \"storage-jcr\"\nreason = \"r\"\n";
    assert_eq!(gate.by_policy(stale).rules(), ["suppression-unmatched"]);
    let options = ["--policy", "policy.toml", "--write-baseline", "known.json"];
    assert_eq!(gate.scan(&options).code, Some(1));
    let said = gate.scan(&["--policy", "policy.toml", "--baseline", "known.json"]);
    assert_eq!((said.code, said.rules()), (Some(1), vec!["suppression-unmatched"]));
    assert_eq!(gate.known_rules(), [""; 0]);
}

#[test]
fn baseline_excuses_what_is_known_and_nothing_new() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("another"));
    assert_eq!(gate.scan(&["--write-baseline", "known.json"]).code, Some(1));
    let written = fs::read(gate.path("known.json")).unwrap();
    let said = gate.scan(&["--baseline", "known.json", "--write-baseline", "again.json"]);
    assert_eq!((said.code, said.rules()), (Some(0), vec![]), "{}", said.errors);
    let farm = said.farm("farm");
    assert_eq!((&farm["verdict"], &farm["known"]), (&"inconsistent".into(), &2.into()));
    assert_eq!(fs::read(gate.path("again.json")).unwrap(), written);
    gate.put("publish3", &Instance::new("publish3").storage(b"Bundle\n"));
    let said = gate.scan(&["--baseline", "again.json", "--write-baseline", "./again.json"]);
    assert_eq!(said.code, Some(1), "a baseline that is renewed counts as it was: {}", said.errors);
    assert_eq!(gate.scan(&["--baseline", "again.json"]).code, Some(0), "and knows all afterwards");
    let said = gate.scan(&["--baseline", "known.json"]);
    assert_eq!((said.code, said.rules()), (Some(1), vec!["storage-trailing-newline"]));
}

#[test]
fn renewed_baseline_keeps_what_this_run_did_not_look_for() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("another").storage(b"Bundle\n"));
    assert_eq!(gate.scan(&["--write-baseline", "known.json"]).code, Some(1));
    let written = fs::read_to_string(gate.path("known.json")).unwrap();
    let renew = ["--baseline", "known.json", "--write-baseline", "known.json"];
    for limits in [
        ["--select", "storage-trailing-newline"],
        ["--ignore", "storage-trailing-newline"],
        ["--min-severity", "error"],
    ] {
        assert_eq!(gate.scan(&[&renew[..], &limits].concat()).code, Some(0));
        assert_eq!(fs::read_to_string(gate.path("known.json")).unwrap(), written, "{limits:?}");
    }
    // What it did look for and did not find again goes.
    gate.put("publish2", &Instance::new("publish2").hmac("another"));
    gate.scan(&[&renew[..], &["--select", "hmac-differs"]].concat());
    let keys = ["half-copied-pair", "hmac-differs"];
    assert_eq!(gate.known_rules(), [keys[0], keys[1], "storage-trailing-newline"]);
    gate.scan(&[&renew[..], &["--select", "storage-trailing-newline"]].concat());
    let left = fs::read_to_string(gate.path("known.json")).unwrap();
    assert_eq!(gate.known_rules(), keys);
    // Nor does what is known of an instance that did not come.
    fs::remove_file(gate.uploads().join("publish2.tar.gz")).unwrap();
    assert_eq!(gate.scan(&renew).code, Some(0));
    assert_eq!(fs::read_to_string(gate.path("known.json")).unwrap(), left);
}

#[test]
fn damaged_baseline_is_wrong_usage_and_sources_are_not_replaced() {
    let gate = Gate::new();
    assert_eq!(gate.scan(&["--write-baseline", "known.json"]).code, Some(0));
    let whole = fs::read_to_string(gate.path("known.json")).unwrap();
    fs::write(gate.path("known.json"), &whole[..whole.len() / 2]).unwrap();
    let said = gate.scan(&["--baseline", "known.json"]);
    assert_eq!((said.code, &said.report), (Some(2), &Value::Null));
    let said = gate.scan(&["--write-baseline", "uploads/publish1.tar.gz"]);
    assert_eq!(said.code, Some(2));
    assert_eq!(gate.scan(&["--write-baseline", "none/known.json"]).code, Some(2));
    fs::write(gate.path("policy.toml"), POLICY).unwrap();
    fs::write(gate.path("first.json"), &whole).unwrap();
    for options in [
        ["--policy", "policy.toml", "--write-baseline", "./policy.toml"],
        ["-o", "report.json", "--write-baseline", "report.json"],
        ["--baseline", "first.json", "-o", "./first.json"],
        ["-o", "report.json", "-o", "./report.json"],
    ] {
        assert_eq!(gate.scan(&options).code, Some(2), "{options:?}");
    }
    assert_eq!(fs::read_to_string(gate.path("policy.toml")).unwrap(), POLICY);
    assert_eq!(fs::read_to_string(gate.path("first.json")).unwrap(), whole);
}

#[test]
fn farms_by_directory_are_judged_alone() {
    let gate = Gate::new();
    for (farm, odd) in [("east", "farm"), ("west", "another")] {
        fs::create_dir(gate.uploads().join(farm)).unwrap();
        for (name, hmac) in [("author", "farm"), ("publish", odd)] {
            let instance = Instance::new(&format!("{farm}-{name}")).hmac(hmac);
            instance.case().pack_into(&gate.uploads(), Packing::TarGz, &format!("{farm}/{name}"));
        }
    }
    fs::write(gate.uploads().join("east/cut.tar.gz"), b"\x1f\x8b\x08").unwrap();
    let said = gate.scan(&["--farm-by", "parent"]);
    let verdicts: Vec<_> = list(&said.report["farms"])
        .map(|farm| (farm["name"].as_str().unwrap(), farm["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(
        verdicts,
        [("east", "undecided"), ("uploads", "consistent"), ("west", "inconsistent")]
    );
    assert_eq!(said.code, Some(2));
    let inputs = gate.scan(&["--farm-by", "input"]);
    assert_eq!(list(&inputs.report["farms"]).count(), 7);
    assert_eq!(inputs.code, Some(2), "the cut source is a gap in the report");
}

#[test]
fn baseline_knows_digests_reasons_and_dates() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("other"));
    let write = ["--write-baseline", "known.json", "--as-of", "2026-03-01"];
    assert_eq!(gate.scan(&[&write[..], &["--baseline-reason", "migrates"]].concat()).code, Some(1));
    let said = gate.scan(&["--baseline", "known.json"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    let finding = &said.report["farms"][0]["findings"][0];
    assert_eq!(
        (&finding["known_since"], &finding["known_because"]),
        (&"2026-03-01".into(), &"migrates".into())
    );
    gate.put("publish2", &Instance::new("publish2").hmac("third"));
    let said = gate.scan(&["--baseline", "known.json"]);
    assert_eq!((said.code, said.has("hmac-differs")), (Some(1), true), "a third key");
    let other = Instance::new("publish2").sling_id("99999999-9999-4999-8999-999999999999");
    gate.put("publish2", &other.hmac("other"));
    assert_eq!(gate.scan(&["--baseline", "known.json"]).code, Some(1), "of another customer");
    for (name, key) in [("prod-author", "a"), ("publish1", "a"), ("publish2", "b")] {
        let role = if name == "prod-author" { "author" } else { "publish" };
        let id = format!("88888888-8888-4888-8888-8888888888{:02}", name.len());
        gate.put(name, &Instance::new(name).role(role).sling_id(&id).hmac(key));
    }
    let said = gate.scan(&["--baseline", "known.json"]);
    assert_eq!((said.code, said.has("hmac-differs")), (Some(1), true), "all of it");
}

#[test]
fn baseline_of_an_older_version_is_still_read() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("other"));
    gate.scan(&["--write-baseline", "known.json"]);
    let text = fs::read_to_string(gate.path("known.json")).unwrap();
    let mut old: Value = serde_json::from_str(&text).unwrap();
    for finding in old["findings"].as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        finding.retain(|field, _| ["farm", "rule", "instances", "paths"].contains(&field.as_str()));
    }
    fs::write(gate.path("old.json"), old.to_string()).unwrap();
    let renew = ["--baseline", "old.json", "--write-baseline", "new.json"];
    assert_eq!(gate.scan(&renew).code, Some(0));
    let count = |name: &str| {
        let text = fs::read_to_string(gate.path(name)).unwrap();
        list(&serde_json::from_str::<Value>(&text).unwrap()["findings"]).count()
    };
    assert_eq!(count("new.json"), count("known.json"), "each is there once, with its values");
}

#[test]
fn fewer_instances_than_there_are_leave_it_open() {
    let gate = Gate::new();
    assert_eq!(gate.scan(&["--min-instances", "3"]).code, Some(0));
    let said = gate.scan(&["--min-instances", "4"]);
    assert_eq!((said.code, &said.report["farms"][0]["verdict"]), (Some(2), &"undecided".into()));
    let reasons = texts(&said.report["farms"][0]["verdict_reasons"]);
    assert_eq!(reasons, ["3 of at least 4 instances were found (--min-instances)"]);
}

#[test]
fn lone_instance_fails_where_an_open_verdict_does() {
    let gate = Gate::new();
    for name in ["prod-author", "publish1"] {
        fs::remove_file(gate.uploads().join(format!("{name}.tar.gz"))).unwrap();
    }
    assert_eq!(gate.scan(&[]).code, Some(0));
    assert_eq!(gate.scan(&["--fail-on", "undecided"]).code, Some(2));
}

#[test]
fn sarif_has_places_hashes_and_what_the_baseline_knows() {
    let gate = Gate::new();
    gate.put("publish2", &Instance::new("publish2").hmac("other"));
    fs::write(gate.path("policy.toml"), POLICY.replace("\"publish1\"", "\"publish9\"")).unwrap();
    gate.scan(&["--policy", "policy.toml", "--write-baseline", "known.json"]);
    let options = ["--policy", "policy.toml", "--baseline", "known.json", "--digests"];
    gate.scan(&[&options[..], &["-o", "r.sarif"]].concat());
    let text = fs::read_to_string(gate.path("r.sarif")).unwrap();
    let run = serde_json::from_str::<Value>(&text).unwrap()["runs"][0].clone();
    for result in list(&run["results"]) {
        let at = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(at.as_str().is_some_and(|uri| !uri.is_empty()), "{result}");
        assert_eq!(result["baselineState"], "unchanged");
    }
    let missing = list(&run["results"]).find(|result| result["ruleId"] == "instance-missing");
    let at = &missing.unwrap()["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(at, "policy.toml");
    assert_eq!(list(&run["artifacts"]).count(), 3);
    assert!(list(&run["artifacts"]).all(|file| file["hashes"]["sha-256"].is_string()));
    assert!(list(&run["tool"]["driver"]["rules"]).all(|rule| rule["helpUri"].is_string()));
}
