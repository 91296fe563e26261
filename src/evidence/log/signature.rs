//! The texts that a log is searched for, in one pass.
//!
//! A text begins where it is rare: the search looks for its first bytes, and one that began with `com.` would stop it in
//! every line.

use super::startup::{STARTUP_TEXTS, StartupText};
use crate::facts::LogSignature;
use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// A text that is a sign of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// What it is a sign of.
    pub signature: LogSignature,
    /// The stable part of the message, within one line.
    pub text: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Where it is documented.
    pub source: &'static str,
}

/// In which records a text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountsIn {
    /// In those of any level.
    Always,
    /// In those of trouble: warnings and errors.
    InTrouble,
    /// Where an exception is thrown: in a stack trace, or with its package in a message of trouble.
    AsThrown,
    /// In those that show an exception of the crypto service, too, or where no other word follows. (Adobe KA-27153)
    WithException,
}

impl Signature {
    /// Returns in which records its text counts.
    pub(super) fn counts(&self) -> CountsIn {
        match self.signature {
            // The filter logs at level INFO what it rejects, and so does the installer what it cannot start.
            LogSignature::CsrfRejected | LogSignature::CryptoUnresolved => CountsIn::Always,
            // Documents of users have passwords, too: `Failed to decrypt password protected PDF`
            _ if self.text == PASSWORD => CountsIn::WithException,
            _ if self.text.contains("Exception: ")
                || self.text.ends_with("Exception")
                || self.text.ends_with('(') =>
            {
                CountsIn::AsThrown
            }
            _ => CountsIn::InTrouble,
        }
    }
}

const PASSWORD: &str = "Failed to decrypt password";
/// The exception of the crypto service, whatever its message.
const EXCEPTION: &str = "CryptoException";

/// Every sign of trouble. A sign may have several texts.
pub const SIGNATURES: &[Signature] = &[
    Signature {
        signature: LogSignature::ImsTokenRefused,
        text: "failed to get access token from authorization server status: 400",
        meaning: "IMS refuses an access token",
        source: "Adobe KA-23909",
    },
    Signature {
        signature: LogSignature::ImsTokenRefused,
        // A server may answer so to a client that it does not know. (RFC 6749 §5.2)
        text: "failed to get access token from authorization server status: 401",
        meaning: "IMS refuses an access token",
        source: "RFC 6749, 5.2",
    },
    Signature {
        signature: LogSignature::ImsTokenRefused,
        text: "failed to get access token from authorization server status: 403",
        meaning: "IMS refuses an access token",
        source: "Adobe KA-23909",
    },
    Signature {
        signature: LogSignature::ImsInvalidSecret,
        text: "\"invalid client_secret parameter",
        meaning: "the client secret sent to IMS is wrong: it was not decrypted, or not set",
        source: "Adobe KA-23909",
    },
    Signature {
        signature: LogSignature::ImsExpired,
        text: "Unknown macro: {\"error\"",
        meaning: "the integration or credential that IMS is asked with has expired",
        source: "AdobeDocs, Brand Portal: troubleshoot parallel publishing",
    },
    // In JSON, with its quotes escaped.
    Signature {
        signature: LogSignature::ImsExpired,
        text: "Unknown macro: {\\\"error",
        meaning: "the integration or credential that IMS is asked with has expired",
        source: "AdobeDocs, Brand Portal: troubleshoot parallel publishing",
    },
    Signature {
        signature: LogSignature::ImsJwtMismatch,
        text: "\"Could not match JWT signature",
        meaning: "certificate and private key of a JWT integration do not fit, or the certificate has expired",
        source: "Adobe Developer, JWT authentication: error codes",
    },
    Signature {
        signature: LogSignature::CryptoConvert,
        text: "CryptoException: Cannot convert byte data",
        meaning: "a value was protected with another master key",
        source: "Adobe KA-22814, KA-16796, KA-26706",
    },
    Signature {
        signature: LogSignature::CryptoDecrypt,
        text: "CryptoException: Failed decrypting cipher text",
        meaning: "a value was protected with another master key",
        source: "Adobe KA-22814",
    },
    Signature {
        signature: LogSignature::CryptoDecrypt,
        text: "JSAFE_PaddingException: Invalid padding",
        meaning: "a value was protected with another master key",
        source: "Adobe KA-22814",
    },
    Signature {
        signature: LogSignature::CryptoDecrypt,
        text: PASSWORD,
        meaning: "a password was protected with another master key",
        source: "Adobe KA-27153",
    },
    Signature {
        signature: LogSignature::CryptoConfiguration,
        text: "while decrypting the configuration map",
        meaning: "an OSGi configuration holds a value that was protected with another master key",
        source: "Adobe KA-22814",
    },
    Signature {
        signature: LogSignature::CryptoCredentials,
        text: "Unable to create token credentials, setting cert for uid null",
        meaning: "a client certificate cannot be used, because its secret cannot be decrypted",
        source: "acs-aem-commons issue 942",
    },
    Signature {
        signature: LogSignature::TruststoreUnreadable,
        text: "Unable to retrieve the truststore's aliases",
        meaning: "the password of the trust store cannot be decrypted",
        source: "Adobe KA-16796",
    },
    Signature {
        signature: LogSignature::TruststoreUnreadable,
        text: "KeyStoreServiceImpl.extractStorePassword(",
        meaning: "the password of a key store cannot be decrypted",
        source: "Adobe KA-16796",
    },
    Signature {
        signature: LogSignature::KeystoreUninitialized,
        text: "KeyStore uninitialized",
        meaning: "the key store of SAML is missing, or its password cannot be decrypted",
        source: "Adobe KA-17476",
    },
    Signature {
        signature: LogSignature::TruststoreUnreadable,
        text: "Uninitialised system trust store",
        meaning: "the trust store is missing, or its password cannot be decrypted",
        source: "AEM 6.5, SAML 2.0 authentication handler",
    },
    Signature {
        signature: LogSignature::KeystoreUninitialized,
        text: "KeyStoreNotInitialisedException",
        meaning: "the key store of a user is missing, or its password cannot be decrypted",
        source: "AEM 6.5, Dynamic Media Classic: replication",
    },
    Signature {
        signature: LogSignature::KeystoreUninitialized,
        text: "Private key of SP not provided",
        meaning: "the key of SAML is missing, or its key store cannot be opened",
        source: "Adobe KA-17476",
    },
    Signature {
        signature: LogSignature::OauthDecrypt,
        text: "while decrypting the Refresh Token",
        meaning: "an OAuth refresh token was protected with another master key",
        source: "Adobe KA-26706",
    },
    Signature {
        signature: LogSignature::OauthDecrypt,
        text: "AEM-AUT-001-004: Failed to fetch access token for oAuth",
        meaning: "an OAuth access token cannot be fetched",
        source: "Adobe KA-26706",
    },
    Signature {
        signature: LogSignature::CryptoSetup,
        text: "setupCryptoSupport: Failed creating CryptoSupport Implementation",
        meaning: "keys in the JCR cannot be read: the permissions on /etc/key are lost",
        source: "Adobe, missing CryptoService ACLs",
    },
    Signature {
        signature: LogSignature::CryptoUnresolved,
        text: "Unable to resolve com.adobe.granite.crypto [",
        meaning: "the crypto bundle misses a package it needs",
        source: "Adobe KA-17489",
    },
    Signature {
        signature: LogSignature::CryptoMissing,
        text: "CryptoException: CryptoSupport missing to unprotect password",
        meaning: "a service asked for the crypto service, which was not there",
        source: "Netcentric accesscontroltool issue 346",
    },
    Signature {
        signature: LogSignature::CsrfRejected,
        text: "isValidRequest: empty CSRF token - rejecting",
        meaning: "a request had no CSRF token",
        source: "AEM 6.5, Tough Day",
    },
    Signature {
        signature: LogSignature::CsrfRejected,
        text: "doFilter: the provided CSRF token is invalid",
        meaning: "a CSRF token was made with another hmac, or is too old",
        source: "AEM 6.5, Tough Day",
    },
];

/// What a text that was found stands for.
pub(super) enum Match {
    /// A sign of trouble.
    Sign(&'static Signature),
    /// An exception of the crypto service.
    Exception,
    /// Something that an instance logs of itself; what follows in the line says it.
    Startup(&'static StartupText),
}

/// Finds the next text, at or after a byte.
pub(super) fn find(block: &[u8], from: usize) -> Option<usize> {
    Some(SEARCH.as_ref()?.find_at(block, from)?.start())
}

/// Returns what the texts at the start of some bytes stand for.
pub(super) fn matches(bytes: &[u8]) -> impl Iterator<Item = Match> {
    let signs = SIGNATURES.iter().filter(|known| bytes.starts_with(known.text.as_bytes()));
    let startup = STARTUP_TEXTS.iter().filter(|known| bytes.starts_with(known.text.as_bytes()));
    let exception = bytes.starts_with(EXCEPTION.as_bytes()).then_some(Match::Exception);
    signs.map(Match::Sign).chain(startup.map(Match::Startup)).chain(exception)
}

/// Longest text in bytes.
#[cfg(test)]
pub(super) fn text_bytes_max() -> usize {
    texts().map(str::len).max().unwrap_or_default()
}

fn texts() -> impl Iterator<Item = &'static str> {
    let signs = SIGNATURES.iter().map(|known| known.text);
    signs.chain(STARTUP_TEXTS.iter().map(|known| known.text)).chain([EXCEPTION])
}

/// An alternation of plain texts, which is searched for all of them at once.
static SEARCH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // One alternation over large blocks is three to five times as fast as a look at each line.
    let escaped: Vec<String> = texts().map(regex::escape).collect();
    // Logs may be in any encoding, and all of these texts are ASCII.
    RegexBuilder::new(&escaped.join("|")).unicode(false).build().ok()
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_is_found_and_of_one_line() {
        for text in texts() {
            let line = format!("xx{text}xx");
            assert_eq!(find(line.as_bytes(), 0), Some(2), "{text}");
            let is_exception = |found: &Match| matches!(found, Match::Exception);
            let (exceptions, others): (Vec<_>, Vec<_>) =
                matches(text.as_bytes()).partition(is_exception);
            assert_eq!(exceptions.len(), usize::from(text.starts_with(EXCEPTION)), "{text}");
            assert_eq!(others.len(), usize::from(text != EXCEPTION), "{text}");
            assert!(!text.contains(['\n', '\r']) && text.is_ascii());
        }
    }

    #[test]
    fn text_counts_where_it_is_meant() {
        let counts = |wanted: CountsIn| {
            SIGNATURES.iter().filter(move |known| known.counts() == wanted).map(|known| known.text)
        };
        assert_eq!(counts(CountsIn::WithException).count(), 1);
        assert_eq!(counts(CountsIn::Always).count(), 3);
        let thrown: Vec<&str> = counts(CountsIn::AsThrown).collect();
        assert_eq!(thrown.len(), 6, "{thrown:?}");
    }

    #[test]
    fn labels_differ() {
        let labels: BTreeSet<_> = SIGNATURES.iter().map(|known| known.signature.label()).collect();
        let signs: BTreeSet<_> = SIGNATURES.iter().map(|known| known.signature).collect();
        assert_eq!((labels.len(), signs.len()), (15, 15));
        assert!(
            SIGNATURES.iter().all(|known| !known.meaning.is_empty() && !known.source.is_empty())
        );
    }
}
