//! Which key opens which secret, with stores that Oak wrote: told, repaired, and told again.

use crate::cases::{self, Stored};
use crate::pack::Packing;
use crate::run::{self, aemtrix, list, operand};
use aemtrix::report::FORMATS;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use md5::{Digest as _, Md5};
use serde_json::Value;
use sha2::Sha256;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Encrypts a text as AEM does, from a vector that follows from it.
pub(crate) fn sealed(master: &[u8], text: &str) -> String {
    let start: [u8; 16] = Md5::digest(text.as_bytes()).into();
    let encryptor = cbc::Encryptor::<aes::Aes128>::new_from_slices(master, &start).unwrap();
    let mut buffer = [text.as_bytes(), &[0; 16]].concat();
    let body = encryptor.encrypt_padded::<Pkcs7>(&mut buffer, text.len()).unwrap();
    let digits = start.iter().chain(body).fold(String::new(), |all, byte| all + &hex(*byte));
    format!("{{{digits}}}")
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}")
}

fn case(name: &str) -> Stored {
    cases::all().into_iter().find(|case| case.name == name).unwrap()
}

/// The instances of a case as directories, by name.
fn unpacked(name: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (instance, content) in &case(name).sources {
        content.pack_into(home.path(), Packing::Directory, instance);
    }
    home
}

fn scan(home: &Path) -> aemtrix::report::Report {
    let directories = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let mut operands: Vec<_> = directories
        .filter(|path| path.join("crx-quickstart").is_dir())
        .map(|path| operand(path.file_name().unwrap().to_str().unwrap(), &path))
        .collect();
    operands.sort();
    run::scan(&operands)
}

/// Whether each secret of an instance opens.
fn opens(report: &Value, index: usize) -> Vec<&str> {
    let secrets = list(&report["farms"][0]["instances"][index]["secrets"]);
    secrets
        .filter(|one| one["in_effect"] == true)
        .map(|one| one["opens"].as_str().unwrap())
        .collect()
}

fn rules(report: &Value) -> Vec<&str> {
    list(&report["farms"][0]["findings"]).map(|found| found["rule"].as_str().unwrap()).collect()
}

/// KA-23909: the keys were left in the JCR, the files got others, and the client secret is lost.
#[cfg(unix)]
#[test]
fn keys_left_in_the_jcr_open_the_secrets_and_the_script_puts_them_in_place() {
    let home = unpacked("secret-of-old-key");
    let report = scan(home.path());
    let before = run::json(&report);
    assert_eq!(opens(&before, 0), ["no"; 6]);
    let old = list(&before["farms"][0]["findings"]).find(|f| f["rule"] == "secret-of-old-key");
    let message = old.unwrap()["message"].as_str().unwrap();
    assert!(message.starts_with("6 of the 6 secrets of publish1 (auth.ims.client.secret of "));
    let end = "open with the master that its /etc/key still holds, not with the one in its files";
    assert!(message.ends_with(end), "{message}");
    let cause = &before["farms"][0]["causes"][0];
    assert_eq!(cause["rule"], "secret-of-old-key");
    let explained: Vec<_> =
        list(&cause["explains"]).map(|one| one["rule"].as_str().unwrap()).collect();
    assert_eq!(explained, ["jcr-key-mismatch", "jcr-key-mismatch", "jcr-key-leftover"]);
    let instance = home.path().join("publish1");
    // What a person saves from CRXDE Lite.
    fs::create_dir(instance.join("farm-keys")).unwrap();
    let hmac: [u8; 32] = Sha256::digest(b"hmac left in the JCR").into();
    let master: [u8; 16] = Md5::digest(b"master left in the JCR").into();
    fs::write(instance.join("farm-keys/hmac"), hmac).unwrap();
    fs::write(instance.join("farm-keys/master"), master).unwrap();
    fs::write(instance.join("repair.sh"), run::written(&report, "shell")).unwrap();
    let done = Command::new("sh")
        .args(["repair.sh", "publish1"])
        .env("REPAIR_ASSUME_STOPPED", "1")
        .current_dir(&instance)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for name in ["farm-keys", "keys-before-publish1"] {
        fs::remove_dir_all(instance.join(name)).unwrap();
    }
    let after = run::json(&scan(home.path()));
    assert_eq!(opens(&after, 0), ["yes"; 6]);
    let left = rules(&after);
    let is_mended = |rule: &&&str| rule.starts_with("secret-") || **rule == "jcr-key-mismatch";
    assert_eq!(left.iter().find(is_mended), None);
}

#[test]
fn pair_that_opens_the_secrets_is_the_source_where_nothing_else_tells() {
    let home = unpacked("secret-unreadable");
    let report = run::json(&scan(home.path()));
    let repair = &report["farms"][0]["repair"];
    assert_eq!((&repair["decision"], &repair["source"]), (&"copy".into(), &"publish2".into()));
    assert_eq!(
        repair["reason"],
        "its master opens 1 of the 1 secrets of the farm, and that of publish1, publish3 opens none"
    );
    assert_eq!(repair["outcome"]["verdict"], "consistent");
    let with = &report["farms"][0]["instances"][0]["secrets"][0]["with"];
    assert_eq!((&with[0]["instance"], &with[0]["origin"]), (&"publish2".into(), &"bundle".into()));
    let entered = list(&repair["after"]).filter(|action| action["does"] == "enter-secret");
    assert_eq!(entered.count(), 0, "the keys to come open all of them");
}

#[test]
fn no_plaintext_is_in_any_output() {
    let names =
        ["secret-of-old-key", "secret-unreadable", "copied-protected-value", "token-user-creation"];
    for name in names {
        let home = unpacked(name);
        for format in FORMATS {
            let output = aemtrix()
                .args(["scan", "-vv", "-f", format.name])
                .arg(home.path())
                .env("RUST_LOG", "trace")
                .output()
                .unwrap();
            for bytes in [&output.stdout, &output.stderr] {
                let text = String::from_utf8(bytes.clone()).unwrap();
                assert!(!text.contains("made-up"), "{name} {}", format.name);
            }
        }
    }
}

#[test]
fn users_are_left_uncounted_where_that_is_asked_for() {
    let home = unpacked("users-differ");
    let users = |options: &[&str]| -> Value {
        let output =
            aemtrix().args(["scan", "-q", "-f", "json"]).args(options).arg(home.path()).output();
        let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        report["farms"][0]["instances"][0]["users"].clone()
    };
    assert_eq!(users(&[])["count"], 8);
    assert_eq!(users(&["--no-users"]), Value::Null);
}
