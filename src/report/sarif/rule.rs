//! A rule of the registry, as SARIF describes it.

use super::WireMessage;
use crate::rules::{Rule, Severity, url};
use serde::Serialize;

/// Where a rule sends people that cites nothing with an address: Adobe's on where the keys belong.
const ARTICLE_ON_KEYS: &str = "Adobe KA-23909";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireRule {
    id: &'static str,
    short_description: WireMessage,
    full_description: WireMessage,
    help: WireHelp,
    default_configuration: SarifConfiguration,
    help_uri: Option<String>,
    properties: SarifRuleProperties,
}

/// By what GitHub sorts and filters. There is no `security-severity`: nobody scored these rules, and a number would say that somebody did.
#[derive(Serialize)]
struct SarifRuleProperties {
    tags: [&'static str; 3],
    /// Rules fire on what was read, and on nothing that was not.
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
struct WireHelp {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct SarifConfiguration {
    level: &'static str,
}

impl From<&'static Rule> for WireRule {
    fn from(rule: &'static Rule) -> Self {
        let references = rule.references.iter();
        let listed = references.clone().fold(String::new(), |text, r| text + "- " + r + "\n");
        Self {
            id: rule.id,
            short_description: WireMessage::new(rule.summary),
            full_description: WireMessage::new(rule.why),
            help: WireHelp {
                text: format!("{} See {}.", rule.fix, rule.references.join("; ")),
                markdown: format!("{}\n\nRepair: {}\n\nSee:\n\n{listed}", rule.why, rule.fix),
            },
            default_configuration: SarifConfiguration { level: rule.severity.label() },
            properties: SarifRuleProperties {
                tags: ["aem", "crypto", if rule.compares { "farm" } else { "instance" }],
                precision: "high",
                severity: match rule.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                    // The word of GitHub for the lowest of three.
                    Severity::Note => "recommendation",
                },
            },
            help_uri: references.copied().find_map(url).or_else(|| url(ARTICLE_ON_KEYS)),
        }
    }
}
