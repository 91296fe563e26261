//! Reads a policy from TOML. What it does not know is refused: a misspelt key would otherwise expect nothing.

mod wire;

use super::{
    Differ, ExpectedDigest, Level, MD5_DIGITS, Pattern, Policy, PolicyFarm, PolicyInstance,
    Suppression, suggest::did_you_mean, unquoted::unquoted,
};
use crate::facts::{Date, KeyName, Role};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use wire::{
    PolicyFarmWire, PolicyInstanceWire, PolicyKeyWire, PolicySuppressionWire, Wire, WireDiffer,
    WireLevel, WireRole,
};

pub use wire::schema;

/// Hexadecimal digits of a sha256.
const SHA256_DIGITS: usize = 64;

/// Rules on suppressions themselves, which no suppression may silence.
const NOT_TO_SUPPRESS: [&str; 2] = ["suppression-expired", "suppression-unmatched"];

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, one sentence without a full stop.
    pub problem: String,
}

/// What is wrong, and the bytes of the text it is about.
type Wrong = (Range<usize>, String);

/// Reads a policy; `rules` are the ids of all rules.
///
/// # Errors
///
/// Fails with the first thing that is wrong, and its line.
pub fn parse(text: &str, rules: &[&str]) -> Result<Policy, PolicyError> {
    let wire: Wire = toml::from_str(text)
        .map_err(|error| at(text, (error.span().unwrap_or(0..0), unquoted(error.message()))))?;
    policy(wire, rules).map_err(|wrong| at(text, wrong))
}

fn at(text: &str, (span, problem): Wrong) -> PolicyError {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    PolicyError { line, problem }
}

fn policy(wire: Wire, rules: &[&str]) -> Result<Policy, Wrong> {
    bounded(&wire)?;
    let farms = wire.farm.into_iter().map(farm).collect::<Result<Vec<_>, _>>()?;
    unique("farm", farms.iter().map(|(span, farm)| (span, farm.name.as_str())))?;
    let farms: Vec<PolicyFarm> = farms.into_iter().map(|(_, farm)| farm).collect();
    let names: BTreeSet<&str> = farms.iter().map(|farm| farm.name.as_str()).collect();
    let differ =
        wire.differ.into_iter().map(|wire| differ(wire, &names)).collect::<Result<_, _>>()?;
    let mut severities = BTreeMap::new();
    for (id, level) in wire.severity {
        known_rule(&id, rules)?;
        severities.insert(id.into_inner(), level.into());
    }
    let suppressions =
        wire.suppress.into_iter().map(|wire| suppression(wire, rules)).collect::<Result<_, _>>()?;
    Ok(Policy { farms, differ, severities, suppressions })
}

/// Fails at the first thing that is one too many.
fn bounded(wire: &Wire) -> Result<(), Wrong> {
    let Limits { policy_farms_max, differs_max, .. } = Limits::DEFAULT;
    if let Some(farm) = wire.farm.get(policy_farms_max) {
        let problem = format!("the policy has more than {policy_farms_max} farms");
        return Err((farm.name.span(), problem));
    }
    if let Some(differ) = wire.differ.get(differs_max) {
        let problem = format!(
            "the policy has more than {differs_max} [[differ]]; one may name all farms that must differ"
        );
        return Err((differ.span(), problem));
    }
    bounded_globs(wire)
}

/// Fails at the first glob that is one too many: each becomes a program, which takes much more memory than its text.
fn bounded_globs(wire: &Wire) -> Result<(), Wrong> {
    // A policy of 1 MiB of globs took 196 MiB.
    let Limits { globs_max, globs_bytes_max, .. } = Limits::DEFAULT;
    let sources =
        wire.farm.iter().flat_map(|farm| &farm.instance).filter_map(|i| i.source.as_ref());
    let suppressed = wire.suppress.iter().filter_map(|wire| wire.instances.as_ref());
    let all = sources.chain(suppressed.flat_map(Spanned::get_ref));
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for glob in all.filter(|text| Pattern::is_glob(text.get_ref())) {
        count = count.saturating_add(1);
        bytes = bytes.saturating_add(glob.get_ref().len());
        if count > globs_max || bytes > globs_bytes_max {
            let problem = format!(
                "the policy has more than {globs_max} patterns, or more than {globs_bytes_max} bytes of them; names without wildcards do not \
                 count"
            );
            return Err((glob.span(), problem));
        }
    }
    Ok(())
}

fn farm(wire: PolicyFarmWire) -> Result<(Range<usize>, PolicyFarm), Wrong> {
    let span = wire.name.span();
    let name = told("the name of a farm", wire.name)?;
    if wire.instance.is_empty() {
        return Err((span, format!("the farm {name:?} has no [[farm.instance]]")));
    }
    let digests = [(KeyName::Hmac, wire.hmac), (KeyName::Master, wire.master)];
    let keys = digests
        .into_iter()
        .filter_map(|(name, digest)| digest.map(|digest| Ok((name, expected(&digest)?))))
        .collect::<Result<_, Wrong>>()?;
    let instances = wire.instance.into_iter().map(instance).collect::<Result<Vec<_>, _>>()?;
    unique("instance", instances.iter().map(|(span, instance)| (span, instance.name.as_str())))?;
    let instances = instances.into_iter().map(|(_, instance)| instance).collect();
    Ok((span, PolicyFarm { name, keys, instances }))
}

fn instance(wire: PolicyInstanceWire) -> Result<(Range<usize>, PolicyInstance), Wrong> {
    let span = wire.name.span();
    let name = told("the name of an instance", wire.name)?;
    let source = match wire.source {
        Some(source) => pattern(source)?,
        None => Pattern::exactly(&name).map_err(|problem| (span.clone(), problem))?,
    };
    let role = wire.role.map(|role| match role {
        WireRole::Author => Role::Author,
        WireRole::Publish => Role::Publish,
    });
    Ok((span, PolicyInstance { name, source, role }))
}

fn expected(text: &Spanned<String>) -> Result<ExpectedDigest, Wrong> {
    // `Get-FileHash` of PowerShell prints digits in upper case, `md5sum` in lower.
    let digits = text.get_ref().to_ascii_lowercase();
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && [MD5_DIGITS, SHA256_DIGITS].contains(&digits.len()) {
        return Ok(ExpectedDigest(digits));
    }
    let problem = format!(
        "a key is expected by its md5 or sha256, in {MD5_DIGITS} or {SHA256_DIGITS} hexadecimal digits"
    );
    Err((text.span(), problem))
}

fn differ(wire: Spanned<WireDiffer>, farms: &BTreeSet<&str>) -> Result<Differ, Wrong> {
    let span = wire.span();
    let wire = wire.into_inner();
    if let Some(name) = wire.farms.iter().find(|name| !farms.contains(name.get_ref().as_str())) {
        let meant = did_you_mean(name.get_ref(), farms.iter().copied());
        let problem = format!("no [[farm]] has the name {:?}{meant}", name.get_ref());
        return Err((name.span(), problem));
    }
    unique("farm", wire.farms.iter().map(|name| (name.span(), name.get_ref().as_str())))?;
    let keys: BTreeSet<KeyName> = match wire.keys {
        None => KeyName::ALL.into(),
        Some(keys) => keys.into_iter().map(KeyName::from).collect(),
    };
    if wire.farms.len() < 2 || keys.is_empty() {
        return Err((span, "[[differ]] needs two farms or more, and a key".to_owned()));
    }
    let farms = wire.farms.into_iter().map(Spanned::into_inner).collect();
    Ok(Differ { farms, keys: keys.into_iter().collect() })
}

fn suppression(wire: PolicySuppressionWire, rules: &[&str]) -> Result<Suppression, Wrong> {
    known_rule(&wire.rule, rules)?;
    if NOT_TO_SUPPRESS.contains(&wire.rule.get_ref().as_str()) {
        let problem = format!("{} cannot be suppressed", wire.rule.get_ref());
        return Err((wire.rule.span(), problem));
    }
    let until = wire.until.map(|until| {
        let date = until.get_ref().parse::<Date>();
        date.map_err(|error| (until.span(), format!("until: {:?} {error}", until.get_ref())))
    });
    Ok(Suppression {
        farm: wire.farm.map(|farm| told("the name of a farm", farm)).transpose()?,
        instances: wire.instances.map_or_else(|| Ok(Vec::new()), asked)?,
        reason: told("the reason of a suppression", wire.reason)?,
        until: until.transpose()?,
        rule: wire.rule.into_inner(),
    })
}

/// Returns the instances that are asked for. An empty list is a mistake: taken as none it would do nothing, taken as left out it would
/// match all.
fn asked(instances: Spanned<Vec<Spanned<String>>>) -> Result<Vec<Pattern>, Wrong> {
    if instances.get_ref().is_empty() {
        let problem = "instances is empty: name some, or leave it out for all".to_owned();
        return Err((instances.span(), problem));
    }
    instances.into_inner().into_iter().map(pattern).collect()
}

fn known_rule(id: &Spanned<String>, rules: &[&str]) -> Result<(), Wrong> {
    if rules.contains(&id.get_ref().as_str()) {
        return Ok(());
    }
    let name = id.get_ref();
    let meant = did_you_mean(name, rules.iter().copied());
    let meant = if meant.is_empty() { "; `aemtrix rules` lists them".to_owned() } else { meant };
    Err((id.span(), format!("there is no rule {name:?}{meant}")))
}

fn pattern(text: Spanned<String>) -> Result<Pattern, Wrong> {
    let span = text.span();
    let text = told("a pattern", text)?;
    Pattern::new(&text).map_err(|problem| (span, problem))
}

/// Returns a text that says something.
fn told(what: &str, text: Spanned<String>) -> Result<String, Wrong> {
    if text.get_ref().trim().is_empty() {
        return Err((text.span(), format!("{what} is blank")));
    }
    Ok(text.into_inner())
}

fn unique<'n, S: Into<SpanOf>>(
    what: &str,
    names: impl Iterator<Item = (S, &'n str)>,
) -> Result<(), Wrong> {
    let mut seen = BTreeSet::new();
    for (span, name) in names {
        if !seen.insert(name) {
            return Err((span.into().0, format!("the {what} {name:?} is named twice")));
        }
    }
    Ok(())
}

/// A span, owned or not.
struct SpanOf(Range<usize>);

impl From<Range<usize>> for SpanOf {
    fn from(span: Range<usize>) -> Self {
        Self(span)
    }
}

impl From<&Range<usize>> for SpanOf {
    fn from(span: &Range<usize>) -> Self {
        Self(span.clone())
    }
}

impl From<PolicyKeyWire> for KeyName {
    fn from(key: PolicyKeyWire) -> Self {
        match key {
            PolicyKeyWire::Hmac => Self::Hmac,
            PolicyKeyWire::Master => Self::Master,
        }
    }
}

impl From<WireLevel> for Level {
    fn from(level: WireLevel) -> Self {
        match level {
            WireLevel::Error => Self::Error,
            WireLevel::Warning => Self::Warning,
            WireLevel::Note => Self::Note,
            WireLevel::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [&str; 3] = ["storage-jcr", "token-off", "suppression-expired"];

    const WHOLE: &str = r#"
[[farm]]
name = "production"
hmac = "455A5AF0455A5AF0455A5AF0455A5AF0"
[[farm.instance]]
name = "author"
source = "prod-author*"
role = "author"
[[farm.instance]]
name = "publish1"
[[farm]]
name = "stage"
[[farm.instance]]
name = "author"
[[differ]]
farms = ["production", "stage"]
[severity]
token-off = "error"
[[suppress]]
rule = "storage-jcr"
farm = "production"
instances = ["auth*"]
reason = "migrates in May"
until = "2026-12-31"
"#;

    fn error(text: &str) -> String {
        parse(text, &RULES).unwrap_err().to_string()
    }

    /// The whole policy with a part of it replaced.
    fn with(old: &str, new: &str) -> String {
        assert!(WHOLE.contains(old));
        error(&WHOLE.replacen(old, new, 1))
    }

    #[test]
    fn whole_policy_is_read() {
        let policy = parse(WHOLE, &RULES).unwrap();
        let production = &policy.farms[0];
        assert_eq!(production.keys[&KeyName::Hmac].short(), "455a5af0");
        assert_eq!(production.instances[0].role, Some(Role::Author));
        assert!(production.instances[0].may_lie_in("up/prod-author.tar.gz"));
        assert!(production.instances[1].source.matches("publish1"));
        assert!(!production.instances[1].may_lie_in("up/publish12"));
        assert_eq!(policy.differ[0].keys, KeyName::ALL);
        assert_eq!(policy.severities["token-off"], Level::Error);
        let suppression = &policy.suppressions[0];
        let covers = |farm, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            suppression.covers("storage-jcr", farm, &names)
        };
        assert!(covers("production", &["author"]));
        assert!(!covers("production", &["author", "publish1"]));
        assert!(!covers("production", &[]));
        assert!(!covers("stage", &["author"]));
        let day = |text: &str| text.parse().ok();
        assert!(
            !suppression.is_expired(day("2026-12-31")) && suppression.is_expired(day("2027-01-01"))
        );
    }

    #[test]
    fn empty_policy_expects_nothing() {
        assert_eq!(parse("", &RULES), Ok(Policy::default()));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_line() {
        for (old, new, says) in [
            ("role =", "roles =", "line 8: this field is not known; expected "),
            ("[[differ]]", "[[differs]]", "line 15: this field is not known; expected "),
            ("\"error\"", "\"fatal\"", "line 18: this value is not known; expected "),
            (
                "role = \"author\"",
                "role = \"dispatcher\"",
                "line 8: this value is not known; expected ",
            ),
            ("token-off =", "token-of =", "line 18: there is no rule \"token-of\""),
            ("\"storage-jcr\"", "\"storage\"", "line 20: there is no rule \"storage\""),
            (
                "\"storage-jcr\"",
                "\"suppression-expired\"",
                "line 20: suppression-expired cannot be suppressed",
            ),
            (
                "\"production\", \"stage\"",
                "\"production\", \"test\"",
                "line 16: no [[farm]] has the name \"test\"",
            ),
            (
                "\"production\", \"stage\"",
                "\"stage\", \"stage\"",
                "line 16: the farm \"stage\" is named twice",
            ),
            ("\"production\", \"stage\"", "\"stage\"", "line 15: [[differ]] needs two farms"),
            ("455A5AF0", "", "line 4: a key is expected by its md5 or sha256"),
            ("455A5AF0", "455A5AFg", "line 4: a key is expected by its md5 or sha256"),
            ("\"publish1\"", "\"author\"", "line 10: the instance \"author\" is named twice"),
            ("\"stage\"", "\"production\"", "line 12: the farm \"production\" is named twice"),
            ("migrates in May", " ", "line 23: the reason of a suppression is blank"),
            ("reason = \"migrates in May\"", "", "line 19: missing field `reason`"),
            ("2026-12-31", "2026-12-32", "line 24: until: \"2026-12-32\" is not a date"),
            // Without quotes it is a date of TOML, which is no text.
            ("\"2026-12-31\"", "2026-12-31", "line 24: this is of another type"),
            ("auth*", "auth[", "line 22: \"auth[\": "),
            ("[\"auth*\"]", "[]", "line 22: instances is empty"),
            ("[\"auth*\"]", "[\n]", "line 22: instances is empty"),
            ("\nname = \"publish1\"", "", "line 9: missing field `name`"),
            ("[[farm]]", "[[farm", "line 2: "),
        ] {
            let said = with(old, new);
            assert!(said.starts_with(says), "{said:?} is not {says:?}");
        }
    }

    #[test]
    fn globs_are_counted_and_names_are_not() {
        let policy = |name: &str, count: usize| {
            let names: Vec<String> = (0..count).map(|index| format!("\"{name}{index}\"")).collect();
            let names = names.join(",\n");
            format!("[[suppress]]\nrule = \"token-off\"\nreason = \"r\"\ninstances = [\n{names}]\n")
        };
        let max = Limits::DEFAULT.globs_max;
        assert!(parse(&policy("publish", 2 * max), &RULES).is_ok());
        assert!(parse(&policy("p*", max), &RULES).is_ok());
        let told = error(&policy("p*", max + 1));
        assert!(told.starts_with("line 2005: the policy has more than 2000 patterns"), "{told}");
        let long = "?".repeat(4_000);
        assert!(parse(&policy(&long, 16), &RULES).is_ok());
        assert!(error(&policy(&long, 17)).starts_with("line 21: the policy has more than"));
    }

    #[test]
    fn policy_has_so_many_farms_and_no_more() {
        let Limits { policy_farms_max, differs_max, .. } = Limits::DEFAULT;
        let farm = |i: usize| format!("[[farm]]\nname = \"{i}\"\ninstance = [{{name = \"a\"}}]\n");
        let most: String = (0..policy_farms_max).map(farm).collect();
        assert!(parse(&most, &RULES).is_ok());
        let told = error(&format!("{most}{}", farm(policy_farms_max)));
        assert_eq!(told, "line 60002: the policy has more than 20000 farms");
        let differ = "[[differ]]\nfarms = [\"0\", \"1\"]\n";
        let two = [farm(0), farm(1)].concat();
        let differs = |count| format!("{two}{}", differ.repeat(count));
        assert!(parse(&differs(differs_max), &RULES).is_ok());
        let told = error(&differs(differs_max.saturating_add(1)));
        assert!(told.starts_with("line 207: the policy has more than 100 [[differ]]"), "{told}");
    }

    #[test]
    fn what_is_no_policy_is_refused_without_a_word_of_it() {
        // Parsers quote what they refuse, and the file may be a key that was named by mistake.
        let secret = "c2VjcmV0";
        for text in [
            secret.to_owned(),
            format!("{secret}=="),
            format!("{secret} = 1"),
            format!("farm = \"{secret}\""),
            format!("severity = \"{secret}\""),
            format!("severity = {{a = \"{secret}\"}}"),
            format!("[[farm]]\nname = [\"{secret}\"]"),
            format!("[{secret}]\na=1"),
            format!("a = {secret}"),
            format!("{secret} = 1\n{secret} = 2"),
            format!("{secret} = 1\n{secret}.a = 2"),
            format!("a = \"\\q{secret}\""),
        ] {
            let told = error(&text);
            assert!(told.starts_with("line ") && !told.contains(secret), "{told}");
        }
    }

    #[test]
    fn farm_without_instances_is_refused() {
        assert_eq!(
            error("\n[[farm]]\nname = \"p\"\n"),
            "line 3: the farm \"p\" has no [[farm.instance]]"
        );
    }
}
