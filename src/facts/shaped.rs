//! Where text of evidence is in facts, and which shape each must have. A new field of text has its line here.
//!
//! Facts pass through here when they were made, and again when they come from a file: older versions kept more, and what a file of
//! facts says anyone may have written. Names and paths are those of the archive, which says them to everyone who lists it; words
//! of the tool's own, such as the reason of a gap, only lose credentials.

use super::credentials::cut_credentials;
use super::{
    Bundle, Configuration, DiscardReason, Gap, HIDDEN_KEY, IdentifiedBy, JcrKeys, KeysDirectory,
    LogTopic, PastState, Repository, Shape, Snapshot,
};

/// What is done with a text of this shape.
type Visit<'v> = &'v mut dyn FnMut(Shape, &mut String);

impl Snapshot {
    /// Keeps of every text what its shape allows; returns `true` if that is less. Doing so again changes nothing.
    pub fn keep_shapes(&mut self) -> bool {
        // An id is dropped and not replaced by a note, or two instances would share the note as their Sling
        // id.
        let mut changed = self.sling_id.take_if(|id| !Shape::Uuid.fits(&id.uuid)).is_some();
        self.each_text(&mut |shape, text| changed |= shape.keep(text));
        self.bundles.change_each(|bundle| changed |= bundle.keep_shapes());
        self.sentences().into_iter().for_each(|text| changed |= cut_credentials(text));
        self.gaps.iter_mut().for_each(|gap| changed |= gap.keep_shapes());
        changed
    }

    /// Hides every text that is a key; returns `true` if there is one.
    pub fn hide_keys(&mut self, is_key: impl Fn(&str) -> bool) -> bool {
        let mut hidden = self.sling_id.take_if(|id| is_key(&id.uuid)).is_some();
        self.each_text(&mut |_, text| hidden |= hide(text, &is_key));
        self.bundles.change_each(|bundle| hidden |= bundle.hide_keys(&is_key));
        self.gaps.iter_mut().for_each(|gap| hidden |= gap.hide_keys(&is_key));
        hidden
    }

    fn each_text(&mut self, visit: Visit<'_>) {
        let keys =
            self.key_files.iter_mut().chain(&mut self.moved_keys).chain(&mut self.stray_keys);
        let owners = keys.map(|file| &mut file.owner);
        let owners = owners.chain(self.storage_files.iter_mut().map(|file| &mut file.owner));
        let directories = self.key_directories.iter_mut();
        let owners = owners.flatten().chain(directories.map(|directory| &mut directory.owner));
        let users = owners.filter_map(|owner| owner.user.as_mut());
        let account = self.account.iter_mut().filter_map(|account| account.user.as_mut());
        users.chain(account).for_each(|user| visit(Shape::Name, user));
        let modes = self.run_modes.iter_mut().flat_map(|modes| &mut modes.selected);
        modes.for_each(|mode| visit(Shape::RunMode, mode));
        for setting in &mut self.settings {
            visit(Shape::of_setting(&setting.name), &mut setting.value);
        }
        // The name of the root is that of a source. Where the rest is no path, the places of the key files tell the directory.
        let is_changed = |directory: &mut KeysDirectory| {
            let path = directory.path.strip_prefix(&self.root).unwrap_or(&directory.path);
            let mut shaped = path.to_owned();
            visit(Shape::Path, &mut shaped);
            shaped != path
        };
        self.keys_directory.take_if(is_changed);
        self.configurations.iter_mut().for_each(|one| configuration(one, visit));
        self.repository.iter_mut().for_each(|one| repository(one, visit));
        for (topic, (last, _)) in self.log.iter_mut().flat_map(|log| &mut log.statements) {
            visit(of_topic(*topic), &mut last.value);
        }
        if let Some(log) = &mut self.log {
            let shaped = std::mem::take(&mut log.starts).into_iter().map(|mut start| {
                start.version.iter_mut().for_each(|version| visit(Shape::Version, version));
                start
            });
            log.starts = shaped.collect();
        }
    }

    /// Returns names and reasons that were put together by the tool.
    fn sentences(&mut self) -> Vec<&mut String> {
        let stored = self.repository.iter_mut().flat_map(|stored| {
            let reason = match &mut stored.keys {
                JcrKeys::Unreadable(reason) | JcrKeys::NotRead(reason) => Some(reason),
                JcrKeys::Read(_) => None,
            };
            let gaps = [
                stored.doubt.as_mut(),
                stored.configurations_gap.as_mut(),
                stored.secrets_gap.as_mut(),
                stored.users.as_mut().and_then(|users| users.gap.as_mut()),
                stored.history.gap.as_mut(),
            ];
            let names = stored.configurations.iter_mut().flat_map(names);
            let secrets = stored.secrets.iter_mut();
            let secrets = secrets.flat_map(|secret| [&mut secret.path, &mut secret.property]);
            names.chain(secrets).chain(gaps.into_iter().flatten()).chain(reason)
        });
        stored.chain(self.configurations.iter_mut().flat_map(names)).collect()
    }
}

impl Gap {
    /// Hides the words of its reason that hold a key; returns `true` if there are any.
    pub fn hide_keys(&mut self, holds_key: impl Fn(&str) -> bool) -> bool {
        let hides = holds_key(&self.reason);
        if hides {
            let words =
                self.reason.split(' ').map(|word| if holds_key(word) { "(a key)" } else { word });
            self.reason = words.collect::<Vec<_>>().join(" ");
        }
        // Its bytes may be words of their own.
        if holds_key(&self.reason) {
            HIDDEN_KEY.clone_into(&mut self.reason);
        }
        hides
    }

    /// Cuts credentials out of its reason; returns `true` if there are any.
    pub fn keep_shapes(&mut self) -> bool {
        cut_credentials(&mut self.reason)
    }
}

/// Hides a text that is a key; returns `true` if it is one.
fn hide(text: &mut String, is_key: &impl Fn(&str) -> bool) -> bool {
    let is_key = is_key(text);
    if is_key {
        HIDDEN_KEY.clone_into(text);
    }
    is_key
}

impl Bundle {
    /// Hides every text that is a key; returns `true` if there is one.
    pub fn hide_keys(&mut self, is_key: &impl Fn(&str) -> bool) -> bool {
        let mut hidden = false;
        bundle(self, &mut |_, text| hidden |= hide(text, is_key));
        drop_odd_name(self) || hidden
    }

    /// Keeps of every text what its shape allows; returns `true` if that is less.
    pub fn keep_shapes(&mut self) -> bool {
        let mut changed = false;
        bundle(self, &mut |shape, text| changed |= shape.keep(text));
        changed |= drop_odd_name(self);
        if let Some(DiscardReason::Info(problem)) = &mut self.discard {
            changed |= cut_credentials(problem);
        }
        changed
    }
}

fn bundle(bundle: &mut Bundle, visit: Visit<'_>) {
    bundle.location.iter_mut().for_each(|text| visit(Shape::Location, text));
    let revisions = bundle.revisions.iter_mut().map(|r| (&mut r.symbolic_name, &mut r.version));
    for (name, version) in revisions.chain([(&mut bundle.symbolic_name, &mut bundle.version)]) {
        if let Some(name) = name {
            visit(Shape::Name, name);
        }
        if let Some(version) = version {
            visit(Shape::Version, version);
        }
    }
}

/// Where a location is none, the name that was taken from it is none either. Returns `true` if there was such a name.
fn drop_odd_name(bundle: &mut Bundle) -> bool {
    let is_odd = bundle.location.as_ref().is_some_and(|text| !Shape::Location.fits(text));
    let is_named_by_it = is_odd && bundle.identified_by == Some(IdentifiedBy::Location);
    if is_named_by_it {
        (bundle.symbolic_name, bundle.version, bundle.identified_by) = (None, None, None);
    }
    is_named_by_it
}

fn configuration(configuration: &mut Configuration, visit: Visit<'_>) {
    let values = configuration.properties.values_mut().flatten();
    values.for_each(|value| visit(Shape::Value, value));
    for value in &mut configuration.protected {
        visit(Shape::Name, &mut value.property);
    }
}

/// Returns names that are paths: a file lies where its PID says.
fn names(configuration: &mut Configuration) -> impl Iterator<Item = &mut String> {
    let Configuration { pid, factory_pid, jcr_path, .. } = configuration;
    [Some(pid), factory_pid.as_mut(), jcr_path.as_mut()].into_iter().flatten()
}

fn repository(repository: &mut Repository, visit: Visit<'_>) {
    repository.configurations.iter_mut().for_each(|one| configuration(one, visit));
    for past in &mut repository.history.others {
        if let PastState::Checkpoint { name, .. } = &mut past.state {
            visit(Shape::Name, name);
        }
    }
}

/// Returns the shape of what an instance tells of itself in its logs.
fn of_topic(topic: LogTopic) -> Shape {
    match topic {
        LogTopic::CryptoVersion => Shape::Version,
        LogTopic::SlingId => Shape::Uuid,
        LogTopic::RunModes => Shape::RunModes,
        LogTopic::Port => Shape::Port,
        LogTopic::KeyFilesDisabled => Shape::Switch,
        LogTopic::Storage | LogTopic::KeysElsewhere | LogTopic::NodeStore => Shape::Value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{
        Account, GapKind, Log, LogStatement, LogTime, OwnedDirectory, Owner, Place,
    };
    use crate::testing::farm;

    /// A key as text, of letters that any field would take.
    const SECRET: &str = "zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA";

    fn shaped(mut snapshot: Snapshot) -> String {
        snapshot.keep_shapes();
        let once = format!("{snapshot:?}");
        assert!(!snapshot.keep_shapes());
        assert_eq!(format!("{snapshot:?}"), once);
        once
    }

    fn full(secret: &str) -> Snapshot {
        let text = || Some(secret.to_owned());
        let statement = |topic| {
            let place = Place { source: "a".to_owned(), path: "logs/error.log".to_owned() };
            (topic, (LogStatement { value: secret.to_owned(), time: None::<LogTime> }, place))
        };
        let topics = [
            LogTopic::Storage,
            LogTopic::CryptoVersion,
            LogTopic::SlingId,
            LogTopic::RunModes,
            LogTopic::Port,
            LogTopic::KeyFilesDisabled,
            LogTopic::KeysElsewhere,
            LogTopic::NodeStore,
        ];
        let names = ["quickstart.build", "sling.run.modes", "CQ_PORT", "x"];
        let instance = farm().with("a", |i| {
            let mut i = names.iter().fold(i, |i, name| i.setting(name, secret)).role(secret);
            i = i
                .sling_id(secret)
                .config("com.day.crx.security.token.impl.impl.TokenAuthenticationHandler", "");
            i.change("bundle6", |bundle| {
                (bundle.location, bundle.version, bundle.symbolic_name) = (text(), text(), text());
            })
        });
        let mut snapshot = instance.build().members.remove(0).snapshot;
        let values = vec![secret.to_owned()];
        let owner = || Owner { uid: 1, gid: 1, user: text(), mode: 0o600 };
        snapshot.account = Some(Account { uid: 1, gid: 1, user: text() });
        let mut moved = snapshot.key_files[0].clone();
        moved.owner = Some(owner());
        snapshot.moved_keys.push(moved);
        let place = Place { source: "a".to_owned(), path: "q".to_owned() };
        snapshot.key_directories.push(OwnedDirectory { place, owner: owner() });
        snapshot.configurations[0].properties.insert("token.required.attr".to_owned(), values);
        snapshot.log = Some(Log { statements: topics.map(statement).into(), ..Log::default() });
        snapshot
    }

    #[test]
    fn no_field_keeps_a_key() {
        let text = shaped(full(SECRET));
        assert!(!text.contains("zQ7xW9vK"), "{text}");
    }

    #[test]
    fn key_is_hidden_in_every_field_whatever_its_shape() {
        for key in [
            "5d3f81c6-7b2e-4a90-8c1d-e6f0a9b47253",
            "file:/vkQjwPzYxq",
            "1.2.3.vkQjwPzY",
            "kqzrvbnm",
        ] {
            let mut snapshot = full(key);
            snapshot.hide_keys(|text| text == key);
            assert!(!shaped(snapshot).contains(key), "{key}");
        }
    }

    #[test]
    fn no_field_keeps_credentials() {
        for secret in ["mongodb://u:CANARY@h/aem", "http://u:CANARY@h/x.jar?token=CANARY"] {
            let mut snapshot = full(secret);
            let reason = format!("{secret} is down");
            let (source, kind) = ("a".to_owned(), GapKind::Partial);
            snapshot.gaps = vec![Gap { source, path: None, kind, reason }];
            snapshot.repository = Some(Repository {
                place: Place { source: "a".to_owned(), path: String::new() },
                keys: JcrKeys::Unreadable(format!("x {secret}")),
                head_ms: None,
                revisions_behind: 0,
                doubt: Some(secret.to_owned()),
                history: crate::facts::KeyHistory {
                    gap: Some(secret.to_owned()),
                    ..Default::default()
                },
                configurations: Vec::new(),
                configurations_gap: Some(format!("{secret} x")),
                secrets: Vec::new(),
                secrets_gap: Some(format!("{secret} y")),
                users: Some(crate::facts::Users {
                    gap: Some(format!("{secret} z")),
                    ..Default::default()
                }),
            });
            let text = shaped(snapshot);
            assert!(!text.contains("CANARY"), "{text}");
        }
    }

    #[test]
    fn name_goes_with_the_location_that_it_was_taken_from() {
        let of = |location: &str, by| {
            let mut snapshot = farm()
                .with("a", |i| {
                    i.change("bundle6", |bundle| {
                        (bundle.location, bundle.identified_by) =
                            (Some(location.to_owned()), Some(by));
                    })
                })
                .build()
                .members
                .remove(0)
                .snapshot;
            snapshot.keep_shapes();
            snapshot.bundle_in("bundle6").unwrap().symbolic_name.is_some()
        };
        assert!(!of("36343362CANARYcipher3137", IdentifiedBy::Location));
        assert!(of("36343362CANARYcipher3137", IdentifiedBy::Manifest));
        assert!(of("slinginstall:x-1.0.jar", IdentifiedBy::Location));
    }

    #[test]
    fn sound_instance_keeps_everything() {
        let mut snapshot =
            farm().with("a", |i| i.role("publish")).build().members.remove(0).snapshot;
        snapshot.sling_id = None;
        let before = snapshot.clone();
        snapshot.keep_shapes();
        assert_eq!(snapshot, before);
    }
}
