//! A step that fails: everything is as it was, byte for byte, and the exit code says so.

use super::{Tree, World, farms, tree};
use crate::instance::{Instance, hmac_of, master_of};
use crate::scenes::Scenes;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// What a script may call.
const TOOLS: [&str; 19] = [
    "cp", "mv", "mkdir", "rmdir", "cat", "chmod", "head", "rm", "md5sum", "cut", "sed", "tr", "wc",
    "base64", "awk", "cmp", "ls", "id", "chown",
];

/// How a call fails.
#[derive(Debug, Clone, Copy)]
enum Failure {
    /// It does nothing.
    Refused,
    /// The disk is full: it writes one byte.
    Half,
    /// It works, and the script is told to stop.
    Signal,
}

/// Stands before the tools of a shell: counts calls, and has one of them fail.
struct Tools {
    home: TempDir,
}

impl Tools {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for tool in TOOLS {
            let real = ["/usr/bin", "/bin"]
                .into_iter()
                .map(|directory| Path::new(directory).join(tool))
                .find(|path| path.exists());
            let Some(real) = real else { continue };
            let real = real.display();
            let text = format!(
                "#!/bin/sh\nread -r calls < \"$CALLS\"\ncalls=$((calls + 1))\necho \"$calls\" > \"$CALLS\"\n\
                 if test \"$calls\" = \"$FAILS\" && /bin/mkdir \"$CALLS.failed\" 2>/dev/null; then\n  case $FAILURE in\n  Half) for last; do :; done\n\
                 case {tool} in cp) printf x > \"$last\" ;; *) printf x ;; esac; exit 1 ;;\n\
                 Signal) {real} \"$@\"; kill -TERM \"$SCRIPT\"; exit 0 ;;\n  esac\n  exit 1\nfi\nexec {real} \"$@\"\n"
            );
            let path = home.path().join(tool);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { home }
    }

    /// Runs the steps of an instance, and has one call fail; returns how many there were.
    fn run(
        &self,
        world: &World,
        place: &Path,
        name: &str,
        fails: u32,
        failure: Failure,
    ) -> (Output, u32) {
        let calls = self.home.path().join("calls");
        fs::write(&calls, "0\n").unwrap();
        // Two ends of a pipe may count at once, and reach a number twice: one call fails, and no other.
        let failed = self.home.path().join("calls.failed");
        fs::remove_dir(failed).unwrap_or_default();
        let path = format!("{}:{}", self.home.path().display(), std::env::var("PATH").unwrap());
        // The script knows its own number, which its tools are told.
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "SCRIPT=$$; export SCRIPT; exec sh \"$@\"", "sh"])
            .arg(world.script())
            .arg(name);
        command
            .current_dir(place)
            .stdin(std::process::Stdio::null())
            .env("REPAIR_ASSUME_STOPPED", "1");
        command.env("PATH", path).env("CALLS", &calls).env("FAILS", fails.to_string());
        command.env("FAILURE", format!("{failure:?}"));
        let output = command.output().unwrap();
        (output, fs::read_to_string(&calls).unwrap().trim().parse().unwrap())
    }
}

const DATA: &str = "launchpad/felix/bundle43/data";

/// Instances of which each needs other steps, beside a sound author.
fn instances() -> [(&'static str, Instance); 5] {
    let key = hmac_of("farm");
    let hex = key.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let sound = || Instance::new("publish");
    let swapped = sound().hmac_bytes(&master_of("farm")).master_bytes(&key);
    [
        (
            "gets other keys",
            sound().hmac("other").master("other").without("launchpad/felix/bundle21/data"),
        ),
        ("has no keys", sound().without(DATA)),
        ("has a swapped pair with line ends, and storage elsewhere", {
            let storage = format!("{DATA}/storage");
            swapped.without("launchpad/felix/bundle21/data/storage").file(&storage, b"Bundle")
        }),
        ("has text", sound().hmac_bytes(hex.as_bytes())),
        ("has its keys elsewhere, with line ends", {
            let end = |key: &[u8]| [key, b"\n"].concat();
            let elsewhere =
                sound().without(&format!("{DATA}/hmac")).without(&format!("{DATA}/master"));
            elsewhere
                .file("launchpad/felix/bundle21/data/hmac", &end(&key))
                .file("launchpad/felix/bundle21/data/master", &end(&master_of("farm")))
        }),
    ]
}

/// The farm, its script written and the keys beside the instance.
fn prepared(instance: &Instance) -> (World, PathBuf) {
    let author = Instance::new("author").role("author");
    let cases = [("author".to_owned(), author.case()), ("publish".to_owned(), instance.case())];
    let world = World::new(&cases, None);
    world.write_script(&world.scan());
    let [author, publish] = [0, 1].map(|at| world.sources[at].1.clone());
    // Where nothing is copied, nothing is collected.
    if world.run(&author, &["collect", "author"]).status.success() {
        fs::rename(author.join("farm-keys"), publish.join("farm-keys")).unwrap();
    }
    (world, publish)
}

/// Puts a tree back, so that not each try makes a farm anew.
fn restore(home: &Path, before: &Tree) {
    let now = tree(home);
    for path in now.keys().rev().filter(|path| !before.contains_key(*path)) {
        drop(fs::remove_file(path).or_else(|_| fs::remove_dir(path)));
    }
    for (path, (mode, bytes)) in before {
        match bytes {
            Some(bytes) if now.get(path) != before.get(path) => fs::write(path, bytes).unwrap(),
            None if !path.exists() => fs::create_dir(path).unwrap(),
            _ => {}
        }
        fs::set_permissions(path, fs::Permissions::from_mode(*mode)).unwrap();
    }
}

#[test]
fn call_that_fails_leaves_everything_as_it_was() {
    let tools = Tools::new();
    let mut wrong = Vec::new();
    for (about, instance) in instances() {
        let (world, place) = prepared(&instance);
        let before = world.tree();
        let (whole, calls) = tools.run(&world, &place, "publish", 0, Failure::Refused);
        assert!(whole.status.success(), "{about}: {}", super::told(&whole));
        let after = world.tree();
        assert_ne!(before, after, "{about}");
        let failures = [Failure::Refused, Failure::Half, Failure::Signal];
        for (fails, failure) in (1..=calls).flat_map(|call| failures.map(|failure| (call, failure)))
        {
            restore(world.home.path(), &before);
            let (output, _) = tools.run(&world, &place, "publish", fails, failure);
            let expected = if output.status.success() { &after } else { &before };
            if world.tree() != *expected {
                wrong.push(format!("{about}, call {fails} {failure:?}: {}", super::told(&output)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn change_that_fails_in_powershell_leaves_everything_as_it_was() {
    let contents = |tree: Tree| -> Vec<_> {
        tree.into_iter().map(|(path, (_, bytes))| (path, bytes)).collect()
    };
    let mut wrong = Vec::new();
    for (about, instance) in instances() {
        let (world, place) = prepared(&instance);
        let before = world.tree();
        for fails in 1.. {
            restore(world.home.path(), &before);
            let output = world.model(&place, &["publish"], Some(fails));
            if output.status.success() {
                assert!(fails > 3, "{about}");
                break;
            }
            if contents(world.tree()) != contents(before.clone()) {
                wrong.push(format!("{about}, change {fails}: {}", super::told(&output)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn keys_that_are_missing_or_others_stop_it_before_anything_is_changed() {
    let (world, place) = prepared(&instances()[0].1);
    let keys = place.join("farm-keys");
    fs::write(keys.join("hmac"), hmac_of("else")).unwrap();
    for _ in 0..2 {
        let before = world.tree();
        let output = world.run(&place, &["publish"]);
        assert_eq!(output.status.code(), Some(1), "{}", super::told(&output));
        assert_eq!(world.tree(), before);
        drop(fs::remove_dir_all(&keys));
    }
}

#[test]
fn machine_with_other_keys_at_the_same_paths_is_left_as_it_is() {
    let has_keys = |(about, _): &(&str, Instance)| *about != "has no keys";
    for (about, instance) in instances().into_iter().filter(has_keys) {
        let (world, place) = prepared(&instance);
        let is_examined =
            |path: &PathBuf| path.ends_with("data/master") && path.starts_with(&place);
        let master = world.tree().into_keys().find(is_examined).unwrap();
        fs::write(&master, master_of("another machine")).unwrap();
        let before = world.tree();
        for output in [world.run(&place, &["publish"]), world.model(&place, &["publish"], None)] {
            let told = super::told(&output);
            assert_eq!(output.status.code(), Some(1), "{about}: {told}");
            assert_eq!(world.tree(), before, "{about}");
        }
    }
}

/// What is said, without the place of this world.
fn said(world: &World, output: &Output) -> String {
    super::told(output).replace(world.home.path().to_str().unwrap(), "HOME")
}

#[test]
fn keys_that_may_be_of_another_instance_are_not_taken_without_asking() {
    let stored = crate::cases::all();
    let case = stored.iter().find(|case| case.name == "jcr-in-mongodb").unwrap();
    let world = World::of(case);
    world.write_script(&world.scan());
    let place = world.sources[0].1.clone();
    // Of the keys in this repository nothing was read, so those of any instance have the right lengths.
    super::save_keys(&place, true);
    let mut command = world.command(&place, &["collect", &world.sources[0].0]);
    let output = command.env_remove("REPAIR_ASSUME_STOPPED").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", super::told(&output));
    let mut scenes = Scenes::default();
    scenes.add("of whose keys are taken nothing was read", &said(&world, &output));
    scenes.are("repair-asks");
    let script = fs::read_to_string(world.home.path().join("repair.ps1")).unwrap();
    assert!(script.contains("Invoke-Collect '0' $false $false"), "{script}");
}

#[test]
fn copies_of_another_repair_are_not_touched() {
    let (world, place) = prepared(&instances()[0].1);
    fs::create_dir(place.join("keys-before-publish")).unwrap();
    fs::write(place.join("keys-before-publish/hmac"), "precious").unwrap();
    let before = world.tree();
    let output = world.run(&place, &["publish"]);
    assert_eq!(output.status.code(), Some(1), "{}", super::told(&output));
    assert_eq!(world.tree(), before);
}

#[test]
fn what_is_not_as_the_script_says_is_told_and_left() {
    let (world, place) = prepared(&instances()[0].1);
    let before = world.tree();
    let mut scenes = Scenes::default();
    let home = world.home.path();
    scenes.add("the list", &said(&world, &world.run(home, &[])));
    for words in
        [&["else"][..], &["publish", "author"], &["collect", "publish"], &["collect", "else"]]
    {
        let output = world.run(home, words);
        assert_eq!(output.status.code(), Some(2), "{words:?} {}", super::told(&output));
        scenes.add(&words.join(" "), &said(&world, &output));
    }
    let keys = place.join("crx-quickstart").join(DATA);
    let own = fs::read(keys.join("master")).unwrap();
    // The paths of the upload do not begin in the first directory; in the second they do, with other keys.
    for (about, here, words) in [
        ("not where its paths begin", home, &["publish"][..]),
        ("not where its paths begin", home, &["collect", "author"]),
        ("with other keys", &place, &["publish"]),
    ] {
        if here == place {
            fs::write(keys.join("master"), master_of("another machine")).unwrap();
        }
        let [shell, model] = [world.run(here, words), world.model(here, words, None)];
        for (runner, output) in [("sh", shell), ("PowerShell", model)] {
            assert_eq!(output.status.code(), Some(1), "{}", super::told(&output));
            scenes.add(&format!("{} {about}, {runner}", words.join(" ")), &said(&world, &output));
        }
    }
    fs::write(keys.join("master"), own).unwrap();
    assert_eq!(world.tree(), before);
    scenes.are("repair-refuses");
}

#[test]
fn person_who_does_not_say_yes_changes_nothing() {
    let (world, place) = prepared(&instances()[0].1);
    let before = world.tree();
    for answer in ["", "no\n", "\n"] {
        let mut command = world.command(&place, &["publish"]);
        command.env_remove("REPAIR_ASSUME_STOPPED");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(answer.as_bytes()).unwrap();
        command.stdin(file.reopen().unwrap());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", super::told(&output));
        assert_eq!(world.tree(), before);
    }
}

#[test]
fn list_names_the_source_as_it_is_to_be_called() {
    let name = "it's $(id)";
    let author = Instance::new("author").role("author");
    let other = Instance::new("p").role("publish").hmac("other").master("other");
    let cases = [(name.to_owned(), author.case()), ("p".to_owned(), other.case())];
    let world = World::new(&cases, None);
    world.write_script(&world.scan());
    let list = super::told(&world.run(world.home.path(), &[]));
    assert!(list.contains(r"there: sh repair.sh collect 'it'\''s $(id)'"), "{list}");
    let script = fs::read_to_string(world.home.path().join("repair.ps1")).unwrap();
    assert!(script.contains("there: repair.ps1 collect ''it''''s $(id)''"), "{script}");
}

#[test]
fn instances_of_one_name_in_two_farms_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let farm = |name: &str, key: &str| {
        let place = home.path().join(name);
        fs::create_dir(&place).unwrap();
        for (instance, own) in [("author", key), ("publish", "else")] {
            let of = Instance::new(&format!("{name}-{instance}")).role(instance);
            let case = of.hmac(own).master(own).case();
            case.pack_into(&place, crate::pack::Packing::Directory, instance);
        }
    };
    farm("c1", "one");
    farm("c2", "two");
    let script = crate::run::aemtrix()
        .args(["scan", "-q", "--farm-by", "parent", "--format", "shell", "--exit-zero"])
        .arg(home.path())
        .output()
        .unwrap();
    fs::write(home.path().join("repair.sh"), script.stdout).unwrap();
    let run = |place: &Path, words: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.arg(home.path().join("repair.sh")).args(words).current_dir(place);
        command.env("REPAIR_ASSUME_STOPPED", "1").stdin(std::process::Stdio::null());
        command.output().unwrap()
    };
    for (name, key) in [("c1", "one"), ("c2", "two")] {
        // All lie in one source, where its paths begin.
        let publish = home.path().join(name).join("publish");
        let (source, target) = (format!("{name}/author"), format!("{name}/publish"));
        let collected = run(home.path(), &["collect", &source]);
        assert!(collected.status.success(), "{}", super::told(&collected));
        let repaired = run(home.path(), &[&target]);
        assert!(repaired.status.success(), "{}", super::told(&repaired));
        // What was replaced stays, each beside that of the other farm.
        assert!(home.path().join(format!("keys-before-{name}--publish/hmac")).is_file());
        fs::remove_dir_all(home.path().join("farm-keys")).unwrap();
        let hmac = publish.join("crx-quickstart").join(DATA).join("hmac");
        assert_eq!(fs::read(hmac).unwrap(), hmac_of(key));
        // Without its farm, a name is nobody's.
        assert_eq!(run(&publish, &["publish"]).status.code(), Some(2));
    }
}

#[test]
fn list_names_the_steps_of_every_instance() {
    let world = farms::farm(7);
    world.write_script(&world.scan());
    let before = world.tree();
    let output = world.run(world.home.path(), &[]);
    assert!(output.status.success());
    assert_eq!(world.tree(), before);
}

/// The numbers of another user and another group.
const OTHER: u32 = 12_345;

/// Gives everything below a directory to a user; `false` where nobody may, since this is not run as root.
fn give(path: &Path, user: u32) -> bool {
    chown(path, Some(user), Some(user)).is_ok()
        && (!path.is_dir()
            || fs::read_dir(path).unwrap().all(|one| give(&one.unwrap().path(), user)))
}

#[test]
fn files_that_root_writes_belong_to_the_user_of_aem() {
    for (about, instance) in instances() {
        let (world, place) = prepared(&instance);
        if !give(&place.join("crx-quickstart"), OTHER) {
            return;
        }
        let wrong = || {
            let paths = world.tree().into_keys().filter(|path| path.starts_with(&place));
            let install =
                paths.filter(|path| path.components().any(|one| one.as_os_str() == "felix"));
            install.filter(|path| fs::metadata(path).unwrap().uid() != OTHER).collect::<Vec<_>>()
        };
        let output = world.run(&place, &["publish"]);
        assert!(output.status.success(), "{about}: {}", super::told(&output));
        assert!(wrong().is_empty(), "{about}: {:?}", wrong());
        // As a copy that root has made by hand leaves it.
        let felix = place.join("crx-quickstart/launchpad/felix");
        let master = felix.join("bundle43/data/master");
        chown(&master, Some(0), Some(0)).unwrap();
        let output = super::told(&world.run(&place, &["publish"]));
        assert!(!output.contains("Nothing is left"), "{about}: {output}");
    }
}

#[test]
fn keys_that_the_instance_works_with_are_never_said_to_be_ready() {
    let (world, _) = prepared(&instances()[0].1);
    let author = world.sources[0].1.clone();
    for name in ["keys", "farm-keys"] {
        let live = author.join(name);
        fs::create_dir(&live).unwrap();
        for key in ["hmac", "master"] {
            let file = author.join("crx-quickstart").join(DATA).join(key);
            fs::rename(&file, live.join(key)).unwrap();
            symlink(live.join(key), &file).unwrap();
        }
        let told = super::told(&world.run(&author, &["collect", "author"]));
        assert_eq!(told.contains("is ready"), name == "keys", "{told}");
        assert!(!told.contains("move it away"), "{told}");
        for key in ["hmac", "master"] {
            assert!(live.join(key).is_file(), "{name}: {told}");
            let file = author.join("crx-quickstart").join(DATA).join(key);
            fs::remove_file(&file).unwrap();
            fs::rename(live.join(key), &file).unwrap();
        }
        for made in ["keys", "farm-keys"] {
            fs::remove_dir_all(author.join(made)).unwrap_or_default();
        }
    }
}

#[test]
fn user_that_does_not_run_aem_changes_nothing() {
    let (world, place) = prepared(&instances()[0].1);
    let key = place.join("crx-quickstart").join(DATA).join("hmac");
    if !give(world.home.path(), OTHER) || chown(&key, Some(0), Some(0)).is_err() {
        return;
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let mut scenes = Scenes::default();
    let mut refused = |about: &str| {
        let before = world.tree();
        let output = world.command(&place, &["publish"]).uid(OTHER).gid(OTHER).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{about}: {}", super::told(&output));
        assert_eq!(world.tree(), before, "{about}");
        // The shell itself says in words of its own what it may not do.
        let told = said(&world, &output);
        scenes.add(about, told.split_once("repair: ").unwrap().1);
    };
    refused("may not read a key");
    assert!(give(&place.join("crx-quickstart/launchpad"), 0));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused("owns no file of it");
    scenes.are("repair-by-another-user");
}
