//! Findings that are known: `aemtrix.baseline/1`.

use super::unquoted::unquoted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the file.
pub const SCHEMA: &str = "aemtrix.baseline/1";

/// What makes a finding the same in another run. Messages, and where the sources lie, may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The farm.
    pub farm: String,
    /// The rule.
    pub rule: String,
    /// The instances it concerns, sorted.
    pub instances: Vec<String>,
    /// Paths of its evidence on these instances, below their roots; sorted.
    pub paths: Vec<String>,
}

/// Findings of an earlier run; how often each was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    times: BTreeMap<Known, usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema: String,
    findings: Vec<Known>,
}

/// Only the version, to tell a file of another version from one that is damaged.
#[derive(Deserialize)]
struct Version {
    schema: String,
}

impl FromIterator<Known> for Baseline {
    fn from_iter<I: IntoIterator<Item = Known>>(findings: I) -> Self {
        let mut times: BTreeMap<Known, usize> = BTreeMap::new();
        for known in findings {
            let count = times.entry(known).or_default();
            *count = count.saturating_add(1);
        }
        Self { times }
    }
}

impl Serialize for Baseline {
    /// Writes the file: one finding after the other, sorted.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.findings().cloned().collect();
        Wire { schema: SCHEMA.to_owned(), findings }.serialize(serializer)
    }
}

impl Baseline {
    /// Takes a finding out; says whether it was in. Each entry excuses one finding.
    pub fn take(&mut self, known: &Known) -> bool {
        match self.times.get_mut(known) {
            Some(count) if *count > 0 => {
                *count = count.saturating_sub(1);
                true
            }
            _ => false,
        }
    }

    /// Returns its findings, sorted; one that was found several times comes as often.
    pub fn findings(&self) -> impl Iterator<Item = &Known> {
        self.times.iter().flat_map(|(known, count)| std::iter::repeat_n(known, *count))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// Fails where it is no baseline of this version, or damaged; the message has the line, and no word of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let version: Version = serde_json::from_str(text)
            .map_err(|error| format!("is no baseline: {}", problem(&error)))?;
        if version.schema != SCHEMA {
            return Err(format!("has another schema than {SCHEMA:?}"));
        }
        let wire: Wire = serde_json::from_str(text).map_err(|error| problem(&error))?;
        Ok(wire.findings.into_iter().collect())
    }
}

fn problem(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let place = format!(" at line {line} column {column}");
    let text = error.to_string();
    format!("{}{place}", unquoted(text.strip_suffix(&place).unwrap_or(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(rule: &str) -> Known {
        let paths = vec!["launchpad/felix/bundle1/data/hmac".to_owned()];
        Known {
            farm: "farm".to_owned(),
            rule: rule.to_owned(),
            instances: vec!["a".to_owned()],
            paths,
        }
    }

    fn text(findings: impl IntoIterator<Item = Known>) -> String {
        serde_json::to_string_pretty(&findings.into_iter().collect::<Baseline>()).expect("JSON")
    }

    #[test]
    fn what_is_written_is_read_again() {
        let findings = [known("b"), known("a"), known("b")];
        let text = text(findings.clone());
        assert_eq!(Baseline::parse(&text), Ok(findings.into_iter().collect()));
        assert!(text.find("\"a\"") < text.find("\"b\""), "{text}");
    }

    #[test]
    fn each_entry_excuses_one_finding() {
        let mut baseline: Baseline = [known("a")].into_iter().collect();
        assert!(!baseline.take(&known("b")));
        assert!(baseline.take(&known("a")));
        assert!(!baseline.take(&known("a")));
    }

    #[test]
    fn what_is_no_baseline_is_refused_without_a_word_of_it() {
        let secret = "123456789";
        for text in [
            secret.to_owned(),
            format!("\"{secret}\""),
            format!("x{secret}"),
            format!("{{\"{secret}\": 1}}"),
            format!("{{\"schema\": \"{secret}\"}}"),
            format!("{{\"schema\": {secret}}}"),
            format!("{{\"schema\": \"{SCHEMA}\", \"{secret}\": 1}}"),
            format!("{{\"schema\": \"{SCHEMA}\", \"findings\": [{secret}]}}"),
        ] {
            let told = Baseline::parse(&text).unwrap_err();
            assert!(!told.contains(secret), "{told}");
        }
    }

    #[test]
    fn damaged_and_foreign_files_are_refused() {
        let text = text([known("a")]);
        for (wrong, says) in [
            (String::new(), "is no baseline: EOF while parsing a value at line 1"),
            ("[]".to_owned(), "is no baseline: "),
            (
                text.replace("baseline/1", "baseline/2"),
                "has another schema than \"aemtrix.baseline/1\"",
            ),
            (text.replace("\"paths\"", "\"path\""), "this field is not known; expected "),
            (text.replace("\"findings\"", "\"finding\""), "this field is not known; expected "),
            (text.get(..text.len() / 2).expect("ASCII").to_owned(), "is no baseline: EOF"),
            (format!("{text}{{"), "is no baseline: trailing characters"),
        ] {
            let error = Baseline::parse(&wrong).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
