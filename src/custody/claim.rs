//! What a report says of its sources: the part `examined` of `aemtrix.report/1`.

use crate::facts::Hex;
use serde::Deserialize;
use std::io::Read;

/// How the schemas of reports begin that have it.
const SCHEMA: &str = "aemtrix.report/";

/// What a report says that it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claim {
    pub(super) schema: String,
    /// What wrote it.
    #[serde(default)]
    pub tool: ToolClaim,
    /// Its sources.
    #[serde(default)]
    pub examined: Vec<ExaminedSource>,
    /// How it was made.
    #[serde(default)]
    pub run: RunClaim,
}

/// What wrote a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ToolClaim {
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// How a report was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RunClaim {
    /// Options that bear on the result.
    #[serde(default)]
    pub options: Vec<String>,
    /// The runs that saved the facts which it is made of.
    #[serde(default)]
    pub facts_of: Vec<OptionsClaim>,
}

/// How sources were read of which facts were saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OptionsClaim {
    /// Options that bear on what is read.
    #[serde(default)]
    pub options: Vec<String>,
}

impl RunClaim {
    /// Returns `true` if the sources were read with an option.
    pub fn reads_with(&self, option: &str) -> bool {
        let runs = self.facts_of.iter().flat_map(|run| &run.options);
        self.options.iter().chain(runs).any(|own| own == option)
    }
}

/// A source, as a report says that it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExaminedSource {
    /// Its name.
    pub source: String,
    /// Its length, where it is a file.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// The digest, where one was taken.
    #[serde(default)]
    pub sha256: Option<Hex<32>>,
    /// What that is over: `file` or `listing`.
    #[serde(default)]
    pub digest_of: Option<String>,
}

/// What is wrong with a text that should be a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAReport {
    /// It is none.
    #[error("is no report of `aemtrix scan -f json`")]
    Other,
    /// It is one of an older version, or of a run without sources.
    #[error("does not say of which sources it was made; versions before `--digests` did not")]
    NoSources,
}

impl Claim {
    /// Reads a report, of which only this much is kept. No word of it gets into the error: anything may have been named by mistake.
    ///
    /// # Errors
    ///
    /// Fails where it is no report, and where it says nothing of its sources.
    pub fn read(report: &mut dyn Read) -> Result<Self, NotAReport> {
        let claim: Self = serde_json::from_reader(report).map_err(|_| NotAReport::Other)?;
        if !claim.schema.starts_with(SCHEMA) {
            return Err(NotAReport::Other);
        }
        if claim.examined.is_empty() { Err(NotAReport::NoSources) } else { Ok(claim) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_a_report_are_read_and_anything_else_is_none() {
        let text = |schema: &str, sources: &str| {
            format!(r#"{{"schema": "{schema}", "more": 1, "examined": [{sources}]}}"#)
        };
        let source = r#"{"source": "a.tgz", "bytes": 3, "sha256": null, "container": "gzip, tar"}"#;
        let claim = Claim::read(&mut text("aemtrix.report/1", source).as_bytes()).unwrap();
        let expected =
            ExaminedSource { source: "a.tgz".into(), bytes: Some(3), ..Default::default() };
        assert_eq!(claim.examined, [expected]);
        for (text, error) in [
            (text("aemtrix.report/1", ""), NotAReport::NoSources),
            (text("aemtrix.facts/1", source), NotAReport::Other),
            ("key".to_owned(), NotAReport::Other),
            ("[]".to_owned(), NotAReport::Other),
        ] {
            assert_eq!(Claim::read(&mut text.as_bytes()), Err(error), "{text}");
        }
    }
}
