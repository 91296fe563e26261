//! One install in a few lines: what its files say, and what of it is in use.

use super::*;
use crate::evidence::{classify, classify_small};
use crate::facts::CRYPTO_KEYS_PATH;

const PROPERTIES: &str = "q/conf/sling.properties";
const START: &str = "q/bin/start";

/// Reads files as a scan does, and decides for the install `q`.
fn layout(files: &[(&str, &str)]) -> Layout {
    let read = |(path, text): &(&str, &str)| {
        let (kind, found) = classify(path).or_else(|| classify_small(path)).expect("evidence");
        let fact = (kind.parse)(&found, text.as_bytes());
        ((*path).to_owned(), Item::Read { fact, owner: None })
    };
    let cache = ("q/launchpad/felix/bundle1/data/storage", "Bundle");
    let items = files.iter().chain([&cache]).map(read).collect();
    let (mut layouts, others) = layouts("s", &items);
    layouts.retain(|root, _| root == "q");
    let others = others.tell(&layouts);
    let mut layout = layouts.remove("q").expect("an install");
    layout.gaps.extend(others.gaps);
    layout
}

/// What is in use, and where gaps are.
fn said(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let layout = layout(files);
    let setting = |setting: &Setting| format!("{}={}", setting.name, setting.value);
    let gap = |gap: &Gap| format!("{} {}", gap.kind.label(), gap.path.as_deref().unwrap_or("-"));
    (layout.settings.iter().map(setting).collect(), layout.gaps.iter().map(gap).collect())
}

fn quiet(files: &[(&str, &str)]) {
    assert_eq!(said(files), (vec![], vec![]), "{files:?}");
    assert_eq!(layout(files).cache, Cache::Usual, "{files:?}");
}

fn with_properties(text: &str) -> (Vec<String>, Vec<String>) {
    said(&[(PROPERTIES, text)])
}

fn keys(path: &str) -> Vec<String> {
    vec![format!("{CRYPTO_KEYS_PATH}={path}")]
}

#[test]
fn what_is_usual_stays_quiet_however_it_is_spelled() {
    for text in [
        "org.osgi.framework.storage=${sling.launchpad}/felix\nfelix.cm.dir=${sling.launchpad}/config",
        "org.osgi.framework.storage=${sling.home}/launchpad/./felix/",
        "org.osgi.framework.storage=/opt/aem/q/launchpad/felix",
        "framework.cache.profiledir=C:\\\\aem\\\\q\\\\launchpad\\\\felix",
        "sling.home=/opt/aem/q\nsling.launchpad=launchpad",
        "sling.home=/opt/aem/crx-quickstart\nrepository.home=${sling.home}/repository",
        "com.adobe.granite.crypto.keys.path=\nsling.include.install=sling_install.properties",
        "sling.fileinstall.dir=${sling.home}/install",
        "#com.adobe.granite.crypto.keys.path=/k\na=b",
    ] {
        quiet(&[(PROPERTIES, text)]);
    }
}

#[test]
fn script_of_aem_stays_quiet() {
    let start = "#!/bin/bash\nBIN_PATH=$(dirname $0)\ncd $BIN_PATH/..\nCURR_DIR=$(basename $(pwd))\ncd ..\n\
        if [ -z \"$CQ_JVM_OPTS\" ]; then\n\tCQ_JVM_OPTS='-server -Xmx1024m -Djava.awt.headless=true'\nfi\n\
        START_OPTS=\"start -c ${CURR_DIR} -i launchpad\"\n\
        START_OPTS=\"${START_OPTS} -p ${CQ_PORT}\"\n(\n  (\n    java $CQ_JVM_OPTS -jar $CURR_DIR/$CQ_JARFILE $START_OPTS &\n    echo $! > $CURR_DIR/conf/cq.pid\n  ) >> $CURR_DIR/logs/stdout.log 2>&1\n) &\n";
    let batch = "@echo off\r\nfor %%* in (.) do set CurrDirName=%%~n*\r\nset START_OPTS=start -c %CurrDirName% -i launchpad\r\n\
        java %CQ_JVM_OPTS% -jar %CurrDirName%\\%CQ_JARFILE% %START_OPTS%\r\n";
    quiet(&[(PROPERTIES, "a=b"), (START, start), ("q/bin/start.bat", batch)]);
    let env = "PORT=4503\nSLING_PROPS='conf/sling.properties'\n";
    let puppet = ". bin/start-env\njava $JVM_OPTS -jar x start -c . -i launchpad -Dsling.properties=${SLING_PROPS}\n";
    quiet(&[(PROPERTIES, "a=b"), (START, puppet), ("q/bin/start-env", env)]);
}

#[test]
fn script_that_finds_its_own_directory_starts_this_install() {
    for start in [
        "CURR_DIR=\"$(cd \"$(dirname \"$0\")/..\" && pwd)\"\njava -jar x start -c \"${CURR_DIR}\"",
        "D=$(cd $(dirname $0)/..; pwd)\njava -jar x start -c ${D} -i launchpad",
        "D=$(readlink -f $(dirname $0)/..)\njava -jar x start -c ${D}",
        "java -jar x start -c \"$(cd \"$(dirname \"$0\")/..\" && pwd)\" -i launchpad",
        "cd bin\njava -jar x start -c ..",
        "AEM_HOME=/opt/aem\njava -jar x start -c $AEM_HOME/crx-quickstart/",
    ] {
        quiet(&[(PROPERTIES, "a=b"), (START, start)]);
    }
    for start in ["java -jar x start -c $(dirname $0)/../../other", "java -jar x start -c ../other"]
    {
        let (_, gaps) = said(&[(PROPERTIES, "a=b"), (START, start)]);
        assert_eq!(gaps, [format!("unclear-setting {START}")], "{start}");
    }
}

#[test]
fn keys_are_found_by_where_the_script_lies() {
    let option = "java -Dcom.adobe.granite.crypto.keys.path=";
    let key = ("q/keys/hmac", "0123456789abcdef0123456789abcdef");
    for (start, value) in [
        ("cd $(dirname $0)/..\nCURR_DIR=$(basename $(pwd))\ncd ..\n", "${CURR_DIR}/keys"),
        ("D=$(cd $(dirname ${0})/.. && pwd)\n", "$D/keys"),
        ("", "$(pwd)/q/keys"),
        ("cd $(dirname $0)/..\n", "$(pwd)/keys"),
    ] {
        let start = format!("{start}{option}{value} -jar x");
        let found = layout(&[(PROPERTIES, "a=b"), (START, &start), key]);
        assert_eq!(found.keys.as_deref(), Some("q/keys"), "{start}");
        assert!(found.gaps.is_empty(), "{start} {:?}", found.gaps);
        // The same in the property file contradicts nothing.
        let property = "com.adobe.granite.crypto.keys.path=${sling.home}/keys";
        let found = layout(&[(PROPERTIES, property), (START, &start), key]);
        assert!(found.gaps.is_empty(), "{start} {:?}", found.gaps);
    }
    let start = format!("CURR_DIR=$(basename $(pwd))\n{option}${{CURR_DIR}}/keys -jar x");
    let found = layout(&[(PROPERTIES, "a=b"), ("q/start.sh", &start), key]);
    assert_eq!(found.keys, None);
}

#[test]
fn keys_that_move_are_found_in_every_file_that_can_say_so() {
    let option = "java -Dcom.adobe.granite.crypto.keys.path=/mnt/keys -jar x";
    let property = "com.adobe.granite.crypto.keys.path=/mnt/keys";
    let plain = (PROPERTIES, "a=b");
    for files in [
        &[(PROPERTIES, property)][..],
        &[plain, (START, option)],
        &[plain, ("q/bin/Start.bat", option)],
        &[plain, (START, ". \"$(dirname $0)/start-env\""), ("q/bin/start-env", option)],
        &[plain, ("q/start.sh", option)],
        &[plain, (START, "source ../etc/aem.env"), ("q/etc/aem.env", option)],
        &[
            (PROPERTIES, "sling.include.crypto=conf/crypto.properties"),
            ("q/conf/crypto.properties", property),
        ],
        &[(PROPERTIES, "sling.include=${sling.home}/etc/a.cfg"), ("q/etc/a.cfg", property)],
        &[
            plain,
            (START, "java -Dsling.properties=conf/prod.properties"),
            ("q/conf/prod.properties", property),
        ],
        &[plain, (START, "K=/mnt/keys\njava -Dcom.adobe.granite.crypto.keys.path=$K")],
    ] {
        assert_eq!(said(files), (keys("/mnt/keys"), vec![]), "{files:?}");
    }
}

#[test]
fn keys_in_the_source_are_found_there() {
    for (path, directory) in [
        ("${sling.home}/keys", "q/keys"),
        ("/opt/aem/q/keys", "q/keys"),
        ("${sling.launchpad}/../keys/", "q/keys"),
        ("${sling.home}/../keys", "keys"),
    ] {
        let layout = layout(&[(PROPERTIES, &format!("{CRYPTO_KEYS_PATH}={path}"))]);
        assert_eq!(layout.keys.as_deref(), Some(directory), "{path}");
        assert_eq!(layout.settings[0].value, directory);
    }
    for path in ["/etc/keys", "keys", "${user.home}/keys", "${sling.home}/../../keys"] {
        let layout = layout(&[(PROPERTIES, &format!("{CRYPTO_KEYS_PATH}={path}"))]);
        assert_eq!((layout.keys, layout.settings[0].value.as_str()), (None, path), "{path}");
    }
}

#[test]
fn included_file_wins_over_the_one_that_includes_it() {
    let files = [
        (
            PROPERTIES,
            "com.adobe.granite.crypto.keys.path=/a\nsling.include.1=conf/b.properties,conf/c.properties",
        ),
        ("q/conf/b.properties", "com.adobe.granite.crypto.keys.path=/b"),
        ("q/conf/c.properties", "com.adobe.granite.crypto.keys.path=/c"),
    ];
    assert_eq!(said(&files), (keys("/c"), vec![]));
}

#[test]
fn what_contradicts_itself_leaves_it_open() {
    let erased = "X='-Dcom.adobe.granite.crypto.keys.path=/a'\nif [ $1 ]; then X='-Dcom.adobe.granite.crypto.keys.path='; fi";
    let unclear = vec![format!("unclear-setting {START}")];
    assert_eq!(said(&[(PROPERTIES, "a=b"), (START, erased)]), (keys("/a"), unclear.clone()));
    let other = "java -Dcom.adobe.granite.crypto.keys.path=/b";
    let files = [(PROPERTIES, "com.adobe.granite.crypto.keys.path=/a"), (START, other)];
    assert_eq!(said(&files), (keys("/a"), unclear));
    assert_eq!(layout(&files).keys, None);
}

#[test]
fn mention_that_is_not_understood_leaves_it_open_where_it_stands() {
    for (path, text) in [
        (START, "echo com.adobe.granite.crypto.keys.path=/x >> $CONF"),
        ("q/bin/start-env", "N=org.osgi.framework.storage"),
        ("q/conf/jvm.properties", "opts=-Dsling.home=/x"),
        ("q/conf/prod.properties", "org.osgi.framework.storage=/mnt/felix"),
        (START, "java -Dsling.home=/opt/other"),
        (START, "java -jar x start -c /opt/other"),
        (START, "java -Dsling.launchpad=$X"),
    ] {
        let expected = vec![format!("unclear-setting {path}")];
        assert_eq!(said(&[(PROPERTIES, "a=b"), (path, text)]), (vec![], expected), "{text}");
    }
}

#[test]
fn cache_that_is_emptied_at_each_start_is_told() {
    let clean = |value: &str| format!("org.osgi.framework.storage.clean={value}");
    let told = (vec![clean("onFirstInit")], vec![]);
    assert_eq!(with_properties(&clean("onFirstInit")), told);
    let start = format!("java -D{}", clean("onFirstInit"));
    assert_eq!(said(&[(PROPERTIES, "a=b"), (START, &start)]), told);
    quiet(&[(PROPERTIES, &clean("none"))]);
    quiet(&[(PROPERTIES, "a=b"), ("q/conf/other.properties", &clean("none"))]);
}

#[test]
fn scripts_and_services_outside_of_installs_leave_it_open_where_they_move_something() {
    for (path, text) in [
        ("etc/default/aem", "CQ_JVM_OPTS=-Dcom.adobe.granite.crypto.keys.path=/k"),
        ("etc/init.d/aem", "java -Dorg.osgi.framework.storage=/var/felix"),
        ("tools/run.sh", "java -Dcom.adobe.granite.crypto.keys.path=/k"),
        (
            "docker-compose.yml",
            "environment:\n  - CQ_JVM_OPTS=-Dcom.adobe.granite.crypto.keys.path=/k",
        ),
        ("docker-compose.yml", "  CQ_JVM_OPTS: \"-Dcom.adobe.granite.crypto.keys.path=/k\""),
        ("Dockerfile", "CMD [\"java\", \"-Dcom.adobe.granite.crypto.keys.path=/k\"]"),
        (
            "aem-service.xml",
            "<arguments>-Dcom.adobe.granite.crypto.keys.path=/k -jar x</arguments>",
        ),
        ("com.adobe.aem.plist", "<string>-Dcom.adobe.granite.crypto.keys.path=/k</string>"),
        ("cq5.reg", "[HKLM\\cq5\\Parameters\\Java]\r\n\"Options\"=hex(7):2d,00,5\r\n"),
        ("etc/init.d/aem", "CQ_JVM_OPTS=$(aws ssm get)\njava $CQ_JVM_OPTS -jar x"),
        (".env.prod", "OPTS=-Dorg.osgi.framework.storage.clean=onFirstInit"),
    ] {
        let expected = vec![format!("unclear-setting {path}")];
        assert_eq!(said(&[(PROPERTIES, "a=b"), (path, text)]), (vec![], expected), "{path}");
    }
    for (path, text) in [
        ("etc/default/aem", "CQ_JVM_OPTS=-Dsling.home=/opt/aem/crx-quickstart"),
        ("tools/run.sh", "java -Dsling.run.modes=author -jar x.jar"),
    ] {
        quiet(&[(PROPERTIES, "a=b"), (path, text)]);
    }
}

#[test]
fn options_of_a_jvm_that_runs_leave_it_open_where_they_move_something() {
    for (path, text) in [
        (
            "hs_err_pid99.log",
            "jvm_args: -Xmx1g -Dcom.adobe.granite.crypto.keys.path=/k \njava_command: x.jar",
        ),
        (
            "ps-ef.txt",
            "aem 99 1 0 09:00 ? 00:01 java -Dcom.adobe.granite.crypto.keys.path=/k -jar x.jar",
        ),
        ("jinfo.txt", "com.adobe.granite.crypto.keys.path=/k\nuser.name=aem\n"),
        ("status-System Properties.txt", "com.adobe.granite.crypto.keys.path = /k\n"),
        ("systemctl-cat-aem.txt", "Environment=OPTS=-Dcom.adobe.granite.crypto.keys.path=/k"),
        ("etc/rc.d/aem", "java -Dcom.adobe.granite.crypto.keys.path=/k"),
        (
            "etc/monit.d/aem",
            "start program = \"/bin/java -Dcom.adobe.granite.crypto.keys.path=/k\"",
        ),
        ("service.txt", "--JvmOptions=-Xmx1g#-Dcom.adobe.granite.crypto.keys.path=/k"),
        (
            "attributes/default.rb",
            "default['aem']['o'] = '-Dcom.adobe.granite.crypto.keys.path=/k'",
        ),
        ("main.tf", "opts = \"-Dcom.adobe.granite.crypto.keys.path=/k\""),
        (
            "t/_helpers.tpl",
            "{{- define \"o\" -}}-Dcom.adobe.granite.crypto.keys.path=/k{{- end -}}",
        ),
        (
            "inspect.json",
            "{\"Args\": [\"-Xmx1g\", \"-Dcom.adobe.granite.crypto.keys.path=/k\", \"x\"]}",
        ),
    ] {
        let expected = vec![format!("unclear-setting {path}")];
        assert_eq!(said(&[(PROPERTIES, "a=b"), (path, text)]), (vec![], expected), "{path}");
    }
    for (path, text) in [
        (
            "status-System Properties.txt",
            "sling.home = /opt/aem/crx-quickstart\nsling.launchpad = /opt/aem/crx-quickstart/launchpad\n\
             org.osgi.framework.storage = /opt/aem/crx-quickstart/launchpad/felix\nsling.properties = conf/sling.properties\n\
             felix.cm.dir = /opt/aem/crx-quickstart/launchpad/config\nrepository.home = crx-quickstart/repository\n",
        ),
        (
            "ps-ef.txt",
            "aem 99 1 0 09:00 ? 00:01 java -Xmx1g -jar crx-quickstart/app/q.jar start -c crx-quickstart -i launchpad -Dsling.properties=conf/sling.properties",
        ),
        ("inspect.json", "[{\"Args\": [\"-Dsling.home=/opt/aem/crx-quickstart\", \"-jar\"]}]"),
    ] {
        quiet(&[(PROPERTIES, "a=b"), (path, text)]);
    }
}

#[test]
fn file_outside_of_installs_needs_the_files_that_it_names() {
    let unit = |file: &str| {
        format!(
            "[Service]\nEnvironmentFile={file}\nExecStart=/usr/bin/java $CQ_JVM_OPTS -jar x.jar"
        )
    };
    let aem = unit("/etc/aem/aem.conf");
    let service = "etc/systemd/system/aem.service";
    let map = "name: aem\ncontainers:\n- envFrom:\n  - configMapRef:\n      name: x";
    for (path, text, kind) in [
        (service, aem.as_str(), "elsewhere"),
        ("docker-compose.yml", "services:\n aem:\n  env_file: aem.env\n", "elsewhere"),
        ("etc/init.d/aem", ". /opt/aem/env.sh\njava $CQ_JVM_OPTS -jar x", "elsewhere"),
        ("deployment.yaml", map, "unclear-setting"),
    ] {
        let expected = vec![format!("{kind} {path}")];
        assert_eq!(said(&[(PROPERTIES, "a=b"), (path, text)]), (vec![], expected), "{path}");
    }
    quiet(&[(PROPERTIES, "a=b"), (service, &aem), ("etc/aem/aem.conf", "CQ_JVM_OPTS=-Xmx4g")]);
    let host = |path: &str| format!("host1/{path}");
    let (unit_of_host, conf) = (host(service), host("etc/aem/aem.conf"));
    quiet(&[(PROPERTIES, "a=b"), (&unit_of_host, &aem), (&conf, "CQ_JVM_OPTS=-Xmx4g")]);
    let compose = "services:\n aem:\n  env_file: aem.env\n";
    quiet(&[(PROPERTIES, "a=b"), ("x/compose.yml", compose), ("x/aem.env", "A=b")]);
    for (path, text) in [
        // Stock units and init scripts go on without such a file.
        (service, unit("-/etc/default/aem").as_str()),
        ("etc/init.d/aem", "[ -r /etc/default/aem ] && . /etc/default/aem\njava -jar x"),
        ("etc/init.d/aem", ". /etc/rc.d/init.d/functions\n. /etc/sysconfig/network\njava -jar x"),
        ("etc/profile.d/java.sh", "for i in /etc/x/*.sh; do . \"$i\"; done"),
        ("etc/systemd/system/httpd.service", "EnvironmentFile=/etc/sysconfig/httpd"),
        ("k/other.yaml", "name: mysql\nenvFrom:\n- secretRef:\n    name: x"),
    ] {
        quiet(&[(PROPERTIES, "a=b"), (path, text)]);
    }
}

#[test]
fn file_that_is_named_and_did_not_come_leaves_it_open() {
    for (properties, start) in [
        ("a=b", ". bin/start-env"),
        ("a=b", "java -Dsling.properties=/etc/aem/sling.properties"),
        ("a=b", "java -Dsling.properties=$X"),
    ] {
        let (_, gaps) = said(&[(PROPERTIES, properties), (START, start)]);
        assert_eq!(gaps, [format!("elsewhere {START}")], "{start}");
    }
    let (_, gaps) = with_properties("sling.include.a=/etc/aem/crypto.properties");
    assert_eq!(gaps, [format!("elsewhere {PROPERTIES}")]);
    quiet(&[(PROPERTIES, "a=b"), (START, ". /etc/profile\n. ~/.bashrc")]);
}

#[test]
fn cache_is_followed_where_it_is_in_the_source() {
    let other = ("q/launchpad/felix2/bundle1/data/storage", "Bundle");
    let at = |files: &[(&str, &str)]| layout(&[files, &[other]].concat()).cache;
    let felix2 = || Cache::At("q/launchpad/felix2".to_owned());
    let moved = "org.osgi.framework.storage=${sling.launchpad}/felix2";
    assert_eq!(at(&[(PROPERTIES, moved)]), felix2());
    assert_eq!(
        at(&[
            (PROPERTIES, "a=b"),
            (START, &format!("java -D{}", moved.replace("${sling.launchpad}", "/opt/q/launchpad")))
        ]),
        felix2()
    );
    assert_eq!(layout(&[(PROPERTIES, moved)]).cache, Cache::Missing);
    let launchpad2 = ("q/launchpad2/felix/bundle1/data/storage", "Bundle");
    let start = (START, "java -jar x start -c . -i launchpad2");
    let cache = layout(&[(PROPERTIES, "a=b"), start, launchpad2]).cache;
    assert_eq!(cache, Cache::At("q/launchpad2/felix".to_owned()));
    let gone = layout(&[(PROPERTIES, "org.osgi.framework.storage=/var/cache/aem/felix")]);
    assert_eq!(gone.cache, Cache::Missing);
    assert!(gone.gaps.first().unwrap().reason.contains("/var/cache/aem/felix"), "{:?}", gone.gaps);
}

#[test]
fn older_name_of_the_cache_counts_where_sling_reads_it() {
    let other = ("q/launchpad/felix2/bundle1/data/storage", "Bundle");
    let of = |files: &[(&str, &str)]| {
        let layout = layout(&[files, &[other]].concat());
        let gaps = layout.gaps.iter().filter_map(|gap| gap.path.clone()).collect::<Vec<_>>();
        (layout.cache, gaps)
    };
    let moved = (Cache::At("q/launchpad/felix2".to_owned()), vec![]);
    let old = "framework.cache.profiledir=${sling.launchpad}/felix2";
    let both = format!("{old}\norg.osgi.framework.storage=${{sling.launchpad}}/felix");
    assert_eq!(of(&[(PROPERTIES, old)]), moved);
    assert_eq!(of(&[(PROPERTIES, &both)]), moved);
    let include = (PROPERTIES, "sling.include.a=conf/b.properties");
    assert_eq!(of(&[include, ("q/conf/b.properties", old)]), (Cache::Usual, vec![]));
    let of_launcher = "java -jar x start -Dframework.cache.profiledir=/opt/q/launchpad/felix2";
    let open = (Cache::Usual, vec![START.to_owned()]);
    assert_eq!(of(&[(PROPERTIES, "a=b"), (START, of_launcher)]), open);
}

#[test]
fn properties_of_an_application_server_count_where_nothing_of_conf_came() {
    let launchpad = ("q/launchpad/sling.properties", "a=b");
    assert!(layout(&[launchpad]).properties);
    assert!(
        !layout(&[launchpad, ("q/conf/quickstart.properties", "quickstart.build=6.5.0")])
            .properties
    );
    assert!(!layout(&[launchpad, (PROPERTIES, "<html>")]).properties);
    assert!(layout(&[(PROPERTIES, "a=b")]).properties);
    let moved = ("q/launchpad/sling.properties", "com.adobe.granite.crypto.keys.path=/old");
    quiet(&[(PROPERTIES, "a=b"), moved]);
}

#[test]
fn repository_and_configurations_that_move_are_told() {
    let (settings, gaps) = with_properties("repository.home=/mnt/r\nfelix.cm.dir=${sling.home}/cm");
    assert_eq!(settings, ["felix.cm.dir=q/cm", "repository.home=/mnt/r"]);
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn what_starts_an_install_from_outside_of_it_counts_for_it() {
    let set = format!("CQ_JVM_OPTS=-Xmx2g -D{CRYPTO_KEYS_PATH}=/opt/aem/q/keys");
    let unit = |more: &str| format!("[Service]\nUser=aem\n{more}\n");
    let service = "etc/systemd/system/aem.service";
    let environment = format!("Environment=\"{set}\"");
    let start = "ExecStart=/opt/aem/q/bin/start";
    let all = unit(&format!("{environment}\n{start}"));
    let home = unit(&format!(
        "WorkingDirectory=/opt/aem/q\n{environment}\nExecStart=/usr/bin/java $CQ_JVM_OPTS -jar app/cq.jar"
    ));
    let named = unit(&format!("EnvironmentFile=-/etc/default/aem\n{start}"));
    let init = format!("H=/opt/aem/q\nexport \"{set}\"\nsu - aem -c \"$H/bin/start\"\n");
    let files = |path: &'static str, text: &'static str| [(PROPERTIES, "a=b"), (path, text)];
    let of = |files: &[(&str, &str)]| (said(files), layout(files).keys);
    let moved = ((keys("q/keys"), vec![]), Some("q/keys".to_owned()));
    for text in [&all, &home] {
        assert_eq!(of(&[(PROPERTIES, "a=b"), (service, text)]), moved, "{text}");
    }
    assert_eq!(of(&[(PROPERTIES, "a=b"), ("etc/init.d/aem", &init)]), moved);
    let default = ("etc/default/aem", set.replace("OPTS=", "OPTS=\"") + "\"");
    assert_eq!(of(&[(PROPERTIES, "a=b"), (service, &named), (default.0, &default.1)]), moved);
    let drop_in = ("etc/systemd/system/aem.service.d/keys.conf", unit(&environment));
    assert_eq!(of(&[(PROPERTIES, "a=b"), (service, &unit(start)), (drop_in.0, &drop_in.1)]), moved);
    // What it can do without need not be there, and what moves nothing is no news.
    quiet(&[(PROPERTIES, "a=b"), (service, &named)]);
    quiet(&files(service, "[Service]\nExecStart=/opt/aem/q/bin/start\n"));
}

#[test]
fn what_starts_another_install_or_several_leaves_it_open() {
    let service = "etc/systemd/system/aem.service";
    let unit = |paths: [&str; 2]| {
        let [start, stop] = paths;
        format!(
            "Environment=\"CQ_JVM_OPTS=-D{CRYPTO_KEYS_PATH}=/k\"\nExecStart={start}\nExecStop={stop}\n"
        )
    };
    let open = (vec![], vec![format!("unclear-setting {service}")]);
    for paths in
        [["/opt/aem/p/bin/start", "/opt/aem/p/bin/stop"], ["/opt/q/bin/start", "/opt/o/r/bin/stop"]]
    {
        let other = ("r/conf/sling.properties", "a=b");
        assert_eq!(said(&[(PROPERTIES, "a=b"), other, (service, &unit(paths))]), open, "{paths:?}");
    }
}

#[test]
fn install_of_another_directory_is_not_the_one_that_is_started() {
    let unit = format!(
        "Environment=\"CQ_JVM_OPTS=-D{CRYPTO_KEYS_PATH}=/k\"\nExecStart=/opt/aem/publish/crx-quickstart/bin/start\n"
    );
    let keys = |root: &str, service: &str| {
        let files = [(format!("{root}/conf/sling.properties"), "a=b"), (service.to_owned(), &unit)];
        let read = |(path, text): (String, &str)| {
            let (kind, found) = classify(&path).or_else(|| classify_small(&path)).unwrap();
            let fact = (kind.parse)(&found, text.as_bytes());
            (path, Item::Read { fact, owner: None })
        };
        let items = files.map(read).into();
        let (layouts, _) = layouts("s", &items);
        layouts[root].settings.len()
    };
    let service = "etc/systemd/system/aem.service";
    assert_eq!(keys("author/crx-quickstart", service), 0);
    assert_eq!(keys("publish/crx-quickstart", service), 1);
    assert_eq!(keys("crx-quickstart", service), 1);
    assert_eq!(keys("opt/aem/author/crx-quickstart", service), 0);
    assert_eq!(keys("opt/aem/publish/crx-quickstart", service), 1);
    assert_eq!(keys("upload2/crx-quickstart", &format!("upload2/{service}")), 1);
}

#[test]
fn scripts_of_windows_lead_into_the_install_by_its_names() {
    for path in [
        "%~dp0..\\keys",
        "%CurrDirName%\\keys",
        "%currdirname%\\keys",
        "q\\keys",
        ".\\q\\keys",
        "crx-quickstart\\keys",
    ] {
        let start = format!(
            "set CQ_JVM_OPTS=-Xmx1g \"-D{CRYPTO_KEYS_PATH}={path}\"\r\njava %CQ_JVM_OPTS% -jar x\r\n"
        );
        let found = layout(&[(PROPERTIES, "a=b"), ("q/bin/start.bat", &start)]);
        assert_eq!(found.keys.as_deref(), Some("q/keys"), "{path}");
    }
    let start = format!("set CQ_JVM_OPTS=-D{CRYPTO_KEYS_PATH}=%CD%\\keys\r\n");
    let files = [(PROPERTIES, "a=b"), ("q/bin/start.bat", start.as_str())];
    assert_eq!(layout(&files).keys, None);
    let own = ("q/keys/hmac", "k");
    assert_eq!(layout(&[files[0], files[1], own]).keys.as_deref(), Some("q/keys"));
    let around = ("keys/hmac", "k");
    assert_eq!(layout(&[files[0], files[1], own, around]).keys, None);
}

#[test]
fn no_break_space_is_part_of_a_path() {
    for value in
        ["${sling.home}/keys\u{a0}", "${sling.home}/keys\\u00a0", "${sling.home}/keys\u{85}"]
    {
        let text: Vec<u8> = value.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let text = [format!("{CRYPTO_KEYS_PATH}=").into_bytes(), text].concat();
        let (kind, found) = classify(PROPERTIES).unwrap();
        let items = [(
            PROPERTIES.to_owned(),
            Item::Read { fact: (kind.parse)(&found, &text), owner: None },
        )];
        let items = items.into();
        let (layouts, _) = layouts("s", &items);
        let keys = layouts["q"].keys.clone().unwrap();
        assert!(keys.starts_with("q/keys") && keys != "q/keys", "{keys:?}");
    }
}
