//! Logs on a disk of their own: `logs` is a link to a directory that came beside the install.

use crate::instance::Instance;
use crate::pack::{Link, Packing};
use crate::run::{json, list, scan};
use serde_json::Value;

#[test]
fn logs_behind_a_link_are_read_where_they_came_too() {
    let text = "19.07.2025 19:00:52.176 *INFO* [x] com.adobe.granite.crypto.internal.CryptoSupportService Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
    let instance = Instance::new("a").root("opt/aem/crx-quickstart");
    for (target, at, is_read) in [
        ("/var/log/aem", "var/log/aem", true),
        ("../../../var/log/aem", "var/log/aem", true),
        ("/var/log/aem", "var/log", false),
    ] {
        let mut case = instance.case();
        let link = Link::Symbolic(target.to_owned());
        case.links.insert("opt/aem/crx-quickstart/logs".to_owned(), link);
        case.files.insert(format!("{at}/error.log"), text.as_bytes().to_vec());
        for packing in [Packing::Directory, Packing::TarGz, Packing::Tar, Packing::Zip] {
            let packed = case.pack(packing, "a");
            let report = json(&scan(&[packed.path().into()]));
            let log = &report["farms"][0]["instances"][0]["log"];
            assert_eq!(log.is_object(), is_read, "{target} {packing:?}");
            let gaps: Vec<&Value> = list(&report["gaps"]).collect();
            assert_eq!(gaps.len(), usize::from(!is_read), "{target} {packing:?}: {gaps:?}");
        }
    }
}
