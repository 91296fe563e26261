//! Key bytes reach no output, whatever the format, the verbosity and the place the key lies in.

use crate::instance::Instance;
use crate::pack::{Packing, gzip};
use crate::run::aemtrix;
use crate::snapshot::random::bytes_of;
use aemtrix::evidence::SIGNATURES;
use aemtrix::report::FORMATS;
use regex::bytes::{Regex, RegexBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;
use tempfile::TempDir;

/// Fewer bytes of a key than this may appear by chance.
const WINDOW: usize = 8;

/// Keys and other secrets, each of its own.
fn secrets() -> Vec<Vec<u8>> {
    let binary = ["hmac in place", "hmac misplaced", "hmac with newline", "hmac by link"];
    let mut secrets: Vec<_> = binary.iter().map(|text| bytes_of::<32>(text).to_vec()).collect();
    secrets.push(bytes_of::<16>("master in place").to_vec());
    secrets.extend(TEXTS.map(|text| text.as_bytes().to_vec()));
    secrets.extend(LINKED.iter().cloned());
    secrets
}

/// Keys that are linked to or copied: binary ones, and those that pass for a location, a Sling id, a number or a run mode.
pub(crate) static LINKED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let texts = [
        "bY6uH1eS4wN9aK3cT8vQ5zX2mJ7pL0rD",
        "file:/vkQjwPzYxqHnTbrm",
        "5d3f81c6-7b2e-4a90-8c1d-e6f0a9b47253",
        "8714236590148273",
        "kqzrvbnmtwplkjhg",
    ];
    let texts = texts.iter().map(|text| text.as_bytes().to_vec());
    [bytes_of::<32>("linked").to_vec()].into_iter().chain(texts).collect()
});

const HMAC_TEXT: &str = "zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA";
const MASTER_TEXT: &str = "c4a4a27e0c4a4a27e0c4a4a27e0c4a4a";
const STORAGE_TEXT: &str = "uX3wE8rT6yP1oI9kM4nV7bQ2zL5j";
const PASSWORD: &str = "hN8vB2xC6qK4mW9tR3pL7zD5";
const OPTION: &str = "gY5tF1sJ8kQ3wP6nX2vM9rB4";
const CLIENT_SECRET: &str = "pX4sJ7dL2yU9aE6fZ3cO8iT5";
/// Hexadecimal digits that no digest of another test holds.
const PROTECTED: &str = "b7d1c9e05a3f48627d1e9b0c5f3a8642e1d7c9b05f3a48629c0e5b7d1f3a8246";

const IMS: &str = "com.adobe.granite.auth.ims.impl.IMSAccessTokenRequestCustomizerImpl";
const HANDLER: &str = "com.day.crx.security.token.impl.impl.TokenAuthenticationHandler";

/// A configuration of this PID, with its path.
fn config(pid: &str, body: &str) -> (String, Vec<u8>) {
    let path = format!("launchpad/config/{}.config", pid.replace('.', "/"));
    (path, format!("service.pid=\"{pid}\"\r\n{body}").into_bytes())
}

/// Configurations that hold secrets where they belong, where they do not, and in every kind of damage.
fn configured(name: &str) -> Instance {
    let properties = format!(
        "auth.ims.client.secret=\"{CLIENT_SECRET}\"\r\ncustomizer.type=\"{{{PROTECTED}}}\"\r\n\
         some.password=[ \\\r\n  \"{PASSWORD}\", \\\r\n  \"{{{PROTECTED}}}\", \\\r\n  ]\r\n"
    );
    let unquoted = format!(
        "smtp.password={PASSWORD}\nx=\"{{{PROTECTED}}}\"\ny=\"a\"{PASSWORD}=\"{{{PROTECTED}}}\"\n"
    );
    let saml = format!(
        "idpUrl=\"https://x:{PASSWORD}@idp/\"\r\ncreateUser=B\"{PASSWORD}\"\r\nkeyStorePassword=\"{PASSWORD}\"\r\n"
    );
    let handler =
        format!("token.encapsulated=B\"true\"\r\nskip.token.refresh=[\"{{{PROTECTED}}}\"]\r\n");
    let files = [
        config(IMS, &properties),
        config(HANDLER, &handler),
        config("com.day.cq.mailer.DefaultMailService", &unquoted),
        config("com.adobe.granite.auth.saml.SamlAuthenticationHandler", &saml),
        config("broken.equals", &format!("smtp.password=\"{PASSWORD}=x\"\r\n")),
        config("broken.number", &format!("proxy.password=I\"{PASSWORD}\"\r\n")),
        config("broken.list", &format!("jdbc.password=[\"a\" {PASSWORD}]\r\n")),
        config("broken.name", &format!("{PASSWORD}\"\r\n")),
        config("broken.cut", &format!("bind.password=\"{PASSWORD}")),
        ("launchpad/config/copy.config".to_owned(), config(IMS, &properties).1),
    ];
    files.iter().fold(Instance::new(name), |instance, (path, bytes)| instance.file(path, bytes))
}

/// What a protected value says, which opens with the master in place.
const SEALED: &str = "dV5nR8sK2yW7fB4xJ9qT3mZ6";

/// An instance whose master opens what it holds, and one that is given it for its own.
fn opening() -> [Instance; 2] {
    let master = bytes_of::<16>("master in place");
    let mail = format!("smtp.password=\"{}\"\r\n", crate::secrets::sealed(&master, SEALED));
    let (path, bytes) = config("com.day.cq.mailer.DefaultMailService", &mail);
    [
        Instance::new("opening").master_bytes(&master).file(&path, &bytes),
        Instance::new("shut").master("another").file(&path, &bytes),
    ]
}

const LOGGED: &str = "jW4kD8sN2yQ6xM9vZ3bT7c";
const PERSON: &str = "jane.doe@customer.example";
const HMAC_BASE64: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
const TEXTS: [&str; 11] = [
    SEALED,
    HMAC_TEXT,
    HMAC_BASE64,
    MASTER_TEXT,
    STORAGE_TEXT,
    PASSWORD,
    OPTION,
    CLIENT_SECRET,
    PROTECTED,
    LOGGED,
    PERSON,
];

/// A log with secrets and a person before, within and behind everything that is looked for.
fn log() -> String {
    let told = [
        "Starting Crypto Support (com.adobe.granite.crypto, {}) with {} storage",
        "Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage {}",
        "Created new Sling ID {}",
        "Active run modes: [author, {}@x]",
        "Setting org.osgi.service.http.port=4502{}",
        "Setting 'com.adobe.granite.crypto.file.disable' to '{}' from command line.",
        "Setting 'com.adobe.granite.crypto.keys.path' to '/home/{}' from command line.",
    ];
    let signs = SIGNATURES.iter().map(|known| known.text).chain(told);
    let record = |text: &str| {
        let text = text.replace("{}", LOGGED);
        format!(
            "19.07.2025 19:00:52.176 *ERROR* [{PERSON}] {LOGGED} {text} {LOGGED} {PERSON}\n\t{LOGGED}\n"
        )
    };
    signs.map(record).collect()
}

/// Instances that hold the secrets wherever they could lie.
fn instances() -> Vec<Instance> {
    let [in_place, misplaced, newline, linked, master] = &secrets()[..5] else {
        panic!("five keys")
    };
    let properties = format!(
        "org.osgi.framework.dir=x\nadmin.password={PASSWORD}\nsling.keystore.password = {PASSWORD}\n\
         com.adobe.granite.crypto.keys.password={PASSWORD}\n"
    );
    let start =
        format!("CQ_PORT=4503\nCQ_JVM_OPTS='-Djavax.net.ssl.keyStorePassword={OPTION} -Xmx1g'\n");
    vec![
        Instance::new("sound").hmac_bytes(in_place).master_bytes(master),
        Instance::new("misplaced")
            .file("launchpad/felix/bundle502/data/hmac", misplaced)
            .file("launchpad/felix/bundle21/data/master", master),
        Instance::new("newline").hmac_bytes(&[newline, &b"\n"[..]].concat()),
        Instance::new("linked").hmac_bytes(linked).storage(STORAGE_TEXT.as_bytes()),
        Instance::new("text").hmac_bytes(HMAC_TEXT.as_bytes()).master_bytes(MASTER_TEXT.as_bytes()),
        Instance::new("settings")
            .file("conf/sling.properties", properties.as_bytes())
            .file("conf/quickstart.properties", properties.as_bytes())
            .file("bin/start", start.as_bytes()),
        configured("configured"),
        configured("configured with another master").master("another").storage(b"JCR"),
        configured("configured with a third master").master("third"),
        Instance::new("logged").file("logs/error.log", log().as_bytes()),
        // Property files name what they hold; files of another form may hold anything.
        Instance::new("mistaken")
            .file("launchpad/felix/bundle7/data/sling.id.file", HMAC_TEXT.as_bytes())
            .file("launchpad/felix/bundle7/data/sling.options.file", in_place),
    ]
    .into_iter()
    .chain(opening())
    .chain([HMAC_TEXT, MASTER_TEXT, HMAC_BASE64].iter().enumerate().map(pasted))
    .collect()
}

/// An instance with a key as text in every small file that has another form.
fn pasted((index, key): (usize, &&str)) -> Instance {
    let files = [
        "launchpad/felix/bundle7/data/sling.id.file",
        "launchpad/felix/bundle7/data/sling.options.file",
        "launchpad/felix/bundle21/bundle.info",
        "launchpad/felix/bundle0/last.java.version",
        "launchpad/conf/launchpad-timestamp.txt",
        "launchpad/felix/bundle9/bundle.id",
        "launchpad/felix/bundle9/bundle.state",
        "launchpad/felix/bundle9/refresh.counter",
        "launchpad/felix/bundle43/version0.0/revision.location",
    ];
    let instance = Instance::new(&format!("pasted{index}"));
    files.iter().fold(instance, |instance, file| instance.file(file, key.as_bytes()))
}

fn packed() -> (TempDir, Vec<PathBuf>) {
    let home = tempfile::tempdir().unwrap();
    let pack = |(index, instance): (usize, &Instance)| {
        let packing = Packing::ALL[index % Packing::ALL.len()];
        instance.case().pack_into(home.path(), packing, &format!("source{index}"))
    };
    let mut paths: Vec<_> = instances().iter().enumerate().map(pack).collect();
    let whole = instances()[0].case().tar(Packing::Tar);
    // Key bytes where a header belongs, and a cut within a key.
    let torn = home.path().join("torn.tar");
    fs::write(
        &torn,
        [&whole[..5120], &[bytes_of::<32>("hmac in place"); 16].concat(), &whole[5120..]].concat(),
    )
    .unwrap();
    let cut = home.path().join("cut.tar");
    let key =
        whole.windows(32).position(|window| window == bytes_of::<32>("hmac in place")).unwrap();
    fs::write(&cut, &whole[..key + 20]).unwrap();
    paths.extend([torn, cut]);
    paths.extend(keys_alone(home.path()));
    (home, paths)
}

/// Key files, their gzips, and folders of them, named as sources.
fn keys_alone(home: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (index, secret) in secrets().iter().enumerate() {
        let folder = home.join(format!("keys{index}"));
        fs::create_dir(&folder).unwrap();
        let forms = [
            ("hmac", secret.clone()),
            ("hmac.lf", [secret, &b"\n"[..]].concat()),
            ("hmac.gz", gzip(secret)),
            ("hmac.gz.gz", gzip(&gzip(secret))),
        ];
        for (name, bytes) in forms {
            fs::write(folder.join(name), bytes).unwrap();
            paths.push(folder.join(name));
        }
        paths.push(folder);
    }
    paths
}

#[test]
fn no_secret_is_in_any_output() {
    no_secret_is_in_the_outputs(&[&["-vv"]]);
}

#[test]
#[ignore = "sweep"]
fn no_secret_is_in_any_output_at_any_verbosity() {
    no_secret_is_in_the_outputs(&[&[], &["-v"], &["-vvv"], &["-q"]]);
}

fn no_secret_is_in_the_outputs(verbosities: &[&[&str]]) {
    let (home, paths) = packed();
    // Most runs say the same; each text is looked through once.
    let mut outputs = BTreeMap::new();
    for format in FORMATS {
        for verbosity in verbosities {
            let file = home.path().join(format!("out.{}", format.extensions[0]));
            let output = aemtrix()
                .args(["scan", "-f", format.name])
                .args(*verbosity)
                .arg("-o")
                .arg(&file)
                .args(&paths)
                .env("RUST_LOG", "trace")
                .env("RUST_BACKTRACE", "full")
                .output()
                .unwrap();
            assert!(output.stdout.len() > 1000, "{}", format.name);
            let context = format!("{} {verbosity:?}", format.name);
            outputs.insert(output.stdout, format!("standard output, {context}"));
            outputs.insert(output.stderr, format!("standard error, {context}"));
            outputs.insert(fs::read(&file).unwrap(), format!("file, {context}"));
            fs::remove_file(&file).unwrap();
        }
    }
    for (output, what) in &outputs {
        assert_clean(output, what);
    }
}

#[test]
fn outputs_are_clean_though_all_of_it_was_read() {
    let (_home, paths) = packed();
    let operands: Vec<_> = paths.iter().map(|path| path.clone().into_os_string()).collect();
    let text = crate::run::written(&crate::run::scan(&operands), "json");
    for known in [
        "key-misplaced",
        "key-not-binary",
        "key-trailing-newline",
        "storage-malformed",
        "partial",
        "ims-secret-plaintext",
        "secret-unreadable",
        "\"opens\": \"yes\"",
        "storage-jcr-with-ims",
        "ignored-config",
        "lenient-config",
        "ims-invalid-secret",
    ] {
        assert!(text.contains(known), "{known}");
    }
}

/// Finds any window of any secret in any form. They are thousands, so they are looked for at once.
static LEAK: LazyLock<Regex> = LazyLock::new(|| {
    let mut patterns = BTreeSet::new();
    for secret in secrets() {
        for window in secret.windows(WINDOW) {
            let raw: Vec<_> = window.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            let escaped = window.escape_ascii().to_string();
            let in_json = escaped.replace('\\', "\\\\");
            let texts = [forms(window), vec![escaped, in_json]].concat();
            patterns.extend(texts.iter().map(|text| regex::escape(text)));
            patterns.insert(raw.concat());
        }
    }
    let all = patterns.into_iter().collect::<Vec<_>>().join("|");
    RegexBuilder::new(&all).unicode(false).size_limit(1 << 28).build().unwrap()
});

pub(crate) fn assert_clean(output: &[u8], what: &str) {
    assert!(std::str::from_utf8(output).is_ok(), "{what}");
    if let Some(found) = LEAK.find(output) {
        panic!("{what} holds {}", String::from_utf8_lossy(found.as_bytes()));
    }
}

#[test]
fn leak_is_seen_in_any_form() {
    for secret in secrets() {
        let mut shown = vec![secret[3..11].to_vec()];
        shown.extend(forms(&secret[5..13]).into_iter().map(String::into_bytes));
        shown.push(secret[1..9].escape_ascii().to_string().into_bytes());
        for text in shown {
            let around = [b"before ", text.as_slice(), b" behind"].concat();
            assert!(LEAK.is_match(&around), "{}", String::from_utf8_lossy(&around));
        }
    }
}

/// Bytes in hexadecimal digits, as a Rust list, and within base64 at each of three alignments.
fn forms(bytes: &[u8]) -> Vec<String> {
    let hex = |upper: bool| -> String {
        let digits = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        bytes.iter().map(digits).collect()
    };
    let list = bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut forms = vec![hex(false), hex(true), list];
    for alphabet in [STANDARD, URL] {
        forms.extend((0..3).map(|shift| base64(bytes, shift, alphabet)));
    }
    forms
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The digits of base64 that these bytes alone decide, when `shift` other bytes stand before them.
fn base64(bytes: &[u8], shift: usize, alphabet: &[u8; 64]) -> String {
    let mut bits: Vec<_> = vec![None; shift * 8];
    bits.extend(bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| Some(byte >> at & 1))));
    let digit = |six: &[Option<u8>]| {
        let value = six.iter().try_fold(0, |value, bit| Some(value << 1 | usize::from((*bit)?)))?;
        Some(char::from(alphabet[value]))
    };
    bits.chunks_exact(6).filter_map(digit).collect()
}

#[test]
fn forms_are_those_of_the_usual_tools() {
    let forms = forms(b"canary!?");
    let base64 =
        ["Y2FuYXJ5IT", "NhbmFyeSE/", "jYW5hcnkhP", "Y2FuYXJ5IT", "NhbmFyeSE_", "jYW5hcnkhP"];
    assert_eq!(
        forms[..3],
        ["63616e617279213f", "63616E617279213F", "99, 97, 110, 97, 114, 121, 33, 63"]
    );
    // printf 'canary!?' | base64, and the same behind one and two other bytes, without the digits those share.
    assert_eq!(forms[3..], base64);
}

/// A key in every spelling that was printed once, each within a longer word or in pieces.
fn spelled(key: &[u8; 32]) -> Vec<String> {
    let hex = forms(key).swap_remove(0);
    let turned: Vec<u8> = key.iter().rev().copied().collect();
    let turned = forms(&turned).swap_remove(0);
    let groups = |length: usize, between: &str| {
        let parts: Vec<String> =
            (0..hex.len()).step_by(length).map(|at| hex[at..at + length].to_owned()).collect();
        parts.join(between)
    };
    vec![
        format!("/opt/{hex}.d"),
        format!("/opt/keys-{hex}"),
        format!("/opt/hmac_{}", hex.to_uppercase()),
        format!("/opt/{}", &hex[..32]),
        format!("/opt/{turned}"),
        format!("/opt/{}", groups(2, ":")),
        format!("/opt/%{}", groups(2, "%")),
        groups(2, " "),
        groups(4, " "),
        groups(8, "."),
        key.map(|byte| byte.to_string()).join(","),
        format!("/opt/{}.key", base64(key, 0, STANDARD).replace('/', "%2F")),
    ]
}

/// Scans a farm and asserts that no text is shown.
fn assert_none_is_shown(instances: &[Instance], texts: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let paths = packed_into(home.path(), instances);
    let facts = home.path().join("all.ndjson");
    for format in ["json", "table"] {
        let mut command = aemtrix();
        command.args(["scan", "-vv", "-f", format, "-o"]).arg(&facts).args(&paths);
        assert_none_is_in(&command.output().unwrap(), texts);
    }
    assert_none(&fs::read(&facts).unwrap(), texts);
}

/// The same of lines that are written as soon as a source was read: they are compared with keys of others when they are merged.
fn assert_none_is_merged(instances: &[Instance], texts: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let paths = packed_into(home.path(), instances);
    let lines = aemtrix().args(["scan", "-q", "-f", "ndjson"]).args(&paths).output().unwrap();
    for format in ["json", "ndjson"] {
        let mut command = aemtrix();
        command.args(["report", "-vv", "-f", format, "-"]).write_stdin(lines.stdout.clone());
        assert_none_is_in(&command.output().unwrap(), texts);
    }
}

fn packed_into(home: &Path, instances: &[Instance]) -> Vec<PathBuf> {
    let pack = |(index, instance): (usize, &Instance)| {
        instance.case().pack_into(home, Packing::Tar, &format!("source{index}"))
    };
    instances.iter().enumerate().map(pack).collect()
}

fn assert_none_is_in(output: &Output, texts: &[&str]) {
    assert_none(&output.stdout, texts);
    assert_none(&[b" ".repeat(1000), output.stderr.clone()].concat(), texts);
}

fn assert_none(shown: &[u8], texts: &[&str]) {
    assert!(shown.len() >= 1000);
    for text in texts {
        assert!(memchr::memmem::find(shown, text.as_bytes()).is_none(), "{text}");
    }
}

/// An instance that has a text wherever one is kept.
fn saying((index, text): (usize, &String)) -> Instance {
    let properties = format!(
        "a.b=1\ncom.adobe.granite.crypto.keys.path={text}\nsling.run.modes={text}\nquickstart.build=6.5.0.{text}\n"
    );
    let log = format!(
        "19.07.2025 19:00:52.176 *INFO* [x] y Active run modes: [author, {text}]\n\
         19.07.2025 19:00:52.176 *INFO* [x] Starting Crypto Support (com.adobe.granite.crypto, 3.4.24.{text}) with JCR storage\n"
    );
    let info = format!("502\nslinginstall:{text}.jar\n32\n1\n1\n0\n");
    Instance::new(&format!("saying{index}"))
        .file("conf/sling.properties", properties.as_bytes())
        .file("logs/error.log", log.as_bytes())
        .file("launchpad/felix/bundle502/bundle.info", info.as_bytes())
        .file("bin/start", format!("/opt/{text}.d/start.sh\n").as_bytes())
}

#[test]
fn key_is_not_shown_in_any_spelling_within_any_word() {
    let key = bytes_of::<32>("hmac in place");
    let spelled = spelled(&key);
    let texts: Vec<&str> = spelled.iter().map(String::as_str).collect();
    let mut instances = vec![Instance::new("holder").hmac_bytes(&key)];
    instances.extend(spelled.iter().enumerate().map(saying));
    assert_none_is_shown(&instances, &texts);
    assert_none_is_merged(&instances, &texts);
}

#[test]
fn key_is_not_shown_wherever_its_file_lies_and_whatever_else_is_in_it() {
    // A phrase has no shape that would give it away.
    let phrase = "quiet-river-under-seven-old-oaks";
    let hex = forms(phrase.as_bytes()).swap_remove(1);
    let text = format!("/opt/{phrase}.key");
    let data = "launchpad/felix/bundle39/data";
    let bodies = [
        phrase.to_owned(),
        format!("{phrase}\n"),
        format!("{phrase}\r\n"),
        format!("# key\n{phrase}\n"),
        hex,
        phrase.repeat(40),
        format!("{}{phrase}", "\0".repeat(16)),
    ];
    let in_place = bodies.iter().map(|body| (format!("{data}/hmac"), body));
    let elsewhere =
        ["hmac.bak", "HMAC", "old/hmac"].map(|name| (format!("{data}/{name}"), &bodies[0]));
    let outside = ["launchpad/felix/bundle0/data/hmac", "backup/hmac", "x/master"]
        .map(|path| (path.to_owned(), &bodies[0]));
    for (path, body) in in_place.chain(elsewhere).chain(outside) {
        let holder = Instance::new("holder").file(&path, body.as_bytes());
        let instances = [holder, saying((0, &text))];
        assert_none_is_shown(&instances, &[phrase]);
    }
}

#[test]
fn password_is_not_shown_in_any_form_of_a_setting() {
    let path = "com.adobe.granite.crypto.keys.path";
    let settings = [
        "/opt/keys -Djavax.net.ssl.keyStorePassword={}",
        "/opt,password={}",
        "/opt --password {}",
        "/opt/x pass {}",
        "jdbc:oracle:thin:u/{}@host",
        "//u:{}@host/share",
        "u:{}@host:/x",
        "mongodb:/u:{}@h",
        "http:/u:{}@h/x",
        "AccountKey={}",
        "password:{}",
        "http%3A%2F%2Fu%3A{}%40h",
        "${db.password}",
    ];
    let scripts = [
        "$a = @(\"-D{P}=/opt/keys\",\"-Dx.password={}\")\njava $a\n",
        "java -D{P}='C:\\keys','-Dx.password={}' -jar x\n",
        "JVM=-D{P}=/opt/keys,-Dx.password={}\njava $JVM\n",
        "java -D{P}=\"/opt/keys|-Dx.password={}\" -jar x\n",
        "docker run -e '{\"JVM\":\"-D{P}=/opt/keys\",\"X\":\"-Dx.password={}\"}'\n",
        "java -Dsling.home=\"/opt/x pass {}\" -jar x\n",
        "DBKEY={}\njava -D{P}=/opt/$DBKEY -jar x\n",
        "./aem-start.sh --password {}\n",
    ];
    let filled = |text: &str| text.replace("{P}", path).replace("{}", PASSWORD_WORD);
    let properties = settings.iter().map(|value| {
        let value = filled(value);
        (
            "conf/sling.properties",
            format!(
                "a.b=1\ndb.password={PASSWORD_WORD}\n{path}={value}\nrepository.home={value}\n"
            ),
        )
    });
    let scripts = scripts.iter().map(|text| ("bin/start", format!("#!/bin/sh\n{}", filled(text))));
    let customizer = config(IMS, &format!("customizer.type=\"my secret is {PASSWORD_WORD}\"\r\n"));
    let mut instances = vec![Instance::new("typed").file(&customizer.0, &customizer.1)];
    instances.extend(properties.chain(scripts).enumerate().map(|(index, (file, text))| {
        Instance::new(&format!("setting{index}")).file(file, text.as_bytes())
    }));
    assert_none_is_shown(&instances, &[PASSWORD_WORD]);
}

/// A password that looks like a word.
const PASSWORD_WORD: &str = "Hunterduesseldorf";
