//! Which key opens which secret, on the wire.

use crate::facts::Hex;
use crate::farm::{OpeningKey, Secret};
use schemars::JsonSchema;
use serde::Serialize;

/// A protected value, and which keys of the run open it. Neither the value nor a key is kept.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Secret")]
pub(super) struct WireSecret<'a> {
    /// The file, or the segment store.
    place: &'a str,
    /// The configuration that it is a setting of; null for a property of another node.
    pid: Option<&'a str>,
    /// The node in the repository; null for a file.
    node: Option<&'a str>,
    property: &'a str,
    /// SHA-256 of the protected text.
    #[schemars(with = "Hex<32>")]
    digest: String,
    /// The instance uses it, as far as its snapshot shows.
    in_effect: bool,
    /// Whether the master that the instance works with opens it.
    #[schemars(extend("enum" = ["yes", "no", "not-checked"]))]
    opens: &'static str,
    /// The keys of the farm that open it, those of the instance first; of more than ten, ten.
    with: Vec<WireOpening<'a>>,
    /// Why it was not checked, or what else is known of what opens it.
    reason: Option<String>,
    /// Where no key opens it: instances whose master was not tried on it, since they were read in other runs; of more than ten, ten.
    untried: Vec<&'a str>,
}

/// A key that opens a secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OpeningKey")]
struct WireOpening<'a> {
    /// The instance that has it.
    instance: &'a str,
    #[schemars(extend("enum" = ["bundle", "jcr", "jcr-older", "misplaced", "old-copy"]))]
    origin: &'static str,
    /// What is wrong with it there; it opens the secret only without that.
    flaw: Option<String>,
    /// Of the file or property that it lies in.
    #[schemars(with = "Hex<16>")]
    md5: String,
}

impl<'a> From<&Secret<'a>> for WireSecret<'a> {
    fn from(secret: &Secret<'a>) -> Self {
        let at = secret.at;
        Self {
            place: &at.place.path,
            pid: at.pid,
            node: at.node,
            property: at.property,
            digest: at.digest.sha256.to_string(),
            in_effect: at.in_effect,
            opens: secret.opens.label(),
            with: secret.with.iter().map(WireOpening::from).collect(),
            reason: secret.reason.clone(),
            untried: secret.untried.clone(),
        }
    }
}

impl<'a> From<&OpeningKey<'a>> for WireOpening<'a> {
    fn from(key: &OpeningKey<'a>) -> Self {
        Self {
            instance: key.instance,
            origin: key.origin.label(),
            flaw: key.flaw.map(|flaw| flaw.to_string()),
            md5: key.md5.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::Holders;
    use crate::testing::farm;
    use serde_json::json;

    #[test]
    fn secret_is_told_with_the_keys_that_open_it_and_without_its_content() {
        let (a, b) = ([0x81; 16], [0x82; 16]);
        let farm = farm()
            .with("a", |i| i.master(&[&a[..], b"\n"].concat()).mail_secret(&a, "CANARY"))
            .with("b", |i| i.master(&b))
            .tried()
            .build();
        let secrets = Holders::of(&farm).secrets(&farm.members[0]);
        let wire = serde_json::to_value(WireSecret::from(&secrets[0])).unwrap();
        assert_eq!(wire["pid"], "com.day.cq.mailer.DefaultMailService");
        assert_eq!((&wire["node"], &wire["property"]), (&json!(null), &json!("smtp.password")));
        assert_eq!((&wire["opens"], &wire["in_effect"]), (&json!("no"), &json!(true)));
        assert_eq!(wire["with"][0]["instance"], "a");
        assert_eq!(wire["with"][0]["origin"], "bundle");
        assert_eq!(wire["with"][0]["flaw"], "followed by a newline (LF)");
        assert_eq!(wire["with"][0]["md5"].as_str().unwrap().len(), 32);
        assert_eq!(wire["with"].as_array().unwrap().len(), 1);
        assert!(!wire.to_string().contains("CANARY"));
    }
}
