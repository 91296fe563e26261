//! What is written follows its schema, and mistakes in a policy do not.

use crate::cases;
use crate::gate::POLICY;
use crate::pack::Packing;
use crate::run::{aemtrix, operand, scan_by, written};
use serde_json::{Value, json};

/// The schema that the binary prints.
fn schema(what: &str) -> Value {
    let output = aemtrix().args(["schema", what]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{what}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn validator(what: &str) -> jsonschema::Validator {
    let schema = schema(what);
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

/// What is wrong with a value, each with its place.
fn problems(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    let problem = |error: jsonschema::ValidationError<'_>| {
        format!("{}: {error}", error.instance_path()).chars().take(300).collect()
    };
    validator.iter_errors(value).map(problem).collect()
}

/// A policy as a schema sees it.
fn policy(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn schemas_have_names() {
    for (what, id) in [
        ("report", "aemtrix.report/1"),
        ("facts", "aemtrix.facts/2"),
        ("policy", "aemtrix.policy/1"),
        ("diff", "aemtrix.diff/1"),
        ("summary", "aemtrix.summary/1"),
        ("baseline", "aemtrix.baseline/1"),
    ] {
        let schema = schema(what);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["$id"], id);
        assert!(schema["title"].as_str().unwrap().contains("aemtrix"), "{what}");
        assert!(!schema.to_string().contains("Wire"), "{what}: names of the code");
    }
}

#[test]
fn every_case_follows_the_schemas() {
    let [report_schema, facts_schema, summary_schema] =
        ["report", "facts", "summary"].map(validator);
    let mut wrong = Vec::new();
    for case in cases::all() {
        let home = tempfile::tempdir().unwrap();
        let pack = |(name, case): (&String, &crate::pack::Case)| {
            operand(name, &case.pack_into(home.path(), Packing::TarGz, name))
        };
        let sources: Vec<_> = case.sources.iter().map(pack).collect();
        let report = scan_by(&sources, case.policy.as_deref());
        let mut check = |what: &str, validator: &jsonschema::Validator, text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            let all = problems(validator, &value);
            wrong.extend(all.iter().map(|problem| format!("{}, {what}: {problem}", case.name)));
        };
        check("report", &report_schema, &written(&report, "json"));
        written(&report, "ndjson").lines().for_each(|line| check("facts", &facts_schema, line));
        let summary = written(&report, "summary");
        summary.lines().for_each(|line| check("summary", &summary_schema, line));
        if let Some(text) = &case.policy {
            wrong.extend(problems(&validator("policy"), &policy(text)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A report and a line of facts, of one sound case.
fn samples() -> (Value, Value) {
    let case = cases::all().into_iter().find(|case| case.name == "good-farm").unwrap();
    let home = tempfile::tempdir().unwrap();
    let pack = |(name, case): (&String, &crate::pack::Case)| {
        operand(name, &case.pack_into(home.path(), Packing::TarGz, name))
    };
    let report = crate::run::scan(&case.sources.iter().map(pack).collect::<Vec<_>>());
    let facts = written(&report, "ndjson");
    let line = facts.lines().find(|line| line.contains("\"instance\":")).unwrap();
    (crate::run::json(&report), serde_json::from_str(line).unwrap())
}

#[test]
fn damage_to_a_report_or_facts_is_seen() {
    let (report, line) = samples();
    for (what, good, pointer, bad) in [
        ("report", &report, "/schema", json!("aemtrix.report/2")),
        ("report", &report, "/farms/0/verdict", json!("fine")),
        ("report", &report, "/farms/0/instances/0/keys/hmac/0/md5", json!("455A5AF0")),
        ("report", &report, "/farms/0/instances/0/role", json!("dispatcher")),
        ("report", &report, "/farms/0/matrix/rows/0/cells/0/state", json!(null)),
        ("facts", &line, "/schema", json!("aemtrix.facts/3")),
        ("facts", &line, "/instance", json!(null)),
        ("facts", &line, "/instance/key_files/0/digest/whole/sha256", json!("00")),
        ("facts", &line, "/instance/bundles/sets/0", json!("running")),
    ] {
        let validator = validator(what);
        assert_eq!(problems(&validator, good), [""; 0]);
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = bad;
        assert_ne!(problems(&validator, &value), [""; 0], "{what} {pointer}");
    }
    let [schema, id] = ["schema", "id"].map(|field| line[field].clone());
    let both = json!({"schema": schema, "id": id, "end": {}, "numbers": [1]});
    let none = json!({"schema": schema, "id": id});
    for line in [both, none] {
        assert_ne!(problems(&validator("facts"), &line), [""; 0], "{line}");
    }
}

/// Adds a field to every object.
fn with_more_fields(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(with_more_fields),
        Value::Object(map) => {
            map.values_mut().for_each(with_more_fields);
            // A map of texts, digests or times has no other values than those, and a time is of one kind.
            let is_time = map.values().all(Value::is_u64);
            let is_map = is_time || map.keys().any(|key| key.contains(['.', '/']));
            if !is_map {
                map.insert("of_a_later_version".to_owned(), json!(true));
            }
        }
        _ => {}
    }
}

#[test]
fn fields_may_be_added_to_reports_and_facts() {
    let (mut report, mut line) = samples();
    with_more_fields(&mut report);
    with_more_fields(&mut line);
    for (what, value) in [("report", report), ("facts", line)] {
        assert_eq!(problems(&validator(what), &value), [""; 0], "{what}");
        let text = schema(what).to_string();
        assert!(!text.contains("\"additionalProperties\":false"), "{what}");
    }
}

#[test]
fn policy_follows_its_schema_and_a_misspelt_one_does_not() {
    let validator = validator("policy");
    let more = r#"[[differ]]
farms = ["production", "stage"]
keys = ["hmac"]
[severity]
token-off = "error"
[[suppress]]
rule = "storage-jcr"
farm = "production"
instances = ["auth*"]
reason = "migrates in May"
until = "2026-12-31"
"#;
    let good = format!("{POLICY}{more}");
    for text in ["", POLICY, &good] {
        assert_eq!(problems(&validator, &policy(text)), [""; 0], "{text}");
    }
    let digest = "0123456789abcdefABCDEF0123456789";
    let keyed =
        |digest: &str| POLICY.replacen("[[farm.", &format!("hmac = \"{digest}\"\n[[farm."), 1);
    assert_eq!(problems(&validator, &policy(&keyed(digest))), [""; 0]);
    for wrong in [
        good.replace("farms =", "farm ="),
        good.replace("[[suppress]]", "[[suppressed]]"),
        good.replace("[[farm.instance]]", "[[farm.instances]]"),
        good.replace("source =", "sources ="),
        good.replace("until =", "till ="),
        good.replace("role = \"author\"", "role = \"dispatcher\""),
        good.replace("\"error\"", "\"fatal\""),
        good.replace("token-off", "token-of"),
        good.replace("\"storage-jcr\"", "\"suppression-expired\""),
        good.replace("2026-12-31", "31.12.2026"),
        good.replace("\"migrates in May\"", "\" \""),
        good.replace("[\"hmac\"]", "[]"),
        good.replace(", \"stage\"", ""),
        good.replace("\"stage\"", "\"production\""),
        keyed(&digest[1..]),
        "[[farm]]\nname = \"empty\"\n".to_owned(),
    ] {
        assert_ne!(wrong, good);
        assert_ne!(problems(&validator, &policy(&wrong)), [""; 0], "{wrong}");
    }
}

#[test]
fn unknown_schema_is_wrong_usage() {
    let output = aemtrix().args(["schema", "verdict"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn baseline_that_is_written_follows_its_schema() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("known.json");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo");
    let options = ["--baseline-reason", "we know", "--as-of", "2026-05-01", "--write-baseline"];
    aemtrix().args(["scan", "-q", demo]).args(options).arg(&path).output().unwrap();
    let validator = validator("baseline");
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(value["findings"].as_array().map(Vec::len), Some(3));
    assert_eq!(problems(&validator, &value), [""; 0]);
    value["findings"][0]["rules"] = json!("x");
    assert_ne!(problems(&validator, &value), [""; 0]);
}
