//! `log-…`: signs of trouble in logs, one rule a sign, as a table.
//!
//! A finding shows counts, times and places, never a line: logs hold personal data. What stopped before the last start is reported by none.

use super::references::KA_23909;
use crate::facts::LogSignature;
use crate::farm::{CANNOT_DECRYPT, Farm, Member, last_sight, signs_seen};
use crate::repair::When;
use crate::rules::{Hit, Rule, Severity};

/// What a log shows, and how a finding tells it.
struct LoggedSign {
    /// Any of these.
    signatures: &'static [LogSignature],
    /// What follows "publish1 logged".
    logged: &'static str,
    /// How to find the reason, where no finding says it; `{name}` stands for the instance.
    checks: &'static [&'static str],
    /// What to do when the reason is gone.
    steps: &'static [&'static str],
    /// It is not reported where the log shows one of these, which says more.
    told_by: &'static [LogSignature],
}

impl LoggedSign {
    const fn of(
        signatures: &'static [LogSignature],
        logged: &'static str,
        checks: &'static [&'static str],
        steps: &'static [&'static str],
    ) -> Self {
        Self { signatures, logged, checks, steps, told_by: &[] }
    }
}

pub(in crate::rules) static IMS_INVALID_SECRET: Rule = Rule {
    id: "log-ims-invalid-secret",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that IMS rejects the client secret",
    effect: "The integration with IMS does not work.",
    why: "The instance sent a client_secret that IMS does not know: it could not be decrypted, because the keys were available late or \
          are others than those it was encrypted with, or it is not set.",
    fix: "Make sure that the keys are files and agree with those of the farm, restart, and enter the client secret again where \
          that does not help.",
    references: &[KA_23909],
    explained_by: &[
        "secret-of-old-key",
        "secret-unreadable",
        "storage-jcr-with-ims",
        "ims-secret-missing",
        "ims-secret-prefixed",
        "ims-secret-damaged",
        "ims-secret-plaintext",
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "jcr-key-mismatch",
        "master-differs",
        "hmac-differs",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::ImsInvalidSecret],
            "that IMS rejects its client secret",
            &[
                "Make sure that {name} keeps its keys in files and that they agree with those of its farm; other findings say so where they do not.",
            ],
            &[
                "If IMS still rejects the secret after a restart of {name}, enter the client_secret of its IMS configuration again there.",
            ],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static IMS_REFUSED: Rule = Rule {
    id: "log-ims-refused",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows that IMS refuses an access token",
    effect: "The integration with IMS does not work.",
    why: "Adobe IMS answered with status 400: the integration or its credential has expired, the JWT signature does not match the certificate, \
          the scope is not granted, or the secret is wrong. The keys may well be right.",
    fix: "Look at the integration in the Adobe Developer Console: whether it is there, when its credential ends, and which scopes it has.",
    references: &["Adobe KA-23909", "AdobeDocs, Brand Portal: troubleshoot parallel publishing"],
    explained_by: &[
        "ims-secret-missing",
        "ims-secret-prefixed",
        "ims-secret-damaged",
        "ims-configuration-twice",
        "storage-jcr-with-ims",
    ],
    check: |farm| {
        const EXPIRED: LoggedSign = LoggedSign::of(
            &[LogSignature::ImsExpired],
            "that its IMS integration or credential has expired",
            &[],
            &[
                "In the Adobe Developer Console, look when the credential of the integration of {name} ends; make a new one, and enter it on {name}.",
            ],
        );
        const JWT: LoggedSign = LoggedSign::of(
            &[LogSignature::ImsJwtMismatch],
            "that IMS does not accept the signature of its JWT",
            &[],
            &[
                "In the Adobe Developer Console, look whether the certificate of the integration of {name} is the one in the key store of its service \
                 user, and valid; upload the certificate again, or move to OAuth server-to-server credentials.",
            ],
        );
        // A refusal that is reported with its reason, here or by `log-ims-invalid-secret`, is not told again without one.
        const REFUSED: LoggedSign = LoggedSign {
            signatures: &[LogSignature::ImsTokenRefused],
            logged: "that IMS refuses an access token",
            checks: &[],
            steps: &[
                "Look in the Adobe Developer Console whether the integration of {name} is there, when its credential ends and which scopes it has; \
                 what follows `response:` in the log says which of these it is.",
            ],
            told_by: &[
                LogSignature::ImsExpired,
                LogSignature::ImsJwtMismatch,
                LogSignature::ImsInvalidSecret,
            ],
        };
        hits(farm, &[EXPIRED, JWT, REFUSED])
    },
};

pub(in crate::rules) static CRYPTO_EXCEPTION: Rule = Rule {
    id: "log-crypto-exception",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that protected values cannot be decrypted",
    effect: "Secrets on this instance cannot be decrypted.",
    why: "A value was protected with another master key than the instance has now. Such values arrive with packages, replication \
          or a copied repository, or the keys were replaced.",
    fix: "Give the instance the master key that the values were protected with, or enter the values again.",
    references: &[
        "Adobe KA-22814",
        "Adobe KA-16796",
        "Adobe-Consulting-Services/acs-aem-commons issue 942",
    ],
    explained_by: &[
        "secret-of-old-key",
        "secret-unreadable",
        "storage-jcr-with-ims",
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "key-missing",
        "jcr-key-missing",
        "jcr-key-mismatch",
        "master-differs",
        "foreign-protected-value",
        "hmac-differs",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &CANNOT_DECRYPT,
            "that it cannot decrypt protected values",
            &[
                "Compare the master key of {name} with that of the instance on which the values were entered; copy hmac and master together where they differ.",
            ],
            &[
                "If {name} still cannot decrypt values once its keys are right, enter them again there: passwords of key stores and trust store, SAML, mail, replication and OSGi configurations.",
            ],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static KEYSTORE_UNREADABLE: Rule = Rule {
    id: "log-keystore-unreadable",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows that a key store or the trust store cannot be opened",
    effect: "SAML, HTTPS or other functions that need these stores do not work.",
    why: "The passwords of key stores and trust store are protected with the master key. With another key they cannot be read; \
          the store may also never have been made.",
    fix: "Give the instance the master key that the stores were made with, or create the stores again.",
    references: &["Adobe KA-16796", "Adobe KA-17476"],
    explained_by: &[
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "jcr-key-mismatch",
        "master-differs",
        "hmac-differs",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::TruststoreUnreadable, LogSignature::KeystoreUninitialized],
            "that it cannot open a key store or the trust store",
            &[
                "Compare the master key of {name} with that of the instance on which the stores were made.",
            ],
            &[
                "Where the keys are right, make the trust store and the key store of authentication-service on {name} again.",
            ],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static CRYPTO_ACL: Rule = Rule {
    id: "log-crypto-acl",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that the crypto service could not be set up",
    effect: "The crypto service does not start: nothing can be encrypted or decrypted.",
    why: "With keys in the JCR the crypto service reads /etc/key by a service user. When its permissions are lost, as after a \
          package that replaces ACLs, the service does not start and nobody can log in.",
    fix: "Restore the permissions on /etc/key, or move the keys to files.",
    references: &["Adobe, missing CryptoService ACLs"],
    explained_by: &["storage-jcr-with-ims", "storage-jcr"],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::CryptoSetup],
            "that its crypto service could not be set up",
            &[],
            &[
                "On {name}, restore the permissions of the crypto service's user on /etc/key, as on an instance that works.",
                "Restart {name}.",
            ],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static CRYPTO_UNRESOLVED: Rule = Rule {
    id: "log-crypto-unresolved",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that the crypto bundle misses a package",
    effect: "The crypto service does not start: nothing can be encrypted or decrypted.",
    why: "The bundle com.adobe.granite.crypto does not start without a package it imports, seen after upgrades to AEM 6.5. \
          Without it nothing can be decrypted and nobody can log in.",
    fix: "Install the bundle that exports the missing package, and restart.",
    references: &["Adobe KA-17489"],
    explained_by: &[
        "crypto-bundle-duplicate",
        "crypto-bundle-inactive",
        "crypto-bundle-missing",
        "crypto-version-differs",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::CryptoUnresolved],
            "that its crypto bundle cannot be resolved",
            &[],
            &[
                "On {name}, look up the missing requirement behind this line, and install the bundle that provides it (in the documented case org.apache.commons.io).",
                "Restart {name}.",
            ],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static CRYPTO_MISSING: Rule = Rule {
    id: "log-crypto-missing",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows that a service missed the crypto service",
    effect: "Services that started before the crypto service work without their passwords.",
    why: "A service wanted to decrypt a password while the crypto service was not there: it starts later, as with keys in the \
          JCR, or not at all.",
    fix: "Make sure that both crypto bundles are active and that the keys are files, and restart the service.",
    references: &["Netcentric/accesscontroltool issue 346"],
    explained_by: &[
        "crypto-bundle-missing",
        "crypto-bundle-inactive",
        "crypto-bundle-duplicate",
        "felix-would-discard",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::CryptoMissing],
            "that the crypto service was missing",
            &[
                "On {name}, make sure that com.adobe.granite.crypto and com.adobe.granite.crypto.file are active.",
            ],
            &["Restart {name}, or the service that asked."],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static CSRF_REJECTED: Rule = Rule {
    id: "log-csrf-rejected",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows rejected CSRF tokens, a weak sign of differing hmac keys",
    effect: "Forms are refused when they are sent to an instance with another hmac.",
    why: "CSRF tokens are signed with the HMAC key, so a token of one instance is invalid on another with a different key. It is \
          a weak sign: clients without a token and old tokens give the same message.",
    fix: "Compare the hmac of the instances that share one address; where they agree, look for clients that send no token.",
    references: &["AEM 6.5, Tough Day"],
    explained_by: &[
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "hmac-differs",
        "storage-jcr-with-ims",
        "storage-jcr",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::CsrfRejected],
            "rejected CSRF tokens",
            &[
                "Compare the hmac of {name} with that of the other instances that share its address.",
                "Where they agree, look for clients and dispatcher rules that drop the header CSRF-Token.",
            ],
            &[],
        );
        hits(farm, &[SIGN])
    },
};

pub(in crate::rules) static OAUTH_DECRYPT: Rule = Rule {
    id: "log-oauth-decrypt",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that OAuth tokens cannot be decrypted",
    effect: "The OAuth service gets no access token.",
    why: "The refresh token was encrypted on an instance with other keys; usually the author's keys are not those of the \
          publisher.",
    fix: "Copy hmac and master from the author, restart, and connect the OAuth service again.",
    references: &["Adobe KA-26706"],
    explained_by: &[
        "secret-of-old-key",
        "secret-unreadable",
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "jcr-key-mismatch",
        "master-differs",
        "hmac-differs",
    ],
    check: |farm| {
        const SIGN: LoggedSign = LoggedSign::of(
            &[LogSignature::OauthDecrypt],
            "that it cannot decrypt OAuth tokens",
            &[
                "Compare the keys of {name} with those of the instance on which the OAuth service was configured; copy hmac and master together where they differ.",
            ],
            &["Restart {name}, and connect its OAuth service again."],
        );
        hits(farm, &[SIGN])
    },
};

/// Finds the instances whose logs show the signs, one sign after the other.
fn hits(farm: &Farm, signs: &[LoggedSign]) -> Vec<Hit> {
    let of = |sign| farm.members.iter().filter_map(move |member| hit(member, sign));
    signs.iter().flat_map(of).collect()
}

fn hit(member: &Member, sign: &LoggedSign) -> Option<Hit> {
    let all = signs_seen(member, sign.signatures);
    // One record may show several signs, so their counts do not add up.
    let most = all.iter().map(|seen| seen.sighting.count).max()?;
    if !signs_seen(member, sign.told_by).is_empty() {
        return None;
    }
    let earliest = all.iter().min_by_key(|seen| {
        let first = seen.sighting.first;
        (first.is_none(), first, &seen.place, seen.sighting.line)
    })?;
    let count = match most {
        1 => "once".to_owned(),
        _ => format!("{most} times"),
    };
    let times = match (earliest.sighting.first, last_sight(&all)) {
        (Some(first), Some(last)) if first != last => {
            format!(", first {first}, last {}", after(&first.to_string(), &last.to_string()))
        }
        // What was logged behind it has no time, or what was logged before.
        (Some(first), None) if most > 1 => format!(", first {first}"),
        (None, Some(last)) if most > 1 => format!(", last {last}"),
        (Some(time), _) | (_, Some(time)) => format!(", {time}"),
        (None, None) => String::new(),
    };
    let (name, logged) = (&member.name, sign.logged);
    let (path, line) = (&earliest.place.path, earliest.sighting.line);
    let message = format!("{name} logged {logged} {count}{times}, from line {line} of {path}");
    let [checks, steps] = [sign.checks, sign.steps]
        .map(|texts| texts.iter().map(move |text| text.replace("{name}", name)));
    let hit = Hit::on(member, message).at(all.iter().map(|seen| &seen.place));
    Some(hit.advise(checks).until_explained().advise_at(When::After, steps))
}

/// Returns a time without its day, where that is the day of an earlier time.
fn after(first: &str, last: &str) -> String {
    let day = first.split_once(' ').map(|(day, _)| day);
    let same = last.split_once(' ').filter(|(of_last, _)| Some(*of_last) == day);
    same.map_or(last, |(_, time)| time).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    /// How the message of a finding ends for the log of `shown`.
    const SHOWN: &str = "2 times, first 2025-07-18 08:00:00, last 2025-07-19 19:00:52, from line 2 of crx-quickstart/logs/error.log";

    const REFUSED: &str = "c.a.g.a.o.AccessTokenProvider failed to get access token from authorization server status: 400 response: ";

    fn check_log(rule: &Rule, log: &str) -> Vec<Hit> {
        (rule.check)(&farm().with("a", |i| i.log("error.log", log)).with("b", |i| i).build())
    }

    /// Returns `true` if a rule has nothing to say of a message.
    fn is_quiet(rule: &Rule, text: &str) -> bool {
        check_log(rule, &format!("18.07.2025 08:00:00.000 *ERROR* [x] {text}\n")).is_empty()
    }

    /// What a rule says of a message that comes twice.
    fn shown(rule: &Rule, text: &str) -> String {
        let log = format!(
            "18.07.2025 07:59:59.000 *INFO* [x] jane@example.com\n18.07.2025 08:00:00.000 *ERROR* [x] {text}\n\
             \tat a.b.C\n19.07.2025 19:00:52.176 *ERROR* [ 10.0.0.1 [1] GET /x HTTP/1.1] {text}\n"
        );
        let hits = check_log(rule, &log);
        assert_eq!((hits.len(), hits[0].instances.as_slice()), (1, &["a".to_owned()][..]));
        assert!(!format!("{hits:?}").contains("{name}"));
        hits[0].message.clone()
    }

    /// Rule, a message that shows its sign, what it says of it, and one that is like it and no sign.
    fn signs() -> Vec<Case> {
        [signs_of_ims(), signs_of_keys()].concat()
    }

    type Case = (&'static Rule, String, &'static str, String);

    fn sign(rule: &'static Rule, loud: &str, says: &'static str, near: &str) -> Case {
        (rule, loud.to_owned(), says, near.to_owned())
    }

    fn signs_of_ims() -> Vec<Case> {
        let refused = |response: &str| format!("{REFUSED}{response}");
        let expired = refused("Unknown macro: {\"error\"}");
        let jwt = refused("{\"error_description\":\"Could not match JWT signature\"}");
        let invalid = "{\"error\":\"invalid_client\",\"error_description\":\"invalid client_secret parameter\"}";
        let scope = refused("{\"error\":\"invalid_scope\"}");
        let wrong = refused("\"invalid client_secret parameter\"");
        vec![
            sign(&IMS_INVALID_SECRET, invalid, "that IMS rejects its client secret", &scope),
            sign(&IMS_REFUSED, &scope, "that IMS refuses an access token", &wrong),
            sign(
                &IMS_REFUSED,
                &expired,
                "that its IMS integration or credential has expired",
                &wrong,
            ),
            sign(&IMS_REFUSED, &jwt, "that IMS does not accept the signature of its JWT", &wrong),
        ]
    }

    fn signs_of_keys() -> Vec<Case> {
        vec![
            sign(
                &CRYPTO_EXCEPTION,
                "com.adobe.granite.crypto.CryptoException: Cannot convert byte data",
                "that it cannot decrypt protected values",
                "com.adobe.granite.crypto.CryptoException: Cannot convert data",
            ),
            sign(
                &KEYSTORE_UNREADABLE,
                "c.a.g.KeyStoreManagingServlet Unable to retrieve the truststore's aliases.",
                "that it cannot open a key store or the trust store",
                "c.a.g.KeyStoreManagingServlet retrieved the truststore's aliases.",
            ),
            sign(
                &CRYPTO_ACL,
                "*ERROR* com.adobe.granite.crypto.internal.Activator setupCryptoSupport: Failed creating CryptoSupport Implementation: x",
                "that its crypto service could not be set up",
                "com.adobe.granite.crypto.internal.Activator setupCryptoSupport: done",
            ),
            sign(
                &CRYPTO_UNRESOLVED,
                "Unable to resolve com.adobe.granite.crypto [158](R 158.3): missing requirement [158](R 158.3) osgi.wiring.package",
                "that its crypto bundle cannot be resolved",
                "Unable to resolve com.adobe.granite.cryptographic [158](R 158.3): missing requirement",
            ),
            sign(
                &CRYPTO_MISSING,
                "com.adobe.granite.crypto.CryptoException: CryptoSupport missing to unprotect password.",
                "that the crypto service was missing",
                "CryptoSupport found to unprotect password.",
            ),
            sign(
                &CSRF_REJECTED,
                "com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is invalid",
                "rejected CSRF tokens",
                "com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is valid",
            ),
            sign(
                &OAUTH_DECRYPT,
                "x.OAuthConfigSlingModel Error while decrypting the Refresh Token",
                "that it cannot decrypt OAuth tokens",
                "x.OAuthConfigSlingModel Error while reading the Refresh Token",
            ),
        ]
    }

    #[test]
    fn sign_is_told_with_count_times_and_place() {
        for (rule, loud, says, _) in signs() {
            assert_eq!(shown(rule, &loud), format!("a logged {says} {SHOWN}"), "{rule:?}");
        }
    }

    #[test]
    fn what_is_like_a_sign_is_quiet() {
        for (rule, _, _, near) in signs() {
            assert!(is_quiet(rule, &near), "{rule:?}");
            assert!(is_quiet(rule, "Active run modes: [author]"), "{rule:?}");
        }
    }

    fn message(log: &str) -> String {
        check_log(&CSRF_REJECTED, log).remove(0).message
    }

    const CSRF: &str = "doFilter: the provided CSRF token is invalid\n";
    const WHERE: &str = "of crx-quickstart/logs/error.log";

    #[test]
    fn once_and_without_a_time_are_told_so() {
        let timed = format!("18.07.2025 08:00:00.000 *WARN* [x] {CSRF}");
        let says = "a logged rejected CSRF tokens once";
        assert_eq!(message(&timed), format!("{says}, 2025-07-18 08:00:00, from line 1 {WHERE}"));
        assert_eq!(message(CSRF), format!("{says}, from line 1 {WHERE}"));
        let unknown = format!("{timed}20. Juli 2025 *WARN* [x] {CSRF}");
        let says = "a logged rejected CSRF tokens 2 times, first 2025-07-18 08:00:00";
        assert_eq!(message(&unknown), format!("{says}, from line 1 {WHERE}"));
    }

    const START: &str = "19.07.2025 09:00:00.000 *INFO* [x] com.adobe.granite.crypto.internal.CryptoSupportService Starting \
                         Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";

    #[test]
    fn what_ended_before_the_last_start_is_quiet() {
        let sign = |day: u8| format!("{day}.07.2025 08:00:00.000 *WARN* [x] {CSRF}");
        let found = |log: &str| check_log(&CSRF_REJECTED, log).len();
        assert_eq!(found(&format!("{}{START}", sign(18))), 0);
        assert_eq!(found(&format!("{}{START}{}", sign(18), sign(20))), 1);
    }

    #[test]
    fn what_has_no_time_is_not_over_because_an_older_log_has_one() {
        let sign = format!("[x] 20. Juli 2025 *WARN* [x] {CSRF}");
        let old = format!("18.07.2025 08:00:00.000 *WARN* [x] {CSRF}{START}");
        let found = |name: &str, log: &str| {
            let add = |i: crate::testing::Instance| i.log(name, &old).log("error.log", log);
            (CSRF_REJECTED.check)(&farm().with("a", add).build()).len()
        };
        for name in ["error.log.2025-07-19", "stdout.log"] {
            assert_eq!(found(name, &sign), 1, "{name}");
            assert_eq!(found(name, "x\n"), 0, "{name}");
        }
        assert_eq!(found("error.log.2025-07-19", &format!("{sign}{START}")), 0);
    }

    #[test]
    fn what_another_instance_logged_is_quiet() {
        let sign = format!("20.07.2025 08:00:00.000 *WARN* [x] {CSRF}");
        let read = |id: &str| format!("20.07.2025 07:00:00.000 *INFO* [x] y Read Sling ID {id}\n");
        let other = "00000000-0000-4000-8000-00000000000f";
        let found = |log: &str| {
            let farm = farm().with("a", |i| i.sling_id(ID).log("error.log", log)).build();
            (CSRF_REJECTED.check)(&farm).len()
        };
        assert_eq!(found(&format!("{}{sign}", read(ID))), 1);
        assert_eq!(found(&format!("{}{sign}", read(other))), 0);
        assert_eq!(found(&format!("{}{}{sign}", read(ID), read(other))), 0);
        assert_eq!(found(&format!("{}{}{sign}", read(other), read(ID))), 1);
    }

    const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn reason_of_before_the_last_start_does_not_hide_a_refusal_after_it() {
        let refused =
            |day: u8, why: &str| format!("{day}.07.2025 08:00:00.000 *ERROR* [x] {REFUSED}{why}\n");
        let secret = "\"invalid client_secret parameter\"";
        let log = format!(
            "{}{START}{}",
            refused(18, secret),
            refused(20, "{\"error\":\"invalid_scope\"}")
        );
        assert_eq!(check_log(&IMS_REFUSED, &log).len(), 1);
        let log = format!("{START}{}", refused(20, secret));
        assert_eq!(check_log(&IMS_REFUSED, &log).len(), 0);
    }

    #[test]
    fn day_is_said_once_where_it_is_the_same() {
        let first = "2025-07-18 08:00:00";
        assert_eq!(after(first, "2025-07-18 08:06:00"), "08:06:00");
        assert_eq!(after(first, "2025-07-19 08:06:00"), "2025-07-19 08:06:00");
    }
}
