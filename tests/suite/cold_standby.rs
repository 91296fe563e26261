//! A cold standby is known for one however its host says so, and its keys are not copied to others.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{self, list, operand};

const SERVICE: &str = "org.apache.jackrabbit.oak.segment.standby.store.StandbyStoreService.config";

/// An author with keys of its own, and the documented folders for both machines of a standby.
fn author(script: &str) -> Instance {
    let mode = |mode: &str| {
        format!("org.apache.sling.installer.configuration.persist=B\"false\"\nmode=\"{mode}\"\n")
    };
    Instance::new("author")
        .role("author")
        .hmac("other")
        .master("other")
        .file(&format!("install/install.primary/{SERVICE}"), mode("primary").as_bytes())
        .file(&format!("install/install.standby/{SERVICE}"), mode("standby").as_bytes())
        .file("bin/start", script.as_bytes())
}

/// Its role, and the instance whose keys a plan copies.
fn said(author: &Instance) -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    let sources = [author.clone(), Instance::new("publish1"), Instance::new("publish2")];
    let names = ["author", "publish1", "publish2"];
    let operands: Vec<_> = sources
        .iter()
        .zip(names)
        .map(|(source, name)| {
            operand(name, &source.case().pack_into(home.path(), Packing::Tar, name))
        })
        .collect();
    let report = run::json(&run::scan(&operands));
    let farm = &report["farms"][0];
    let role = list(&farm["matrix"]["rows"]).find(|row| row["fact"] == "role").unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (text(&role["cells"][0]["text"]), text(&farm["repair"]["source"]))
}

#[test]
fn run_modes_of_a_start_script_tell_a_standby() {
    for script in [
        "CQ_RUNMODE='standby,crx3,crx3tar'\n",
        "CQ_RUNMODE='author,standby,crx3,crx3tar'\n",
        "java -jar app/quickstart.jar start -r standby,crx3,crx3tar -c . -i launchpad\n",
        "java -jar app/quickstart.jar -r author,standby\n",
        "CQ_JVM_OPTS='-server -Dsling.run.modes=author,standby'\n",
    ] {
        let expected = ("author, standby".to_owned(), "publish1".to_owned());
        assert_eq!(said(&author(script)), expected, "{script}");
    }
}

#[test]
fn author_that_asks_for_another_mode_is_no_standby() {
    for (script, role) in [
        ("CQ_RUNMODE='author'\n", "author"),
        ("CQ_RUNMODE='primary,crx3,crx3tar'\n", "author, primary"),
        ("CQ_JVM_OPTS=\"-Dsling.run.modes=${CQ_RUNMODE}\"\n", "author"),
        // One script for both machines.
        ("java -jar a.jar -r author,primary\njava -jar a.jar -r author,standby\n", "author"),
    ] {
        assert_eq!(said(&author(script)), (role.to_owned(), "author".to_owned()), "{script}");
    }
}

#[test]
fn configuration_for_the_installer_tells_a_standby_of_the_run_modes_of_its_folder() {
    let file = |folder: &str, pid: &str| {
        let plain = Instance::new("author").role("author").hmac("other").master("other");
        plain.file(&format!("{folder}/{pid}"), b"mode=\"standby\"\n")
    };
    let old = SERVICE.replace("oak.segment", "oak.plugins.segment");
    for pid in [SERVICE, &old] {
        for folder in ["install", "install.author", "install/install.author"] {
            assert_eq!(said(&file(folder, pid)).0, "author, standby", "{folder}/{pid}");
        }
        for folder in ["install.publish", "install/install.standby", "other"] {
            assert_eq!(said(&file(folder, pid)).0, "author", "{folder}/{pid}");
        }
    }
}

#[test]
fn older_name_of_the_service_tells_a_standby() {
    let pid = "org.apache.jackrabbit.oak.plugins.segment.standby.store.StandbyStoreService";
    let path = format!("launchpad/config/{}.config", pid.replace('.', "/"));
    let text = format!("mode=\"standby\"\r\nservice.pid=\"{pid}\"\r\n");
    let standby = author("").file(&path, text.as_bytes());
    assert_eq!(said(&standby), ("author, standby".to_owned(), "publish1".to_owned()));
}
