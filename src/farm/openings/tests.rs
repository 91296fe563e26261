use super::*;
use crate::facts::{Alteration, IMS_CUSTOMIZER, LineEnd, PastState};
use crate::farm::matrix;
use crate::testing::{FarmBuilder, Instance, farm, protected};

const A: [u8; 16] = *b"\x01A\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";
const B: [u8; 16] = *b"\x01B\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";

/// What is told of a secret of the first instance: whether it opens, which keys open it, and why.
type Told = (Opens, Vec<(String, MasterOrigin, Option<MasterFlaw>)>, String);

fn told(farm: FarmBuilder) -> Told {
    let farm = farm.tried().build();
    let mut secrets = Holders::of(&farm).secrets(&farm.members[0]);
    let secret = secrets.remove(0);
    let with = secret.with.iter().map(|key| (key.instance.to_owned(), key.origin, key.flaw));
    (secret.opens, with.collect(), secret.reason.unwrap_or_default())
}

/// What is reported where the instance holds a secret that A encrypted.
fn of(change: impl FnOnce(Instance) -> Instance) -> Told {
    told(farm().with("a", |i| change(i.mail_secret(&A, "x"))))
}

fn in_a(
    origin: MasterOrigin,
    flaw: Option<MasterFlaw>,
) -> Vec<(String, MasterOrigin, Option<MasterFlaw>)> {
    vec![("a".to_owned(), origin, flaw)]
}

#[test]
fn key_in_use_opens_or_does_not() {
    assert_eq!(of(|i| i.master(&A)), (Opens::Yes, in_a(MasterOrigin::Bundle, None), String::new()));
    assert_eq!(of(|i| i.master(&B)), (Opens::No, vec![], String::new()));
    let jcr = of(|i| i.jcr_mode(&[1; 32], &A));
    assert_eq!(jcr, (Opens::Yes, in_a(MasterOrigin::Jcr, None), String::new()));
}

#[test]
fn key_that_is_not_in_use_is_named_with_its_place() {
    let master = (KeyName::Master, &A[..]);
    let past = PastState::Revisions { newest_ms: None, oldest_ms: None };
    let keys: [(MasterOrigin, Told); 4] = [
        (MasterOrigin::Jcr, of(|i| i.master(&B).jcr(&[master]))),
        (MasterOrigin::JcrOlder, of(|i| i.master(&B).jcr(&[]).held(past, &[master]))),
        (MasterOrigin::Misplaced, of(|i| i.master(&B).key_in("bundle7", KeyName::Master, &A))),
        (
            MasterOrigin::Misplaced,
            of(|i| i.master(&B).stray_key("master.bak", KeyName::Master, &A)),
        ),
    ];
    for (origin, told) in keys {
        assert_eq!(told, (Opens::No, in_a(origin, None), String::new()), "{origin:?}");
    }
}

#[test]
fn flaw_is_named_where_the_key_opens_without_it() {
    let hex = Hex(A).to_string();
    for (bytes, flaw, said) in [
        ([&A[..], b"\n"].concat(), MasterFlaw::LineEnd(LineEnd::Lf), "followed by a newline (LF)"),
        (hex.into_bytes(), MasterFlaw::Altered(Alteration::Hex), "written as hexadecimal text"),
    ] {
        let why = format!("the master is there {said}, and opens it without that");
        let told = of(|i| i.master(&bytes));
        assert_eq!(told, (Opens::No, in_a(MasterOrigin::Bundle, Some(flaw)), why));
    }
    let swapped = of(|i| i.hmac(&A).master(&[0x81; 32]));
    assert_eq!(swapped.0, Opens::NotChecked);
    assert_eq!(swapped.1, in_a(MasterOrigin::Bundle, Some(MasterFlaw::Swapped)));
}

#[test]
fn what_could_not_be_tried_says_why() {
    for (told, why) in [
        (of(|i| i.master(&[0x81; 32])), "the master has 32 bytes"),
        (of(|i| i.master(&[0x81; 20])), "the master is no key of 16 bytes"),
        (of(|i| i.storage(b"JCR")), "its master is not known"),
    ] {
        assert_eq!(told.0, Opens::NotChecked);
        assert!(told.2.starts_with(why), "{}", told.2);
    }
    let farm = farm().with("a", |i| i.mail_secret(&A, "x")).build();
    let secrets = Holders::of(&farm).secrets(&farm.members[0]);
    assert_eq!(secrets[0].reason.as_deref(), Some("it was not tried"));
}

#[test]
fn keys_of_other_instances_follow_its_own() {
    let of = |i: Instance| i.master(&A);
    let told = told(farm().with("b", |i| of(i.mail_secret(&A, "x"))).with("c", of).with("d", of));
    let names: Vec<&str> = told.1.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["b", "c", "d"]);
}

#[test]
fn row_counts_what_is_in_effect() {
    let ims = |i: Instance| {
        let body = format!("auth.ims.client.secret=\"{}\"\r\n", protected(&B, "y"));
        i.config(IMS_CUSTOMIZER, &body)
    };
    let all = |i: Instance| ims(i.mail_secret(&A, "x"));
    let in_part = |i: Instance| {
        let mut i = i.jcr(&[]);
        i.snapshot.repository.as_mut().unwrap().secrets_gap = Some("x".to_owned());
        i
    };
    let farm = farm()
        .with("a", |i| i.mail_secret(&A, "x").master(&A))
        .with("b", |i| all(i).master(&A))
        .with("c", |i| all(i).master(&[0x81; 32]))
        .with("d", Instance::configs)
        .with("e", |i| in_part(i.mail_secret(&A, "x").master(&A)))
        .with("f", |i| in_part(i.configs()))
        .tried()
        .build();
    let rows = matrix(&farm).rows;
    let row = rows.iter().find(|row| row.fact == "secrets").unwrap();
    let texts: Vec<&str> = row.cells.iter().map(|cell| cell.text.as_str()).collect();
    let read = ["1 open", "1 of 2 do not open", "2 not checked", "absent"];
    assert_eq!(texts[..4], read);
    assert_eq!(texts[4..], ["1 open (in part)", "not in snapshot"]);
    assert_eq!([0, 1, 2, 3].map(|at| row.cells[at].is_wrong()), [false, true, false, false]);
}

#[test]
fn secrets_tell_which_of_two_keys_encrypted_them() {
    let jcr = |i: Instance| i.jcr(&[(KeyName::Hmac, &[7; 32]), (KeyName::Master, &A)]);
    let of = |change: fn(Instance) -> Instance| {
        let farm = farm().with("a", |i| change(jcr(i.master(&B)))).tried().build();
        Encrypted::of(&farm.members[0])
    };
    assert_eq!(of(|i| i.mail_secret(&A, "x")), Some(Encrypted::ByJcr));
    assert_eq!(of(|i| i.mail_secret(&B, "x")), Some(Encrypted::ByFile));
    assert_eq!(of(|i| i), None);
    let ims = |i: Instance| {
        i.config(IMS_CUSTOMIZER, &format!("x=\"{}\"\r\n", protected(&B, "y"))).mail_secret(&A, "x")
    };
    assert_eq!(of(ims), None, "each of both opens some");
    assert_eq!(of(|i| i.mail_secret(&A, "x").master(&A)), None);
    assert_eq!(of(|i| i.mail_secret(&A, "x").storage(b"JCR")), None);
}
