//! Steps in the web console of an instance.

use crate::facts::Configuration;
use crate::farm::Member;

/// The page with all OSGi configurations.
pub(super) const CONFIG_PAGE: &str = "/system/console/configMgr";

/// Sets one property of a configuration.
pub(super) fn set(member: &Member, pid: &str, property: &str, value: &str) -> String {
    format!("On {}, open {CONFIG_PAGE}/{pid} and set {property} to {value}.", member.name)
}

/// Enters a secret anew, encrypted with the key that the instance has now.
pub(super) fn enter_secret(
    member: &Member,
    configuration: &Configuration,
    property: &str,
) -> String {
    format!(
        "On {}, encrypt the secret on /system/console/crypto, and enter the protected text as {property} at {CONFIG_PAGE}/{}.",
        member.name, configuration.pid
    )
}
