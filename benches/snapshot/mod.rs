//! Makes synthetic snapshots: the tree of one instance, the same bytes on every run.
//!
//! What a scan looks for is real in form: bundle directories, jars, keys, configurations. The rest has the sizes, the
//! number of entries, the order and the compressibility of real installs.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "the sizes are ours; a wrong one may panic"
)]
#![allow(dead_code, reason = "each target that includes this module uses a part of it")]

pub(crate) mod body;
pub(crate) mod jar;
pub(crate) mod random;
pub(crate) mod sink;
pub(crate) mod store;

use body::{Body, Like};
use jar::Jar;
use random::{Random, bytes_of, uuid_of};
use sink::Sink;
use std::io::{self, Read};
use store::SegmentStore;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Profile {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    bundles: u64,
    /// Mean size of a `bundle.jar`.
    jar_bytes: u64,
    configs: u64,
    app_bytes: u64,
    logs: u64,
    log_bytes: u64,
    segment_tars: u64,
    segment_tar_bytes: u64,
    datastore_files: u64,
    datastore_bytes: u64,
    index_files: u64,
    index_bytes: u64,
    /// Files of 100 to 2,700 bytes in a bundle's `data/`.
    tiny_files: u64,
}

const SMALL: Profile = Profile {
    name: "small",
    bundles: 120,
    jar_bytes: 9 << 10,
    configs: 100,
    app_bytes: 700 << 10,
    logs: 2,
    log_bytes: 350 << 10,
    segment_tars: 1,
    segment_tar_bytes: 1 << 20,
    datastore_files: 20,
    datastore_bytes: 50 << 10,
    index_files: 10,
    index_bytes: 20 << 10,
    tiny_files: 20,
};

/// All profiles.
pub(crate) const PROFILES: [Profile; 7] = [
    // Six hundred bundles, and little else: what saved facts are made of.
    Profile {
        name: "facts",
        bundles: 600,
        jar_bytes: 1 << 10,
        logs: 1,
        log_bytes: 60 << 10,
        ..SMALL
    },
    // One install of 2 GB.
    Profile {
        name: "s2",
        bundles: 600,
        jar_bytes: 270 << 10,
        configs: 800,
        app_bytes: 70 << 20,
        logs: 6,
        log_bytes: 50 << 20,
        segment_tars: 3,
        segment_tar_bytes: 256 << 20,
        datastore_files: 1200,
        datastore_bytes: 500 << 10,
        index_files: 1000,
        index_bytes: 100 << 10,
        tiny_files: 600,
    },
    // The same mix in a quarter of the bytes.
    Profile {
        name: "m",
        bundles: 600,
        jar_bytes: 70 << 10,
        configs: 800,
        app_bytes: 15 << 20,
        logs: 4,
        log_bytes: 19 << 20,
        segment_tars: 1,
        segment_tar_bytes: 192 << 20,
        datastore_files: 60,
        datastore_bytes: 2500 << 10,
        index_files: 100,
        index_bytes: 250 << 10,
        tiny_files: 20,
    },
    // One of many equal archives.
    Profile {
        name: "farm",
        bundles: 600,
        jar_bytes: 20 << 10,
        configs: 800,
        app_bytes: 2 << 20,
        logs: 2,
        log_bytes: 7 << 20,
        segment_tars: 1,
        segment_tar_bytes: 35 << 20,
        datastore_files: 30,
        datastore_bytes: 900 << 10,
        index_files: 20,
        index_bytes: 250 << 10,
        tiny_files: 20,
    },
    // Nothing but headers, so to speak.
    Profile {
        name: "dense",
        configs: 800,
        bundles: 600,
        jar_bytes: 3 << 10,
        tiny_files: 293_000,
        ..SMALL
    },
    // The same in little, for counting instructions.
    Profile {
        name: "thin",
        configs: 800,
        bundles: 600,
        jar_bytes: 1 << 10,
        tiny_files: 20_000,
        ..SMALL
    },
    SMALL,
];

/// Finds a profile by name.
pub(crate) fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// Writes the snapshot that `seed` stands for; instances with the same `farm` hold the same keys.
pub(crate) fn write(
    profile: &Profile,
    seed: u64,
    farm: u64,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    let mut tree = Tree { random: Random::new(seed), seed, farm, sink };
    // The order in which a file system listed a real install: neither sorted nor by depth.
    tree.repository(profile)?;
    tree.body("app/cq-quickstart-6.5.0-standalone-quickstart.jar", Like::Jar, profile.app_bytes)?;
    tree.logs(profile)?;
    tree.launchpad(profile)?;
    tree.text("conf/quickstart.properties", "quickstart.build=6.5.0\n")?;
    tree.text("conf/sling.properties", SLING_PROPERTIES)?;
    tree.body("bin/quickstart", Like::Text, 6 << 10)?;
    tree.text("bin/start", "#!/bin/bash\nCQ_PORT=4503\nCQ_RUNMODE='publish'\n")?;
    tree.body("bin/stop", Like::Text, 1 << 10)
}

struct Tree<'s> {
    random: Random,
    seed: u64,
    farm: u64,
    sink: &'s mut dyn Sink,
}

impl Tree<'_> {
    fn repository(&mut self, profile: &Profile) -> io::Result<()> {
        let store =
            SegmentStore::new(profile.segment_tars, profile.segment_tar_bytes, &mut self.random)?;
        let directory = "crx-quickstart/repository/segmentstore";
        self.file("repository/segmentstore/journal.log", 0o644, &store.journal)?;
        for (name, bytes, mut content) in store.tars() {
            self.sink.file(&format!("{directory}/{name}"), 0o644, bytes, &mut content)?;
        }
        self.text("repository/segmentstore/manifest", "#\nstore.version=2\n")?;
        for _ in 0..profile.datastore_files {
            let name = self.hex();
            let path = format!(
                "repository/datastore/{}/{}/{}/{name}",
                &name[..2],
                &name[2..4],
                &name[4..6]
            );
            let bytes = self.about(profile.datastore_bytes);
            self.body(&path, Like::Media, bytes)?;
        }
        for number in 0..profile.index_files {
            let path = format!("repository/index/lucene-{}/data/_{number:x}.cfs", number / 50);
            let bytes = self.about(profile.index_bytes);
            self.body(&path, Like::Segment, bytes)?;
        }
        Ok(())
    }

    fn logs(&mut self, profile: &Profile) -> io::Result<()> {
        self.body("logs/error.log", Like::Log, profile.log_bytes)?;
        for day in 1..profile.logs {
            self.body(&format!("logs/error.log.2025-06-{day:02}"), Like::Log, profile.log_bytes)?;
        }
        self.body("logs/stdout.log", Like::Log, 4 << 10)
    }

    fn launchpad(&mut self, profile: &Profile) -> io::Result<()> {
        self.text("launchpad/conf/launchpad-timestamp.txt", "1752944445820")?;
        self.text("launchpad/felix/cache.lock", "")?;
        self.text("launchpad/felix/bundle0/bundle.id", &(profile.bundles + 1).to_string())?;
        self.text("launchpad/felix/bundle0/last.java.version", "11\n")?;
        let mut ids: Vec<_> = (1..=profile.bundles).collect();
        self.random.shuffle(&mut ids);
        for id in ids {
            self.bundle(id, profile)?;
        }
        for number in 0..profile.configs {
            self.config(number)?;
        }
        Ok(())
    }

    fn bundle(&mut self, id: u64, profile: &Profile) -> io::Result<()> {
        let directory = format!("launchpad/felix/bundle{id}");
        let name = symbolic_name(id);
        let version = format!("1.{}.{}", id % 7, id % 31);
        let level = [1, 5, 15, 20][usize::try_from(id % 4).unwrap()];
        let info = format!(
            "{id}\nlaunchpad:resources/install/{level}/{name}-{version}.jar\n32\n{level}\n1752944445820\n0\n"
        );
        self.text(&format!("{directory}/bundle.info"), &info)?;
        self.text(&format!("{directory}/version0.0/revision.location"), "inputstream:")?;
        let jar = self.jar(&name, &version, profile.jar_bytes);
        self.file(&format!("{directory}/version0.0/bundle.jar"), 0o644, &jar)?;
        let data = format!("{directory}/data");
        self.keys(id, &data)?;
        let tiny_files = profile.tiny_files / profile.bundles
            + u64::from(id <= profile.tiny_files % profile.bundles);
        for number in 0..tiny_files {
            let bytes = self.random.between(100, 2700);
            self.body(&format!("{data}/outputcache/{number:04}.ser"), Like::Segment, bytes)?;
        }
        Ok(())
    }

    fn keys(&mut self, id: u64, data: &str) -> io::Result<()> {
        match id {
            CRYPTO => self.file(&format!("{data}/storage"), 0o600, b"Bundle"),
            CRYPTO_FILE => {
                let (hmac, master) =
                    (format!("hmac {}", self.farm), format!("master {}", self.farm));
                self.file(&format!("{data}/hmac"), 0o600, &bytes_of::<32>(&hmac))?;
                self.file(&format!("{data}/master"), 0o600, &bytes_of::<16>(&master))
            }
            SETTINGS => {
                self.text(
                    &format!("{data}/sling.id.file"),
                    &uuid_of(&format!("sling id {}", self.seed)),
                )?;
                self.file(&format!("{data}/sling.options.file"), 0o644, SLING_OPTIONS)
            }
            _ => Ok(()),
        }
    }

    fn jar(&mut self, symbolic_name: &str, version: &str, bytes: u64) -> Vec<u8> {
        let mut jar = Jar::bundle(symbolic_name, version);
        let seed = self.random.next();
        jar.member("OSGI-INF/service.xml", &Body::bytes(Like::Text, seed, 900)).unwrap();
        // From small to large: most bundles are below the mean, one in ten is six times as large.
        let bytes = if self.random.below(10) == 0 { bytes * 6 } else { self.about(bytes / 2) };
        jar.stored("classes.bin", &Body::bytes(Like::Jar, seed, bytes.saturating_sub(1500)))
            .unwrap();
        jar.finish()
    }

    fn config(&mut self, number: u64) -> io::Result<()> {
        let pid = if number == 0 {
            "com/day/crx/security/token/impl/impl/TokenAuthenticationHandler".to_owned()
        } else {
            format!("com/example/module{}/impl/Service{number}", number % 90)
        };
        let dotted = pid.replace('/', ".");
        let text = format!(
            ":org.apache.felix.configadmin.revision:=L\"{}\"\ntoken.encapsulated=B\"true\"\nservice.pid=\"{dotted}\"\n\
             service.ranking=I\"{number}\"\npaths=[ \\\n  \"/content/{:x}\", \\\n  \"/etc/{:x}\", \\\n  ]\n",
            number % 9 + 1,
            self.random.next(),
            self.random.next(),
        );
        self.text(&format!("launchpad/config/{pid}.config"), &text)
    }

    /// A size from half to one and a half of `bytes`.
    fn about(&mut self, bytes: u64) -> u64 {
        self.random.between(bytes / 2, bytes + bytes / 2)
    }

    fn hex(&mut self) -> String {
        format!(
            "{:016x}{:016x}{:08x}",
            self.random.next(),
            self.random.next(),
            self.random.next() >> 32
        )
    }

    fn body(&mut self, path: &str, like: Like, bytes: u64) -> io::Result<()> {
        let mut body = Body::new(like, self.random.next()).take(bytes);
        self.sink.file(&format!("crx-quickstart/{path}"), 0o644, bytes, &mut body)
    }

    fn text(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.file(path, 0o644, text.as_bytes())
    }

    fn file(&mut self, path: &str, mode: u32, mut bytes: &[u8]) -> io::Result<()> {
        self.sink.file(&format!("crx-quickstart/{path}"), mode, bytes.len() as u64, &mut bytes)
    }
}

const SETTINGS: u64 = 7;
const CRYPTO_FILE: u64 = 43;
const CRYPTO: u64 = 97;

fn symbolic_name(id: u64) -> String {
    match id {
        SETTINGS => "org.apache.sling.settings".to_owned(),
        CRYPTO_FILE => "com.adobe.granite.crypto.file".to_owned(),
        44 => "com.adobe.granite.crypto.jcr".to_owned(),
        CRYPTO => "com.adobe.granite.crypto".to_owned(),
        98 => "com.adobe.granite.crypto.config".to_owned(),
        _ => format!("com.example.module{}.bundle{id}", id % 60),
    }
}

/// Written by Java for Sling: `publish`, `crx3` and `nosamplecontent` are selected.
const SLING_OPTIONS: &[u8] = include_bytes!("../../testdata/samples/sling.options.file");

const SLING_PROPERTIES: &str = "#Overlay properties for configuration\n#Sat Jul 19 17:00:45 UTC 2025\n\
    sling.run.mode.install.options=author,publish|samplecontent,nosamplecontent\n\
    org.osgi.framework.storage=${sling.launchpad}/felix\ngranite.product.version=6.5.0\n";

#[cfg(test)]
mod tests {
    use super::*;
    use sink::TarSink;
    use std::collections::BTreeMap;

    fn small(seed: u64, farm: u64) -> BTreeMap<String, Vec<u8>> {
        let mut sink = TarSink::new(Vec::new());
        write(profile("small").unwrap(), seed, farm, &mut sink).unwrap();
        let bytes = sink.finish().unwrap();
        assert!((4 << 20..8 << 20).contains(&bytes.len()), "{} bytes", bytes.len());
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            assert!(files.insert(path, content).is_none(), "an entry is there twice");
        }
        files
    }

    #[test]
    fn same_seed_gives_the_same_bytes() {
        assert_eq!(small(1, 1), small(1, 1));
    }

    #[test]
    fn farm_decides_the_keys_and_nothing_else() {
        let (one, two) = (small(1, 1), small(1, 2));
        let differing: Vec<_> = one
            .iter()
            .filter(|(path, bytes)| two[*path] != **bytes)
            .map(|(path, _)| path)
            .collect();
        let data = "crx-quickstart/launchpad/felix/bundle43/data";
        assert_eq!(differing, [&format!("{data}/hmac"), &format!("{data}/master")]);
    }
}
