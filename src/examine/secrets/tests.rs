use super::*;
use crate::examine::{Examined, examine};
use crate::facts::{Alteration, LineEnd};
use crate::intake::{NoWatch, discover};
use crate::oak::testing::{Memory, Tree};
use crate::testing::{congas_secrets, protected};
use std::fs;
use std::path::Path;

const A: [u8; 16] = *b"\x01A\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";
const B: [u8; 16] = *b"\x01B\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";

/// Files below an install, by path.
type Files<'f> = &'f [(&'f str, &'f [u8])];

const MASTER: &str = "launchpad/felix/bundle2/data/master";
const HMAC: &str = "launchpad/felix/bundle2/data/hmac";
const MAIL: &str = "launchpad/config/com/day/cq/mailer/DefaultMailService.config";

fn write(home: &Path, install: &str, files: Files<'_>) {
    for (path, bytes) in files {
        let path = home.join(install).join("crx-quickstart").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let info =
        b"2\nlaunchpad:resources/install/1/com.adobe.granite.crypto.file-0.0.16.jar\n32\n1\n0\n0\n";
    let path = home.join(install).join("crx-quickstart/launchpad/felix/bundle2/bundle.info");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, info).unwrap();
}

fn mail(values: &[&str]) -> Vec<u8> {
    let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!(
        "smtp.password=[{}]\r\nservice.pid=\"com.day.cq.mailer.DefaultMailService\"\r\n",
        values.join(",")
    )
    .into_bytes()
}

fn examined(installs: &[(&str, Files<'_>)], limits: &Limits) -> Examined {
    let home = tempfile::tempdir().unwrap();
    for (name, files) in installs {
        write(home.path(), name, files);
    }
    let named: Vec<_> = installs.iter().map(|(name, _)| home.path().join(name).into()).collect();
    let sources = discover(&named).sources;
    let all = [1, 2].map(|threads| examine(&sources, limits, threads, &NoWatch));
    let [all, again] = all;
    assert_eq!(all, again);
    all
}

/// What opens one value: md5 and flaw.
type OpenedBy = Vec<(Hex<16>, Option<MasterFlaw>)>;

/// What opens the values of each install.
fn openings(installs: &[(&str, Files<'_>)]) -> Vec<Vec<OpenedBy>> {
    let all = examined(installs, &Limits::DEFAULT);
    let of = |(_, snapshot): &(_, Snapshot)| {
        let runs = snapshot.trials.iter().flat_map(|run| run.values.values());
        let told = |openings: &BTreeSet<Opening>| {
            // The key itself has no flaw.
            let flawed = openings.iter().any(|opening| opening.flaw.is_some());
            let all = openings.iter().filter(|opening| !flawed || opening.flaw.is_some());
            all.map(|opening| (opening.master, opening.flaw)).collect()
        };
        runs.map(told).collect()
    };
    all.snapshots.iter().map(of).collect()
}

fn md5(bytes: &[u8]) -> Hex<16> {
    crate::evidence::digest(bytes).md5
}

#[test]
fn values_of_conga_in_a_configuration_open_with_its_master() {
    let (master, values) = congas_secrets();
    let values: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
    let files: Files<'_> = &[(MASTER, &master), (MAIL, &mail(&values))];
    let all = openings(&[("a", files)]);
    assert_eq!(all, [vec![vec![(md5(&master), None)]; values.len()]]);
}

#[test]
fn key_of_another_source_opens_and_one_without_values_is_told_nothing() {
    let value = protected(&A, "secret");
    let holder: Files<'_> = &[(MASTER, &B), (MAIL, &mail(&[&value]))];
    let owner: Files<'_> = &[(MASTER, &A)];
    let all = openings(&[("a", holder), ("b", owner)]);
    assert_eq!(all, [vec![vec![(md5(&A), None)]], vec![]]);
    let all = examined(&[("a", holder), ("b", owner)], &Limits::DEFAULT);
    let run = all.snapshots[0].1.trials.first().unwrap();
    assert_eq!(run.masters, [md5(&A), md5(&B)].into());
    assert_eq!(run.gap, None);
}

#[test]
fn key_with_a_flaw_opens_without_it() {
    let value = mail(&[&protected(&A, "secret")]);
    let hex = Hex(A).to_string();
    let with_end = [&A[..], b"\n"].concat();
    for (path, bytes, flaw) in [
        (MASTER, &A[..], None),
        (MASTER, &with_end, Some(MasterFlaw::LineEnd(LineEnd::Lf))),
        (MASTER, hex.as_bytes(), Some(MasterFlaw::Altered(Alteration::Hex))),
        (HMAC, &A, Some(MasterFlaw::Swapped)),
        ("launchpad/felix/bundle2/data/master.bak", &A, None),
        ("launchpad/felix/bundle7/data/master", &A, None),
    ] {
        let files: Files<'_> = &[(path, bytes), (MAIL, &value)];
        assert_eq!(openings(&[("a", files)]), [[vec![(md5(bytes), flaw)]]], "{path} {flaw:?}");
    }
    let obfuscated: Files<'_> = &[(MASTER, &[0x81; 32]), (MAIL, &value)];
    assert_eq!(openings(&[("a", obfuscated)]), [[vec![]]]);
}

#[test]
fn keys_of_a_repository_open_whenever_it_held_them() {
    let keys: [[u8; 16]; 4] = [b'0', b'1', b'2', b'3'].map(|n| {
        let mut key = A;
        key[1] = n;
        key
    });
    let [older, checkpoint, now, file] = keys;
    let master = |key: &[u8]| Tree::default().with("master", 2, key);
    let first = Tree::default().at("root/etc/key", master(&older));
    let newest = Tree::default()
        .at("root/etc/key", master(&now))
        .at("checkpoints/x/root/etc/key", master(&checkpoint))
        .at("root/conf/x", Tree::default().with("a", 1, protected(&older, "stored").as_bytes()));
    let Memory(store) = Memory::written(&[(first, 5), (newest, 6)]);
    let values = keys.map(|key| protected(&key, "secret"));
    let values = mail(&values.each_ref().map(String::as_str));
    let mut files = vec![(MASTER.to_owned(), file.to_vec()), (MAIL.to_owned(), values)];
    files.extend(
        store.into_iter().map(|(name, bytes)| (format!("repository/segmentstore/{name}"), bytes)),
    );
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let mut all = openings(&[("a", &files)]).remove(0);
    all.sort();
    let mut expected: Vec<OpenedBy> =
        keys.iter().chain([&older]).map(|key| vec![(md5(key), None)]).collect();
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn what_is_beyond_a_bound_is_said() {
    let values: Vec<String> = (0..10).map(|n| protected(&A, &format!("secret {n}"))).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let holder: Files<'_> = &[(MASTER, &A), (MAIL, &mail(&values))];
    let other: Files<'_> = &[(MASTER, &B), (MAIL, &mail(&values[..1]))];
    let run = |limits: &Limits| {
        let all = examined(&[("a", holder), ("b", other)], limits);
        let run = all.snapshots[0].1.trials.first().unwrap().clone();
        (run.values.len(), run.masters.len(), run.gap)
    };
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::DEFAULT;
        change(&mut limits);
        run(&limits)
    };
    assert_eq!(with(|_| ()), (10, 2, None));
    assert_eq!(with(|l| l.secrets_max = 4), (4, 2, Some(Untried::Values)));
    assert_eq!(with(|l| l.secret_chars_max = 60), (0, 1, Some(Untried::Values)));
    assert_eq!(with(|l| l.secret_trials_max = 12), (10, 1, Some(Untried::Masters)));
    assert_eq!(with(|l| l.secret_trials_max = 9), (0, 0, Some(Untried::All)));
}
