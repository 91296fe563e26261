//! What moves keys, cache or repository is followed; what of it is not understood leaves the verdict open.

use crate::instance::{Instance, hmac_of, master_of};
use crate::pack::{Case, Link, Packing};
use crate::run::{self, list, operand, texts};
use crate::scenes::Scenes;
use serde_json::Value;

const PROPERTIES: &str = "conf/sling.properties";
const KEYS_PATH: &str = "com.adobe.granite.crypto.keys.path";

/// What a sound author and this source say together.
fn report(case: &Case, packing: Packing) -> Value {
    let home = tempfile::tempdir().unwrap();
    let author = Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    let other = case.pack_into(home.path(), packing, "other");
    run::json(&run::scan(&[operand("author", &author), operand("other", &other)]))
}

/// Verdict, kinds of gap, and rules.
fn said_of(case: &Case, packing: Packing) -> String {
    let report = report(case, packing);
    let of = |items: &Value, field: &str| -> Vec<String> {
        list(items).map(|item| item[field].as_str().unwrap().to_owned()).collect()
    };
    let mut gaps = of(&report["gaps"], "kind");
    gaps.dedup();
    let farm = &report["farms"][0];
    let rules = of(&farm["findings"], "rule").join(",");
    format!("{} [{}] [{rules}]", farm["verdict"].as_str().unwrap(), gaps.join(","))
}

fn said(instance: &Instance) -> String {
    let case = instance.case();
    let said = said_of(&case, Packing::Tar);
    for packing in [Packing::Directory, Packing::ShuffledGz(1), Packing::Zip] {
        assert_eq!(said_of(&case, packing), said, "{packing:?}");
    }
    said
}

fn other() -> Instance {
    Instance::new("other")
}

fn properties(more: &str) -> Instance {
    other().file(PROPERTIES, format!("granite.product.version=6.5.0\n{more}\n").as_bytes())
}

fn with_keys(instance: Instance, directory: &str, hmac: &str) -> Instance {
    instance
        .file(&format!("{directory}/hmac"), &hmac_of(hmac))
        .file(&format!("{directory}/master"), &master_of("farm"))
}

const CONSISTENT: &str = "consistent [] []";

#[test]
fn keys_in_another_directory_of_the_upload_are_compared() {
    // The files of a test that are no evidence by their path can be read by everybody.
    let moved =
        |hmac| with_keys(properties(&format!("{KEYS_PATH}=${{sling.home}}/keys")), "keys", hmac);
    assert_eq!(said(&moved("farm")), "consistent [] [key-permissions]");
    assert_eq!(
        said(&moved("else")),
        "inconsistent [] [hmac-differs,half-copied-pair,key-misplaced,key-permissions]"
    );
    let script = "java -D\"com.adobe.granite.crypto.keys.path=/opt/crx-quickstart/keys\" -jar x";
    let script = other().file("bin/start", script.as_bytes());
    assert_eq!(
        said(&with_keys(script, "keys", "else")),
        "inconsistent [] [hmac-differs,half-copied-pair,key-misplaced,key-permissions]"
    );
}

#[test]
fn keys_of_a_secret_of_kubernetes_are_compared() {
    let secret = |hmac| {
        let set = properties(&format!("{KEYS_PATH}=${{sling.home}}/keys"));
        let mut case = with_keys(set, "keys/..2024_01_01_00_00_00.1", hmac).case();
        for (link, target) in [
            ("..data", "..2024_01_01_00_00_00.1"),
            ("hmac", "..data/hmac"),
            ("master", "..data/master"),
        ] {
            let link = format!("crx-quickstart/keys/{link}");
            case.links.insert(link, Link::Symbolic(target.to_owned()));
        }
        let said = said_of(&case, Packing::Tar);
        assert_eq!(said_of(&case, Packing::Directory), said);
        said
    };
    assert_eq!(secret("farm"), "consistent [] [key-permissions]");
    assert_eq!(
        secret("else"),
        "inconsistent [] [hmac-differs,half-copied-pair,key-misplaced,key-permissions]"
    );
}

#[test]
fn keys_outside_leave_it_open_and_no_command_holds_a_variable() {
    for value in ["/etc/aem/keys", "${user.home}/keys", "keys"] {
        let instance = properties(&format!("{KEYS_PATH}={value}"));
        assert_eq!(said(&instance), "undecided [] [keys-external]", "{value}");
        let report = report(&instance.case(), Packing::Tar);
        let finding = &report["farms"][0]["findings"][0];
        assert!(finding["message"].as_str().unwrap().contains(value));
        let fix = texts(&finding["fix"]).join("\n");
        assert_eq!(fix.contains("md5sum '"), !value.contains('$'), "{fix}");
    }
}

#[test]
fn keys_that_differ_are_no_error_where_others_may_be_in_use() {
    let differs = |instance: Instance| said(&instance.hmac("else"));
    let missing = other().file("bin/start", b". /etc/sysconfig/aem\njava $CQ_JVM_OPTS -jar x\n");
    assert_eq!(differs(missing), "undecided [elsewhere] []");
    assert_eq!(
        differs(properties("org.osgi.framework.storage=felix2")),
        "undecided [unclear-setting] []"
    );
}

#[test]
fn unit_of_systemd_sets_options_of_the_install_that_it_starts() {
    let unit = format!(
        "[Service]\nEnvironment=\"CQ_JVM_OPTS=-D{KEYS_PATH}=/etc/aem/keys\"\nExecStart=/opt/aem/crx-quickstart/bin/start\n"
    );
    let host = |keys: Option<&str>| {
        let mut case = other().hmac("dead").root("opt/aem/crx-quickstart").case();
        let mut add =
            |path: &str, bytes: &[u8]| drop(case.files.insert(path.to_owned(), bytes.to_vec()));
        add("etc/systemd/system/aem.service", unit.as_bytes());
        if let Some(hmac) = keys {
            add("etc/aem/keys/hmac", &hmac_of(hmac));
            add("etc/aem/keys/master", &master_of("farm"));
        }
        said_of(&case, Packing::Tar)
    };
    assert_eq!(host(Some("farm")), "consistent [] [key-permissions]");
    assert_eq!(
        host(Some("else")),
        "inconsistent [] [hmac-differs,half-copied-pair,key-permissions]"
    );
    assert_eq!(host(None), "undecided [] [keys-external]");
}

#[test]
fn keys_below_the_directory_of_a_setting_are_told() {
    let set = || properties(&format!("{KEYS_PATH}=${{sling.home}}/keys"));
    let wrong = |instance| with_keys(instance, "keys", "else");
    let deeper = with_keys(wrong(set()), "keys/keys", "farm");
    let renamed = wrong(set()).file("keys/hmac.bin", &hmac_of("farm"));
    for instance in [&deeper, &renamed] {
        let said = said(instance);
        assert!(said.starts_with("inconsistent ") && said.contains("key-misplaced"), "{said}");
    }
    let only_deeper = said(&with_keys(set(), "keys/keys", "farm"));
    assert!(
        only_deeper.contains("key-misplaced") && only_deeper.contains("key-missing"),
        "{only_deeper}"
    );
    assert_eq!(said(&set()), "undecided [] [keys-external]");
    let half = set().file("keys/hmac", &hmac_of("farm"));
    assert!(said(&half).contains("key-missing"), "{}", said(&half));
}

#[test]
fn what_an_option_or_an_included_file_moves_is_not_in_use() {
    let start = other().file("bin/start", b". \"$(dirname $0)/start-env\"\n");
    let option = format!("CQ_JVM_OPTS='-D{KEYS_PATH}=/mnt/keys'\n");
    assert_eq!(
        said(&start.clone().file("bin/start-env", option.as_bytes())),
        "undecided [] [keys-external]"
    );
    assert_eq!(said(&start), "undecided [elsewhere] []");
    assert_eq!(said(&start.file("bin/start-env", b"PORT=4503\n")), CONSISTENT);
    let includes = || properties("sling.include.a=conf/a.properties");
    let moves = format!("{KEYS_PATH}=/mnt/keys\n");
    assert_eq!(
        said(&includes().file("conf/a.properties", moves.as_bytes())),
        "undecided [] [keys-external]"
    );
    assert_eq!(said(&includes()), "undecided [elsewhere] []");
}

#[test]
fn cache_that_a_setting_names_is_the_one_in_use() {
    let moved = |instance: &Instance, to: &str| {
        let mut case = instance.case();
        let from = "crx-quickstart/launchpad/felix/";
        let old = other().hmac("old").sling_id("00000000-0000-4000-8000-000000000000").case();
        let files = case.files.iter().filter(|(path, _)| path.starts_with(from));
        let files: Vec<_> =
            files.map(|(path, bytes)| (path.replace(from, to), bytes.clone())).collect();
        case.files.retain(|path, _| !path.starts_with(from));
        case.files.extend(old.files.into_iter().filter(|(path, _)| path.starts_with(from)));
        case.files.extend(files);
        said_of(&case, Packing::Tar)
    };
    let named = |value: &str| properties(&format!("org.osgi.framework.storage={value}"));
    let felix2 = named("${sling.launchpad}/felix2");
    let at = "crx-quickstart/launchpad/felix2/";
    assert_eq!(moved(&felix2, at), "consistent [] [old-copy]");
    assert_eq!(
        moved(&felix2.hmac("else"), at),
        "inconsistent [] [hmac-differs,half-copied-pair,old-copy]"
    );
    let gone = moved(&named("/var/cache/aem/felix"), "elsewhere/");
    assert!(gone.starts_with("undecided [elsewhere"), "{gone}");
    let option = other().file("bin/start", b"java -jar x start -c . -i launchpad2\n");
    assert_eq!(moved(&option, "crx-quickstart/launchpad2/felix/"), "consistent [] [old-copy]");
}

#[test]
fn what_came_with_full_paths_is_read_in_another_top_directory() {
    let moved = |instance: Instance, from: &str, to: &str| {
        let mut case = instance.root("opt/aem/crx-quickstart").case();
        let files = case.files.iter().filter(|(path, _)| path.contains(from));
        let files: Vec<_> = files
            .map(|(path, bytes)| {
                (format!("{to}{}", path.split(from).nth(1).unwrap()), bytes.clone())
            })
            .collect();
        case.files.retain(|path, _| !path.contains(from));
        case.files.extend(files);
        let said = said_of(&case, Packing::Tar);
        assert_eq!(said_of(&case, Packing::Directory), said);
        said
    };
    let cache = || properties("org.osgi.framework.storage=/var/cache/aem/felix");
    let to_cache =
        |instance| moved(instance, "crx-quickstart/launchpad/felix/", "var/cache/aem/felix/");
    assert_eq!(to_cache(cache()), CONSISTENT);
    assert_eq!(to_cache(cache().hmac("else")), "inconsistent [] [hmac-differs,half-copied-pair]");
    let to_keys = |hmac| {
        let keys = with_keys(properties(&format!("{KEYS_PATH}=/etc/aem/keys")), "keys", hmac);
        moved(keys, "crx-quickstart/keys/", "etc/aem/keys/")
    };
    assert_eq!(to_keys("farm"), "consistent [] [key-permissions]");
    assert_eq!(
        to_keys("else"),
        "inconsistent [] [hmac-differs,half-copied-pair,key-misplaced,key-permissions]"
    );
}

#[test]
fn cache_outside_of_the_upload_is_named_with_what_to_send() {
    let gone =
        properties("org.osgi.framework.storage=/var/cache/aem/felix").without("launchpad/felix");
    assert_eq!(said(&gone), "undecided [elsewhere] []");
    let report = report(&gone.case(), Packing::Tar);
    let reason = report["gaps"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("/var/cache/aem/felix"), "{reason}");
}

#[test]
fn defaults_that_are_spelled_out_stay_quiet() {
    let text = "org.osgi.framework.storage=${sling.launchpad}/felix\nsling.home=/opt/crx-quickstart\n\
        repository.home=${sling.home}/repository\nfelix.cm.dir=${sling.launchpad}/config\nsling.launchpad=launchpad";
    assert_eq!(said(&properties(text)), CONSISTENT);
    let absolute = "org.osgi.framework.storage=/opt/aem/crx-quickstart/launchpad/felix";
    assert_eq!(said(&properties(absolute)), CONSISTENT);
    assert_eq!(said(&properties(absolute).root("")), CONSISTENT);
    assert_eq!(said(&properties(absolute).root("opt/aem/crx-quickstart")), CONSISTENT);
    // Where the repository is matters only where the keys are in it.
    assert_eq!(said(&properties("repository.home=/mnt/repository")), CONSISTENT);
}

#[test]
fn files_of_like_names_elsewhere_are_no_noise() {
    let instance = other()
        .file("keys/hmac", b"old")
        .file("git/refs/heads/master", &vec![0; 100_000])
        .file("conf/x.conf", b"\0\x01\x02")
        .file("bin/tool", b"\x7fELF don't")
        .file("bin/stop", b"kill $(cat conf/cq.pid)\n");
    let mut case = instance.case();
    case.links.insert("crx-quickstart/keys/master".into(), Link::Symbolic("/etc/master".into()));
    assert_eq!(said_of(&case, Packing::Tar), CONSISTENT);
}

#[test]
fn property_file_that_is_none_leaves_it_open() {
    for bytes in [&[0; 99][..], b"", b"<html>403</html>", b"\x1f\x8b\x08\0garbage"] {
        let instance = other().file(PROPERTIES, bytes);
        assert!(said(&instance).starts_with("undecided [malformed] ["), "{}", said(&instance));
    }
    let leftover = other().without(PROPERTIES).file("launchpad/sling.properties", b"a=b\n");
    assert!(said(&leftover).starts_with("undecided ["), "{}", said(&leftover));
}

#[test]
fn link_to_a_script_or_a_property_file_is_followed_or_told() {
    let linked = |instance: &Instance, path: &str, link: Link| {
        let mut case = instance.case();
        case.links.insert(path.to_owned(), link);
        let said = said_of(&case, Packing::Tar);
        for packing in [Packing::Directory, Packing::ShuffledGz(1)] {
            assert_eq!(said_of(&case, packing), said, "{path} {packing:?}");
        }
        said
    };
    let outside = || Link::Symbolic("/etc/aem/boot".to_owned());
    for path in ["crx-quickstart/bin/boot", "crx-quickstart/conf/more.properties"] {
        assert_eq!(linked(&other(), path, outside()), "undecided [elsewhere] []", "{path}");
    }
    let mut beside = other().case();
    beside.links.insert("start.sh".to_owned(), outside());
    assert_eq!(said_of(&beside, Packing::Tar), "undecided [elsewhere] []");
    let unused =
        ["crx-quickstart/bin/start.bak", "crx-quickstart/opt/x.sh", "crx-quickstart/tool.cfg"];
    for path in unused {
        assert_eq!(linked(&other(), path, outside()), CONSISTENT, "{path}");
    }
    let moving =
        other().file("opt/boot", b"java -Dcom.adobe.granite.crypto.keys.path=/mnt/keys -jar x\n");
    let elsewhere =
        moving.file("opt/boot.sh", b"java -Dcom.adobe.granite.crypto.keys.path=/mnt/keys -jar x\n");
    let link = || Link::Symbolic("../opt/boot.sh".to_owned());
    let followed = linked(&elsewhere, "crx-quickstart/bin/run", link());
    assert!(
        followed.starts_with("undecided [") && followed.contains("keys-external"),
        "{followed}"
    );
}

#[test]
fn includes_beyond_the_bound_and_what_is_cut_off_leave_it_open() {
    let names = |count: usize, length: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("conf/{n:0length$}")).collect();
        let files = other().file(
            PROPERTIES,
            format!("granite.product.version=6.5.0\nsling.include.x={}\n", names.join(","))
                .as_bytes(),
        );
        names.iter().fold(files, |files, name| files.file(name, b"a=b\n"))
    };
    // Only files with the names of properties are read.
    assert!(said(&names(70, 2)).starts_with("undecided ["));
    let long = format!("${{sling.home}}/{}", "x/".repeat(600));
    let long = other().file("bin/start", format!("java -D{KEYS_PATH}={long} -jar x\n").as_bytes());
    let mut scenes = Scenes::default();
    for (about, instance) in [
        ("many files are included", names(70, 2)),
        ("long names of files are", names(20, 80)),
        ("a long path", long),
    ] {
        let report = report(&instance.case(), Packing::Tar);
        let reasons: Vec<_> =
            list(&report["gaps"]).map(|gap| gap["reason"].as_str().unwrap()).collect();
        scenes.add(about, &reasons.join("\n"));
    }
    scenes.are("unclear-settings");
}

#[test]
fn file_of_the_host_that_moves_the_keys_leaves_it_open() {
    let unit = |text: &str| {
        let mut case = other().root("opt/aem/crx-quickstart").case();
        case.files.insert("etc/systemd/system/aem.service".to_owned(), text.as_bytes().to_vec());
        said_of(&case, Packing::Tar)
    };
    let moving = format!(
        "[Service]\nEnvironment=\"CQ_JVM_OPTS=-D{KEYS_PATH}=/mnt/keys\"\nExecStart=/opt/aem/crx-quickstart/bin/start\n"
    );
    assert_eq!(unit(&moving), MOVED);
    assert_eq!(unit("[Service]\nExecStart=/opt/aem/crx-quickstart/bin/start\n"), CONSISTENT);
}

/// What is said of an install at `/opt/aem`, beside which a host has this file.
fn host(path: &str, text: &str, packing: Packing) -> String {
    let mut case = other().root("opt/aem/crx-quickstart").case();
    case.files.insert(path.to_owned(), text.as_bytes().to_vec());
    said_of(&case, packing)
}

/// Files of application servers, services, shells and containers, each with a text around an option of the JVM.
const OF_SERVERS: [(&str, &str); 35] = [
    ("opt/jboss/bin/standalone.conf", "JAVA_OPTS=\"$JAVA_OPTS -D@\"\n"),
    ("opt/jboss/bin/domain.conf", "JAVA_OPTS=\"$JAVA_OPTS -D@\"\n"),
    ("opt/jboss/bin/run.conf", "JAVA_OPTS='-Xmx4g -D@'\n"),
    ("opt/tomcat/conf/tomcat.conf", "JAVA_OPTS=\"-D@\"\n"),
    ("opt/tomcat/conf/Catalina/localhost/context.xml", "<C a=\"-D@\"/>"),
    ("opt/wlp/usr/servers/aem/jvm.options", "-D@\n"),
    (
        "opt/was/config/cells/c/nodes/n/servers/s/server.xml",
        "<jvm genericJvmArguments=\"-Xmx4g -D@ -Db=c\"/>",
    ),
    ("opt/aem/winsw.xml", "<service><arguments>-D@ -jar q.jar</arguments></service>"),
    ("opt/aem/aem.conf", "CQ_JVM_OPTS=-D@\n"),
    ("etc/aem/publish.conf", "CQ_JVM_OPTS=\"-D@\"\n"),
    ("etc/environment", "CQ_JVM_OPTS=\"-D@\"\n"),
    ("home/aem/.bashrc", "export CQ_JVM_OPTS=\"-D@\"\n"),
    ("home/aem/.bash_profile", "export JAVA_TOOL_OPTIONS=\"-D@\"\n"),
    ("k8s/statefulset.yaml", "env:\n- name: CQ_JVM_OPTS\n  value: -D@\n"),
    ("k8s/values.yaml", "jvmOpts: \"-Xmx4g -D@\"\n"),
    ("k8s/aem.yml", "jvm_opts: [\"-Xmx4g\", \"-D@\"]\n"),
    ("opt/aem/aem.reg", "\"Options\"=\"-D@\"\r\n"),
    ("opt/aem/java.args", "-D@\n"),
    ("env/JDK_JAVA_OPTIONS", "-D@\n"),
    ("proc/1234/cmdline", "java\0-D@\0-jar\0x.jar"),
    ("opt/tomcat/conf/catalina.properties", "@\n"),
    ("opt/tomcat/webapps/ROOT/WEB-INF/sling.properties", "@\n"),
    (
        "etc/containers/systemd/aem.container",
        "[Container]\nEnvironment=JAVA_TOOL_OPTIONS=\"-Xmx4g -D@\"\n",
    ),
    ("etc/crontab", "0 5 1 1 0 root JAVA_TOOL_OPTIONS=-D@ /opt/start\n"),
    ("var/spool/cron/crontabs/aem", "0 5 1 1 0 java -D@ -jar x.jar\n"),
    ("etc/sv/aem/run", "#!/bin/sh\nexec java -D@ -jar x.jar\n"),
    ("etc/rc.local", "java -D@ -jar x.jar &\n"),
    ("aem.nomad.hcl", "env {\n  JAVA_TOOL_OPTIONS = \"-D@\"\n}\n"),
    ("terraform.tfvars", "jvm_opts = \"-Xmx4g -D@\"\n"),
    ("group_vars/all", "jvm_opts: \"-Xmx4g -D@\"\n"),
    ("publish.Dockerfile", "FROM x\nENV JAVA_TOOL_OPTIONS=-D@\n"),
    ("opt/java/setenv", "export CQ_JVM_OPTS=\"-D@\"\n"),
    ("usr/local/bin/aem", "#!/bin/sh\nexec java -D@ -jar x.jar\n"),
    ("describe.txt", "    Environment:\n      JAVA_TOOL_OPTIONS:  -Xmx4g -D@\n"),
    ("env.txt", "CQ_JVM_OPTS=-D@\n"),
];

#[test]
fn setting_of_a_server_that_moves_something_leaves_it_open() {
    for (path, text) in OF_SERVERS {
        for option in [format!("{KEYS_PATH}=/mnt/keys"), "sling.home=/data/aem".to_owned()] {
            let said = host(path, &text.replace('@', &option), Packing::Tar);
            assert_eq!(said, "undecided [unclear-setting] []", "{path}: {option}");
        }
    }
    // It lies among logs, and is none.
    let crash = format!("jvm_args: -Xmx4g -D{KEYS_PATH}=/mnt/keys \n");
    let said = host("opt/aem/crx-quickstart/logs/hs_err_pid1.log", &crash, Packing::Tar);
    assert!(said.starts_with("undecided ") && said.contains("unclear-setting"), "{said}");
    let property = |name: &str, value: &str| {
        [
            format!("<s><p><property name=\"{name}\" value=\"{value}\"/></p></s>"),
            format!(
                "<w><i><param-name> {name} </param-name>\n<param-value>{value}</param-value></i></w>"
            ),
        ]
    };
    let standalone = "opt/jboss/standalone/configuration/standalone.xml";
    for path in [standalone, "opt/tomcat/webapps/ROOT/WEB-INF/web.xml"] {
        for text in property(KEYS_PATH, "/mnt/keys") {
            for packing in [Packing::Tar, Packing::Directory, Packing::Zip] {
                assert_eq!(host(path, &text, packing), "undecided [unclear-setting] []", "{path}");
            }
            let comment = format!("<a/><!-- {text} -->");
            assert_eq!(host(path, &comment, Packing::Tar), CONSISTENT, "{path}");
        }
        for value in ["/opt/aem/crx-quickstart", "crx-quickstart", ""] {
            for text in property("sling.home", value) {
                assert_eq!(host(path, &text, Packing::Tar), CONSISTENT, "{path}: {text}");
            }
        }
    }
}

#[test]
fn setting_of_a_server_that_moves_nothing_is_quiet() {
    for (path, text) in OF_SERVERS {
        for option in [
            "example.path=/mnt/keys",
            "sling.home=/opt/aem/crx-quickstart",
            "sling.properties=conf/sling.properties",
        ] {
            let said = host(path, &text.replace('@', option), Packing::Tar);
            assert_eq!(said, CONSISTENT, "{path}: {option}");
        }
    }
    for path in
        ["opt/jboss/bin/standalone.conf", "opt/tomcat/conf/catalina.properties", "k8s/values.yaml"]
    {
        let comment = format!("# JAVA_OPTS=\"-D{KEYS_PATH}=/mnt/keys\"\n");
        assert_eq!(host(path, &comment, Packing::Tar), CONSISTENT, "{path}");
    }
    let moving = format!("JAVA_OPTS=\"-D{KEYS_PATH}=/mnt/keys\"\n");
    for path in [
        "opt/jboss/bin/standalone.conf.bak",
        "opt/jboss/bin.old/standalone.conf",
        "p/jcr_root/apps/values.yaml",
    ] {
        assert_eq!(host(path, &moving, Packing::Tar), CONSISTENT, "{path}");
    }
    let own = "AEM=/opt/aem/crx-quickstart\nJAVA_OPTS=\"-Dsling.home=$AEM\"\n";
    assert_eq!(host("opt/jboss/bin/standalone.conf", own, Packing::Tar), CONSISTENT);
}

#[test]
fn packed_part_beside_an_install_that_moves_something_leaves_it_open() {
    let beside = |path: &str, text: &str, packing: Packing| {
        let mut case = Instance::new("part").case();
        case.files.clear();
        case.files.insert(path.to_owned(), text.as_bytes().to_vec());
        let home = tempfile::tempdir().unwrap();
        let part = std::fs::read(case.pack_into(home.path(), Packing::TarGz, "part")).unwrap();
        let mut case = other().root("publish2/crx-quickstart").case();
        case.files.insert("publish2/part.tgz".to_owned(), part);
        said_of(&case, packing)
    };
    for packing in [Packing::Directory, Packing::Tar, Packing::Zip] {
        let quiet = beside("bin/start", "java -Dsling.properties=conf/sling.properties\n", packing);
        assert!(quiet.starts_with("consistent "), "{packing:?}: {quiet}");
        for (path, text) in [
            ("bin/start", format!("java -D{KEYS_PATH}=/mnt/keys -jar x\n")),
            ("conf/sling.properties", format!("{KEYS_PATH}=/mnt/keys\n")),
        ] {
            let said = beside(path, &text, packing);
            assert!(
                said.starts_with("undecided ") && said.contains("unclear-setting"),
                "{packing:?}: {path}: {said}"
            );
        }
    }
}

#[test]
fn layers_of_an_image_are_no_instances_wherever_it_lies() {
    let layer = |hmac: &str| {
        let home = tempfile::tempdir().unwrap();
        let layer = Instance::new("image").hmac(hmac).case();
        std::fs::read(layer.pack_into(home.path(), Packing::Tar, "layer")).unwrap()
    };
    let digests = ["ab".repeat(32), "cd".repeat(32)];
    let image = |list: &str, of_layer: &dyn Fn(&str) -> String, packing: Packing| {
        let mut case = other().root("publish2/crx-quickstart").case();
        case.files.insert(format!("publish3/{list}"), b"{}".to_vec());
        for (digest, hmac) in digests.iter().zip(["farm", "other"]) {
            case.files.insert(format!("publish3/{}", of_layer(digest)), layer(hmac));
        }
        said_of(&case, packing)
    };
    for packing in [Packing::Tar, Packing::TarGz, Packing::Directory] {
        for (list, of_layer) in [
            ("oci-layout", "blobs/sha256/@"),
            ("repositories", "@/layer.tar"),
            ("manifest.json", "@"),
            ("manifest.json", "@.tar.gz"),
        ] {
            let said = image(list, &|digest| of_layer.replace('@', digest), packing);
            assert_eq!(said, "undecided [no-instance] []", "{list} {of_layer} {packing:?}");
        }
    }
}

fn start(text: &str) -> Instance {
    other().file("bin/start", text.as_bytes())
}

fn option() -> String {
    format!("java -D{KEYS_PATH}=/mnt/keys -jar app/x.jar start -c . -i launchpad\n")
}

const MOVED: &str = "undecided [] [keys-external]";
const OPEN: &str = "undecided [elsewhere] []";

#[test]
fn script_that_another_one_runs_is_followed() {
    let wrapper = start("ulimit -n 65535\nexec \"$(dirname \"$0\")/start.orig\" \"$@\"\n");
    assert_eq!(said(&wrapper.clone().file("bin/start.orig", option().as_bytes())), MOVED);
    assert_eq!(said(&wrapper), OPEN);
    for line in ["exec \"$(dirname \"$0\")/../scripts/run.sh\"", "nohup sh scripts/run.sh &"] {
        let moved = start(line).file("scripts/run.sh", option().as_bytes());
        assert_eq!(said(&moved), MOVED, "{line}");
    }
    assert_eq!(said(&start("/opt/scripts/aem-start --all\n")), OPEN);
    let quiet = "BIN_PATH=$(dirname $0)\ncd $BIN_PATH/..\n/bin/ps -ef | grep java\n\"$JAVA_HOME/bin/java\" -version\n\
        /etc/init.d/aem stop\n./bin/stop\n/opt/tools/notify --up\nnohup java $CQ_JVM_OPTS -jar app/x.jar >> logs/start.log 2>&1 &\necho $! > conf/cq.pid\n";
    assert_eq!(said(&start(quiet)), CONSISTENT);
    let beside = other().file("start.sh", b"cd $(dirname $0)\n./crx-quickstart/bin/start\n");
    assert_eq!(said(&beside), CONSISTENT);
}

#[test]
fn file_that_is_run_is_the_one_that_is_named() {
    let harmless = |text: &str| start(text).file("bin/setenv.sh", b"CQ_PORT=4503\n");
    for text in [
        "AEM_CONF=/etc/aem\n. \"$AEM_CONF/setenv.sh\"\n",
        ". /etc/aem/setenv.sh\n",
        ". \"$AEM_CONF/setenv.sh\"\n",
    ] {
        assert_eq!(said(&harmless(text)), OPEN, "{text}");
    }
    for text in [
        "BIN_PATH=$(dirname $0)\n. \"$BIN_PATH/setenv.sh\"\n",
        ". bin/setenv.sh\n",
        ". /opt/aem/crx-quickstart/bin/setenv.sh\n",
        ". $AEM_HOME/crx-quickstart/bin/setenv.sh\n",
    ] {
        assert_eq!(said(&harmless(text)), CONSISTENT, "{text}");
    }
}

#[test]
fn options_from_files_are_read_or_told() {
    let argument = |text: &str| {
        start(text).file("conf/jvm.options", format!("-D{KEYS_PATH}=/mnt/keys\n").as_bytes())
    };
    let argument = argument("java @conf/jvm.options -jar app/x.jar\n");
    assert_eq!(said(&argument), "undecided [unclear-setting] []");
    assert_eq!(said(&argument.root("")), "undecided [unclear-setting] []");
    for text in [
        "java @/etc/aem/jvm.options -jar app/x.jar\n",
        "java -XX:VMOptionsFile=/etc/aem/jvm.options -jar app/x.jar\n",
        "export $(grep -v '^#' /etc/default/aem | xargs)\n",
        "CQ_JVM_OPTS=\"$CQ_JVM_OPTS $(cat /etc/aem/jvm.opts)\"\n",
        "eval \"$(cat /etc/aem.env)\"\n",
        "command . /etc/aem.env\n",
        ". /opt/aem/.bash_profile\n",
    ] {
        assert_eq!(said(&start(text)), OPEN, "{text}");
    }
    let unit = "[Service]\nEnvironmentFile=/etc/default/aem\nExecStart=/opt/aem/crx-quickstart/bin/start\n";
    assert_eq!(said(&other().file("bin/aem.service", unit.as_bytes())), OPEN);
    let batch = "@echo off\r\ncall D:\\aem\\conf\\setenv\r\njava %CQ_JVM_OPTS% -jar x.jar\r\n";
    assert_eq!(said(&other().file("bin/start.bat", batch.as_bytes())), OPEN);
    let known = "PID=$(cat conf/cq.pid)\n. /etc/profile\nCQ_JVM_OPTS=\"-Xmx$(free -m)m\"\n";
    assert_eq!(said(&start(known)), CONSISTENT);
}

#[test]
fn small_file_that_is_too_large_is_told_where_it_may_be_in_use() {
    let large = format!("{}{}", option(), "#".repeat(1_100_000));
    let told = "undecided [too-large] []";
    for path in ["bin/aem.sh", "conf/more.properties", "opt/helpers/x.sh"] {
        assert_eq!(said(&other().file(path, large.as_bytes())), told, "{path}");
    }
    for path in ["bin/server.exe", "opt/x.sh", "launchpad/x.properties"] {
        assert_eq!(said(&other().file(path, large.as_bytes())), CONSISTENT, "{path}");
    }
}

#[test]
fn option_whose_name_holds_a_variable_is_understood_or_told() {
    let split = "java -D${NS}.keys.path=/mnt/keys -jar x.jar start -c . -i launchpad\n";
    assert_eq!(said(&start(&format!("NS=com.adobe.granite.crypto\n{split}"))), MOVED);
    assert_eq!(said(&start(split)), "undecided [unclear-setting] []");
}
