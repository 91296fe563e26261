//! The repair, carried out: its script is run on unpacked copies, and a scan of those finds what the plan said.

mod farms;
mod invariants;
mod powershell;
mod undone;

use crate::cases;
use crate::instance::{hmac_of, master_of};
use crate::pack::{Case, Packing};
use crate::run::{self, operand};
use aemtrix::diagnosis::{Judged, Verdict};
use aemtrix::facts::{JcrKeys, KeyName, SecretState, Snapshot};
use aemtrix::farm::Member;
use aemtrix::oak::{Budget, Files, Store};
use aemtrix::repair::{Action, Do, Outcome, Plan, PlanCheck};
use aemtrix::report::Report;
use aemtrix::rules::Severity;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Instances, unpacked.
pub(crate) struct World {
    home: TempDir,
    /// The name of each source, and its directory.
    sources: Vec<(String, PathBuf)>,
    policy: Option<String>,
    shell: Runner,
}

/// What a repair is run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Posix,
    /// A model of it.
    PowerShell,
    /// The commands of single actions, as JSON has them; keys are collected by the script.
    Commands,
}

/// Everything below a directory: modes and contents.
type Tree = BTreeMap<PathBuf, (u32, Option<Vec<u8>>)>;

/// What a person has done where no test can, by source and install root: a repository cannot be written here, nor is a secret known.
#[derive(Debug, Clone, Default)]
struct ByHand {
    /// The keys deleted from the repository.
    deleted: BTreeMap<(String, String), Vec<KeyName>>,
    /// Configurations and properties of secrets that were entered.
    entered: BTreeMap<(String, String), Vec<(String, String)>>,
}

impl World {
    pub(crate) fn new(cases: &[(String, Case)], policy: Option<String>) -> Self {
        // Thousands of small files are made and removed: memory takes a tenth of the time of a disk.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let home = tempfile::tempdir_in(place).unwrap();
        let unpack = |(index, (name, case)): (usize, &(String, Case))| {
            (name.clone(), case.pack_into(home.path(), Packing::Directory, &format!("s{index}")))
        };
        let sources = cases.iter().enumerate().map(unpack).collect();
        Self { home, sources, policy, shell: Runner::Posix }
    }

    fn of(case: &cases::Stored) -> Self {
        let sources: Vec<(String, Case)> =
            case.sources.iter().map(|(name, case)| (name.clone(), case.clone())).collect();
        Self::new(&sources, case.policy.clone())
    }

    fn scan(&self) -> Report {
        self.scan_after(&ByHand::default())
    }

    /// Scans, and changes what was read by what a person has done.
    fn scan_after(&self, by_hand: &ByHand) -> Report {
        let operands: Vec<OsString> =
            self.sources.iter().map(|(name, path)| operand(name, path)).collect();
        run::scan_changed(&operands, self.policy.as_deref(), |snapshot| by_hand.change(snapshot))
    }

    fn script(&self) -> PathBuf {
        self.home.path().join("repair.sh")
    }

    fn write_script(&self, report: &Report) {
        fs::write(self.script(), run::written(report, "shell")).unwrap();
        fs::write(self.home.path().join("repair.ps1"), run::written(report, "powershell")).unwrap();
    }

    /// Runs the script where the paths of an upload begin.
    fn run(&self, place: &Path, words: &[&str]) -> Output {
        match self.shell {
            Runner::Posix | Runner::Commands => self.command(place, words).output().unwrap(),
            Runner::PowerShell => self.model(place, words, None),
        }
    }

    /// Runs the other script on a model, on which one change fails.
    fn model(&self, place: &Path, words: &[&str], fails: Option<usize>) -> Output {
        let script = fs::read_to_string(self.home.path().join("repair.ps1")).unwrap();
        powershell::Script::parse(&script).run(place, self.home.path(), words, fails)
    }

    fn command(&self, place: &Path, words: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.arg(self.script()).args(words).current_dir(place);
        command.env("REPAIR_ASSUME_STOPPED", "1").stdin(Stdio::null());
        command
    }

    fn tree(&self) -> Tree {
        tree(self.home.path())
    }
}

impl ByHand {
    fn change(&self, snapshot: &mut Snapshot) {
        let id = (snapshot.source.clone(), snapshot.root.clone());
        let deleted = self.deleted.get(&id).map(Vec::as_slice).unwrap_or_default();
        let entered = self.entered.get(&id).map(Vec::as_slice).unwrap_or_default();
        if let Some(repository) = &mut snapshot.repository {
            if let JcrKeys::Read(keys) = &mut repository.keys {
                keys.retain(|key| !deleted.contains(&key.name));
            }
            let is_entered = |path: &str, property: &str| {
                entered.iter().any(|(pid, held)| pid == path && held == property)
            };
            repository.secrets.retain(|one| !is_entered(&one.path, &one.property));
        }
        let stored = snapshot.repository.iter_mut().flat_map(|stored| &mut stored.configurations);
        for configuration in snapshot.configurations.iter_mut().chain(stored) {
            for (_, property) in entered.iter().filter(|(pid, _)| *pid == configuration.pid) {
                configuration.protected.retain(|value| value.property != *property);
                configuration.secrets.insert(property.clone(), SecretState::Protected);
            }
        }
    }
}

/// Writes a property into the file of a configuration, as its console does.
fn set_property(snapshot: &Snapshot, pid: &str, property: &str, value: &str) {
    let source = Path::new(&snapshot.source);
    let files: Vec<PathBuf> =
        snapshot.configurations_of(pid).map(|own| source.join(&own.place.path)).collect();
    let new = source.join(&snapshot.root).join("launchpad/config").join(pid.replace('.', "/"));
    let new = new.with_extension("config");
    for file in if files.is_empty() { vec![new] } else { files } {
        let text =
            fs::read_to_string(&file).unwrap_or_else(|_| format!("service.pid=\"{pid}\"\r\n"));
        let starts = format!("{property}=");
        // Felix writes what it has read, and an old one has not read what is behind a blank.
        let is_kept = |line: &&str| !line.starts_with(&starts) && !line.contains(" = ");
        let kept = text.lines().filter(is_kept);
        let line = format!("{property}=\"{value}\"");
        let lines: Vec<&str> = kept.chain([line.as_str()]).collect();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, lines.join("\r\n") + "\r\n").unwrap();
    }
}

fn tree(home: &Path) -> Tree {
    let entries = walkdir::WalkDir::new(home).into_iter().map(Result::unwrap);
    entries
        .map(|entry| {
            let bytes = entry.file_type().is_file().then(|| fs::read(entry.path()).unwrap());
            let mode = entry.metadata().unwrap().permissions().mode();
            (entry.into_path(), (mode, bytes))
        })
        .collect()
}

/// The files of a segment store on disk.
struct OnDisk(Vec<(String, File)>);

impl Files for OnDisk {
    fn list(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(name, file)| (name.clone(), file.metadata().unwrap().len())).collect()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0[index].1.read_exact_at(buffer, offset)
    }
}

/// The bytes of `hmac` and `master` in the repository of a source, as a person saves them.
fn stored_keys(source: &Path) -> Option<[Vec<u8>; 2]> {
    let entries = walkdir::WalkDir::new(source).into_iter().map(Result::unwrap);
    let journal =
        entries.map(walkdir::DirEntry::into_path).find(|path| path.ends_with("journal.log"))?;
    let files = fs::read_dir(journal.parent().unwrap()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), File::open(entry.path()).unwrap())
    });
    let files = OnDisk(files.collect());
    let store = Store::new(&files, Budget::default());
    let found = store.newest(|root| {
        let Some(node) = root.descendant("etc/key")? else { return Ok(None) };
        let mut keys = Vec::new();
        for name in ["hmac", "master"] {
            if let Some(property) = node.property(name)? {
                keys.push(property.value()?.to_vec());
            }
        }
        Ok(<[Vec<u8>; 2]>::try_from(keys).ok())
    });
    found.ok()?.value
}

/// A repair in progress.
struct Proof<'w> {
    world: &'w World,
    /// What went wrong.
    wrong: Vec<String>,
    by_hand: ByHand,
    /// The plan of each farm as JSON has it, where single commands are run.
    plans: BTreeMap<String, Value>,
}

/// Carries out the repair of all farms, and says what was not as the plans say.
fn prove(world: &World) -> Vec<String> {
    let before = world.scan();
    world.write_script(&before);
    let mut proof =
        Proof { world, wrong: Vec::new(), by_hand: ByHand::default(), plans: BTreeMap::new() };
    if world.shell == Runner::Commands {
        let json = run::json(&before);
        let plan =
            |farm: &Value| (farm["name"].as_str().unwrap().to_owned(), farm["repair"].clone());
        proof.plans = run::list(&json["farms"]).map(plan).collect();
    }
    for judged in &before.farms {
        proof.wrong.extend(invariants::broken(judged));
        proof.repair(judged);
    }
    if !proof.wrong.is_empty() {
        return proof.wrong;
    }
    let does_nothing = |judged: &Judged| !judged.plan.actions().any(is_done);
    if before.farms.iter().all(does_nothing) {
        before.farms.iter().for_each(|judged| proof.compare(judged, judged));
        return proof.wrong;
    }
    let after = world.scan_after(&proof.by_hand);
    for judged in &before.farms {
        match after.farms.iter().find(|other| other.farm.name == judged.farm.name) {
            Some(other) => proof.compare(judged, other),
            None => proof.wrong.push(format!("farm {} is gone", judged.farm.name)),
        }
    }
    if !proof.by_hand.deleted.is_empty() && proof.wrong.is_empty() {
        let undone = ByHand { deleted: BTreeMap::new(), ..proof.by_hand.clone() };
        proof.leave_undone(&before, &world.scan_after(&undone));
    }
    proof.wrong
}

fn member<'j>(judged: &'j Judged, name: &str) -> &'j Member {
    judged.farm.members.iter().find(|member| member.name == name).unwrap()
}

/// Returns `true` if an action changes files.
fn is_done(action: &Action) -> bool {
    !matches!(action.does, Do::Manual(_))
}

/// Returns `true` if it is not known what a file will be, or whether secrets open then.
fn is_blind(plan: &Plan) -> bool {
    let open = match &plan.outcome {
        Outcome::StillOpen(open) | Outcome::StillWrong { open, .. } => open.as_slice(),
        Outcome::Consistent => &[],
    };
    let is_untried = open.iter().any(|why| why.starts_with("whether the secrets of "));
    is_untried
        || plan.actions().any(|action| match &action.does {
            Do::Place { digest, .. } => digest.is_none(),
            Do::Verify(PlanCheck::Keys(keys)) => keys.iter().any(|key| key.digest.is_none()),
            _ => false,
        })
}

impl Proof<'_> {
    fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn repair(&mut self, judged: &Judged) {
        let plan = &judged.plan;
        let brought = plan
            .collect
            .as_ref()
            .and_then(|collect| self.collect(judged, &collect.instance, collect.files.is_none()));
        for window in &plan.windows {
            let name = window.instance.as_str();
            let place = PathBuf::from(&member(judged, name).snapshot.source);
            let leaves = |action: &&Action| {
                action.instance.as_deref() == Some(name)
                    && matches!(action.does, Do::ExportFromJcr { is_source: true, .. })
            };
            let keys = place.join("farm-keys");
            if plan.before.iter().any(|action| leaves(&action)) {
                save_keys(&place, is_blind(plan));
                let output = self.world.run(&place, &["collect", name]);
                if !output.status.success() {
                    self.wrong(format!("collect {name:?}: {}", told(&output)));
                }
            } else if let Some(brought) = &brought {
                copy(brought, &keys);
            }
            if self.world.shell == Runner::Commands {
                let windows = run::list(&self.plans[&judged.farm.name]["windows"]);
                let actions = windows.filter(|own| own["instance"] == name);
                let actions: Vec<Value> = actions.map(|own| own["actions"].clone()).collect();
                for actions in &actions {
                    self.one_by_one(actions, &place);
                }
            } else {
                self.window(name, &place, window.actions.iter().any(is_done));
            }
            drop(fs::remove_dir_all(&keys));
        }
        for action in &plan.after {
            let Some(name) = &action.instance else { continue };
            let snapshot = &member(judged, name).snapshot;
            match &action.does {
                Do::RemoveBackup { directory, .. } => {
                    drop(fs::remove_dir_all(Path::new(&snapshot.source).join(directory)));
                }
                Do::DeleteFromJcr { keys } => {
                    let id = (snapshot.source.clone(), snapshot.root.clone());
                    self.by_hand.deleted.insert(id, keys.clone());
                }
                Do::EnterSecret { pid, property, .. } => {
                    let id = (snapshot.source.clone(), snapshot.root.clone());
                    let secret = (pid.clone(), property.clone());
                    self.by_hand.entered.entry(id).or_default().push(secret);
                }
                Do::SetProperty { pid, property, value } => {
                    set_property(snapshot, pid, property, value);
                }
                _ => {}
            }
        }
    }

    /// Has the keys of the source brought together, and takes them away from there.
    fn collect(&mut self, judged: &Judged, name: &str, is_from_jcr: bool) -> Option<PathBuf> {
        let place = PathBuf::from(&member(judged, name).snapshot.source);
        if is_from_jcr {
            save_keys(&place, false);
        }
        for _ in 0..2 {
            let output = self.world.run(&place, &["collect", name]);
            if !output.status.success() {
                self.wrong(format!("collect {name:?}: {}", told(&output)));
                return None;
            }
        }
        let brought = self.world.home.path().join("brought");
        drop(fs::remove_dir_all(&brought));
        fs::rename(place.join("farm-keys"), &brought).unwrap();
        Some(brought)
    }

    /// Runs the commands of actions, each by itself.
    fn one_by_one(&mut self, actions: &Value, place: &Path) {
        let commands = run::list(actions).filter(|action| action["does"] != "manual");
        for command in commands.flat_map(|action| run::texts(&action["commands"]["posix"])) {
            let mut shell = Command::new("sh");
            let output = shell.args(["-c", command]).current_dir(place).output().unwrap();
            if !output.status.success() {
                self.wrong(format!("{command}: {}", told(&output)));
            }
        }
    }

    /// Runs the steps of an instance twice; the second time changes nothing.
    fn window(&mut self, name: &str, place: &Path, has_steps: bool) {
        let output = self.world.run(place, &[name]);
        if !output.status.success() {
            self.wrong(format!("{name:?}: {}", told(&output)));
            return;
        }
        let repaired = self.world.tree();
        let again = self.world.run(place, &[name]);
        if !again.status.success() {
            self.wrong(format!("{name:?} again: {}", told(&again)));
        }
        if self.world.tree() != repaired {
            self.wrong(format!("{name:?} again: something was changed"));
        }
        if has_steps && !told(&again).contains("Nothing is left to do") {
            self.wrong(format!("{name:?} again: {}", told(&again)));
        }
    }

    /// Compares what is found where nobody deletes keys from a repository with what the plan says of that.
    fn leave_undone(&mut self, before: &Report, undone: &Report) {
        for judged in &before.farms {
            let other = undone.farms.iter().find(|other| other.farm.name == judged.farm.name);
            let actions: Vec<&Action> = judged.plan.actions().collect();
            let is_deleted =
                |number: &usize| matches!(actions[*number].does, Do::DeleteFromJcr { .. });
            let decides = judged.plan.yours.iter().any(is_deleted);
            let mut undone = Proof {
                world: self.world,
                wrong: Vec::new(),
                by_hand: ByHand::default(),
                plans: BTreeMap::new(),
            };
            if let Some(other) = other {
                undone.compare(judged, other);
            }
            if decides && undone.wrong.is_empty() && !is_blind(&judged.plan) {
                self.wrong("what a person does is said to decide, and does not".to_owned());
            } else if !decides {
                self.wrong.extend(undone.wrong);
            }
        }
    }

    /// Compares what the plan says of its outcome with what a scan finds.
    fn compare(&mut self, before: &Judged, after: &Judged) {
        let errors = after.findings.iter().filter(|found| found.rule.severity == Severity::Error);
        let errors: BTreeSet<&str> = errors.map(|found| found.rule.id).collect();
        let is_right = match (&before.plan.outcome, &after.verdict) {
            (Outcome::Consistent, Verdict::Consistent)
            | (Outcome::StillOpen(_), Verdict::Undecided(_)) => true,
            // What was not read is known when it was put into a file.
            (Outcome::StillOpen(_), _) => is_blind(&before.plan),
            (Outcome::StillWrong { rules, .. }, Verdict::Inconsistent) => {
                let rules: BTreeSet<&str> = rules.iter().copied().collect();
                errors == rules || is_blind(&before.plan) && rules.is_subset(&errors)
            }
            _ => false,
        };
        if !is_right {
            let doubts = match &after.verdict {
                Verdict::Undecided(doubts) => doubts.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            };
            self.wrong(format!(
                "the plan says {:?}, the scan {} {errors:?} {doubts:?}",
                before.plan.outcome,
                after.verdict.label()
            ));
        }
    }
}

/// Puts the keys of a repository into the directory `farm-keys`; of one that is not read here, some keys.
fn save_keys(place: &Path, is_blind: bool) {
    let keys = place.join("farm-keys");
    fs::create_dir_all(&keys).unwrap();
    let stored =
        stored_keys(place).or_else(|| is_blind.then(|| [hmac_of("stored"), master_of("stored")]));
    for (name, bytes) in ["hmac", "master"].into_iter().zip(stored.into_iter().flatten()) {
        fs::write(keys.join(name), bytes).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{:?} {err}{out}", output.status.code()).replace('\n', " | ")
}

fn prove_by(shell: Runner, mut world: World) -> Vec<String> {
    world.shell = shell;
    prove(&world)
}

#[test]
fn scan_of_a_repaired_case_finds_what_its_plan_says() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let world = World::of(&case);
        let mut of_case = prove(&world);
        // Where nothing is done, the others do nothing either.
        if fs::read_to_string(world.script()).unwrap().contains("\nback_up_") {
            of_case.extend(prove_by(Runner::PowerShell, World::of(&case)));
            of_case.extend(prove_by(Runner::Commands, World::of(&case)));
        }
        wrong.extend(of_case.iter().map(|what| format!("{}: {what}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Repairs farms made of these seeds, on two threads. Every eighth is repaired by the others too.
fn repair_at_random(seeds: Range<u64>) {
    let half = seeds.start.midpoint(seeds.end);
    let prove_one = |seed: u64| -> Vec<String> {
        let mut wrong = prove_by(Runner::Posix, farms::farm(seed));
        if seed.is_multiple_of(8) {
            wrong.extend(prove_by(Runner::PowerShell, farms::farm(seed)));
            wrong.extend(prove_by(Runner::Commands, farms::farm(seed)));
        }
        wrong.into_iter().map(|what| format!("{seed}: {what}")).collect()
    };
    let prove_all = |seeds: Range<u64>| -> Vec<String> { seeds.flat_map(prove_one).collect() };
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(|| prove_all(half..seeds.end));
        let mut wrong = prove_all(seeds.start..half);
        wrong.extend(other.join().unwrap());
        wrong
    });
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn scan_of_a_repaired_farm_finds_what_its_plan_says() {
    repair_at_random(0..60);
}

#[test]
#[ignore = "sweep"]
fn scan_of_two_thousand_repaired_farms_finds_what_their_plans_say() {
    let number = |name, or| std::env::var(name).map_or(or, |text| text.parse().unwrap());
    let start = number("SEED", 60);
    repair_at_random(start..start + number("COUNT", 2_000));
}
