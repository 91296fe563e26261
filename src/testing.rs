//! Builds farms in one expression, for tests.

use crate::evidence::{Config, ConfigFile, Fact, StoredConfig, classify, digest, digest_key};
use crate::examine::secrets::Vault;
use crate::examine::users::users_of;
use crate::facts::{
    Account, Bundle, BundleState, CRYPTO, CRYPTO_FILE, CRYPTO_KEYS_PATH, Configuration, Digest,
    FileTime, Gap, GapKind, Hex, IdentifiedBy, JcrKey, JcrKeys, JcrShape, KeyFile, KeyHistory,
    KeyName, KeysDirectory, Log, LogFile, NodeStore, NodeStoreKind, OwnedDirectory, Owner, Parts,
    PastKeys, PastState, Place, Repository, RunModes, Setting, SlingId, Snapshot, StorageFile,
};
use crate::farm::{Farm, FarmPlan, farms};
use crate::limits::Limits;
use crate::wiped::Wiped;

#[path = "../tests/suite/scenes.rs"]
mod scenes;
pub(crate) use scenes::Scenes;

/// The directory that a setting moves keys to.
const KEYS: &str = "crx-quickstart/keys";

/// Starts a farm without instances.
pub(crate) fn farm() -> FarmBuilder {
    FarmBuilder { snapshots: Vec::new(), vault: Vault::new(&Limits::DEFAULT), tries: false }
}

/// Returns a farm of instances that all agree.
pub(crate) fn good_farm(names: &[&str]) -> FarmBuilder {
    names.iter().fold(farm(), |farm, name| farm.with(name, |instance| instance))
}

pub(crate) struct FarmBuilder {
    snapshots: Vec<(Option<String>, Snapshot)>,
    vault: Vault,
    tries: bool,
}

impl FarmBuilder {
    /// Adds an instance with keys in files and everything as it should be, changed by `change`.
    pub(crate) fn with(mut self, name: &str, change: impl FnOnce(Instance) -> Instance) -> Self {
        let instance = change(Instance::new(name));
        for held in &instance.held {
            match held {
                Held::Key(name, bytes) => self.vault.key(*name, &digest(bytes), bytes),
                Held::Value(digest, text) => self.vault.value(digest, text),
            }
        }
        self.snapshots.push((Some(name.to_owned()), instance.snapshot));
        self
    }

    /// Has all masters tried on all protected values.
    pub(crate) fn tried(self) -> Self {
        Self { tries: true, ..self }
    }

    pub(crate) fn build(mut self) -> Farm {
        if self.tries {
            self.vault.try_all(self.snapshots.iter_mut().map(|(_, snapshot)| snapshot));
        }
        let gaps: Vec<Gap> = self.snapshots.iter().flat_map(|(_, s)| s.gaps.clone()).collect();
        let plan = FarmPlan { gaps: &gaps, ..FarmPlan::default() };
        let farms = farms(self.snapshots, &plan).expect("no policy");
        farms.into_iter().next().expect("at least one instance")
    }
}

pub(crate) struct Instance {
    pub(crate) snapshot: Snapshot,
    held: Vec<Held>,
    logs: Vec<(LogFile, Place)>,
}

/// What is tried.
enum Held {
    Key(KeyName, Vec<u8>),
    Value(Digest, Wiped),
}

impl Instance {
    fn new(name: &str) -> Self {
        let snapshot = Snapshot {
            source: format!("{name}.tar"),
            root: "crx-quickstart".to_owned(),
            parts: Parts { properties: true, configurations: false },
            ..Snapshot::default()
        };
        let hmac: Vec<u8> = (0x80..0xA0).collect();
        Self { snapshot, held: Vec::new(), logs: Vec::new() }
            .bundle(1, CRYPTO)
            .bundle(2, CRYPTO_FILE)
            .bundle(5, "org.apache.sling.settings")
            .bundle(6, "org.apache.felix.configadmin")
            .bundle(7, "org.apache.felix.scr")
            .storage(b"Bundle")
            .hmac(&hmac)
            .master(&hmac[..16])
            .sling_id(&uuid_of(name))
    }

    pub(crate) fn bundle(self, id: u64, symbolic_name: &str) -> Self {
        self.bundle_in(&format!("bundle{id}"), id, symbolic_name)
    }

    pub(crate) fn bundle_in(mut self, directory: &str, id: u64, symbolic_name: &str) -> Self {
        let mut bundles: Vec<Bundle> = self.snapshot.bundles.iter().cloned().collect();
        bundles.push(Bundle {
            id: Some(id),
            directory: directory.to_owned(),
            symbolic_name: Some(symbolic_name.to_owned()),
            version: Some("3.4.22".to_owned()),
            identified_by: Some(IdentifiedBy::Manifest),
            state: Some(BundleState::Active),
            location: None,
            revisions: Vec::new(),
            fragment: false,
            data_seen: true,
            discard: None,
            path: format!("launchpad/felix/{directory}"),
        });
        self.snapshot.bundles = bundles.into();
        self
    }

    /// Changes the bundle in a directory.
    pub(crate) fn change(mut self, directory: &str, change: impl FnOnce(&mut Bundle)) -> Self {
        let mut change = Some(change);
        self.snapshot.bundles.change_each(|bundle| {
            if let Some(change) = change.take_if(|_| bundle.directory == directory) {
                change(bundle);
            }
        });
        assert!(change.is_none(), "{directory} is not there");
        self
    }

    pub(crate) fn without_bundle(mut self, directory: &str) -> Self {
        let others = self.snapshot.bundles.iter().filter(|bundle| bundle.directory != directory);
        self.snapshot.bundles = others.cloned().collect::<Vec<_>>().into();
        self.snapshot.key_files.retain(|file| file.directory != directory);
        self.snapshot.storage_files.retain(|file| file.directory != directory);
        self
    }

    pub(crate) fn hmac(self, bytes: &[u8]) -> Self {
        self.without_key(KeyName::Hmac).key_in("bundle2", KeyName::Hmac, bytes)
    }

    pub(crate) fn master(self, bytes: &[u8]) -> Self {
        self.without_key(KeyName::Master).key_in("bundle2", KeyName::Master, bytes)
    }

    pub(crate) fn without_key(mut self, name: KeyName) -> Self {
        self.snapshot.key_files.retain(|file| file.name != name);
        self
    }

    pub(crate) fn key_in(mut self, directory: &str, name: KeyName, bytes: &[u8]) -> Self {
        self.held.push(Held::Key(name, bytes.to_vec()));
        let (fact, place) = self.read(directory, name.file_name(), bytes);
        let Fact::Key(_, digest) = fact else { panic!("a key file gives a key") };
        let owner = Some(Owner { uid: 1000, gid: 1000, user: Some("aem".to_owned()), mode: 0o600 });
        let directory = directory.to_owned();
        self.snapshot.key_files.push(KeyFile { name, digest: *digest, directory, place, owner });
        self
    }

    /// Gives it a key in a directory that a setting names.
    pub(crate) fn moved_key(self, name: KeyName, bytes: &[u8]) -> Self {
        let mut instance = self.key_in("bundle9", name, bytes);
        let mut file = instance.snapshot.key_files.pop().expect("the key");
        (file.directory, file.place.path) = (String::new(), format!("{KEYS}/{name}"));
        instance.snapshot.moved_keys.push(file);
        instance
    }

    /// Has a setting move its keys into a directory of the install, of which something came or nothing.
    pub(crate) fn keys_directory(mut self, came: bool) -> Self {
        self.snapshot.keys_directory = Some(KeysDirectory { path: KEYS.to_owned(), came });
        self.setting(CRYPTO_KEYS_PATH, KEYS)
    }

    /// Gives it a key under another name, or in a directory, in the data directory of the right bundle.
    pub(crate) fn stray_key(self, file: &str, name: KeyName, bytes: &[u8]) -> Self {
        let mut instance = self.key_in("bundle2", name, bytes);
        let mut key = instance.snapshot.key_files.pop().expect("the key");
        let directory = key.place.path.rsplit_once('/').expect("a directory").0.to_owned();
        key.place.path = format!("{directory}/{file}");
        instance.snapshot.stray_keys.push(key);
        instance
    }

    /// Gives it a repository whose `/etc/key` holds these keys, and no others.
    pub(crate) fn jcr(mut self, keys: &[(KeyName, &[u8])]) -> Self {
        self.hold(keys);
        self.repository(JcrKeys::Read(jcr_keys(keys)))
    }

    /// Says what `/etc/key` of its repository held in an older state.
    pub(crate) fn held(mut self, state: PastState, keys: &[(KeyName, &[u8])]) -> Self {
        self.hold(keys);
        let history = &mut self.snapshot.repository.as_mut().expect("a repository").history;
        history.others.push(PastKeys { keys: jcr_keys(keys), state });
        self
    }

    fn hold(&mut self, keys: &[(KeyName, &[u8])]) {
        self.held.extend(keys.iter().map(|(name, bytes)| Held::Key(*name, bytes.to_vec())));
    }

    fn hold_values(&mut self, config: &mut Config) {
        let values = config.take_ciphertexts().into_iter();
        self.held.extend(values.map(|(digest, text)| Held::Value(digest, text)));
    }

    /// Gives it a repository whose `/etc/key` could not be read.
    pub(crate) fn jcr_unreadable(self, reason: &str) -> Self {
        self.repository(JcrKeys::Unreadable(reason.to_owned()))
    }

    /// Gives it a repository.
    pub(crate) fn repository(mut self, keys: JcrKeys) -> Self {
        let path = "crx-quickstart/repository/segmentstore".to_owned();
        let place = Place { source: self.snapshot.source.clone(), path };
        let history = KeyHistory::default();
        let repository = Repository {
            place,
            keys,
            head_ms: Some(5),
            revisions_behind: 0,
            doubt: None,
            history,
            configurations: Vec::new(),
            configurations_gap: None,
            secrets: Vec::new(),
            secrets_gap: None,
            users: None,
        };
        self.snapshot.repository = Some(repository);
        self
    }

    /// Gives its repository users of these ids.
    pub(crate) fn users(mut self, ids: &[&str]) -> Self {
        if self.snapshot.repository.is_none() {
            self = self.jcr(&[]);
        }
        let users = users_of(ids.iter().map(|id| id.as_bytes()), usize::MAX);
        self.snapshot.repository.as_mut().expect("a repository").users = Some(users);
        self
    }

    /// Says where its repository is, and whether a segment store lies there all the same.
    pub(crate) fn node_store(mut self, kind: NodeStoreKind, leftover: bool) -> Self {
        let place = |path: &str| Place {
            source: self.snapshot.source.clone(),
            path: format!("crx-quickstart/{path}"),
        };
        let leftover = leftover.then(|| place("repository/segmentstore"));
        let store = NodeStore { kind, place: place("install/x.config"), leftover };
        self.snapshot.node_store = Some(store);
        self
    }

    /// Says that newer revisions of its repository could not be read.
    pub(crate) fn revisions_behind(mut self, count: usize) -> Self {
        self.snapshot.repository.as_mut().expect("a repository").revisions_behind = count;
        self.jcr_doubt("newer revisions cannot be read")
    }

    /// Says why its repository may hold something else than was read.
    pub(crate) fn jcr_doubt(mut self, why: &str) -> Self {
        self.snapshot.repository.as_mut().expect("a repository").doubt = Some(why.to_owned());
        self
    }

    /// Keeps its keys in the repository: JCR mode, these keys in `/etc/key`, and no files.
    pub(crate) fn jcr_mode(self, hmac: &[u8], master: &[u8]) -> Self {
        self.storage(b"JCR")
            .without_key(KeyName::Hmac)
            .without_key(KeyName::Master)
            .jcr(&[(KeyName::Hmac, hmac), (KeyName::Master, master)])
    }

    pub(crate) fn owned_by(mut self, uid: u64, mode: u32) -> Self {
        for file in &mut self.snapshot.key_files {
            file.owner = Some(Owner { uid, gid: uid, user: None, mode });
        }
        self
    }

    /// Says which user its own files belong to.
    pub(crate) fn runs_as(mut self, uid: u64, gid: u64) -> Self {
        self.snapshot.account = Some(Account { uid, gid, user: None });
        self
    }

    /// Says whom a directory of a bundle belongs to.
    pub(crate) fn directory_owned_by(
        mut self,
        bundle: &str,
        below: &str,
        uid: u64,
        mode: u32,
    ) -> Self {
        let place = self.place(&format!("{bundle}/{below}"));
        let owner = Owner { uid, gid: uid, user: None, mode };
        self.snapshot.key_directories.push(OwnedDirectory { place, owner });
        self
    }

    pub(crate) fn storage(self, bytes: &[u8]) -> Self {
        self.without_storage().storage_in("bundle1", bytes)
    }

    pub(crate) fn without_storage(mut self) -> Self {
        self.snapshot.storage_files.clear();
        self
    }

    pub(crate) fn storage_in(mut self, directory: &str, bytes: &[u8]) -> Self {
        let (fact, place) = self.read(directory, "storage", bytes);
        let Fact::Storage(storage) = fact else { panic!("a storage file gives a storage mode") };
        let directory = directory.to_owned();
        self.snapshot.storage_files.push(StorageFile { storage, directory, place, owner: None });
        self
    }

    pub(crate) fn sling_id(mut self, uuid: &str) -> Self {
        let place = self.place("bundle7/data/sling.id.file");
        self.snapshot.sling_id = Some(SlingId { uuid: uuid.to_owned(), place });
        self
    }

    pub(crate) fn role(mut self, role: &str) -> Self {
        let place = self.place("bundle7/data/sling.options.file");
        self.snapshot.run_modes = Some(RunModes { selected: vec![role.to_owned()], place });
        self
    }

    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        let place =
            Place { path: "crx-quickstart/conf/sling.properties".to_owned(), ..self.place("") };
        let (name, value) = (name.to_owned(), value.to_owned());
        self.snapshot.settings.push(Setting { name, value, place });
        self
    }

    /// Says that `launchpad/config` was packed as a whole.
    pub(crate) fn configs(mut self) -> Self {
        self.snapshot.parts.configurations = true;
        self
    }

    /// Adds a configuration of this PID, one of several where a `~` parts the factory from the name.
    pub(crate) fn config(mut self, pid: &str, body: &str) -> Self {
        let below = pid.replace('.', "/").replace('~', "%007e");
        let path = format!("crx-quickstart/launchpad/config/{below}.config");
        let factory = pid.split_once('~').map(|(factory, _)| factory);
        let factory = factory.map(|factory| format!("service.factoryPid=\"{factory}\"\r\n"));
        let text = format!("{body}{}service.pid=\"{pid}\"\r\n", factory.unwrap_or_default());
        let (kind, found) = classify(&path).expect("this is evidence");
        let fact = (kind.parse)(&found, text.as_bytes()).expect("this can be read");
        let Fact::Config(readings) = fact else { panic!("it is a configuration") };
        let ConfigFile::Used(mut config) = readings.newest else { panic!("it has its PID") };
        self.hold_values(&mut config);
        let place = Place { source: self.snapshot.source.clone(), path };
        self.snapshot.configurations.push(config.at(place));
        self
    }

    /// Adds the configuration of the mail service with this secret, encrypted with a master.
    pub(crate) fn mail_secret(self, master: &[u8], text: &str) -> Self {
        let body = format!("smtp.password=\"{}\"\r\n", protected(master, text));
        self.config("com.day.cq.mailer.DefaultMailService", &body)
    }

    /// Gives it a repository with a configuration in this folder, such as `config.author`, as a file of this name.
    pub(crate) fn jcr_config(mut self, folder: &str, name: &str, text: &str) -> Self {
        if self.snapshot.repository.is_none() {
            self = self.jcr(&[]);
        }
        let named = StoredConfig::of_name(name).expect("a component that matters");
        let mut config = named.file(text.as_bytes()).expect("this can be read");
        self.hold_values(&mut config);
        let repository = self.snapshot.repository.as_mut().expect("a repository");
        repository.configurations.push(Configuration {
            jcr_path: Some(format!("/apps/system/{folder}/{name}")),
            ..config.at(repository.place.clone())
        });
        self
    }

    pub(crate) fn started_at(mut self, milliseconds: u64) -> Self {
        self.snapshot.last_start_ms = Some(milliseconds);
        self
    }

    /// Says when a file of it was written, by its path below the root.
    pub(crate) fn written(mut self, path: &str, time: FileTime) -> Self {
        self.snapshot.times.files.insert(path.to_owned(), time);
        self
    }

    /// Says when Felix modified the first of its bundles, and the last.
    pub(crate) fn modified(mut self, first_ms: u64, last_ms: u64) -> Self {
        let times = &mut self.snapshot.times;
        (times.first_bundle_ms, times.last_bundle_ms) = (Some(first_ms), Some(last_ms));
        self
    }

    /// Adds a log file, as `logs/error.log` of this name.
    pub(crate) fn log(mut self, name: &str, text: &str) -> Self {
        let path = format!("{}/logs/{name}", self.snapshot.root);
        let (kind, found) = classify(&path).expect("this is evidence");
        let fact = (kind.parse)(&found, text.as_bytes()).expect("this can be read");
        let Fact::Log(file) = fact else { panic!("a log gives what it says") };
        let place = Place { path: path.clone(), ..self.place("") };
        self.logs.push((*file, place));
        self.snapshot.log = Log::of(self.logs.iter().map(|(file, place)| (file, place)));
        self
    }

    pub(crate) fn gap(mut self, kind: GapKind, path: Option<&str>) -> Self {
        let source = self.snapshot.source.clone();
        let path = path.map(|path| self.place(path).path);
        self.snapshot.gaps.push(Gap { source, path, kind, reason: "for the test".to_owned() });
        self
    }

    fn place(&self, below_felix: &str) -> Place {
        let path = format!("crx-quickstart/launchpad/felix/{below_felix}");
        Place { source: self.snapshot.source.clone(), path }
    }

    fn read(&self, directory: &str, file: &str, bytes: &[u8]) -> (Fact, Place) {
        let place = self.place(&format!("{directory}/data/{file}"));
        let (kind, found) = classify(&place.path).expect("this is evidence");
        ((kind.parse)(&found, bytes).expect("this can be read"), place)
    }
}

/// Returns the master of the samples of CONGA, and each plaintext in base64 with what CONGA made of it.
pub(crate) fn congas_secrets() -> (Vec<u8>, Vec<(String, String)>) {
    let master = include_bytes!("../testdata/samples/protected/master");
    let value = |line: &str| {
        let (text, value) = line.split_once('\t').expect("two columns");
        (text.to_owned(), value.to_owned())
    };
    let lines = include_str!("../testdata/samples/protected/values.tsv").lines();
    (master.to_vec(), lines.map(value).collect())
}

/// Encrypts a text as AEM does, from a vector that follows from it.
pub(crate) fn protected(master: &[u8], text: &str) -> String {
    use cbc::cipher::block_padding::Pkcs7;
    use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
    let start = digest(text.as_bytes()).md5.0;
    let encryptor = cbc::Encryptor::<aes::Aes128>::new_from_slices(master, &start).expect("a key");
    let mut buffer = [text.as_bytes(), &[0; 16]].concat();
    let body = encryptor.encrypt_padded::<Pkcs7>(&mut buffer, text.len()).expect("room");
    let blocks = body.as_chunks::<16>().0.iter().map(|block| Hex(*block).to_string());
    format!("{{{}{}}}", Hex(start), blocks.collect::<String>())
}

/// Makes a UUID of the first letters of a name.
fn uuid_of(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(digit, byte)| *digit = byte);
    let digits = Hex(bytes).to_string();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits.get(part).expect("32 digits")).join("-")
}

fn jcr_keys(keys: &[(KeyName, &[u8])]) -> Vec<JcrKey> {
    let key = |(name, bytes): &(KeyName, &[u8])| JcrKey {
        name: *name,
        digest: digest_key(bytes),
        shape: JcrShape::Property,
    };
    keys.iter().map(key).collect()
}
