//! What the page asks for, as its worker hands it over, and what that is on a command line.

use crate::custody::Custody;
use crate::diagnosis::Selection;
use crate::facts::Date;
use crate::intake::Operand;
use crate::limits::Limits;
use crate::request::{FailOn, FarmBasis, NamedText, Request, Terms, options_of_reading, rule_ids};
use crate::rules::Severity;
use anyhow::{anyhow, bail};
use serde::Deserialize;

/// What is to be read, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    sources: Vec<Named>,
    /// Names of sources on which the tool failed before, in a worker that is no more.
    pub(super) lost: Vec<String>,
    logs: bool,
    users: bool,
    digests: bool,
}

/// Something that was dropped on the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    path: String,
    /// What the user calls the instance in it.
    name: Option<String>,
}

impl Reading {
    /// Returns the sources as they are named on a command line.
    pub(super) fn operands(&self) -> Vec<Operand> {
        let text = |source: &Named| match &source.name {
            Some(name) => format!("{name}={}", source.path),
            None => source.path.clone(),
        };
        self.sources
            .iter()
            .map(|source| Operand { text: text(source).into(), logical: None })
            .collect()
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { logs: self.logs, users: self.users, digests: self.digests, ..Limits::DEFAULT }
    }
}

/// On which terms it is to be judged, and what is to be shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Judging {
    policy: Option<Policy>,
    farm_by: String,
    ignore: Vec<String>,
    min_severity: Option<String>,
    min_instances: usize,
    case: Option<String>,
    examiner: Option<String>,
    /// Today in UTC, which a policy may ask for.
    today: String,
}

/// The file of a policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    name: String,
    text: String,
}

impl Judging {
    /// Returns what a command line with the same options asks for.
    ///
    /// # Errors
    ///
    /// Fails on what no option can be, and on a policy that is none; the message is one sentence.
    pub(super) fn request(self, limits: &Limits) -> anyhow::Result<Request> {
        let ids = rule_ids();
        if let Some(unknown) = self.ignore.iter().find(|rule| !ids.contains(&rule.as_str())) {
            bail!("no rule is called {unknown}");
        }
        let selection = Selection {
            ignore: self.ignore,
            min_severity: self.min_severity.as_deref().map(severity).transpose()?,
            min_instances: self.min_instances,
            ..Selection::default()
        };
        let policy = self.policy.map(|Policy { name, text }| NamedText { name, text });
        let max = Limits::DEFAULT.policy_bytes_max;
        let is_larger =
            |policy: &NamedText| u64::try_from(policy.text.len()).is_ok_and(|own| own > max);
        if let Some(policy) = policy.as_ref().filter(|policy| is_larger(policy)) {
            bail!("{}: is larger than {max} bytes", policy.name);
        }
        let day =
            || self.today.parse::<Date>().map_err(|problem| anyhow!("{}: {problem}", self.today));
        let farm_by =
            FarmBasis::parse(&self.farm_by).map_err(|why| anyhow!("{}: {why}", self.farm_by))?;
        Ok(Request {
            farm_by,
            terms: Terms::new(selection, policy.as_ref(), None, day)?,
            fail_on: FailOn::Warning,
            exits_zero: false,
            bundles: None,
            details: false,
            wide: false,
            farms: Vec::new(),
            custody: Custody {
                build: "wasm32-browser".to_owned(),
                case: self.case,
                examiner: self.examiner,
                options: options_of_reading(limits),
                ..Custody::default()
            },
        })
    }
}

fn severity(name: &str) -> anyhow::Result<Severity> {
    let all = [Severity::Error, Severity::Warning, Severity::Note];
    let found = all.into_iter().find(|severity| severity.label() == name);
    found.ok_or_else(|| anyhow!("no severity is called {name}"))
}
