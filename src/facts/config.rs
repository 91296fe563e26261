//! OSGi configurations as Felix ConfigAdmin keeps them on disk: only listed settings, and of secrets only that they are there.

use super::{Digest, Place, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Adobe Granite Token Authentication Handler. The doubled `impl` is right.
pub const TOKEN_HANDLER: &str = "com.day.crx.security.token.impl.impl.TokenAuthenticationHandler";
/// Apache Jackrabbit Oak Token Configuration.
pub const TOKEN_CONFIGURATION: &str =
    "org.apache.jackrabbit.oak.security.authentication.token.TokenConfigurationImpl";
/// Adobe Granite SAML 2.0 Authentication Handler.
pub const SAML_HANDLER: &str = "com.adobe.granite.auth.saml.SamlAuthenticationHandler";
/// Adobe Granite OAuth Application and Provider.
pub const OAUTH_PROVIDER: &str = "com.adobe.granite.auth.oauth.provider";
/// Apache Jackrabbit Oak Default Sync Handler.
pub const SYNC_HANDLER: &str =
    "org.apache.jackrabbit.oak.spi.security.authentication.external.impl.DefaultSyncHandler";
/// Apache Jackrabbit Oak External Login Module, which has the users of an identity provider made by a sync handler.
pub const EXTERNAL_LOGIN: &str = "org.apache.jackrabbit.oak.spi.security.authentication.external.impl.ExternalLoginModuleFactory";
/// Adobe Granite OAuth IMS Configuration Provider's request customizer, which holds the `client_secret` of KA-23909.
pub const IMS_CUSTOMIZER: &str =
    "com.adobe.granite.auth.ims.impl.IMSAccessTokenRequestCustomizerImpl";
/// Adobe Granite OAuth IMS Provider.
pub const IMS_PROVIDER: &str = "com.adobe.granite.auth.ims.impl.IMSProviderImpl";

/// Adobe Granite OAuth Access Token provider.
pub const ACCESS_TOKEN_PROVIDER: &str = "com.adobe.granite.auth.oauth.accesstoken.provider";
/// The kind of grant that needs a client secret.
pub const GRANT_OF_CLIENT: &str = "client_credentials";
/// The kinds of grant that an access token provider asks with.
pub const PROVIDER_GRANTS: &str = "auth.token.provider.authorization.grants";
/// The `customizer.type` of the request customizer that an access token provider uses, which adds the client secret.
pub const PROVIDER_CUSTOMIZER: &str = "token.request.customizer.type";
/// What access token providers call a request customizer by.
pub const CUSTOMIZER_TYPE: &str = "customizer.type";

/// Apache Jackrabbit Oak Segment Tar Cold Standby Service, and its name up to AEM 6.2.
pub const STANDBY_SERVICES: [&str; 2] = [
    "org.apache.jackrabbit.oak.segment.standby.store.StandbyStoreService",
    "org.apache.jackrabbit.oak.plugins.segment.standby.store.StandbyStoreService",
];
/// The part of an instance in a cold standby: `primary` or `standby`.
pub const STANDBY_MODE: &str = "mode";

/// Apache Sling Logging Configuration.
pub const LOG_MANAGER: &str = "org.apache.sling.commons.log.LogManager";
/// Apache Sling Logging Logger and Writer Configuration: of each there may be several, which write to files of their own.
pub const LOG_WRITERS: [&str; 2] = [
    "org.apache.sling.commons.log.LogManager.factory.config",
    "org.apache.sling.commons.log.LogManager.factory.writer",
];

/// Encapsulated tokens on or off.
pub const TOKEN_ENCAPSULATED: &str = "token.encapsulated";
/// Time after which the token of an idle user ends; above 0, tokens in use are renewed. Older handlers do not know it.
pub const TOKEN_INACTIVITY: &str = "inactivity.time";
/// Lifetime of a login token in milliseconds.
pub const TOKEN_EXPIRATION: &str = "tokenExpiration";
/// What Oak takes where [`TOKEN_EXPIRATION`] is not set: `TokenProvider.DEFAULT_TOKEN_EXPIRATION`, two hours. AEM ships twelve.
pub(super) const TOKEN_EXPIRATION_DEFAULT_MS: u64 = 7_200_000;
/// Whether a login token in use is prolonged.
pub const TOKEN_REFRESH: &str = "tokenRefresh";
/// The `client_secret` in the IMS customizer.
pub const IMS_CLIENT_SECRET: &str = "auth.ims.client.secret";
/// The client secret in the IMS provider.
pub const IMS_SERVICE_SECRET: &str = "oauth.provider.ims.service.token.client.secret";

/// The folder of the repository that the console writes configurations to. One after a `.` names a run mode.
pub const JCR_CONFIGURATIONS: &str = "/apps/system/config";

/// What is known of a property that holds a secret. The secret itself is never kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SecretState {
    /// Not there, or empty.
    Missing,
    /// Text that anyone can read.
    Plain,
    /// Encrypted with the master key.
    Protected,
    /// A reference such as `$[secret:name]`, resolved at run time.
    Interpolated,
    /// Encrypted, after a prefix such as `{String}` that makes plain text of it.
    Prefixed,
    /// What looks like an encrypted text, but not whole and alone in its braces.
    Damaged,
    /// Encrypted by its form, but in capital digits, which AEM does not write; whether it decrypts that is not known.
    Unclear,
    /// A reference that has a default anyone can read, for where nothing resolves it.
    PlainDefault,
}

impl SecretState {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Plain => "plain",
            Self::Protected => "protected",
            Self::Interpolated => "interpolated",
            Self::Prefixed => "prefixed",
            Self::Damaged => "damaged",
            Self::Unclear => "unclear",
            Self::PlainDefault => "plain-default",
        }
    }
}

impl fmt::Display for SecretState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// A value encrypted with the master key: `{` hexadecimal digits `}`.
///
/// Each encryption starts from another random vector, so equal text means a copied value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ProtectedValue {
    /// The property it is in.
    pub property: String,
    /// Digest of its text, which is not kept.
    pub digest: Digest,
}

/// One configuration that Felix would use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Configuration {
    /// Its PID, from inside the file.
    pub pid: String,
    /// The PID of its factory, for one of several of a kind.
    pub factory_pid: Option<String>,
    /// Listed properties alone, by name; several values for a list, none for an empty one.
    pub properties: BTreeMap<String, Vec<String>>,
    /// Known secrets, by property.
    pub secrets: BTreeMap<String, SecretState>,
    /// Values encrypted with the master key, in any property.
    pub protected: Vec<ProtectedValue>,
    /// The path of its node, for one in the repository; it need not be in effect.
    pub jcr_path: Option<String>,
    /// Since when its node is known to be as it is, for one of IMS in the repository; milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_since_ms: Option<u64>,
    /// Where it was read: its file, or the segment store.
    pub place: Place,
}

impl Configuration {
    /// Returns its PID, with its path where it is one in the repository.
    pub fn spoken(&self) -> String {
        match &self.jcr_path {
            Some(path) => format!("{} (in the JCR, {path})", self.pid),
            None => self.pid.clone(),
        }
    }

    /// Returns the run mode that it is for, for one in the repository: that of its folder, such as `config.author`.
    pub(super) fn role(&self) -> Option<Role> {
        let folder = self.jcr_path.as_deref()?.strip_prefix(JCR_CONFIGURATIONS)?;
        [Role::Author, Role::Publish].into_iter().find(|role| {
            let rest = folder.strip_prefix('.').and_then(|rest| rest.strip_prefix(role.label()));
            rest.is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// Returns `true` if it configures this component, alone or as one of several.
    pub fn is(&self, pid: &str) -> bool {
        self.pid == pid || self.factory_pid.as_deref() == Some(pid)
    }

    /// Returns `true` if it configures IMS.
    pub fn is_ims(&self) -> bool {
        self.pid.contains(".ims.")
    }

    /// Returns the single value of a property.
    pub fn text(&self, property: &str) -> Option<&str> {
        match self.properties.get(property)?.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }

    /// Returns what sets a property whose value is only known while AEM runs: `$[env:…]`, or an encrypted value.
    pub fn set_by(&self, property: &str) -> Option<String> {
        let values = self.properties.get(property)?;
        values.iter().find_map(|text| {
            if text == SecretState::Protected.label() {
                return Some("an encrypted value".to_owned());
            }
            // Felix's interpolation plugin gives the value; a default in it holds only where the variable is not set.
            placeholder(text)
        })
    }

    /// Returns a property as a flag. As in Java, every text but `true` is false, whatever the case. Of a value that is only known
    /// while AEM runs, there is none.
    pub fn flag(&self, property: &str) -> Option<bool> {
        if self.set_by(property).is_some() {
            return None;
        }
        // AEM writes `B"true"`; a file that was made by hand or from a package may have `"true"` or
        // `"True"`.
        self.text(property).map(|text| text.trim().eq_ignore_ascii_case("true"))
    }

    /// Returns a property as a number.
    pub fn number(&self, property: &str) -> Option<u64> {
        // AEM writes numbers as text here: `tokenExpiration="43200000"`.
        self.text(property)?.trim().parse().ok()
    }

    /// Returns what is known of a secret property.
    pub fn secret(&self, property: &str) -> Option<SecretState> {
        self.secrets.get(property).copied()
    }

    /// Returns `true` if it is an access token provider of the grant `client_credentials` that holds no protected value itself.
    pub(super) fn asks_with_secret(&self) -> bool {
        // A list, or one text with commas.
        let grants = self.properties.get(PROVIDER_GRANTS).into_iter().flatten();
        let mut grants = grants.flat_map(|grants| grants.split(',')).map(str::trim);
        grants.any(|grant| grant == GRANT_OF_CLIENT) && self.protected.is_empty()
    }

    /// Returns `true` if a request customizer may be the one of this access token provider: no types say that it is not.
    pub(super) fn may_use(&self, customizer: &Self) -> bool {
        let of =
            |own: &Self, name| own.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let types = of(self, PROVIDER_CUSTOMIZER).zip(of(customizer, CUSTOMIZER_TYPE));
        types.is_none_or(|(wanted, own)| wanted == own)
    }

    /// Returns whether it makes users while they log in: SAML with an identity provider, or OAuth.
    pub fn creates_users(&self) -> Option<bool> {
        if self.is(SAML_HANDLER) {
            return self.is_live_saml().then(|| self.flag("createUser"))?;
        }
        self.is(OAUTH_PROVIDER).then(|| self.flag("oauth.create.users"))?
    }

    /// Returns `true` if it is a SAML handler that works: one without the address of its identity provider, or with an empty path,
    /// entity id or certificate alias, is switched off. (AEM 6.5, SAML 2.0 Authentication Handler)
    pub fn is_live_saml(&self) -> bool {
        let is_set = |values: &Vec<String>| values.iter().any(|value| !value.is_empty());
        // An empty address switches the handler off. (AEM 6.5, SAML 2.0 authentication handler)
        let names_provider = self.properties.get("idpUrl").is_some_and(is_set);
        // Those have defaults, so only an empty value switches off.
        let others = ["path", "serviceProviderEntityId", "idpCertAlias"];
        let mut others = others.into_iter().filter_map(|name| self.properties.get(name));
        self.is(SAML_HANDLER) && names_provider && others.all(is_set)
    }
}

/// The kinds of placeholder that Felix's interpolation plugin knows.
const PLACEHOLDERS: [&str; 3] = ["env:", "prop:", "secret:"];

/// Returns the first placeholder in a text without the name and the default in it, `$[env:…]`: all that is kept of one.
pub fn placeholder(text: &str) -> Option<String> {
    let (kind, _) = placeholders(text).next()?.split_once(':')?;
    Some(format!("$[{kind}:…]"))
}

/// Returns the placeholders in a text that Felix's interpolation plugin replaces, outermost ones alone, without their brackets.
///
/// The component gets as it is what has no closing bracket, and what a single backslash stands before. (`Interpolator.replace`)
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (before, inner) = rest.split_once("$[")?;
            let backslashes = before.len().saturating_sub(before.trim_end_matches('\\').len());
            if backslashes == 1 {
                rest = inner;
                continue;
            }
            let end = closing(inner)?;
            let (inside, behind) = inner.split_at_checked(end)?;
            rest = behind;
            if PLACEHOLDERS.iter().any(|kind| inside.starts_with(kind)) {
                return Some(inside);
            }
        }
    })
}

/// Returns where the bracket is that closes a placeholder, others in which may be open.
fn closing(inner: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut last = None;
    for (at, c) in inner.char_indices() {
        match c {
            '[' if last == Some('$') => open = open.saturating_add(1),
            ']' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        last = Some(c);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_placeholder_is_one_still() {
        for text in ["a$[env:A;type=Boolean;default=x]", "$[secret:b]", "$[prop:c]"] {
            let kept = placeholder(text).unwrap();
            assert_eq!(placeholder(&kept).as_ref(), Some(&kept), "{text}");
            assert!(crate::facts::Shape::Value.fits(&kept), "{text}");
        }
        assert_eq!(placeholder("${A}"), None);
    }

    #[test]
    fn placeholders_are_those_that_felix_replaces() {
        let all = |text| placeholders(text).collect::<Vec<_>>();
        assert_eq!(all("$[env:A;default=x]-$[prop:b]"), ["env:A;default=x", "prop:b"]);
        assert_eq!(all("$[env:A;default=$[secret:b]]$[x]"), ["env:A;default=$[secret:b]"]);
        assert_eq!(all("\\\\$[secret:x]"), ["secret:x"]);
        for text in
            ["\\$[secret:x]", "$[secret:x", "${env:A}", "$[Secret:x]", "$[secrets:x]", "x", ""]
        {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }
}
