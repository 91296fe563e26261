//! What a run says of itself: who asked for it, and what bears on its result.

use super::Hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run, as what it wrote says of it.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct RunRecord {
    /// The version of the tool.
    pub version: String,
    /// The machine that the tool was built for, and the build where whoever packed it named one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build: String,
    /// It judged saved facts, and read no source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// What the user called the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Who examined it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examiner: Option<String>,
    /// When it was, milliseconds since 1970, where that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp_ms: Option<u64>,
    /// Options that bore on the result and were not as usual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The day on which suppressions were to hold, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<NamedFile>,
    /// The baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<NamedFile>,
}

/// A file that the user named with an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NamedFile {
    /// As it was named.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub sha256: Hex<32>,
}

impl RunRecord {
    /// Returns `true` if somebody asked for more than that it be merged.
    pub fn says_something(&self) -> bool {
        let texts = [&self.case, &self.examiner, &self.as_of];
        let files = [&self.policy, &self.baseline];
        texts.into_iter().any(Option::is_some)
            || files.into_iter().any(Option::is_some)
            || self.stamp_ms.is_some()
    }

    /// Puts `hidden` in the place of every text for which `is_key` says so.
    pub fn hide(&mut self, hidden: &str, is_key: &dyn Fn(&str) -> bool) {
        let files = [&mut self.policy, &mut self.baseline].into_iter().flatten();
        let texts = [&mut self.case, &mut self.examiner, &mut self.as_of].into_iter().flatten();
        let all = texts.chain(&mut self.options).chain(files.map(|file| &mut file.name));
        for text in all.chain([&mut self.version, &mut self.build]).filter(|text| is_key(text)) {
            hidden.clone_into(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_that_is_a_key_is_hidden() {
        let file = || Some(NamedFile { name: "key".into(), sha256: Hex([1; 32]) });
        let key = || Some("key".to_owned());
        let mut record = RunRecord {
            version: "key".into(),
            build: "key".into(),
            case: key(),
            examiner: key(),
            options: vec!["key".into()],
            as_of: key(),
            policy: file(),
            baseline: file(),
            ..RunRecord::default()
        };
        record.hide("-", &|text| text == "key");
        let text = serde_json::to_string(&record).unwrap();
        let count = |word: &str| text.matches(word).count();
        assert_eq!((count("\"key\""), count("\"-\"")), (0, 8), "{text}");
    }
}
