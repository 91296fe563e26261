//! Findings that are known: `aemtrix.baseline/1`.

use super::unquoted::unquoted;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the file.
pub const SCHEMA: &str = "aemtrix.baseline/1";
/// How the version of any baseline begins.
const OF_ANY_VERSION: &str = "aemtrix.baseline/";
/// How the version of any report begins.
const OF_ANY_REPORT: &str = "aemtrix.report/";

/// What makes a finding the same in another run. Messages, and where the sources lie, may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// The farm.
    pub farm: String,
    /// The rule.
    pub rule: String,
    /// The instances it concerns, sorted.
    pub instances: Vec<String>,
    /// Paths of its evidence on these instances, below their roots; sorted.
    pub paths: Vec<String>,
    /// Digests and values of that evidence, and the Sling ids of the instances; sorted. `None` in files of older versions: any are meant.
    pub values: Option<Vec<String>>,
}

/// What a person has to say of a finding that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// Why it is accepted.
    pub reason: Option<String>,
    /// The day on which it was first known.
    pub since: Option<String>,
}

/// Findings of an earlier run; each as often as it was found, with what is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Copied when the first is taken out, and not with each part of a report that knows them.
    entries: Arc<BTreeMap<Known, Vec<Remark>>>,
}

/// Findings that are known and do not count: `aemtrix scan --baseline FILE`, which `--write-baseline FILE` writes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Baseline of aemtrix", extend("$id" = SCHEMA))]
struct Wire {
    /// The version of this schema.
    #[schemars(extend("const" = SCHEMA))]
    schema: String,
    /// The findings, sorted; one that was found several times is there as often.
    findings: Vec<WireKnown>,
}

/// A finding that is known.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Finding")]
struct WireKnown {
    /// The farm.
    farm: String,
    /// The rule.
    rule: String,
    /// The instances it concerns, sorted.
    instances: Vec<String>,
    /// Paths of its evidence on these instances, below their roots; sorted.
    paths: Vec<String>,
    /// Digests and values of that evidence, and the Sling ids of the instances; sorted. Without it, any are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    /// Why it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The day on which it was first known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// Returns the JSON Schema of the file.
pub fn schema() -> Schema {
    schema_for!(Wire)
}

impl From<WireKnown> for (Known, Remark) {
    fn from(wire: WireKnown) -> Self {
        let WireKnown { farm, rule, instances, paths, values, reason, since } = wire;
        (Known { farm, rule, instances, paths, values }, Remark { reason, since })
    }
}

impl From<(&Known, &Remark)> for WireKnown {
    fn from((known, remark): (&Known, &Remark)) -> Self {
        let Known { farm, rule, instances, paths, values } = known.clone();
        let Remark { reason, since } = remark.clone();
        Self { farm, rule, instances, paths, values, reason, since }
    }
}

/// Only the version, to tell a file of another version from one that is damaged.
#[derive(Deserialize)]
struct Version {
    schema: String,
}

impl FromIterator<Known> for Baseline {
    fn from_iter<I: IntoIterator<Item = Known>>(findings: I) -> Self {
        findings.into_iter().map(|known| (known, Remark::default())).collect()
    }
}

impl FromIterator<(Known, Remark)> for Baseline {
    fn from_iter<I: IntoIterator<Item = (Known, Remark)>>(findings: I) -> Self {
        let mut entries: BTreeMap<Known, Vec<Remark>> = BTreeMap::new();
        for (known, remark) in findings {
            entries.entry(known).or_default().push(remark);
        }
        Self { entries: Arc::new(entries) }
    }
}

impl Serialize for Baseline {
    /// Writes the file: one finding after the other, sorted.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.findings().map(WireKnown::from).collect();
        Wire { schema: SCHEMA.to_owned(), findings }.serialize(serializer)
    }
}

impl Baseline {
    /// Returns `true` if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a finding out, and returns what is said of it, where it is in. Each entry excuses one finding. One without values, as older
    /// versions wrote them, is the same as one with any.
    pub fn take(&mut self, known: &Known) -> Option<Remark> {
        if let Some(remark) = self.take_exactly(known) {
            return Some(remark);
        }
        if known.values.is_some() {
            return self.take_exactly(&Known { values: None, ..known.clone() });
        }
        let is_it = |other: &&Known| Known { values: None, ..(*other).clone() } == *known;
        // Those that differ in values alone stand behind it, one by one.
        let mut like = self.entries.range(known..).map(|(other, _)| other).take_while(is_it);
        let first = like.next().cloned()?;
        self.take_exactly(&first)
    }

    fn take_exactly(&mut self, known: &Known) -> Option<Remark> {
        if !self.entries.contains_key(known) {
            return None;
        }
        let entries = Arc::make_mut(&mut self.entries);
        let remarks = entries.get_mut(known)?;
        let remark = remarks.pop();
        if remarks.is_empty() {
            entries.remove(known);
        }
        remark
    }

    /// Returns its findings with what is said of each, sorted; one that was found several times comes as often.
    pub fn findings(&self) -> impl Iterator<Item = (&Known, &Remark)> {
        self.entries.iter().flat_map(|(known, remarks)| remarks.iter().map(move |own| (known, own)))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// Fails where it is no baseline of this version, or damaged; the message has the line, and no word of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The version first, or a file of a later one
        // would look damaged for each field that is new.
        let version: Version = serde_json::from_str(text).map_err(|error| {
            if error.is_eof() {
                return cut(text);
            }
            format!("is not an aemtrix baseline: {}", problem(&error))
        })?;
        if version.schema.starts_with(OF_ANY_REPORT) {
            return Err(
                "is a report, not an aemtrix baseline; name the file that --write-baseline wrote"
                    .to_owned(),
            );
        }
        if version.schema != SCHEMA {
            return Err(if version.schema.starts_with(OF_ANY_VERSION) {
                format!("has another schema than {SCHEMA:?}")
            } else {
                format!("is not an aemtrix baseline: its schema is not {SCHEMA:?}")
            });
        }
        let wire: Wire = serde_json::from_str(text).map_err(|error| problem(&error))?;
        Ok(wire.findings.into_iter().map(<(Known, Remark)>::from).collect())
    }
}

/// Says of a text that ends too early what it is.
fn cut(text: &str) -> String {
    let what = if text.trim().is_empty() {
        "is an empty file"
    } else {
        "ends in the middle: it was not copied or written whole"
    };
    format!("{what}; write the baseline again with --write-baseline, or copy it again")
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
            values: None,
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
        assert_eq!(baseline.take(&known("b")), None);
        assert_eq!(baseline.take(&known("a")), Some(Remark::default()));
        assert_eq!(baseline.take(&known("a")), None);
    }

    #[test]
    fn other_values_are_another_finding_but_for_entries_of_older_versions() {
        let with = |value: &str| Known { values: Some(vec![value.to_owned()]), ..known("a") };
        let remark = Remark { reason: Some("we know".into()), since: Some("2026-01-01".into()) };
        let mut baseline: Baseline = [(with("1"), remark.clone())].into_iter().collect();
        let text = serde_json::to_string(&baseline).expect("JSON");
        assert_eq!(Baseline::parse(&text), Ok(baseline.clone()));
        assert_eq!(baseline.take(&with("2")), None);
        assert_eq!(baseline.take(&with("1")), Some(remark.clone()));
        let mut old: Baseline = [known("a")].into_iter().collect();
        assert_eq!(old.take(&with("2")), Some(Remark::default()));
        assert_eq!(old.take(&with("2")), None);
        let mut new: Baseline = [(with("1"), remark.clone())].into_iter().collect();
        assert_eq!(new.take(&known("a")), Some(remark));
        assert_eq!(new, Baseline::default());
    }

    #[test]
    fn what_is_no_baseline_is_refused_without_a_word_of_it() {
        // Parsers quote what they refuse, and the file may be another one that was named by mistake.
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
            (String::new(), "is an empty file; "),
            ("[]".to_owned(), "is not an aemtrix baseline: "),
            (
                text.replace("aemtrix.baseline/1", "aemtrix.report/1"),
                "is a report, not an aemtrix baseline",
            ),
            (
                text.replace("aemtrix.baseline/1", "aemtrix.policy/1"),
                "is not an aemtrix baseline: its schema",
            ),
            (
                text.replace("baseline/1", "baseline/2"),
                "has another schema than \"aemtrix.baseline/1\"",
            ),
            (text.replace("\"paths\"", "\"path\""), "this field is not known; expected "),
            (text.replace("\"findings\"", "\"finding\""), "this field is not known; expected "),
            (text.get(..text.len() / 2).expect("ASCII").to_owned(), "ends in the middle"),
            (format!("{text}{{"), "is not an aemtrix baseline: trailing characters"),
        ] {
            let error = Baseline::parse(&wrong).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
