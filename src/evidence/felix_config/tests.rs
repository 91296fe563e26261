//! Files of three generations of ConfigAdmin, and files that no ConfigAdmin wrote.

use super::grammar::{Scalar, read as read_as};
use super::*;
use crate::evidence::{classify, samples};
use crate::facts::{IMS_CUSTOMIZER, TOKEN_HANDLER};
use proptest::prelude::*;

const STEM: &str = "com/day/crx/security/token/impl/impl/TokenAuthenticationHandler";
const HANDLER: &str =
    "launchpad/config/com/day/crx/security/token/impl/impl/TokenAuthenticationHandler.config";

fn writer(version: &str) -> Vec<u8> {
    let path = format!("configadmin-writer-output/sample-{version}.config");
    samples::file(samples::SLING, &path)
}

fn file(path: &str, bytes: &[u8]) -> Result<ConfigFile, ParseError> {
    let (kind, found) = classify(path).expect("a configuration");
    match (kind.parse)(&found, bytes)? {
        Fact::Config(readings) => Ok(readings.newest),
        other => panic!("{other:?}"),
    }
}

fn used(path: &str, text: &str) -> Config {
    match file(path, text.as_bytes()) {
        Ok(ConfigFile::Used(config)) => *config,
        other => panic!("{other:?}"),
    }
}

fn handler(body: &str) -> Config {
    used(HANDLER, &format!("service.pid=\"{TOKEN_HANDLER}\"\n{body}"))
}

fn deviations(text: &str) -> Vec<Deviation> {
    read(text.as_bytes()).unwrap().deviations.into_iter().collect()
}

fn show(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => text.to_string(),
        Scalar::Number(number) => format!("#{number}"),
        Scalar::Float(bits) => format!("f{}", f32::from_bits(*bits)),
        Scalar::Double(bits) => format!("d{}", f64::from_bits(*bits)),
        Scalar::Boolean(flag) => format!("?{flag}"),
    }
}

fn read(bytes: &[u8]) -> Result<Dictionary, ParseError> {
    read_as(bytes, Generation::Blanks)
}

/// Names and values, without the revision that only the newest writes.
fn values(bytes: &[u8]) -> BTreeMap<String, Vec<String>> {
    values_of(bytes, Generation::Blanks)
}

fn values_of(bytes: &[u8], generation: Generation) -> BTreeMap<String, Vec<String>> {
    let entries = read_as(bytes, generation).unwrap().entries.into_values();
    let mut all: BTreeMap<_, _> =
        entries.map(|e| (e.name, e.values.iter().map(show).collect::<Vec<_>>())).collect();
    all.remove(":org.apache.felix.configadmin.revision:");
    all
}

#[test]
fn three_generations_of_writers_give_the_same_values() {
    let newest = values(&writer("1.9.12"));
    assert_eq!(values(&writer("1.8.4")), newest);
    let mut oldest = values_of(&writer("1.2.8"), Generation::Plain);
    // It writes nothing for an empty list, and takes nothing from that.
    oldest.extend(["arr.empty", "vec.empty"].map(|name| (name.to_owned(), Vec::new())));
    assert_eq!(oldest, newest);
    assert_eq!(newest["f"], ["f1.5"]);
    assert_eq!(newest["d"], ["d1.5"]);
    assert_eq!(newest["i"], ["#-5"]);
    assert_eq!(newest["c"], ["Q"]);
    assert_eq!(newest["key with space"], ["v"]);
    assert_eq!(newest["key=eq"], ["v"]);
    assert_eq!(newest["esc"], ["a b=c\"d\\e\tf\ng\u{1}h $x {y} [z] (w) , # ä€"]);
    assert_eq!(newest["vec"], ["p", "q r"]);
    assert_eq!(newest["arr.empty"], [""; 0]);
    for version in ["1.8.4", "1.9.12"] {
        assert_eq!(read(&writer(version)).unwrap().deviations, BTreeSet::new(), "{version}");
    }
    let oldest = read(&writer("1.2.8")).unwrap();
    assert!(oldest.deviations.contains(&Deviation::NoValue));
    assert!(oldest.entries.len() < newest.len());
}

/// What each generation takes from a file; checked with the `ConfigurationHandler` of 1.2.8 to 1.9.26.
#[test]
fn each_generation_reads_as_its_felix_does() {
    use Generation::{Blanks, Comments, Folds, Plain};
    const NONE: &[&str] = &[];
    let t = &["t"][..];
    for (text, expected) in [
        ("path = \"/\"\nt=B\"1\"\n", [NONE, NONE, NONE, &["path", "t"]]),
        ("t=\"1\"\npath= \"/\"\nz=\"1\"\n", [t, t, t, &["path", "t", "z"]]),
        (
            "path =\"/\"\nt=\"1\"\n",
            [&["path ", "t"], &["path ", "t"], &["path ", "t"], &["path", "t"]],
        ),
        ("path=\t\"/\"\nt=\"1\"\n", [NONE, NONE, NONE, &["path", "t"]]),
        ("# c\nt=\"1\"\nz=\"1\"\n", [&["# c\nt", "z"], &["# c\nt", "z"], &["t", "z"], &["t", "z"]]),
        ("# a=\"b\"\nt=\"1\"\n", [&["# a", "t"], &["# a", "t"], t, t]),
        ("# c\rt=\"1\"\r", [&["# c\rt"], &["# c\rt"], t, t]),
        ("path = \"/\"\n# c\nt=\"1\"\n", [NONE, NONE, NONE, &["path", "t"]]),
        ("a=\nt=\"1\"\nz=\"1\"\n", [&["t", "z"], &["t", "z"], &["t", "z"], NONE]),
        ("a= \r\nt=\"1\"\r\n", [t, t, t, NONE]),
        ("a =\nt=\"1\"\n", [t, t, t, NONE]),
        ("a= =\nt=\"1\"\n", [NONE, NONE, NONE, t]),
        ("a=[ \"x\", \"y\" ]\nt=\"1\"\n", [NONE, &["a", "t"], &["a", "t"], &["a", "t"]]),
        ("a=[\"x\" \"y\"]\nt=\"1\"\n", [NONE, &["!"], &["!"], &["!"]]),
        (
            "a=[ \\\r\n  \"x\", \\\r\n  ]\r\nt=\"1\"\r\n",
            [&["!"], &["a", "t"], &["a", "t"], &["a", "t"]],
        ),
        ("b c=\"1\"\nt=\"1\"\n", [&["b c", "t"], &["b c", "t"], &["b c", "t"], &["b c", "t"]]),
    ] {
        for (generation, names) in [Plain, Folds, Comments, Blanks].into_iter().zip(expected) {
            let read = read_as(text.as_bytes(), generation);
            let read = read.map_or_else(
                |_| vec!["!".to_owned()],
                |read| read.entries.into_keys().collect::<Vec<_>>(),
            );
            assert_eq!(read, names, "{text} {generation:?}");
        }
        let alike = expected.iter().all(|names| names == &expected[3]);
        let is_told =
            read(text.as_bytes()).is_ok_and(|read| read.folded != Folded::None || read.divides());
        assert!(alike || is_told || expected[3] == ["!"], "{text}");
    }
}

#[test]
fn versions_are_of_a_generation() {
    use Generation::{Blanks, Comments, Folds, Plain};
    for (version, generation) in [
        ("1.2.8", Some(Plain)),
        ("1.8.4", Some(Plain)),
        ("1.8.6.B001", Some(Folds)),
        ("1.8.8", Some(Comments)),
        ("1.9.12", Some(Comments)),
        ("1.9.18", Some(Comments)),
        ("1.9.20", None),
        ("1.9.22", Some(Blanks)),
        ("1.10.0", Some(Blanks)),
        ("x", None),
        ("1.9", None),
    ] {
        assert_eq!(Generation::of_version(version), generation, "{version}");
    }
}

#[test]
fn file_is_open_where_the_version_decides_and_is_not_known() {
    let pid = format!("service.pid=\"{TOKEN_HANDLER}\"\n");
    let readings = |text: String| ConfigReadings::of(STEM, text.as_bytes()).unwrap();
    let on = "token.encapsulated=B\"true\"\n";
    let flag = |file: Option<&ConfigFile>| match file? {
        ConfigFile::Used(config) => Some(config.properties.contains_key("token.encapsulated")),
        ConfigFile::Ignored(_) => None,
    };
    let blank = readings(format!("{pid}path = \"/\"\n{on}"));
    assert_eq!(blank.to(None), None);
    assert_eq!(flag(blank.to(Some(Generation::Comments))), Some(false));
    assert_eq!(flag(blank.to(Some(Generation::Blanks))), Some(true));
    // The PID itself is lost.
    let first = readings(format!("path = \"/\"\n{pid}{on}"));
    let lost = ConfigFile::Ignored(IgnoredConfig::NoPid);
    assert_eq!(first.to(Some(Generation::Comments)), Some(&lost));
    assert_eq!(first.to(None), None);
    let comment = readings(format!("{pid}# on\n{on}"));
    assert_eq!(flag(comment.to(Some(Generation::Folds))), Some(false));
    assert_eq!(flag(comment.to(Some(Generation::Comments))), Some(true));
    assert_eq!(comment.to(None), None);
    // One that was installed as 1.9.12 skips comments, whatever it was updated to.
    assert_eq!(flag(comment.since(Generation::Comments)), Some(true));
    assert_eq!(blank.since(Generation::Comments), None);
    // ConfigAdmin up to 1.8.6 fails on a comment at the end, and ignores the file.
    assert_eq!(readings(format!("{pid}{on}# end\n")).to(None), None);
    // What is lost matters to nobody, or no version that old wrote the file.
    for text in [
        format!("{pid}{on}path = \"/\"\nx=\"1\"\n"),
        format!("{pid}skip.token.refresh=[ \\\r\n  ]\r\n{on}"),
    ] {
        assert_eq!(flag(readings(text).to(None)), Some(true));
    }
    let other = "service.pid=\"a.B\"\nx = \"/\"\ny=\"1\"\n";
    assert!(ConfigReadings::of("a/B", other.as_bytes()).unwrap().to(None).is_some());
}

#[test]
fn every_prefix_is_a_value_or_a_typed_error() {
    for version in ["1.2.8", "1.8.4", "1.9.12"] {
        let whole = writer(version);
        for length in 0..whole.len() {
            match read(&whole[..length]) {
                Ok(dictionary) => {
                    assert!(dictionary.entries.len() <= values(&whole).len() + 1);
                }
                Err(error) => assert!(error.offset <= length, "{error}"),
            }
        }
    }
}

#[test]
fn real_files_are_configurations() {
    let text = String::from_utf8(samples::file(samples::SLING, HANDLER)).unwrap();
    assert_eq!(deviations(&text), []);
    let config = used(HANDLER, &text);
    assert!(config.wanted && !config.windows);
    assert_eq!(config.properties["token.encapsulated"], ["true"]);
    assert_eq!(config.properties["token.required.attr"], ["none"]);
    assert_eq!(config.properties["skip.token.refresh"], [""; 0]);
    assert_eq!(config.properties.len(), 3);
    let named =
        "launchpad/config/org/apache/sling/commons/log/LogManager/factory/config%007eapp.config";
    let text = String::from_utf8(samples::file(samples::SLING, named)).unwrap();
    // A logger that does not say where it writes.
    assert_eq!(used(named, &text).properties.len(), 0);
}

#[test]
fn files_by_hand_are_read_as_the_newest_felix_reads_them() {
    use Deviation::{Blank, Bom, Comment, CutText, Garbled, Unquoted};
    for (body, expected) in [
        ("token.encapsulated=B\"true\"", &[][..]),
        ("\n\n  token.encapsulated=B\"TRUE\"  \n\n", &[]),
        ("TOKEN.encapsulated=\"true\"", &[]),
        ("token.encapsulated=[\"true\"]", &[]),
        ("token.encapsulated=B[ \\\n \"true\", \\\n ]", &[]),
        ("token.encapsulated=\"false\"\ntoken.encapsulated=B\"true\"\n", &[]),
        ("# x\n#y=\"1\"\ntoken.encapsulated=B\"true\"\n", &[Comment]),
        ("token.encapsulated = B\"true\"\n", &[Blank]),
        ("token.encapsulated= B\"true\"\n", &[Blank]),
        ("token.encapsulated=B\"true", &[CutText]),
        ("a=true\nb=\"1\"\ntoken.encapsulated=B\"true\"\n", &[Unquoted, Garbled]),
    ] {
        let config = handler(body);
        assert_eq!(config.properties["token.encapsulated"], ["true"], "{body}");
        assert_eq!(deviations(body), expected, "{body}");
    }
    assert_eq!(deviations("\u{feff}a=\"1\"\nb=\"1\"\n"), [Bom]);
}

#[test]
fn what_felix_loses_is_lost() {
    assert!(handler("a=true\ntoken.encapsulated=B\"true\"\n").properties.is_empty());
    assert!(handler("// hi\ntoken.encapsulated=B\"true\"\n").properties.is_empty());
    assert!(handler("token.encapsulated=[\"true\",").properties.is_empty());
    assert!(handler("\"x\"\ntoken.encapsulated=B\"true\"\n").properties.is_empty());
    let boolean = handler("token.encapsulated=B\"yes\"\n");
    assert_eq!(boolean.properties["token.encapsulated"], ["false"]);
}

#[test]
fn errors_never_quote() {
    for (text, message) in [
        ("CANARY", "name at byte 6: file ends here"),
        ("CANARY\"", "name at byte 6: expected an equals sign"),
        ("a=\"CANARY=x\"", "value at byte 9: expected a closing quote in front of the equals sign"),
        ("a=I\"CANARY\"", "value at byte 4: expected an Integer"),
        ("a=L\"\"", "value at byte 4: expected a Long"),
        ("a=[\"x\" CANARY]", "list at byte 7: expected a comma or the end of the list"),
        ("a=\"\\u0xCANARY\"", "value at byte 5: expected four hexadecimal digits"),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn counts_end_at_their_bounds() {
    let many: String = (0..20_000).fold(String::new(), |text, n| text + &format!("k{n}=\"\"\n"));
    assert!(read(many.as_bytes()).unwrap_err().to_string().ends_with("limit of 16384"));
    let long = format!("a=[{}]", "\"\",".repeat(20_000));
    assert!(read(long.as_bytes()).unwrap_err().to_string().ends_with("limit of 16384"));
    assert!(read("a=[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn what_felix_ignores_is_ignored() {
    let pid = format!("service.pid=\"{TOKEN_HANDLER}\"\n");
    let base = HANDLER.strip_suffix(".config").unwrap();
    let ignored = |path: &str, text: &str| match file(path, text.as_bytes()) {
        Ok(ConfigFile::Ignored(why)) => why,
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(ignored(&format!("{HANDLER}42.tmp"), &pid), IgnoredConfig::Leftover);
    assert_eq!(ignored(&format!("{HANDLER}.bak"), "junk"), IgnoredConfig::OtherName);
    assert_eq!(ignored(&format!("{base} (1).config"), &pid), IgnoredConfig::OtherPlace);
    assert_eq!(ignored(HANDLER, "token.encapsulated=B\"true\"\n"), IgnoredConfig::NoPid);
    assert_eq!(ignored(HANDLER, ""), IgnoredConfig::NoPid);
    let index = "factory.pid=\"a.b\"\nfactory.pidList=[\"a.b.1\"]\n";
    assert_eq!(ignored("config/a/b/factory.config", index), IgnoredConfig::FactoryIndex);
}

#[test]
fn windows_path_is_told() {
    let path = HANDLER.replace("config/com/", "config/%0063om/");
    assert!(used(&path, &format!("service.pid=\"{TOKEN_HANDLER}\"\n")).windows);
}

#[test]
fn configuration_that_was_never_filled_says_nothing() {
    let config = handler("_felix_.cm.newConfiguration=B\"true\"\ntoken.encapsulated=B\"true\"\n");
    assert!(!config.matters());
}

#[test]
fn values_do_not_show_in_facts() {
    let secret = format!("{{{}}}", "5eC2e7aa".to_lowercase().repeat(8));
    let text = format!(
        "service.pid=\"{IMS_CUSTOMIZER}\"\nauth.ims.client.secret=\"CANARY\"\nx=\"{secret}\"\ny=\"CANARY\"\n\
         customizer.type=\"{secret}\"\n"
    );
    let path = "config/com/adobe/granite/auth/ims/impl/IMSAccessTokenRequestCustomizerImpl.config";
    let config = used(path, &text);
    let shown = format!("{config:?} {:?}", read(text.as_bytes()).unwrap().entries.values());
    assert!(!shown.contains("CANARY") && !shown.contains("5ec2e7aa"), "{shown}");
    assert_eq!(config.secrets["auth.ims.client.secret"], SecretState::Plain);
    assert_eq!(config.protected.len(), 2);
    assert_eq!(config.protected[0].digest, config.protected[1].digest);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_typed_result(text in "[a-c=\"\\\\\\[\\](), \\n\\r#IBFu0-9{}]{0,80}") {
        drop(read(text.as_bytes()));
    }
}

#[test]
fn table_of_config_admin_itself_is_no_configuration() {
    let path = "q/launchpad/config/org_apache_felix_cm_impl_DynamicBindings.config";
    assert_eq!((KIND.find)(path), None);
    assert!((KIND.find)("q/launchpad/config/org_apache_x.config").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What is said of older readers without reading as they do is what they read.
    #[test]
    fn older_readings_are_foretold(parts in prop::collection::vec(
        prop::sample::select(&["a", "=", "\"x\"", "[", "]", "(", ",", " \\\r\n", "  ", "\n", "=[ \\\r\n  \"y\", \\\r\n  ]\r\n", "\\u0041", "[ \\\n]", "\r\nb=\"1\"\r\n"][..]), 0..12)
    ) {
        let text = format!("service.pid=\"x\"\r\n{}", parts.concat());
        let Ok(newest) = read(text.as_bytes()) else { return Ok(()) };
        prop_assume!(!newest.divides());
        let plain = read_as(text.as_bytes(), Generation::Plain);
        match newest.folded {
            Folded::None => prop_assert_eq!(&plain.unwrap().entries, &newest.entries),
            Folded::Fatal => prop_assert!(plain.is_err()),
            Folded::Misread => {}
        }
        for generation in [Generation::Folds, Generation::Comments] {
            let read = read_as(text.as_bytes(), generation).unwrap();
            prop_assert_eq!(&read.entries, &newest.entries);
        }
    }
}
