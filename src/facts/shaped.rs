//! Where text of evidence stands in facts, and which shape each must have. A new field of text has its line here.
//!
//! Facts pass through here when they were made, and again when they come from a file: older versions kept more, and what a file of
//! facts says anyone may have written. Names and paths are those of the archive, which says them to everyone who lists it; words
//! of the tool's own, such as the reason of a gap, only lose credentials.

use super::credentials::cut_credentials;
use super::{
    Bundle, Configuration, DiscardReason, Gap, IdentifiedBy, JcrKeys, Log, LogTopic, PastState,
    Repository, Shape, Snapshot,
};

/// Stands for the name of a property that may be what is left of a value.
pub const UNREADABLE_NAME: &str = "a property whose name cannot be read";

impl Snapshot {
    /// Keeps of every text what its shape allows. Doing so again changes nothing.
    pub fn keep_shapes(&mut self) {
        self.bundles.iter_mut().for_each(bundle);
        self.sling_id.take_if(|id| !Shape::Uuid.fits(&id.uuid));
        let owners = self.key_files.iter_mut().map(|file| &mut file.owner);
        let owners = owners.chain(self.storage_files.iter_mut().map(|file| &mut file.owner));
        for user in owners.flatten().filter_map(|owner| owner.user.as_mut()) {
            Shape::Name.keep(user);
        }
        for mode in self.run_modes.iter_mut().flat_map(|modes| &mut modes.selected) {
            Shape::RunMode.keep(mode);
        }
        for setting in &mut self.settings {
            Shape::of_setting(&setting.name).keep(&mut setting.value);
        }
        self.configurations.iter_mut().for_each(configuration);
        self.repository.iter_mut().for_each(repository);
        self.log.iter_mut().for_each(log);
        self.gaps.iter_mut().for_each(Gap::keep_shapes);
    }
}

impl Gap {
    /// Cuts credentials out of its reason.
    pub fn keep_shapes(&mut self) {
        cut_credentials(&mut self.reason);
    }
}

fn bundle(bundle: &mut Bundle) {
    bundle.location.iter_mut().for_each(|text| Shape::Location.keep(text));
    // Where the location is none, the name that was taken from it is none either.
    let is_odd = bundle.location.as_ref().is_some_and(|text| !Shape::Location.fits(text));
    if is_odd && bundle.identified_by == Some(IdentifiedBy::Location) {
        (bundle.symbolic_name, bundle.version, bundle.identified_by) = (None, None, None);
    }
    let revisions = bundle.revisions.iter_mut().map(|r| (&mut r.symbolic_name, &mut r.version));
    for (name, version) in revisions.chain([(&mut bundle.symbolic_name, &mut bundle.version)]) {
        name.iter_mut().for_each(|text| Shape::Name.keep(text));
        version.iter_mut().for_each(|text| Shape::Version.keep(text));
    }
    if let Some(DiscardReason::Info(problem)) = &mut bundle.discard {
        cut_credentials(problem);
    }
}

fn configuration(configuration: &mut Configuration) {
    let Configuration { pid, factory_pid, jcr_path, properties, protected, .. } = configuration;
    for name in [Some(pid), factory_pid.as_mut(), jcr_path.as_mut()].into_iter().flatten() {
        cut_credentials(name);
    }
    properties.values_mut().flatten().for_each(|value| Shape::Value.keep(value));
    for value in protected.iter_mut().filter(|value| !Shape::Name.fits(&value.property)) {
        UNREADABLE_NAME.clone_into(&mut value.property);
    }
}

fn repository(repository: &mut Repository) {
    repository.configurations.iter_mut().for_each(configuration);
    if let JcrKeys::Unreadable(reason) | JcrKeys::NotRead(reason) = &mut repository.keys {
        cut_credentials(reason);
    }
    let reasons = [&mut repository.configurations_gap, &mut repository.history.gap];
    reasons.into_iter().flatten().for_each(cut_credentials);
    for past in &mut repository.history.others {
        if let PastState::Checkpoint { name, .. } = &mut past.state {
            Shape::Name.keep(name);
        }
    }
}

fn log(log: &mut Log) {
    for (topic, (told, _)) in &mut log.told {
        of_topic(*topic).keep(&mut told.value);
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
        LogTopic::Storage | LogTopic::KeysElsewhere => Shape::Value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{GapKind, LogTime, Place, Told};
    use crate::testing::farm;

    /// A key as text, of letters that any field would take.
    const SECRET: &str = "zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA";

    fn shaped(mut snapshot: Snapshot) -> String {
        snapshot.keep_shapes();
        let once = serde_json::to_string(&snapshot).unwrap();
        snapshot.keep_shapes();
        assert_eq!(serde_json::to_string(&snapshot).unwrap(), once);
        once
    }

    fn full(secret: &str) -> Snapshot {
        let text = || Some(secret.to_owned());
        let told = |topic| {
            let place = Place { source: "a".to_owned(), path: "logs/error.log".to_owned() };
            (topic, (Told { value: secret.to_owned(), time: None::<LogTime> }, place))
        };
        let topics = [
            LogTopic::Storage,
            LogTopic::CryptoVersion,
            LogTopic::SlingId,
            LogTopic::RunModes,
            LogTopic::Port,
            LogTopic::KeyFilesDisabled,
            LogTopic::KeysElsewhere,
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
        snapshot.configurations[0].properties.insert("token.required.attr".to_owned(), values);
        snapshot.log = Some(Log { told: topics.map(told).into(), ..Log::default() });
        snapshot
    }

    #[test]
    fn no_field_keeps_a_key() {
        let text = shaped(full(SECRET));
        assert!(!text.contains(&SECRET[..8]), "{text}");
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
                history: crate::facts::KeyHistory {
                    gap: Some(secret.to_owned()),
                    ..Default::default()
                },
                configurations: Vec::new(),
                configurations_gap: Some(format!("{secret} x")),
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
