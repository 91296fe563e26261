//! What real files hold is kept, and what is drawn at random is not.

use super::*;

/// Texts of 32 to 64 letters as keys have them: letters and digits, hexadecimal, base64 of both alphabets, any printable sign.
const RANDOM: [&str; 11] = [
    "zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA",
    "c4a4a27e0c4a4a27e0c4a4a27e0c4a4a",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
    "/9j4AAQSkZJRgABAQEASABIAAD2wBDAAgGBgcGBQgHBw",
    "dGhpcyBpc19hIHRlc3Qta2V5LW9mLTMyIGJ5dGVz",
    "4rT$k9!pQ2&zL7#mX5^vB8*nC3@wD6(j",
    "Ab3:Cd4/Ef5;Gh6,Ij7.Kl8-Mn9_Op0+",
    "user:k9pQ2zL7mX5vB8nC3wD6jR4tY1uH0sG",
    "1A2b3C4d5E6f7G8h9I0j1K2l3M4n5O6p",
    "10293847565647382910293847565647",
];

#[test]
fn random_letters_have_no_shape() {
    for text in RANDOM {
        for shape in [
            Shape::Location,
            Shape::Version,
            Shape::Port,
            Shape::RunMode,
            Shape::RunModes,
            Shape::Switch,
            Shape::Uuid,
        ] {
            assert!(!shape.fits(text), "{shape:?} {text}");
            let note = format!("{NOTE}{} ({} bytes)", shape.spoken(), text.len());
            assert_eq!(shape.kept(text, text.len()), note);
        }
    }
    for text in &RANDOM[..5] {
        assert!(!Shape::Value.fits(text) && !Shape::Path.fits(text), "{text}");
    }
}

#[test]
fn real_locations_are_kept() {
    for text in [
        "System Bundle",
        "launchpad:resources/install.author/1/com.adobe.granite.crypto.file-0.0.16.jar",
        "slinginstall:com.adobe.granite.crypto.file-1.0.0.jar",
        "slinginstall:C:\\Program Files\\aem @ home\\launchpad\\startup\\1\\x.jar",
        "slinginstall:/opt/größe/crx-quickstart/launchpad/startup/15/x-1.0.jar",
        "jcrinstall:/apps/my project/install.author/bundle~x+y%20z@1.jar",
        "jcrinstall:/libs/system/install/0f8fad5b-d9cb-469f-a165-70867728950e",
        "inputstream:",
        "inputstream:org.x-1.0.jar",
        "reference:file:/opt/aem/x/",
        "file:///C:/aem/install/x.jar",
        "mvn:org.apache.sling/org.apache.sling.api/2.16.4",
        "http://nexus:8081/x.jar",
        "com.adobe.granite.crypto-3.4.22.jar",
        "/opt/aem/install/X.WAR",
        "x:some.jar",
        "",
    ] {
        assert_eq!(Shape::Location.kept(text, 9), text);
    }
}

#[test]
fn locations_are_kept_without_credentials() {
    let kept = |text: &str| Shape::Location.kept(text, text.len());
    assert_eq!(kept("http://u:secret@nexus/x.jar?token=secret"), "http://***@nexus/x.jar?***");
    assert_eq!(kept("mongodb://u:secret@h/aem"), "not in the shape of a location (24 bytes)");
    assert_eq!(kept("x.jar?password=secret"), "x.jar?***");
}

#[test]
fn what_does_not_show_is_no_location() {
    for text in [
        "file:\u{1b}[2J.jar",
        "launchpad:\u{85}\u{9f}",
        "file:\u{fffd}.jar",
        "127.0.0.1:40123 secret",
        "slinginstall:9f3ac2771be04d5587a1c30e6612f4d0.jar",
        "slinginstall:/opt/zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA.jar",
        "36343362CANARYcipher3137",
    ] {
        assert!(!Shape::Location.fits(text), "{text:?}");
    }
    assert!(!Shape::Location.fits(&format!("file:{}", "x".repeat(4096))));
}

#[test]
fn real_versions_are_kept() {
    for text in [
        "1",
        "3.4",
        "3.4.24",
        "3.4.24.CQ650-B0001",
        "1.0-SNAPSHOT",
        "6.5.0-L7",
        "6.5.0.20190408",
        "1.2.3.v20150101-1234",
        "2.12.4-1.8.0-SNAPSHOT",
        "0.0.1.R2404131",
        "1.0.0.201904081234",
        "5.6.1.20130411",
        "1-SNAPSHOT",
    ] {
        assert!(Shape::Version.fits(text), "{text}");
    }
    for text in [
        "x",
        "3.x",
        "3..1",
        "3.4.24.",
        "3.4.24.a b",
        ".1",
        "1.",
        "1.1.1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "6.5.0.zQ7xW9vK2mT5pR8y",
        "6.5.0.9f3ac2771be04d55",
        "-1",
        "4-",
        "1.0.0.<b>",
    ] {
        assert!(!Shape::Version.fits(text), "{text}");
    }
}

#[test]
fn real_run_modes_are_kept() {
    for text in [
        "author",
        "crx3tar-nofds",
        "dynamicmedia_scene7",
        "s7connect",
        "aws-eu-west-1-production-blue-author",
        "nosamplecontent",
        "CustomRunModeForTest",
        "prod2",
    ] {
        assert!(Shape::RunMode.fits(text), "{text}");
    }
    assert!(Shape::RunModes.fits("author, crx3,nosamplecontent") && !Shape::RunModes.fits("a b"));
    for text in [
        "",
        "a b",
        "jane@example.com",
        "c4a4a27e0c4a4a27",
        "hN8vB2xC6qK4mW9tR3pL7zD5",
        "9f3ac277.1be04d55",
    ] {
        assert!(!Shape::RunMode.fits(text), "{text}");
    }
}

#[test]
fn ports_switches_and_ids_are_what_they_are() {
    assert!(Shape::Port.fits("4502") && !Shape::Port.fits("70000") && !Shape::Port.fits("+4502"));
    assert!(Shape::Switch.fits("TRUE") && !Shape::Switch.fits("secret"));
    assert!(Shape::Uuid.fits("0f8fad5b-d9cb-469f-a165-70867728950e"));
    assert!(!Shape::Uuid.fits("0f8fad5b-d9cb-469f-a165-70867728950E"));
}

#[test]
fn real_names_are_kept() {
    for text in [
        "com.adobe.granite.crypto",
        "grösse",
        "org.apache.servicemix.bundles.xmlbeans",
        "My Bundle",
        "oauth.provider.ims.service.token.client.secret",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "skipTokenRefreshForAllPathsOfThis",
    ] {
        assert!(Shape::Name.fits(text), "{text}");
    }
    for text in RANDOM[..3].iter().chain(&["9f3ac277.1be04d55.87a1c30e", "zQ7xW9vK2mT5pR8yL3nB6"]) {
        assert!(!Shape::Name.fits(text), "{text}");
    }
}

#[test]
fn real_values_are_kept() {
    for text in [
        "${sling.launchpad}/config",
        "/mnt/0f8fad5b-d9cb-469f-a165-70867728950e/keys",
        "/backup/2024-05-12/10/30/keys",
        "C:\\aem\\crx-quickstart\\repository",
        "$HOME/keys",
        "repository",
        "43200000",
        "givenName=profile/givenName",
        "org.apache.jackrabbit.oak",
        "MONGO",
        "refresh",
    ] {
        assert_eq!(Shape::Value.kept(text, 9), text);
    }
    for text in [
        "/opt/9f3ac2771be04d5587a1c30e6612f4d0",
        "/opt/9f:3a:c2:77:1b:e0:4d:55",
        "my client-secret-is-s3cr3t",
        "/opt/zQ7xW9vK2mT5pR8yL3nB6cJ4.key",
    ] {
        assert!(!Shape::Value.fits(text) && !Shape::Path.fits(text), "{text}");
    }
    let kept = Shape::Value.kept("mongodb://u:secret@h/aem?replicaSet=x", 9);
    assert_eq!(kept, "mongodb://***@h/aem?***");
}

#[test]
fn what_was_kept_once_stays() {
    for text in
        [RANDOM[0], "http://u:p@h/x.jar?y", HIDDEN_KEY, HIDDEN_LINK, "file:/x.jar", "", "\u{1}"]
    {
        for shape in [Shape::Location, Shape::Version, Shape::Value, Shape::RunModes, Shape::Name] {
            let once = shape.kept(text, text.len());
            let mut twice = once.clone();
            shape.keep(&mut twice);
            assert_eq!(twice, once);
        }
    }
    for text in
        ["a version (x bytes)", "a version", "a version secret (3 bytes)", "secret (3 bytes)"]
    {
        assert!(!is_note(&format!("{NOTE}{text}")), "{text}");
    }
}

#[test]
fn sentence_shows_a_path_and_nothing_that_may_be_a_secret() {
    assert_eq!(Shape::Path.shown("${sling.home}/../keys"), "${sling.home}/../keys");
    assert_eq!(Shape::Path.shown("C:\\aem\\keys"), "C:\\aem\\keys");
    for text in ["//user:hunter2@host/x", "https:/u:p@host/x", "ms.secret=hunter2", "x?token=1"] {
        let shown = Shape::Path.shown(text);
        assert_eq!(shown, format!("something that is not shown ({} bytes)", text.len()));
    }
}

#[test]
fn kind_of_a_grant_is_no_secret() {
    for text in ["client_credentials", "authorization_code,client_credentials"] {
        assert!(Shape::Value.fits(text), "{text}");
    }
    for text in ["client_credentials of the client-secret", "credentials", "my_client_credential"] {
        assert!(!Shape::Value.fits(text), "{text}");
    }
}
