//! Builds the smallest tree that is an instance: five bundles, its keys, its settings.

#![allow(dead_code, reason = "support for tests; not each needs all of it")]

use crate::pack::{Case, Packed, Packing};
use crate::snapshot::jar::Jar;
use crate::snapshot::random::{bytes_of, uuid_of};
use std::collections::BTreeMap;

/// An instance to be written. Two of another name agree in everything but the Sling id.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    name: String,
    root: String,
    hmac: Vec<u8>,
    master: Vec<u8>,
    storage: Vec<u8>,
    crypto: u64,
    crypto_file: u64,
    role: String,
    sling_id: String,
    version: String,
    crypto_version: &'static str,
    without: Vec<String>,
    more: BTreeMap<String, Vec<u8>>,
}

impl Instance {
    /// A publish instance in `Bundle` mode with the keys of the farm `farm`.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            root: "crx-quickstart".to_owned(),
            hmac: hmac_of("farm"),
            master: master_of("farm"),
            storage: b"Bundle".to_vec(),
            crypto: 21,
            crypto_file: 43,
            role: "publish".to_owned(),
            sling_id: uuid_of(name),
            version: "6.5.0".to_owned(),
            crypto_version: "3.4.24",
            without: Vec::new(),
            more: BTreeMap::new(),
        }
    }

    /// The HMAC key made from a text.
    pub(crate) fn hmac(self, seed: &str) -> Self {
        self.hmac_bytes(&hmac_of(seed))
    }

    /// The master key made from a text.
    pub(crate) fn master(self, seed: &str) -> Self {
        self.master_bytes(&master_of(seed))
    }

    /// The content of `hmac`.
    pub(crate) fn hmac_bytes(mut self, bytes: &[u8]) -> Self {
        self.hmac = bytes.to_vec();
        self
    }

    /// The content of `master`.
    pub(crate) fn master_bytes(mut self, bytes: &[u8]) -> Self {
        self.master = bytes.to_vec();
        self
    }

    /// The content of `storage`.
    pub(crate) fn storage(mut self, bytes: &[u8]) -> Self {
        self.storage = bytes.to_vec();
        self
    }

    /// The bundle ids of `com.adobe.granite.crypto` and `com.adobe.granite.crypto.file`.
    pub(crate) fn ids(mut self, crypto: u64, crypto_file: u64) -> Self {
        (self.crypto, self.crypto_file) = (crypto, crypto_file);
        self
    }

    /// `author` or `publish`.
    pub(crate) fn role(mut self, role: &str) -> Self {
        role.clone_into(&mut self.role);
        self
    }

    /// The content of `sling.id.file`.
    pub(crate) fn sling_id(mut self, uuid: &str) -> Self {
        uuid.clone_into(&mut self.sling_id);
        self
    }

    /// The version of AEM.
    pub(crate) fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// The directory of the install root, instead of `crx-quickstart`; may be empty.
    pub(crate) fn root(mut self, root: &str) -> Self {
        root.trim_matches('/').clone_into(&mut self.root);
        self
    }

    /// The version of the crypto bundle.
    pub(crate) fn crypto_version(mut self, version: &'static str) -> Self {
        self.crypto_version = version;
        self
    }

    /// Leaves out a file, or all below a directory, named from the install root.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.without.push(path.trim_end_matches('/').to_owned());
        self
    }

    /// Adds or replaces a file, named from the install root.
    pub(crate) fn file(mut self, path: &str, bytes: &[u8]) -> Self {
        self.more.insert(path.to_owned(), bytes.to_vec());
        self
    }

    /// Every file, by path.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        self.settings(&mut files);
        for (id, symbolic_name, version) in self.bundles() {
            bundle(&mut files, id, symbolic_name, version);
        }
        let keys = data(self.crypto_file);
        files.insert(format!("{}/storage", data(self.crypto)), self.storage.clone());
        files.insert(format!("{keys}/hmac"), self.hmac.clone());
        files.insert(format!("{keys}/master"), self.master.clone());
        let left_out = |path: &str| self.without.iter().any(|cut| is_below(path, cut));
        files.retain(|path, _| !left_out(path));
        files.extend(self.more.clone());
        let place =
            |path| if self.root.is_empty() { path } else { format!("{}/{path}", self.root) };
        files.into_iter().map(|(path, bytes)| (place(path), bytes)).collect()
    }

    /// The files as a case, to add links and empty directories to.
    pub(crate) fn case(&self) -> Case {
        Case { files: self.files(), ..Case::default() }
    }

    /// Packs the instance under its name into a temporary directory.
    pub(crate) fn pack(&self, packing: Packing) -> Packed {
        self.case().pack(packing, &self.name)
    }

    /// Writes a directory.
    pub(crate) fn directory(&self) -> Packed {
        self.pack(Packing::Directory)
    }

    /// Writes a plain tar.
    pub(crate) fn tar(&self) -> Packed {
        self.pack(Packing::Tar)
    }

    /// Writes a tar.gz.
    pub(crate) fn tar_gz(&self) -> Packed {
        self.pack(Packing::TarGz)
    }

    /// Id, symbolic name and version. One is a near miss.
    fn bundles(&self) -> [(u64, &'static str, &'static str); 5] {
        [
            (SETTINGS, "org.apache.sling.settings", "1.4.0"),
            (self.crypto, "com.adobe.granite.crypto", self.crypto_version),
            (self.crypto_file, "com.adobe.granite.crypto.file", "0.0.16"),
            (502, "com.adobe.granite.crypto.jcr", "0.0.14"),
            (503, "org.apache.felix.configadmin", "1.9.20"),
        ]
    }

    fn settings(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        let mut text = |path: &str, text: String| files.insert(path.to_owned(), text.into_bytes());
        text("conf/quickstart.properties", format!("quickstart.build={}\n", self.version));
        text(
            "conf/sling.properties",
            format!(
                "#Overlay properties for configuration\n#Sat Jul 19 17:00:45 UTC 2025\n\
                 sling.run.mode.install.options=author,publish|samplecontent,nosamplecontent\n\
                 granite.product.version={}\n",
                self.version
            ),
        );
        text("launchpad/conf/launchpad-timestamp.txt", "1752944445820".to_owned());
        text(&format!("{}/sling.id.file", data(SETTINGS)), self.sling_id.clone());
        let other = usize::from(self.role != "author");
        let groups: [Group<'_>; 2] =
            [(&["author", "publish"], other), (&["samplecontent", "nosamplecontent"], 1)];
        files.insert(format!("{}/sling.options.file", data(SETTINGS)), sling_options(&groups));
    }
}

/// The modes of one group, and which of them is selected.
pub(crate) type Group<'a> = (&'a [&'a str], usize);

/// Serialises `ArrayList<SlingSettingsServiceImpl$Options>` as Java does.
///
/// Descriptors, field types, objects, arrays and strings are numbered in order of appearance; what appeared before is
/// written as its number. So the selected mode is a number, not a text.
pub(crate) fn sling_options(groups: &[Group<'_>]) -> Vec<u8> {
    const LIST: &[u8] = b"\xac\xed\0\x05sr\0\x13java.util.ArrayListx\x81\xd2\x1d\x99\xc7a\x9d\x03\0\x01I\0\x04sizexp";
    const OPTIONS: &[u8] = b"sr\0\x3forg.apache.sling.settings.impl.SlingSettingsServiceImpl$Options\
        \0\0\0\0\0\0\0\x01\x02\0\x02[\0\x05modest\0\x13[Ljava/lang/String;L\0\x08selectedt\0\x12Ljava/lang/String;xp";
    const STRINGS: &[u8] = b"ur\0\x13[Ljava.lang.String;\xad\xd2V\xe7\xe9\x1d{G\x02\0\0xp";
    let count = u32::try_from(groups.len()).unwrap().to_be_bytes();
    let mut bytes = [LIST, &count, b"w\x04", &count].concat();
    // 0 list class, 1 list, 2 options class, 3 and 4 its field types, 5 first options, 6 array class, 7 first array.
    let mut next_handle = 8;
    for (index, (modes, selected)) in groups.iter().enumerate() {
        if index > 0 {
            next_handle += 2;
        }
        bytes.extend(if index == 0 { OPTIONS } else { b"sq\0\x7e\0\x02" });
        bytes.extend(if index == 0 { STRINGS } else { b"uq\0\x7e\0\x06" });
        bytes.extend(u32::try_from(modes.len()).unwrap().to_be_bytes());
        for mode in *modes {
            bytes.push(b't');
            bytes.extend(u16::try_from(mode.len()).unwrap().to_be_bytes());
            bytes.extend(mode.bytes());
        }
        bytes.extend(b"q\0\x7e");
        bytes.extend(u16::try_from(next_handle + selected).unwrap().to_be_bytes());
        next_handle += modes.len();
    }
    bytes.push(b'x');
    bytes
}

/// The HMAC key that stands for a text.
pub(crate) fn hmac_of(seed: &str) -> Vec<u8> {
    bytes_of::<32>(&format!("hmac {seed}")).to_vec()
}

/// The master key that stands for a text.
pub(crate) fn master_of(seed: &str) -> Vec<u8> {
    bytes_of::<16>(&format!("master {seed}")).to_vec()
}

const SETTINGS: u64 = 7;

fn data(id: u64) -> String {
    format!("launchpad/felix/bundle{id}/data")
}

fn bundle(files: &mut BTreeMap<String, Vec<u8>>, id: u64, symbolic_name: &str, version: &str) {
    let directory = format!("launchpad/felix/bundle{id}");
    let location = format!("launchpad:resources/install/1/{symbolic_name}-{version}.jar");
    let info = format!("{id}\n{location}\n32\n1\n1752944445820\n0\n");
    files.insert(format!("{directory}/bundle.info"), info.into_bytes());
    files.insert(format!("{directory}/version0.0/revision.location"), b"inputstream:".to_vec());
    files.insert(
        format!("{directory}/version0.0/bundle.jar"),
        Jar::bundle(symbolic_name, version).finish(),
    );
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn options_are_the_bytes_that_java_wrote() {
        let groups: [Group<'_>; 3] = [
            (&["author", "publish"], 1),
            (&["crx3", "crx3tar"], 0),
            (&["samplecontent", "nosamplecontent"], 1),
        ];
        let real = include_bytes!("../../testdata/samples/sling.options.file");
        assert_eq!(sling_options(&groups), real);
    }

    #[test]
    fn instance_is_complete() {
        let files = Instance::new("publish1").files();
        assert_eq!(files.len(), 5 * 3 + 5 + 3);
        assert_eq!(files["crx-quickstart/launchpad/felix/bundle43/data/hmac"].len(), 32);
        assert_eq!(files["crx-quickstart/launchpad/felix/bundle43/data/master"].len(), 16);
        assert_eq!(files["crx-quickstart/launchpad/felix/bundle21/data/storage"], b"Bundle");
        assert_eq!(files["crx-quickstart/launchpad/felix/bundle7/data/sling.id.file"].len(), 36);
    }

    #[test]
    fn instances_of_two_names_differ_in_the_sling_id_alone() {
        let (one, two) = (Instance::new("one").files(), Instance::new("two").files());
        let differing: Vec<_> = one
            .iter()
            .filter(|(path, bytes)| two[*path] != **bytes)
            .map(|(path, _)| path)
            .collect();
        assert_eq!(differing, ["crx-quickstart/launchpad/felix/bundle7/data/sling.id.file"]);
    }

    #[test]
    fn without_cuts_at_whole_names() {
        let files = Instance::new("one")
            .root("")
            .without("launchpad/felix/bundle50")
            .without("conf/")
            .files();
        assert!(files.contains_key("launchpad/felix/bundle502/bundle.info"));
        assert!(!files.keys().any(|path| path.starts_with("conf/")));
        assert!(files.contains_key("launchpad/conf/launchpad-timestamp.txt"));
    }

    #[test]
    fn role_selects_another_run_mode() {
        let options =
            |role| Instance::new("one").role(role).root("").files().remove(OPTIONS_FILE).unwrap();
        assert_ne!(options("author"), options("publish"));
    }

    const OPTIONS_FILE: &str = "launchpad/felix/bundle7/data/sling.options.file";

    #[test]
    fn packed_instance_has_the_name_and_a_usual_extension() {
        let packed = Instance::new("publish1").tar_gz();
        assert_eq!(packed.path().file_name().unwrap(), "publish1.tar.gz");
        assert_eq!(fs::read(packed.path()).unwrap()[..2], [0x1f, 0x8b]);
    }
}
