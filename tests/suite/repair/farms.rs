//! Farms made at random: what goes wrong with keys, one thing upon another.

use super::World;
use crate::instance::{Instance, hmac_of, master_of};
use crate::pack::Case;
use crate::secrets::sealed;
use crate::snapshot::random::Random;
use aemtrix::facts::{IMS_CUSTOMIZER, TOKEN_CONFIGURATION, TOKEN_HANDLER};
use aemtrix::rules::{RULES, Severity};
use std::collections::BTreeSet;
use std::fmt::Write;

const CRYPTO: u64 = 21;
const CRYPTO_FILE: u64 = 43;
const STORE: &str = "repository/segmentstore";

/// Names that a shell, a table or an option parser may take for something else.
pub(super) const NAMES: [&str; 14] = [
    "author",
    "publish",
    "pub 1",
    "it's",
    "say \"hi\"",
    "-x",
    "a/b",
    "a\nb",
    "end\n",
    "$(id)",
    "`id`",
    "*",
    "g\u{fc}n",
    "back\\slash",
];

/// Where an install may lie in its upload.
const ROOTS: [&str; 6] = [
    "crx-quickstart",
    "crx-quickstart",
    "opt/aem/crx-quickstart",
    "it's a \"b\"/crx-quickstart",
    "-x/crx-quickstart",
    "line\nend\n/crx-quickstart",
];

/// Contents of `storage`.
const STORAGES: [&[u8]; 7] = [b"Bundle\n", b"bundle", b"", b"Bundle ", b"JCR", b"FOO", b"JCR\n"];

/// Segment stores; the second has other keys, the third none.
const STORES: [&str; 4] = ["v13-closed", "v13-replaced", "v13-empty", "v12-closed"];

/// Makes a farm of two instances or some more.
pub(super) fn farm(seed: u64) -> World {
    let mut random = Random::new(seed);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let count = *random.pick(&[2, 2, 2, 3, 3, 4]);
    while names.len() < count {
        names.insert(*random.pick(&NAMES[..]));
    }
    let cases: Vec<(String, Case)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| ((*name).to_owned(), instance(&mut random, index)))
        .collect();
    let policy = (random.below(8) == 0).then(|| policy(&mut random, &names));
    World::new(&cases, policy)
}

/// Accepts one instance as it is.
fn policy(random: &mut Random, names: &BTreeSet<&str>) -> String {
    let mut text = String::new();
    let plain: Vec<&&str> =
        names.iter().filter(|name| name.bytes().all(|b| b.is_ascii_lowercase())).collect();
    if plain.is_empty() {
        return text;
    }
    let accepted = random.pick(&plain);
    for rule in RULES.iter().filter(|rule| rule.severity == Severity::Error) {
        let id = rule.id;
        writeln!(
            text,
            "[[suppress]]\nrule = \"{id}\"\ninstances = [\"{accepted}\"]\nreason = \"it stays\""
        )
        .unwrap();
    }
    text
}

/// The keys of an instance, and what is done to them.
struct Keys {
    hmac: Option<Vec<u8>>,
    master: Option<Vec<u8>>,
    /// The number of the bundle in whose data directory they lie.
    bundle: u64,
}

fn instance(random: &mut Random, index: usize) -> Case {
    let root: &&str = random.pick(&ROOTS[..]);
    let mut instance = Instance::new(&format!("i{index}")).root(root);
    if index == 0 && random.below(3) > 0 {
        instance = instance.role("author");
    }
    if random.below(6) == 0 {
        instance = instance.without("launchpad/felix/bundle7/data");
    }
    let seed = *random.pick(&["farm", "farm", "farm", "other", "third"]);
    let mut keys =
        Keys { hmac: Some(hmac_of(seed)), master: Some(master_of(seed)), bundle: CRYPTO_FILE };
    for _ in 0..random.below(3) {
        spoil(random, &mut keys);
    }
    for _ in 0..random.below(2) {
        instance = displace(random, instance);
    }
    for _ in 0..random.below(3) {
        instance = beside(random, instance);
    }
    instance = instance
        .without(&format!("{}/hmac", data(CRYPTO_FILE)))
        .without(&format!("{}/master", data(CRYPTO_FILE)));
    let (mut store, in_files) = (None, random.below(4) > 0);
    if random.below(5) == 0 {
        store = Some(*random.pick(&STORES));
        if random.below(3) > 0 {
            instance = instance.storage(b"JCR");
        }
    }
    if store.is_none() || in_files {
        for (name, bytes) in [("hmac", &keys.hmac), ("master", &keys.master)] {
            if let Some(bytes) = bytes {
                instance = instance.file(&format!("{}/{name}", data(keys.bundle)), bytes);
            }
        }
    }
    let mut case = instance.case();
    if let Some(store) = store {
        let root = case.files.keys().find_map(|path| path.strip_suffix("conf/sling.properties"));
        let root = root.unwrap().to_owned();
        case.add_store(&format!("@ {store}"));
        let stored: Vec<String> =
            case.files.keys().filter(|path| path.starts_with("@/")).cloned().collect();
        for path in stored {
            let bytes = case.files.remove(&path).unwrap();
            case.files.insert(path.replacen('@', &format!("{root}{STORE}"), 1), bytes);
        }
    }
    case
}

fn data(bundle: u64) -> String {
    format!("launchpad/felix/bundle{bundle}/data")
}

/// Does something to the bytes of the keys, or to their place.
fn spoil(random: &mut Random, keys: &mut Keys) {
    let is_hmac = random.below(2) == 0;
    let both = random.below(2) == 0;
    let what = random.below(10);
    let in_urls = random.below(2) == 0;
    let change = |key: &mut Option<Vec<u8>>| {
        let Some(bytes) = key else { return };
        let text = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        match what {
            0 | 1 => bytes.push(b'\n'),
            2 => bytes.extend(b"\r\n"),
            3 => *bytes = text.into_bytes(),
            4 => *bytes = format!("{text}\n").into_bytes(),
            5 => *bytes = base64(bytes, in_urls),
            6 => bytes.truncate(9),
            7 => bytes.fill(0),
            8 => *key = None,
            _ => *bytes = altered(bytes),
        }
    };
    if is_hmac || both {
        change(&mut keys.hmac);
    }
    if !is_hmac || both {
        change(&mut keys.master);
    }
    match random.below(8) {
        0 => std::mem::swap(&mut keys.hmac, &mut keys.master),
        1 => keys.bundle = *random.pick(&[CRYPTO, 7, 502]),
        _ => {}
    }
}

/// What a tool that takes the key for text makes of it.
fn altered(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).into_owned().into_bytes()
}

fn base64(bytes: &[u8], in_urls: bool) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |three: &[u8]| {
        let bits =
            (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(*three.get(at).unwrap_or(&0)));
        [18, 12, 6, 0]
            .map(|shift| LETTERS[bits >> shift & 63])
            .into_iter()
            .enumerate()
            .map(move |(at, letter)| if at > three.len() { b'=' } else { letter })
            .collect::<Vec<u8>>()
    };
    let text = bytes.chunks(3).flat_map(encode);
    if !in_urls {
        return text.collect();
    }
    let of_urls = |letter: u8| match letter {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    };
    text.filter(|letter| *letter != b'=').map(of_urls).collect()
}

/// Adds what lies beside keys: settings, secrets, logs, old copies, scripts.
fn beside(random: &mut Random, instance: Instance) -> Instance {
    let config = |pid: &str, lines: &str| {
        let path = format!("launchpad/config/{}.config", pid.replace('.', "/"));
        (path, format!("service.pid=\"{pid}\"\r\n{lines}\r\n").into_bytes())
    };
    let seed = *random.pick(&["farm", "farm", "other", "old"]);
    let secret = || sealed(&master_of(seed), "a secret");
    let (path, bytes) = match random.below(12) {
        0 => config(TOKEN_HANDLER, "token.encapsulated=B\"true\""),
        1 => config(TOKEN_HANDLER, "token.encapsulated=B\"false\""),
        2 => config(TOKEN_CONFIGURATION, "tokenExpiration=\"1000\"\r\ntokenRefresh=B\"true\""),
        3 | 4 => config(
            "com.day.cq.mailer.DefaultMailService",
            &format!("smtp.password=\"{}\"", secret().replace('{', "\\{").replace('}', "\\}")),
        ),
        5 => config(IMS_CUSTOMIZER, "auth.ims.client.secret=\"plain\""),
        6 => config(IMS_CUSTOMIZER, "auth.ims.client.secret=\"\""),
        7 => config(
            IMS_CUSTOMIZER,
            &format!(
                "auth.ims.client.secret=\"\\{{String\\}}{}\"",
                secret().replace('{', "\\{").replace('}', "\\}")
            ),
        ),
        8 => {
            let line = "18.07.2025 08:00:00.000 *ERROR* [x] com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
            ("logs/error.log".to_owned(), line.as_bytes().to_vec())
        }
        9 => {
            let old = "launchpad.old/felix/bundle43/data";
            let instance = instance.file(&format!("{old}/hmac"), &hmac_of(seed));
            return instance.file(&format!("{old}/master"), &master_of(seed));
        }
        10 => ("bin/start.bat".to_owned(), b"@echo off\r\nset CQ_PORT=4502\r\n".to_vec()),
        _ => {
            let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 32\n";
            (format!("{}/hmac", data(CRYPTO_FILE)), pointer.to_vec())
        }
    };
    instance.file(&path, &bytes)
}

/// Puts files where they are not read, and removes some that are.
fn displace(random: &mut Random, instance: Instance) -> Instance {
    let [crypto, crypto_file] = [CRYPTO, CRYPTO_FILE].map(data);
    let storage = format!("{crypto}/storage");
    match random.below(12) {
        0 => instance.file(&format!("{crypto}/hmac"), &hmac_of("farm")),
        1 => instance
            .file(&format!("{crypto}/hmac"), &hmac_of("farm"))
            .file(&format!("{crypto}/master"), &master_of("farm")),
        2 => instance.file(&format!("{crypto_file}/hmac.bak"), &hmac_of("other")),
        3 => {
            let storage: &&[u8] = random.pick(&STORAGES[..]);
            instance.storage(storage)
        }
        4 | 5 => instance.without(&storage),
        6 => instance.without(&storage).file(&format!("{crypto_file}/storage"), b"Bundle"),
        7 => instance.without("launchpad/felix/bundle43"),
        8 => instance.without("launchpad/felix/bundle43/bundle.info"),
        9 => instance.without("launchpad/felix/bundle21"),
        10 => instance
            .file(
                "conf/sling.properties",
                b"com.adobe.granite.crypto.keys.path=${sling.home}/keys\n",
            )
            .file("keys/hmac", &hmac_of("other"))
            .file("keys/master", &master_of("other")),
        _ => instance.without(&crypto),
    }
}
