//! Files of containers in YAML that take the environment of a container from elsewhere.
//!
//! Compose has `env_file`, and Kubernetes `envFrom` and `configMapKeyRef`. Only these keys are looked for, line by line.

use super::path;
use super::sources::holds_options;
use super::statements::{BY_CLUSTER, SETTINGS_MAX, Statements, TOO_MUCH, VALUE_CHARS_MAX};
use super::text::cut;

const ENV_FILE: &str = "env_file:";
/// References of one variable, and of all.
const ONE: [&str; 2] = ["configMapKeyRef:", "secretKeyRef:"];
const ALL: &str = "envFrom:";

/// Returns `true` if a file's name is that of YAML.
pub(super) fn is_yaml(file: &str) -> bool {
    path::ends_in(file, &[".yml", ".yaml"])
}

/// Adds the files and references that a text of YAML names.
pub(super) fn add(statements: &mut Statements, text: &str) {
    let mut in_list = false;
    let mut variable = "";
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let item = line.trim_start_matches(['-', ' ']);
        if let Some(file) = item.strip_prefix(ENV_FILE) {
            in_list = unquoted(file).is_empty();
            file.split(',').for_each(|file| add_file(statements, file));
            continue;
        }
        // Compose 2.24 writes a file as `path: …` and `required: …`.
        match item.split_once(':') {
            Some(("required", value)) if in_list && value.trim() == "false" => {
                let last = statements.sources.last().cloned();
                statements.optional.extend(last);
            }
            Some(("required" | "format", _)) => {}
            Some(("path", file)) if in_list => add_file(statements, file),
            _ if in_list && line.starts_with('-') => add_file(statements, item),
            _ => in_list = false,
        }
        if let Some(name) = item.strip_prefix("name:") {
            variable = unquoted(name);
        }
        let is_one = ONE.into_iter().any(|key| line.contains(key)) && holds_options(variable);
        if item.starts_with(ALL) || is_one {
            statements.unseen.insert(BY_CLUSTER);
        }
        // Below a reference stands the name of what it refers to.
        if item.starts_with("value") && !item.starts_with("valueFrom:") {
            variable = "";
        }
    }
}

fn add_file(statements: &mut Statements, file: &str) {
    let file = cut(unquoted(file), VALUE_CHARS_MAX);
    if file.is_empty() || statements.sources.contains(&file) {
        return;
    }
    if statements.sources.len() < SETTINGS_MAX {
        statements.sources.push(file);
    } else {
        statements.unseen.insert(TOO_MUCH);
    }
}

fn unquoted(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or_default();
    value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Vec<String>, Vec<String>, bool) {
        let mut statements = Statements::default();
        add(&mut statements, text);
        let optional = statements.optional.into_iter().collect();
        (statements.sources, optional, statements.unseen.contains(BY_CLUSTER))
    }

    #[test]
    fn files_of_the_environment_are_named_in_many_ways() {
        for text in [
            "  env_file: aem.env\n  image: x",
            "  env_file: \"aem.env\" # x",
            "  env_file:\n    - aem.env\n  ports:\n    - 4502:4502",
            "  env_file: [aem.env]\n  ports:\n    - 4502:4502",
            "  env_file:\n    - path: aem.env\n      required: true\n  ports:\n    - a:b",
        ] {
            assert_eq!(of(text), (vec!["aem.env".to_owned()], vec![], false), "{text}");
        }
        let optional = "env_file:\n  - path: ./a.env\n  - path: b.env\n    required: false";
        let (files, optional, _) = of(optional);
        assert_eq!((files.len(), optional), (2, vec!["b.env".to_owned()]));
        assert_eq!(of("# env_file: a.env\nenvironment:\n  - A=b").0, [""; 0]);
    }

    #[test]
    fn references_to_the_cluster_are_told() {
        let key = |name: &str| {
            format!("env:\n- name: {name}\n  valueFrom:\n    configMapKeyRef:\n      name: x\n")
        };
        assert!(of("envFrom:\n- configMapRef:\n    name: aem-env").2);
        assert!(of(&key("CQ_JVM_OPTS")).2);
        assert!(!of(&key("DB_USER")).2);
        assert!(!of("env:\n- name: CQ_JVM_OPTS\n  value: -Xmx4g\n").2);
    }
}
