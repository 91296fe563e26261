//! What is taken from scripts, in a few lines each.

use super::*;
use crate::facts::{BUNDLE_CACHE, CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH, SLING_PROPERTIES};

fn settings(script: &str) -> Vec<(String, String)> {
    let found = Found { root: "", bundle: "", name: "start" };
    match parse(&found, script.as_bytes()) {
        Ok(Fact::Settings(statements)) => statements.settings,
        other => panic!("{other:?}"),
    }
}

fn statements(name: &str, script: &str) -> Statements {
    let found = Found { root: "", bundle: "", name };
    match parse(&found, script.as_bytes()) {
        Ok(Fact::Settings(statements)) => *statements,
        other => panic!("{other:?}"),
    }
}

fn one(script: &str) -> (String, String) {
    let mut all = settings(script);
    assert_eq!(all.len(), 1, "{script}: {all:?}");
    all.remove(0)
}

#[test]
fn the_crypto_flag_is_found_however_it_is_quoted() {
    for script in [
        "CQ_JVM_OPTS='-server -Xmx1024m -Dcom.adobe.granite.crypto.file.disable=true'",
        "  CQ_JVM_OPTS=\"$CQ_JVM_OPTS -Dcom.adobe.granite.crypto.file.disable=true\"",
        "set jvm_options=-Xmx1g;-Dcom.adobe.granite.crypto.file.disable=true;-Dx=y\r\n",
        "java \"-Dcom.adobe.granite.crypto.file.disable=true\" -jar x",
        "java -Dcom.adobe.granite.crypto.file.disable=\"true\" -jar x",
    ] {
        assert_eq!(one(script), (CRYPTO_FILE_DISABLE.to_owned(), "true".to_owned()));
    }
}

#[test]
fn the_key_path_is_kept_as_written() {
    let script = "java -Dcom.adobe.granite.crypto.keys.path=$HOME/keys -jar x";
    assert_eq!(one(script), (CRYPTO_KEYS_PATH.to_owned(), "$HOME/keys".to_owned()));
}

#[test]
fn comment_lines_do_not_count() {
    for comment in ["#", "rem ", "REM\t", "@rem ", "::", "  # "] {
        let script = format!("{comment}-Dcom.adobe.granite.crypto.file.disable=true CQ_PORT=1");
        assert_eq!(settings(&script), [], "{script}");
    }
    assert_eq!(one("remark CQ_PORT=1").1, "1");
}

#[test]
fn like_names_do_not_count() {
    for script in [
        "-Dcom.adobe.granite.crypto.file.disabled=true",
        "-Dxcom.adobe.granite.crypto.file.disable=true",
        "MY_CQ_PORT=4502",
        "CQ_PORTS=4502",
        "if [ \"$CQ_PORT\" = 4502 ]; then",
    ] {
        assert_eq!(settings(script), [], "{script}");
    }
}

#[test]
fn port_and_run_mode_count_when_written_out() {
    assert_eq!(one("\tCQ_PORT=4502"), ("CQ_PORT".to_owned(), "4502".to_owned()));
    assert_eq!(one("export CQ_PORT='4503'").1, "4503");
    assert_eq!(one("if not defined CQ_RUNMODE set CQ_RUNMODE=author,x").1, "author,x");
    assert_eq!(one("set \"CQ_RUNMODE=publish\"").1, "publish");
    for script in ["CQ_PORT=", "CQ_PORT=${CQ_PORT:-4502}", "set CQ_PORT=%1", "CQ_PORT=`x`"] {
        assert_eq!(settings(script), [], "{script}");
    }
}

#[test]
fn every_value_that_a_branch_may_choose_is_kept() {
    assert_eq!(one("CQ_PORT=4502\nCQ_PORT=4503").1, "4503");
    let erased = "X=\"-Dcom.adobe.granite.crypto.keys.path=/k\"\nif [ $1 ]; then X=\"-Dcom.adobe.granite.crypto.keys.path=\"; fi";
    let values: Vec<_> = settings(erased).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["/k", ""]);
}

#[test]
fn option_is_found_however_it_is_quoted() {
    let expected = (CRYPTO_KEYS_PATH.to_owned(), "/mnt/keys".to_owned());
    let name = CRYPTO_KEYS_PATH;
    for script in [
        format!("java -D\"{name}=/mnt/keys\" -jar x"),
        format!("java \"-D{name}=/mnt/keys\" -jar x"),
        format!("java -D'{name}'=/mnt/keys -jar x"),
        format!("java -D'{name}'='/mnt/keys' -jar x"),
        format!("java \\\n  -D{name}=/mnt/keys \\\n  -jar x"),
        format!("OPTS=(\n-D{name}=/mnt/keys\n)"),
        format!("OPTS+=\" -D{name}=/mnt/keys\""),
        format!("OPTS=\"\n-Xmx4g\n-D{name}=/mnt/keys\n\""),
        format!("eval \"java -D{name}='/mnt/keys' -jar x\""),
        format!("Environment=\"CQ_JVM_OPTS=-Xmx1g -D{name}=/mnt/keys\""),
        format!("jsvc --JvmOptions=-D{name}=/mnt/keys"),
        format!("-D{name}=/mnt/keys"),
    ] {
        assert_eq!(settings(&script), std::slice::from_ref(&expected), "{script}");
        assert!(statements("start", &script).unclear.is_empty(), "{script}");
    }
    let windows = statements("Start.bat", &format!("set CQ_JVM_OPTS=-D{name}=D:\\keys\r\n"));
    assert_eq!(windows.settings, [(name.to_owned(), "D:\\keys".to_owned())]);
}

#[test]
fn mention_in_a_form_that_is_not_understood_is_told() {
    for script in [
        "NAME=com.adobe.granite.crypto.keys.path; java \"-D$NAME=/x\"",
        "echo com.adobe.granite.crypto.keys.path=/x >> conf/sling.properties",
        "java -J-Dcom.adobe.granite.crypto.keys.path=/x",
        "sed -i 's#.*crypto.x#com.adobe.granite.crypto.keys.path=/x#' conf/sling.properties",
    ] {
        let unclear = statements("start", script).unclear;
        assert!(unclear.contains(CRYPTO_KEYS_PATH), "{script}");
    }
    assert!(statements("start", "# -Dsling.home=/x\njava # -Dsling.home=/y").unclear.is_empty());
}

#[test]
fn files_and_variables_of_a_script_are_kept() {
    let puppet = ". bin/start-env\n[ -f x ] && . \"$(dirname $0)/setenv.sh\"\nif true; then\n  source /etc/default/aem\nfi\ncd .\n";
    let sources = statements("start", puppet).sources;
    assert_eq!(sources, ["bin/start-env", "$(dirname $0)/setenv.sh", "/etc/default/aem"]);
    let batch = "if exist a.bat call \"%~dp0\\setenv.bat\"\r\ncall :label\r\n";
    assert_eq!(statements("start.bat", batch).sources, ["%~dp0\\setenv.bat"]);
    let script = statements(
        "start",
        "export P='conf/a.properties'\nKEY_PASSWORD=x\njava -Dsling.properties=${P}",
    );
    assert_eq!(script.variables, [("P".to_owned(), "conf/a.properties".to_owned())]);
    assert_eq!(script.settings, [(SLING_PROPERTIES.to_owned(), "${P}".to_owned())]);
}

#[test]
fn more_than_is_kept_is_not_understood() {
    let line = |index: usize| format!("java -Dsling.home={index}{}\nX{index}=1\n", "x".repeat(999));
    let many: String = (0..100).map(line).collect();
    let statements = statements("start", &many);
    assert!(statements.settings.len() < 40 && statements.unseen.contains(TOO_MUCH));
}

#[test]
fn long_words_are_read_once_and_nothing_is_kept_twice() {
    let many = format!("java {}", "-D.".repeat(170_000));
    let none = Statements { names_aem: true, ..Statements::default() };
    assert_eq!(statements("start", &many), none);
    let quotes = format!("java {}\"{}\"", "-Dsling.home=".repeat(2_000), "'".repeat(500_000));
    assert!(statements("start", &quotes).unclear.contains("sling.home"));
    let twice = statements("start", &"a=b\n. x\n".repeat(9_999));
    assert_eq!((twice.variables.len(), twice.sources.len()), (1, 1));
    assert!(twice.unclear.is_empty());
    for line in [|n: usize| format!("a{n}=b\n"), |n: usize| format!(". x{n}\n")] {
        let all = statements("start", &(0..300).map(line).collect::<String>());
        assert!(all.variables.len() <= SETTINGS_MAX && all.sources.len() <= SETTINGS_MAX);
        assert!(all.unseen.contains(TOO_MUCH));
    }
}

#[test]
fn options_of_the_launcher_are_kept() {
    let of = |script: &str| statements("start", script).settings;
    let both = |home: &str, launchpad: &str| {
        [("-c".to_owned(), home.to_owned()), ("-i".to_owned(), launchpad.to_owned())]
    };
    assert_eq!(
        of("START_OPTS=\"start -c ${CURR_DIR} -i launchpad\""),
        both("${CURR_DIR}", "launchpad")
    );
    assert_eq!(
        of("java -client -jar x.jar start -c /opt/q -ilaunchpad2"),
        both("/opt/q", "launchpad2")
    );
    assert_eq!(of("head -c 10; grep -i x"), []);
    assert_eq!(of("java -jar x.jar start -credentials=u:p -ims.client.secret=x"), []);
    let windows = statements("start.bat", "set START_OPTS=start -c %Dir% -i launchpad\r\n");
    assert_eq!(windows.settings, both("%Dir%", "launchpad"));
    let cache = statements("start", "java -Dorg.osgi.framework.storage=/var/felix");
    assert_eq!(cache.settings, [(BUNDLE_CACHE.to_owned(), "/var/felix".to_owned())]);
}

#[test]
fn variables_in_the_name_of_an_option_are_put_in() {
    let expected = [(CRYPTO_KEYS_PATH.to_owned(), "/mnt/keys".to_owned())];
    let rest = "java -D${NS}.keys.path=/mnt/keys -jar x\n";
    let known = statements("start", &format!("NS=com.adobe.granite.crypto\n{rest}"));
    assert_eq!((known.settings, known.unclear.len()), (expected.to_vec(), 0));
    for before in ["", "NS=a\nNS=b\n"] {
        assert!(!statements("start", &format!("{before}{rest}")).unseen.is_empty());
    }
    // A variable in the value leaves the name known.
    assert!(statements("start", "java -Da.b=$C -jar x").unseen.is_empty());
}

#[test]
fn words_of_a_file_are_followed_to_the_options() {
    let all = |script: &str| {
        let read = statements("start", script);
        (read.sources, read.unseen.contains(BY_PROGRAM))
    };
    let file = || vec!["/a.conf".to_owned()];
    for script in [
        "for o in $(cat /a.conf); do CQ_JVM_OPTS=\"$CQ_JVM_OPTS $o\"; done",
        "for o in `cat /a.conf`; do more=\"$more $o\"; done\njava $more -jar x",
        "text=$(cat /a.conf)\njava $text -jar x",
        "cat /a.conf | while read -r o; do CQ_JVM_OPTS=\"$CQ_JVM_OPTS $o\"; done",
        "cat /a.conf | xargs java -jar x",
        "env $(cat /a.conf) java $CQ_JVM_OPTS -jar x",
        "exec python3 /a.conf",
        "nohup python3 /a.conf &",
    ] {
        assert_eq!(all(script), (file(), false), "{script}");
    }
    for script in [
        "for host in $(cat /hosts.conf); do ping $host; done\njava $CQ_JVM_OPTS -jar x",
        "port=$(cat /port.conf)\nSTART_OPTS=\"start -p $port\"\njava -jar x $START_OPTS",
        "memory=$(memory-of host)\nCQ_JVM_OPTS=\"-Xmx${memory}m\"",
        "CURR_DIR=$(basename $(pwd))\nSTART_OPTS=\"start -c ${CURR_DIR} -i launchpad\"",
        "for pid in $(pgrep java); do kill $pid; done",
        "jar=$(find app -name '*.jar')\njava $CQ_JVM_OPTS -jar $jar",
        "python3 /opt/tools/notify.py\njava -jar x",
    ] {
        assert_eq!(all(script), (vec![], false), "{script}");
    }
    assert!(all("for o in $(aws ssm get); do CQ_JVM_OPTS=\"$CQ_JVM_OPTS $o\"; done").1);
}

#[test]
fn script_in_an_encoding_that_is_not_known_is_not_understood() {
    let text = "$o=\"-Dcom.adobe.granite.crypto.keys.path=D:\\keys\"\r\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let read = |bytes: &[u8]| match parse(&Found { root: "", bundle: "", name: "start.ps1" }, bytes)
    {
        Ok(Fact::Settings(statements)) => *statements,
        other => panic!("{other:?}"),
    };
    assert_eq!(read(&[b"\xff\xfe", little.as_slice()].concat()), read(text.as_bytes()));
    assert!(!read(text.as_bytes()).settings.is_empty());
    assert!(read(&little).unseen.contains(ENCODING));
    // A program is no script.
    assert_eq!(read(b"\x7fELF\0\0"), Statements::default());
}

#[test]
fn five_scripts_are_found() {
    for name in IN_BIN {
        let path = format!("q/bin/{name}");
        assert_eq!(find(&path), Some(Found { root: "q", bundle: "", name }));
    }
    // Windows does not tell upper from lower case.
    assert_eq!(find("q/bin/Start.BAT").unwrap().name, "start.bat");
    assert_eq!(find("q/bin/Start"), None);
    assert_eq!(find("q/opt/helpers/instsrv.bat").unwrap().root, "q");
    assert_eq!(find("opt/helpers/instsrv.bat").unwrap().root, "");
    assert_eq!(find("q/bin/stop"), None);
    assert_eq!(find("q/start"), None);
    assert_eq!(find("q/sbin/start"), None);
}

#[test]
fn other_scripts_are_found_and_archives_are_none() {
    for path in [
        "crx-quickstart/bin/x",
        "q/bin/start-env",
        "a/start.sh",
        "x/setenv.BAT",
        "etc/default/aem",
        "x/etc/rc.d/init.d/aem",
        "docker-compose.prod.yml",
        "x/Dockerfile",
        ".env.prod",
    ] {
        assert!(find_small(path).is_some(), "{path}");
    }
    for path in
        ["jdk/bin/java", "crx-quickstart/bin/x.tgz", "start.tar.gz", "q/x.txt", "etc/defaults/x"]
    {
        assert!(find_small(path).is_none(), "{path}");
    }
}

#[test]
fn options_that_only_the_start_tells_are_not_understood() {
    for (name, script) in [
        ("start", "for v in $(env | grep ^P_); do O=\"$O -D${v#P_}\"; done"),
        ("start", "for p in $AEM_PROPERTIES; do O=\"$O -D$p\"; done"),
        ("start", "O=\"$(printf -- \"-D%s.keys.path=/k\" com.adobe.granite.crypto)\""),
        ("start", "CQ_JVM_OPTS=\"$CQ_JVM_OPTS $(consul kv get aem/opts)\""),
        ("start.bat", "java -Dcom.adobe.granite.!Q!.keys.path=D:\\k -jar x"),
    ] {
        let read = statements(name, script);
        assert!(!read.unseen.is_empty() || !read.unclear.is_empty(), "{script}: {read:?}");
    }
    let known =
        statements("start.bat", "set P=crypto\r\njava -Dcom.adobe.granite.!P!.keys.path=D:\\k");
    assert_eq!(known.settings, [(CRYPTO_KEYS_PATH.to_owned(), "D:\\k".to_owned())]);
    let whole = statements("start", "P=com.adobe.granite.crypto.keys.path=/k\njava -D$P -jar x");
    assert_eq!(whole.settings, [(CRYPTO_KEYS_PATH.to_owned(), "/k".to_owned())]);
    let of_loop = "for /f \"delims=\" %%i in (D:\\aem\\opts.txt) do set CQ_JVM_OPTS=%%i";
    assert_eq!(statements("start.bat", of_loop).sources, ["D:\\aem\\opts.txt"]);
    assert_eq!(statements("start", "java -Dlog.dir=$LOGS -Xmx${M}m -jar x").unseen.len(), 0);
}
