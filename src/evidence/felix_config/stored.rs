//! Configurations that the repository holds, below `/apps/system/config`: files as for the Sling installer, or nodes whose properties
//! are the settings (`sling:OsgiConfig`). The console of AEM writes them there.
//!
//! What is kept of one is what is kept of one in `launchpad/config`; only its PID is in its name. Those of node stores are left out:
//! a repository cannot say where it is.

use super::grammar::{self, Dictionary, Entry, Generation, Scalar, limit};
use super::pid::SUFFIX;
use super::{Config, PID_CHARS_MAX, config, store_pid, wanted};
use crate::evidence::cursor::{ParseError, Problem};
use crate::evidence::{properties, text};
use crate::facts::LOG_MANAGER;
use crate::wiped::Wiped;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const CFG: &str = ".cfg";
const JSON: &str = ".cfg.json";

/// How a configuration is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `.config`, in the grammar of Felix.
    Felix,
    /// `.cfg`, in that of `java.util.Properties`.
    Properties,
    /// `.cfg.json`
    Json,
    /// The properties of a node.
    Node,
}

/// What the name of a node below `/apps/system/config` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConfig {
    form: Form,
    pid: String,
    factory_pid: Option<&'static str>,
}

/// A property of a node.
pub struct StoredProperty {
    /// Its name.
    pub name: String,
    /// The number of its type in JCR.
    pub kind: u8,
    /// Its values, as they are stored; text is UTF-8.
    pub values: Vec<Wiped>,
}

impl StoredConfig {
    /// Reads the name of a node; `None` where it is that of no component that rules ask for.
    pub fn of_name(name: &str) -> Option<Self> {
        let (stem, form) = file_form(name).unwrap_or((name, Form::Node));
        // Where logs lie the file of the install tells.
        if stem.starts_with(LOG_MANAGER) || store_pid(&format!("{stem}{SUFFIX}")).is_some() {
            return None;
        }
        let (pid, rest) = wanted::WANTED
            .iter()
            .find_map(|wanted| Some((wanted.pid, stem.strip_prefix(wanted.pid)?)))
            .filter(|(_, rest)| rest.is_empty() || rest.starts_with(['-', '~']))?;
        // Whatever parts the name of one of several from its factory, Felix is given a `~`.
        let of_several = rest.get(1..).filter(|rest| !rest.is_empty());
        let factory_pid = of_several.map(|_| pid);
        let pid = of_several.map_or_else(|| pid.to_owned(), |name| format!("{pid}~{name}"));
        Some(Self { form, pid: text::cut(&pid, PID_CHARS_MAX), factory_pid })
    }

    /// Reads the name of a file; `None` where it is none of a configuration. Rules need not ask for the component.
    pub fn of_file(name: &str) -> Option<Self> {
        let (pid, form) = file_form(name)?;
        Some(Self { form, pid: text::cut(pid, PID_CHARS_MAX), factory_pid: None })
    }

    /// Returns `true` if it is a file, and no node whose properties are the settings.
    pub fn is_file(&self) -> bool {
        self.form != Form::Node
    }

    /// Reads the content of the file.
    ///
    /// # Errors
    ///
    /// Fails where it is not what its name says. The error quotes nothing.
    pub fn file(&self, bytes: &[u8]) -> Result<Config, ParseError> {
        let dictionary = match self.form {
            Form::Felix => return self.felix(bytes),
            Form::Properties => {
                let pairs = properties::pairs(bytes).into_iter();
                dictionary(pairs.map(|(name, text)| (name, vec![Scalar::Text(text)])))?
            }
            Form::Json => dictionary(json(bytes)?.into_iter())?,
            Form::Node => return Err(wrong(0, "a file")),
        };
        self.made(&dictionary)
    }

    fn felix(&self, bytes: &[u8]) -> Result<Config, ParseError> {
        let dictionary = grammar::read(bytes, Generation::Blanks)?;
        let made = self.made(&dictionary)?;
        if made.wanted && dictionary.divides() {
            let older = grammar::read(bytes, Generation::Comments)?;
            let older = self.made(&older)?;
            if (&older.properties, &older.secrets) != (&made.properties, &made.secrets) {
                return Err(grammar::open_error());
            }
        }
        Ok(made)
    }

    /// Reads the properties of the node.
    ///
    /// # Errors
    ///
    /// Fails where one of them is none that a setting can have. The error quotes nothing.
    pub fn node(&self, properties: Vec<StoredProperty>) -> Result<Config, ParseError> {
        // `jcr:primaryType`, `jcr:created` and the like are of the node, not of the component.
        let of_jcr = |name: &str| name.starts_with("jcr:") || name.starts_with("sling:");
        let settings = properties.into_iter().filter(|property| !of_jcr(&property.name));
        let scalars = |property: StoredProperty| {
            let values = property.values.iter().map(|bytes| scalar(property.kind, bytes));
            Ok((property.name, values.collect::<Result<Vec<_>, ParseError>>()?))
        };
        let entries: Vec<_> = settings.map(scalars).collect::<Result<_, ParseError>>()?;
        self.made(&dictionary(entries.into_iter())?)
    }

    fn made(&self, dictionary: &Dictionary) -> Result<Config, ParseError> {
        config(&self.pid, self.factory_pid, false, dictionary)
    }
}

/// Returns what is before the suffix of a file, and what the file is.
fn file_form(name: &str) -> Option<(&str, Form)> {
    [(SUFFIX, Form::Felix), (CFG, Form::Properties), (JSON, Form::Json)]
        .into_iter()
        .find_map(|(end, form)| Some((name.strip_suffix(end)?, form)))
}

fn wrong(offset: usize, expected: &'static str) -> ParseError {
    ParseError { what: "configuration", offset, problem: Problem::Expected(expected) }
}

fn dictionary(
    entries: impl Iterator<Item = (String, Vec<Scalar>)>,
) -> Result<Dictionary, ParseError> {
    let mut all = BTreeMap::new();
    for (name, values) in entries {
        limit(values.len(), "list", 0)?;
        all.insert(name.to_lowercase(), Entry { name, garbled: false, values });
        limit(all.len(), "configuration", 0)?;
    }
    Ok(Dictionary { entries: all, ..Dictionary::default() })
}

/// Reads one value of a property: long, double and boolean are stored as text, too. (`PropertyType` of JCR)
fn scalar(kind: u8, bytes: &[u8]) -> Result<Scalar, ParseError> {
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    Ok(match kind {
        2 => return Err(wrong(0, "no binary property")),
        3 => Scalar::Number(text.parse().map_err(|_| wrong(0, "a Long"))?),
        4 => Scalar::Double(text.parse::<f64>().map_err(|_| wrong(0, "a Double"))?.to_bits()),
        6 => Scalar::Boolean(text.eq_ignore_ascii_case("true")),
        // Dates, names, paths and references are strings to OSGi.
        _ => Scalar::Text(text),
    })
}

/// A name may be followed by a colon and the type of the value; one that starts with a colon is not a setting.
fn json(bytes: &[u8]) -> Result<Vec<(String, Vec<Scalar>)>, ParseError> {
    let all: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|error| wrong(error.column(), "a JSON object"))?;
    let settings = all.into_iter().filter(|(name, _)| !name.starts_with(':'));
    let named = settings.map(|(name, value)| {
        let name = name.rsplit_once(':').map_or(name.as_str(), |(name, _)| name).to_owned();
        let values = match value {
            serde_json::Value::Array(values) => values.into_iter().filter_map(of_json).collect(),
            value => of_json(value).into_iter().collect(),
        };
        (name, values)
    });
    Ok(named.collect())
}

fn of_json(value: serde_json::Value) -> Option<Scalar> {
    match value {
        serde_json::Value::String(text) => Some(Scalar::Text(Zeroizing::new(text))),
        serde_json::Value::Bool(flag) => Some(Scalar::Boolean(flag)),
        serde_json::Value::Number(number) => {
            let double = || number.as_f64().map(|double| Scalar::Double(double.to_bits()));
            number.as_i64().map(Scalar::Number).or_else(double)
        }
        // Structures are kept as text by Felix; nothing that is asked for is one.
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{
        DOCUMENT_STORE, IMS_CLIENT_SECRET, IMS_CUSTOMIZER, SAML_HANDLER, SecretState, TOKEN_HANDLER,
    };

    fn named(name: &str) -> StoredConfig {
        StoredConfig::of_name(name).expect("a component that matters")
    }

    fn property(name: &str, kind: u8, values: &[&[u8]]) -> StoredProperty {
        let values = values.iter().map(|value| Wiped::new(value.to_vec())).collect();
        StoredProperty { name: name.to_owned(), kind, values }
    }

    fn secret(config: &Config) -> SecretState {
        config.secrets[IMS_CLIENT_SECRET]
    }

    #[test]
    fn file_that_versions_read_otherwise_says_nothing() {
        let read = |text: &str| named(&format!("{TOKEN_HANDLER}.config")).file(text.as_bytes());
        let on = "token.encapsulated=B\"true\"\n";
        assert!(read(&format!("path = \"/\"\n{on}")).is_err());
        assert!(read(&format!("{on}path = \"/\"\n")).is_ok());
        assert!(read(&format!("# by hand\n{on}")).is_ok());
    }

    #[test]
    fn name_tells_pid_factory_and_form() {
        let one = |name: &str| {
            let StoredConfig { form, pid, factory_pid } = named(name);
            (form, pid, factory_pid)
        };
        let tags = (format!("{IMS_CUSTOMIZER}~tags"), Some(IMS_CUSTOMIZER));
        for (end, form) in [
            (".config", Form::Felix),
            (".cfg", Form::Properties),
            (".cfg.json", Form::Json),
            ("", Form::Node),
        ] {
            let alone = one(&format!("{TOKEN_HANDLER}{end}"));
            assert_eq!(alone, (form, TOKEN_HANDLER.to_owned(), None));
            for sign in ["-", "~"] {
                let (pid, factory) = tags.clone();
                let name = format!("{IMS_CUSTOMIZER}{sign}tags{end}");
                assert_eq!(one(&name), (form, pid, factory), "{name}");
            }
        }
    }

    #[test]
    fn other_names_are_nothing_that_matters() {
        for name in [
            "",
            "com.day.cq.mailer.DefaultMailService.config",
            &format!("{TOKEN_HANDLER}X.config"),
            &format!("{TOKEN_HANDLER}.config.bak"),
            &format!("x{TOKEN_HANDLER}.config"),
            &format!("{DOCUMENT_STORE}.config"),
            DOCUMENT_STORE,
        ] {
            assert_eq!(StoredConfig::of_name(name), None, "{name}");
        }
    }

    #[test]
    fn all_forms_give_the_same() {
        let value = format!("{{{}}}", "0f".repeat(32));
        let of = |end: &str, text: &str| {
            named(&format!("{IMS_CUSTOMIZER}~a{end}")).file(text.as_bytes()).unwrap()
        };
        let felix = format!("auth.ims.client.secret=\"{value}\"\ncustomizer.type=\"t\"\n");
        let felix = of(".config", &felix);
        assert_eq!(secret(&felix), SecretState::Protected);
        assert_eq!(felix.protected.len(), 1);
        assert_eq!(felix.properties["customizer.type"], ["t"]);
        let cfg = format!("# x\nauth.ims.client.secret = {value}\ncustomizer.type=t\n");
        assert_eq!(of(".cfg", &cfg), felix);
        let json = format!(
            r#"{{":x": "y", "auth.ims.client.secret": "{value}", "customizer.type:String": "t"}}"#
        );
        assert_eq!(of(".cfg.json", &json), felix);
        let node = named(&format!("{IMS_CUSTOMIZER}-a")).node(vec![
            property("jcr:primaryType", 7, &[b"sling:OsgiConfig"]),
            property(IMS_CLIENT_SECRET, 1, &[value.as_bytes()]),
            property("customizer.type", 1, &[b"t"]),
        ]);
        assert_eq!(node.unwrap(), felix);
    }

    #[test]
    fn properties_of_a_node_have_types() {
        let node = |properties| named(SAML_HANDLER).node(properties);
        let config = node(vec![
            property("createUser", 6, &[b"true"]),
            property("path", 1, &[b"/", b"/content"]),
            property("idpUrl", 1, &[]),
            property("synchronizeAttributes", 3, &[b"42"]),
            property("addGroupMemberships", 4, &[b"0.5"]),
            property("keyStorePassword", 1, &[b"\xff\xfe"]),
        ])
        .unwrap();
        assert_eq!(config.properties["createUser"], ["true"]);
        assert_eq!(config.properties["path"], ["set", "set"]);
        assert_eq!(config.properties["idpUrl"], [""; 0]);
        assert_eq!(config.properties["synchronizeAttributes"], ["42"]);
        assert_eq!(config.properties["addGroupMemberships"], ["0.5"]);
        assert_eq!(config.secrets["keyStorePassword"], SecretState::Plain);
        for (kind, value) in [(2, "x"), (3, "x"), (4, "x")] {
            let error = node(vec![property("createUser", kind, &[value.as_bytes()])]).unwrap_err();
            assert!(error.to_string().starts_with("configuration at byte 0"), "{error}");
        }
    }

    #[test]
    fn too_many_values_and_broken_files_are_errors_that_quote_nothing() {
        let many = vec![b"CANARY".as_slice(); 16_385];
        assert!(named(TOKEN_HANDLER).node(vec![property("x", 1, &many)]).is_err());
        for (end, text) in [
            (".cfg.json", "{\"a\": CANARY}"),
            (".cfg.json", "[\"CANARY\"]"),
            (".config", "a=\"CANARY=x\""),
            (".config", "CANARY"),
        ] {
            let error = named(&format!("{TOKEN_HANDLER}{end}")).file(text.as_bytes()).unwrap_err();
            assert!(!error.to_string().contains("CANARY"), "{error}");
        }
        assert!(named(TOKEN_HANDLER).file(b"").is_err());
    }

    #[test]
    fn secret_that_is_a_list_or_null_is_told() {
        let of = |text: &str| {
            secret(&named(&format!("{IMS_CUSTOMIZER}.cfg.json")).file(text.as_bytes()).unwrap())
        };
        assert_eq!(of("{}"), SecretState::Missing);
        assert_eq!(of(r#"{"auth.ims.client.secret": null}"#), SecretState::Missing);
        assert_eq!(of(r#"{"auth.ims.client.secret": ["", "x"]}"#), SecretState::Plain);
        assert_eq!(of(r#"{"auth.ims.client.secret": 7}"#), SecretState::Plain);
    }
}
