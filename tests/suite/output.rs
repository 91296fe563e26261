//! Where reports go: a reader that went away, a full disk, files that are whole or as they were.

use crate::pack::{Case, Packing};
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// How an older report begins.
const OLD: &str = "{\n  \"schema\": \"aemtrix.report/1\"";

/// Two sound instances, scanned with these arguments.
fn sound(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aemtrix"));
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/good-farm");
    command.arg("scan").args(arguments).arg(demo.join("author")).arg(demo.join("publish"));
    command.env_remove("NO_COLOR").env_remove("COLUMNS").stdout(Stdio::null());
    command
}

/// The exit code, and the one sentence that is said.
fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn reader_that_went_away_is_no_failure() {
    let clean = outcome(&mut sound(&["-q"])).0;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(outcome(sound(&["-q"]).stdout(writer)), (clean, String::new()));
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_is_a_failure() {
    for format in ["table", "json", "html", "runbook"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (exit, said) = outcome(sound(&["-f", format]).stdout(full));
        let full = "aemtrix: standard output could not be written to: No space left on device (os error 28)\n";
        assert_eq!((exit, said.as_str()), (Some(2), full));
    }
}

#[test]
fn report_in_a_file_has_neither_colours_nor_the_width_of_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let written = |name: &str, more: &[&str], columns: &str| {
        let file = home.path().join(name);
        let mut command = sound(more);
        command.arg("-q").arg("-o").arg(&file).env("COLUMNS", columns);
        outcome(&mut command);
        fs::read_to_string(file).unwrap()
    };
    let plain = written("plain.txt", &["--color", "never"], "300");
    assert_eq!(written("narrow.txt", &["--color", "always"], "40"), plain);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert_ne!(written("given.txt", &["--width", "40"], "300"), plain);
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing/report.json");
    let (exit, said) = outcome(&mut sound(&["-o", missing.to_str().unwrap()]));
    assert_eq!(exit, Some(2));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains(".aemtrix-"), "{said}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn report_replaces_no_source() {
    let home = tempfile::tempdir().unwrap();
    let (source, folder) = (home.path().join("source.json"), home.path().join("folder"));
    fs::write(&source, "not an archive").unwrap();
    fs::create_dir_all(folder.join("sub")).unwrap();
    let around = folder.join("../source.json");
    let inside = folder.join("sub/report.json");
    for output in [&source, &around, &inside] {
        let mut command = sound(&["-o", output.to_str().unwrap()]);
        let (exit, said) = outcome(command.arg(&source).arg(&folder));
        assert_eq!((exit, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.starts_with(&format!("aemtrix: {}: ", output.display())), "{said}");
    }
    assert_eq!(fs::read(&source).unwrap(), b"not an archive");
    assert!(!inside.exists());
}

#[test]
fn report_replaces_no_archive_though_it_was_left_out_or_named_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let (gzip, sevenzip, text) = ("old.json", "old.csv", "old.html");
    fs::write(home.path().join(gzip), b"\x1f\x8b\x08\0\0\0\0\0\0\x03").unwrap();
    fs::write(home.path().join(sevenzip), b"7z\xbc\xaf\x27\x1c\0\x04").unwrap();
    fs::write(home.path().join(text), "<html>").unwrap();
    for (name, option) in [(gzip, "-o"), (sevenzip, "-o"), (gzip, "--write-baseline")] {
        let output = home.path().join(name);
        let before = fs::read(&output).unwrap();
        let mut command = sound(&[option, output.to_str().unwrap(), "--include", "*.gz"]);
        let (exit, said) = outcome(command.arg(home.path()));
        assert_eq!((exit, said.lines().count()), (Some(2), 1), "{said}");
        assert_eq!(fs::read(&output).unwrap(), before);
    }
    let output = home.path().join(text);
    outcome(&mut sound(&["-q", "--force", "-o", output.to_str().unwrap()]));
    assert!(fs::read_to_string(&output).unwrap().starts_with("<!"));
}

#[test]
fn what_a_killed_run_left_behind_is_no_upload() {
    let home = tempfile::tempdir().unwrap();
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aemtrix"));
        command.args(["scan", "-f", "json"]).arg(home.path()).output().unwrap().stdout
    };
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/good-farm/publish");
    Case::read(&case).pack_into(home.path(), Packing::Tar, "publish");
    let before = run();
    for (name, start) in [("a", "{\"schema\": \"aem"), ("b", "<!doctype html>"), ("c", "")] {
        fs::write(home.path().join(format!(".aemtrix-{name}")), start).unwrap();
    }
    assert_eq!(String::from_utf8(run()).unwrap(), String::from_utf8(before).unwrap());
}

#[test]
#[cfg(unix)]
fn link_keeps_its_place_and_its_target_is_written() {
    use std::os::unix::fs::symlink;
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("old.json"), OLD).unwrap();
    fs::create_dir(home.path().join("sub")).unwrap();
    for (target, link) in [("old.json", "a.json"), ("sub/new.json", "b.json"), ("a.json", "c.json")]
    {
        let link = home.path().join(link);
        symlink(target, &link).unwrap();
        outcome(&mut sound(&["-q", "-o", link.to_str().unwrap()]));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let report: Value = serde_json::from_slice(&fs::read(&link).unwrap()).unwrap();
        assert_eq!(report["farms"][0]["verdict"], "consistent");
    }
    assert!(fs::symlink_metadata(home.path().join("old.json")).unwrap().is_file());
    let source = home.path().join("source.tar");
    fs::write(&source, "").unwrap();
    symlink("source.tar", home.path().join("d.json")).unwrap();
    let mut command = sound(&["-o", home.path().join("d.json").to_str().unwrap()]);
    assert_eq!(outcome(command.arg(&source)).0, Some(2));
    assert_eq!(fs::read(&source).unwrap(), b"");
}

#[test]
#[cfg(unix)]
fn message_about_a_file_does_not_name_the_temporary_one() {
    let home = tempfile::tempdir().unwrap();
    let taken = home.path().join("taken.json");
    fs::create_dir(&taken).unwrap();
    let (exit, said) = outcome(&mut sound(&["-o", taken.to_str().unwrap()]));
    assert_eq!((exit, said.lines().count()), (Some(2), 1), "{said}");
    assert!(
        said.contains("cannot be written: it is a directory") && !said.contains(".aemtrix-"),
        "{said}"
    );
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn standard_error_that_is_full_changes_no_exit_code() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let exit = |command: &mut Command| command.stderr(full()).status().unwrap().code();
    let clean = outcome(&mut sound(&["-f", "json"])).0;
    assert_eq!(exit(&mut sound(&["-f", "json"])), clean);
    assert_eq!(exit(&mut sound(&["-vv"])), clean);
    assert_eq!(exit(&mut sound(&["-o", "x.unknown"])), Some(2));
    assert_eq!(exit(&mut sound(&["--no-such-option"])), Some(2));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(sound(&["-f", "json"]).stderr(writer).status().unwrap().code(), clean);
}

#[test]
fn unknown_extension_is_told_before_anything_is_read() {
    let home = tempfile::tempdir().unwrap();
    let unknown = home.path().join("x.unknown");
    let (exit, said) = outcome(&mut sound(&["-o", unknown.to_str().unwrap()]));
    assert_eq!(exit, Some(2));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!unknown.exists());
}

#[test]
fn output_file_is_whole_or_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("report.json");
    fs::write(&path, OLD).unwrap();
    outcome(&mut sound(&["-o", path.to_str().unwrap()]));
    let report: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(report["farms"][0]["verdict"], "consistent");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing else is left there");
}

#[test]
#[cfg(unix)]
fn output_file_of_a_run_that_is_killed_is_whole_or_absent() {
    killed(3);
}

#[test]
#[cfg(unix)]
#[ignore = "sweep"]
fn output_file_of_a_run_that_is_killed_at_any_time_is_whole_or_absent() {
    killed(6);
}

/// Kills so many runs, each a little later than the one before.
#[cfg(unix)]
fn killed(times: u32) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("report.json");
    // Enough bundles for a report of several MB, which takes its time to be written.
    let bundles = home.path().join("source/crx-quickstart/launchpad/felix");
    for id in 0..500 {
        let bundle = bundles.join(format!("bundle{id}"));
        fs::create_dir_all(&bundle).unwrap();
        let info = format!("{id}\nslinginstall:/{}.jar\n32\n20\n0\n0\n", "x".repeat(2_000));
        fs::write(bundle.join("bundle.info"), info).unwrap();
    }
    let run = || {
        let mut command = sound(&["-q", "-o", path.to_str().unwrap()]);
        command.arg(home.path().join("source")).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let started = Instant::now();
    run().wait().unwrap();
    let whole = started.elapsed();
    let length = fs::metadata(&path).unwrap().len();
    assert!(length > 1 << 20, "{length}");
    let mut absent = 0;
    for step in 0..times {
        fs::remove_file(&path).unwrap_or_default();
        let mut child = run();
        std::thread::sleep(whole.mul_f64(f64::from(step) / (f64::from(times) * 0.875)));
        child.kill().unwrap();
        child.wait().unwrap();
        match fs::metadata(&path) {
            Ok(metadata) => assert_eq!(metadata.len(), length, "{step}"),
            Err(_) => absent += 1,
        }
    }
    assert!(absent > 0, "none was killed before it was done");
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
#[cfg(unix)]
fn output_file_has_the_mode_of_what_it_replaces_and_a_new_one_that_of_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    for old in [0o600, 0o640, 0o664] {
        fs::write(path("old.json"), OLD).unwrap();
        fs::set_permissions(path("old.json"), fs::Permissions::from_mode(old)).unwrap();
        outcome(&mut sound(&["-q", "-o", path("old.json").to_str().unwrap()]));
        assert!(fs::read_to_string(path("old.json")).unwrap().starts_with('{'));
        assert_eq!(mode(&path("old.json")), old);
    }
    for (umask, expected) in [("077", 0o600), ("022", 0o644), ("002", 0o664)] {
        let scan = sound(&["-q", "-o", path("new.json").to_str().unwrap()]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
        shell.arg(scan.get_program()).args(scan.get_args()).stdout(Stdio::null());
        shell.status().unwrap();
        assert_eq!(mode(&path("new.json")), expected, "{umask}");
        fs::remove_file(path("new.json")).unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn pipes_and_devices_are_written_to_and_stay() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    let fifo = path("fifo.json");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let clean = outcome(&mut sound(&["-q"])).0;
    assert_eq!(outcome(&mut sound(&["-q", "-o", fifo.to_str().unwrap()])).0, clean);
    let report: Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    assert_eq!(report["farms"][0]["verdict"], "consistent");
    assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());

    for (device, exit) in [("/dev/null", clean), ("/dev/full", Some(2))] {
        let link = path("device.json");
        symlink(device, &link).unwrap();
        assert_eq!(outcome(&mut sound(&["-q", "-o", link.to_str().unwrap()])).0, exit, "{device}");
        assert!(fs::metadata(device).unwrap().file_type().is_char_device());
        fs::remove_file(&link).unwrap();
    }

    symlink("/dev/stdout", path("link.json")).unwrap();
    for (name, start, tables) in
        [(path("link.json").to_str().unwrap(), "{", 1), ("/dev/stdout", "farm,", 2)]
    {
        // The same into a pipe and into a file, which is neither replaced nor written over.
        let piped =
            sound(&["-q", "-f", "csv", "-o", name]).stdout(Stdio::piped()).output().unwrap();
        let text = String::from_utf8(piped.stdout).unwrap();
        assert!(text.starts_with(start), "{name}: {text}");
        assert_eq!(text.matches("farm,instance,").count(), tables, "{name}: {text}");
        let file = File::create(path("stdout")).unwrap();
        outcome(sound(&["-q", "-f", "csv", "-o", name]).stdout(file));
        assert_eq!(fs::read_to_string(path("stdout")).unwrap(), text);
    }
}

#[test]
fn numbered_instance_is_told_with_its_source() {
    let home = tempfile::tempdir().unwrap();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/good-farm/publish");
    let tar = home.path().join("a/x/p.tar");
    fs::create_dir_all(tar.parent().unwrap()).unwrap();
    let packed = Command::new("tar").arg("cf").arg(&tar).arg("-C").arg(case).arg(".").status();
    assert!(packed.unwrap().success());
    fs::create_dir_all(home.path().join("b/x")).unwrap();
    fs::copy(&tar, home.path().join("b/x/p.tar")).unwrap();
    // One name, spelled in two ways: no directory in it tells the two apart.
    let list = "x/p.tar\ta/x/p.tar\nx//p.tar\tb/x/p.tar\n";
    fs::write(home.path().join("list"), list).unwrap();
    let said = |more: &[&str]| {
        let mut command = sound(more);
        command.args(["--files-from", "list"]).current_dir(home.path());
        outcome(&mut command).1
    };
    let told = said(&[]);
    let numbered: Vec<&str> = told.lines().filter(|line| line.matches('#').count() > 0).collect();
    let expected = ["x/p.tar#1 is x//p.tar", "x/p.tar#2 is x/p.tar"]
        .map(|line| format!("aemtrix: {line}, crx-quickstart"));
    assert_eq!(numbered, expected, "{told}");
    assert_eq!(said(&["-q"]), "");
}

#[test]
fn report_writes_several_files_and_none_over_its_facts() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    let facts = path("facts.ndjson");
    outcome(&mut sound(&["-q", "-o", facts.to_str().unwrap()]));
    let written = fs::read(&facts).unwrap();
    let report = |outputs: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aemtrix"));
        command.args(["report", "-q", "facts.ndjson"]).current_dir(home.path());
        for output in outputs {
            command.args(["-o", output]);
        }
        outcome(command.stdout(Stdio::null()))
    };
    let names = [
        "r.json",
        "r.ndjson",
        "r.csv",
        "r.html",
        "r.md",
        "r.runbook",
        "r.sh",
        "r.ps1",
        "r.sarif",
        "r.xml",
    ];
    assert_eq!(report(&names), (outcome(&mut sound(&["-q"])).0, String::new()));
    for name in names {
        assert!(fs::metadata(path(name)).unwrap().len() > 0, "{name}");
    }
    let json: Value = serde_json::from_slice(&fs::read(path("r.json")).unwrap()).unwrap();
    assert_eq!(json["farms"][0]["verdict"], "consistent");
    assert_eq!(fs::read(path("r.ndjson")).unwrap(), written);
    for over in ["facts.ndjson", "./facts.ndjson"] {
        let (exit, said) = report(&["other.json", over]);
        assert_eq!((exit, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.starts_with(&format!("aemtrix: {over}: ")), "{said}");
        assert!(!path("other.json").exists());
    }
    assert_eq!(fs::read(&facts).unwrap(), written);
}
