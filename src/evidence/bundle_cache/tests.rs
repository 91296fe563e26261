//! Bundles put together by hand; those of real Felix are in `samples`.

use super::*;
use crate::evidence::{LastModified, ParseError, Problem};

const ALL: Packing = Packing {
    infos: true,
    revisions: true,
    revision_locations: true,
    jars: false,
    infos_alone: false,
};
const COPIED: Option<RevisionLocation> = Some(RevisionLocation::Copied);
const WHOLE: Option<Packing> = Some(ALL);
const CUT: Option<Packing> = None;

fn info(location: &str, state: i64, refresh: i64) -> BundleInfo {
    BundleInfo {
        id: Some(39),
        location: Some(location.to_owned()),
        state: Some(BundleState::from_number(state)),
        modified: LastModified::default(),
        refresh: Some(refresh),
        problem: None,
    }
}

fn jar(name: &str, version: &str) -> Jar {
    let symbolic_name = Some(name.to_owned());
    Jar::Manifest { symbolic_name, version: version.to_owned(), fragment: false }
}

fn parts<'a>(
    info: Option<&'a BundleInfo>,
    revisions: &[(&'a str, Option<&'a Jar>)],
) -> BundleParts<'a> {
    let revision = |jar: Option<&'a Jar>| RevisionParts { location: COPIED, jar };
    BundleParts {
        directory: "bundle39",
        place: Place { source: "a.tar".to_owned(), path: "felix/bundle39".to_owned() },
        info,
        values: BTreeMap::new(),
        data: true,
        revisions: revisions.iter().map(|(name, jar)| (*name, revision(*jar))).collect(),
    }
}

fn current(bundle: &Bundle) -> Option<&str> {
    let mut current = bundle.revisions.iter().filter(|revision| revision.current);
    let name = current.next().map(|revision| revision.directory.as_str());
    assert!(current.next().is_none());
    name
}

/// The chosen revision and the verdict, for revision names and a refresh count.
fn chosen(names: &[&str], refresh: i64) -> (Option<String>, Option<DiscardReason>) {
    let info = info("x", 32, refresh);
    let revisions: Vec<_> = names.iter().map(|name| (*name, None)).collect();
    let bundle = assemble(&parts(Some(&info), &revisions), WHOLE);
    (current(&bundle).map(str::to_owned), bundle.discard)
}

fn some(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[test]
fn the_numerically_greatest_suffix_is_current() {
    assert_eq!(chosen(&["version0.0"], 0), (some("version0.0"), None));
    assert_eq!(chosen(&["version0.10", "version0.9"], 0), (some("version0.10"), None));
    assert_eq!(chosen(&["version1.1"], 1), (some("version1.1"), None));
    assert_eq!(
        chosen(&["version158.3", "version157.9", "version158.9"], 158).0,
        some("version158.9")
    );
    assert_eq!(chosen(&["version0.0", "versionbackup"], 0), (some("version0.0"), None));
}

#[test]
fn another_refresh_count_is_a_mismatch() {
    let expected = "version0.0".to_owned();
    let mismatch = Some(DiscardReason::RefreshMismatch { expected });
    assert_eq!(chosen(&["version1.0"], 0), (some("version1.0"), mismatch));
    let info = info("x", 32, 0);
    assert_eq!(assemble(&parts(Some(&info), &[("version1.0", None)]), CUT).discard, None);
}

#[test]
fn a_revision_that_felix_would_not_open_is_only_another_one() {
    let info = info("x-1.0.jar", 32, 0);
    let other = jar("a", "2");
    let bundle = assemble(&parts(Some(&info), &[("version1.0", Some(&other))]), CUT);
    assert_eq!(bundle.symbolic_name.as_deref(), Some("a"));
    assert_eq!(bundle.identified_by, Some(IdentifiedBy::OtherRevision));
}

#[test]
fn suffixes_are_read_as_java_decodes_them() {
    for (text, number) in [
        ("0", Some(0)),
        ("10", Some(10)),
        ("010", Some(8)),
        ("0x10", Some(16)),
        ("#f", Some(15)),
        ("-1", Some(-1)),
        ("+1", Some(1)),
        ("08", None),
        ("", None),
        ("+-1", None),
        ("0x-1", None),
        ("bak", None),
        ("9223372036854775808", None),
    ] {
        assert_eq!(decode_long(text), number, "{text}");
    }
    assert_eq!(chosen(&["version0.010", "version0.9"], 0).0, some("version0.9"));
}

#[test]
fn a_stray_revision_kills_the_directory_even_in_a_cut_source() {
    let stray = Some(DiscardReason::StrayRevision("version0.0.bak".to_owned()));
    assert_eq!(chosen(&["version0.0", "version0.0.bak"], 0), (some("version0.0"), stray.clone()));
    let info = info("x", 32, 0);
    let parts = parts(Some(&info), &[("version0.0", None), ("version0.0.bak", None)]);
    assert_eq!(assemble(&parts, CUT).discard, stray);
}

#[test]
fn manifest_of_the_current_revision_identifies() {
    let info = info("slinginstall:com.adobe.granite.crypto-3.4.18.jar", 32, 0);
    let (old, new) =
        (jar("com.adobe.granite.crypto", "3.4.18"), jar("com.adobe.granite.crypto", "3.4.22"));
    let revisions = [("version0.0", Some(&old)), ("version0.1", Some(&new))];
    let bundle = assemble(&parts(Some(&info), &revisions), WHOLE);
    assert_eq!(bundle.version.as_deref(), Some("3.4.22"));
    assert_eq!(bundle.identified_by, Some(IdentifiedBy::Manifest));
    assert_eq!(bundle.id, Some(39));
}

#[test]
fn another_revision_s_manifest_comes_next() {
    let info = info("x-9.jar", 32, 0);
    let old = jar("a", "1");
    let revisions = [("version0.0", Some(&old)), ("version0.1", Some(&Jar::NoManifest))];
    let bundle = assemble(&parts(Some(&info), &revisions), WHOLE);
    assert_eq!(
        (bundle.symbolic_name.as_deref(), bundle.version.as_deref()),
        (Some("a"), Some("1"))
    );
    assert_eq!(bundle.identified_by, Some(IdentifiedBy::OtherRevision));
}

#[test]
fn location_is_the_last_resort() {
    for (location, name, version) in [
        (
            "slinginstall:com.adobe.granite.crypto-3.0.18-CQ610-B0004.jar",
            "com.adobe.granite.crypto",
            Some("3.0.18-CQ610-B0004"),
        ),
        (
            "launchpad:resources/install/1/com.adobe.granite.crypto.file-0.0.16.jar",
            "com.adobe.granite.crypto.file",
            Some("0.0.16"),
        ),
        (
            "slinginstall:C:\\aem\\launchpad\\startup\\1\\org.apache.sling.commons.log-5.1.0.jar",
            "org.apache.sling.commons.log",
            Some("5.1.0"),
        ),
        ("jcrinstall:/apps/x/install/crx-auth-token-2.6.12.jar", "crx-auth-token", Some("2.6.12")),
        ("slinginstall:plain.jar", "plain", None),
        ("file:/x/app-1.0.war", "app", Some("1.0")),
    ] {
        let info = info(location, 32, 0);
        let bundle = assemble(&parts(Some(&info), &[]), CUT);
        assert_eq!(bundle.symbolic_name.as_deref(), Some(name));
        assert_eq!(bundle.version.as_deref(), version);
        assert_eq!(bundle.identified_by, Some(IdentifiedBy::Location));
    }
    for location in ["", "file:/x/", "slinginstall:-1.0.jar"] {
        let info = info(location, 32, 0);
        assert_eq!(assemble(&parts(Some(&info), &[]), CUT).identified_by, None, "{location}");
    }
}

#[test]
fn an_old_bundle_without_symbolic_name_goes_by_its_location() {
    let info = info("x:legacy-1.0.jar", 32, 0);
    let nameless =
        Jar::Manifest { symbolic_name: None, version: "0.0.0".to_owned(), fragment: false };
    let bundle = assemble(&parts(Some(&info), &[("version0.0", Some(&nameless))]), WHOLE);
    assert_eq!(
        (bundle.symbolic_name.as_deref(), bundle.version.as_deref()),
        (Some("legacy"), Some("1.0"))
    );
    assert_eq!(bundle.identified_by, Some(IdentifiedBy::Location));
}

#[test]
fn faults_that_felix_deletes_for_are_named() {
    let bad = BundleInfo {
        problem: Some(ParseError { what: "bundle id", offset: 0, problem: Problem::Ends }),
        ..BundleInfo::default()
    };
    let reason = assemble(&parts(Some(&bad), &[]), CUT).discard.unwrap();
    assert_eq!(
        reason.to_string(),
        "bundle.info is unreadable (bundle id at byte 0: file ends here)"
    );
    let uninstalled = info("x", 1, 0);
    let reason = assemble(&parts(Some(&uninstalled), &[]), CUT).discard;
    assert_eq!(reason, Some(DiscardReason::Uninstalled));
    let good = info("x", 32, 0);
    let reason = assemble(&parts(Some(&good), &[("version0.0", Some(&Jar::Bad))]), CUT).discard;
    assert_eq!(reason, Some(DiscardReason::BadJar("version0.0".to_owned())));
}

#[test]
fn absence_counts_only_where_others_were_packed_and_all_was_read() {
    let info = info("x", 32, 0);
    let nothing = parts(Some(&info), &[]);
    assert_eq!(assemble(&nothing, WHOLE).discard, Some(DiscardReason::NoRevision));
    assert_eq!(assemble(&nothing, CUT).discard, None);
    assert_eq!(assemble(&nothing, Some(Packing { revisions: false, ..ALL })).discard, None);
    let mut unlocated = parts(Some(&info), &[("version0.0", None)]);
    unlocated.revisions.insert("version0.0", RevisionParts::default());
    let reason = DiscardReason::NoRevisionLocation("version0.0".to_owned());
    assert_eq!(assemble(&unlocated, WHOLE).discard, Some(reason));
    assert_eq!(assemble(&unlocated, CUT).discard, None);
    assert_eq!(
        assemble(&unlocated, Some(Packing { revision_locations: false, ..ALL })).discard,
        None
    );
}

#[test]
fn a_bundle_of_which_only_data_came_is_unknown() {
    let without_infos = Packing { infos: false, ..ALL };
    let bundle = assemble(&parts(None, &[]), Some(without_infos));
    assert_eq!((bundle.id, bundle.state, bundle.discard), (None, None, None));
    let nameless = jar("a", "1");
    let bundle = assemble(&parts(None, &[("version0.0", Some(&nameless))]), Some(without_infos));
    assert_eq!((bundle.id, bundle.symbolic_name.as_deref()), (None, Some("a")));
    assert_eq!((current(&bundle), bundle.discard.clone()), (Some("version0.0"), None));
}

#[test]
fn the_old_layout_counts_upward_from_its_refresh_counter() {
    let mut old = parts(None, &[("version2.0", None), ("version2.1", None), ("version2.3", None)]);
    old.values =
        BTreeMap::from([(ID, "2"), (REFRESH, "2"), (LOCATION, "x:a-1.jar"), (STATE, "active")]);
    let bundle = assemble(&old, WHOLE);
    assert_eq!((bundle.id, current(&bundle)), (Some(2), Some("version2.1")));
    assert_eq!((bundle.state, bundle.discard.clone()), (Some(BundleState::Active), None));
    assert_eq!(bundle.symbolic_name.as_deref(), Some("a"));
    // Felix 3.0.6 to 3.2.2 keeps the number.
    old.revisions = BTreeMap::from([("version2.2", RevisionParts { location: COPIED, jar: None })]);
    assert_eq!(current(&assemble(&old, WHOLE)), Some("version2.2"));
}

#[test]
fn the_old_layout_takes_a_missing_id_from_the_directory() {
    let mut old = parts(None, &[("version0.0", None)]);
    old.values = BTreeMap::from([(LOCATION, "x:a-1.jar")]);
    let bundle = assemble(&old, WHOLE);
    assert_eq!((bundle.id, bundle.state), (Some(39), Some(BundleState::Installed)));
    old.values.insert(ID, "x");
    let bundle = assemble(&old, WHOLE);
    assert_eq!(bundle.id, None);
    assert_eq!(bundle.discard, Some(DiscardReason::Info("bundle.id is not a number".to_owned())));
}

#[test]
fn bundle_info_wins_over_old_files() {
    let info = info("x:a-1.jar", 2, 0);
    let mut both = parts(Some(&info), &[("version0.0", None)]);
    both.values = BTreeMap::from([
        (ID, "7"),
        (REFRESH, "5"),
        (LOCATION, "x:b-1.jar"),
        (STATE, "uninstalled"),
    ]);
    let bundle = assemble(&both, WHOLE);
    assert_eq!((bundle.id, bundle.symbolic_name.as_deref()), (Some(39), Some("a")));
    assert_eq!((bundle.state, bundle.discard), (Some(BundleState::Installed), None));
}

#[test]
fn a_missing_bundle_info_costs_the_directory_where_the_others_have_theirs() {
    let jar = jar("com.adobe.granite.crypto.file", "0.0.16");
    let parts = parts(None, &[("version0.0", Some(&jar))]);
    assert_eq!(assemble(&parts, WHOLE).discard, Some(DiscardReason::NoInfo));
    assert_eq!(assemble(&parts, Some(Packing { infos: false, ..ALL })).discard, None);
    assert_eq!(assemble(&parts, CUT).discard, None);
}

#[test]
fn files_of_the_old_layout_save_no_directory_from_felix_6() {
    let jar = jar("com.adobe.granite.crypto.file", "0.0.16");
    let mut old = parts(None, &[("version0.0", Some(&jar))]);
    old.values = BTreeMap::from([(ID, "39"), (LOCATION, "x:a-1.jar")]);
    assert_eq!(assemble(&old, WHOLE).discard, None);
    let felix_6 = Packing { infos_alone: true, ..ALL };
    assert_eq!(assemble(&old, Some(felix_6)).discard, Some(DiscardReason::NoInfo));
    assert_eq!(assemble(&old, Some(Packing { infos: false, ..felix_6 })).discard, None);
}

/// Why Felix would delete a bundle with this location in its only revision.
fn reason(location: RevisionLocation, jar: Option<&Jar>, packing: Packing) -> String {
    let info = info("x", 32, 0);
    let mut parts = parts(Some(&info), &[]);
    parts.revisions.insert("version0.0", RevisionParts { location: Some(location), jar });
    let discard = assemble(&parts, Some(packing)).discard;
    discard.map(|reason| reason.to_string()).unwrap_or_default()
}

#[test]
fn location_and_jar_must_be_what_felix_can_open() {
    use RevisionLocation::{BadReference, Copied, Elsewhere, Empty};
    let (good, jars) = (jar("a", "1"), Packing { jars: true, ..ALL });
    assert_eq!(reason(Empty, Some(&good), ALL), "version0.0/revision.location is empty");
    assert_eq!(
        reason(BadReference, Some(&good), ALL),
        "version0.0/revision.location is a reference to what is no file"
    );
    assert_eq!(reason(Copied, None, jars), "version0.0/bundle.jar is missing");
    assert_eq!(reason(Copied, None, ALL), "", "no jar was packed");
    assert_eq!(
        reason(Copied, Some(&Jar::Bad), ALL),
        "version0.0/bundle.jar is empty, cut or not a jar"
    );
    for jar in [None, Some(&Jar::Bad), Some(&good)] {
        assert_eq!(reason(Elsewhere, jar, jars), "", "Felix does not open the copy");
    }
}

#[test]
fn jars_count_as_packed_where_nearly_all_came() {
    let (info, jar) = (info("x", 32, 0), jar("a", "1"));
    let jars = |with: usize, without: usize| {
        let some = std::iter::repeat_n(Some(&jar), with).chain(std::iter::repeat_n(None, without));
        let all: Vec<_> = some.map(|jar| parts(Some(&info), &[("version0.0", jar)])).collect();
        Packing::of(&all.iter()).jars
    };
    assert!(jars(13, 1) && jars(4, 1) && jars(9, 3) && jars(1, 0));
    assert!(!jars(0, 14) && !jars(3, 3) && !jars(2, 1) && !jars(0, 0));
}

#[test]
fn refresh_count_below_zero_names_a_directory_that_is_not_there() {
    let expected = "version-2.0".to_owned();
    let mismatch = Some(DiscardReason::RefreshMismatch { expected });
    assert_eq!(chosen(&["version0.0"], -2), (some("version0.0"), mismatch));
    assert_eq!(chosen(&["version-2.0"], -2), (some("version-2.0"), None));
}
