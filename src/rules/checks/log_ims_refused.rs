//! `log-ims-refused`: IMS gives the instance no access token, for another reason than its client secret.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-ims-refused",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows that IMS refuses an access token",
    why: "Adobe IMS answered with status 400: the integration or its credential has expired, the JWT signature does not match the certificate, \
          the scope is not granted, or the secret is wrong. The keys may well be right.",
    fix: "Look at the integration in the Adobe Developer Console: whether it is there, when its credential ends, and which scopes it has.",
    references: &["Adobe KA-23909", "AdobeDocs, Brand Portal: troubleshoot parallel publishing"],
    explained_by: &[
        "ims-secret-missing",
        "ims-secret-prefixed",
        "ims-configuration-twice",
        "storage-jcr-with-ims",
    ],
    check,
};

const REFUSED: &[LogSignature] = &[LogSignature::ImsTokenRefused];
const EXPIRED: &[LogSignature] = &[LogSignature::ImsExpired];
const SIGNATURE: &[LogSignature] = &[LogSignature::ImsJwtMismatch];

const OF_REFUSED: &[&str] = &[
    "Look in the Adobe Developer Console whether the integration of {name} is there, when its credential ends and which scopes it has; \
     what follows `response:` in the log says which of these it is.",
];
const OF_EXPIRED: &[&str] = &[
    "In the Adobe Developer Console, look when the credential of the integration of {name} ends; make a new one, and enter it on {name}.",
];
const OF_SIGNATURE: &[&str] = &[
    "In the Adobe Developer Console, look whether the certificate of the integration of {name} is the one in the key store of its service \
     user, and valid; upload the certificate again, or move to OAuth server-to-server credentials.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    let expired =
        logs::hits(farm, EXPIRED, "that its IMS integration or credential has expired", OF_EXPIRED);
    let signature = logs::hits(
        farm,
        SIGNATURE,
        "that IMS does not accept the signature of its JWT",
        OF_SIGNATURE,
    );
    // A refusal that is told with its reason is not told again without one.
    let is_told = |hit: &Hit| {
        let same = |other: &Hit| other.instances == hit.instances;
        expired.iter().chain(&signature).any(same) || has_invalid_secret(farm, hit)
    };
    let refused = logs::hits(farm, REFUSED, "that IMS refuses an access token", OF_REFUSED);
    let refused: Vec<Hit> = refused.into_iter().filter(|hit| !is_told(hit)).collect();
    [expired, signature, refused].concat()
}

/// Returns `true` if the log gives the client secret as the reason, which another rule tells.
fn has_invalid_secret(farm: &Farm, hit: &Hit) -> bool {
    let members = farm.members.iter().filter(|member| hit.instances.contains(&member.name));
    let logs = members.filter_map(|member| member.snapshot.log.as_ref());
    logs.into_iter().any(|log| log.seen.contains_key(&LogSignature::ImsInvalidSecret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::checks::logs::testing::{SHOWN, quiet, shown};

    const REFUSED: &str = "c.a.g.a.o.AccessTokenProvider failed to get access token from authorization server status: 400 response: ";

    #[test]
    fn log_without_signs_is_quiet() {
        assert!(quiet(check, "Active run modes: [author]"));
    }

    #[test]
    fn refusal_is_told_once_with_its_reason() {
        for (response, told) in [
            ("{\"error\":\"invalid_scope\"}", "that IMS refuses an access token"),
            ("Unknown macro: {\"error\"}", "that its IMS integration or credential has expired"),
            ("Could not match JWT signature", "that IMS does not accept the signature of its JWT"),
        ] {
            let message = shown(check, &format!("{REFUSED}{response}"));
            assert_eq!(message, format!("a logged {told} {SHOWN}"));
        }
    }

    #[test]
    fn wrong_secret_is_the_matter_of_another_rule() {
        assert!(quiet(check, &format!("{REFUSED}\"invalid client_secret parameter\"")));
    }
}
