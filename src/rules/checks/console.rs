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
    enter_again(member, &configuration.pid, property)
}

/// Enters a secret anew in a configuration, by its PID, or at a node, by its path.
pub(super) fn enter_again(member: &Member, of: &str, property: &str) -> String {
    let name = &member.name;
    let at = if of.starts_with('/') {
        format!("of {of} in CRXDE Lite")
    } else {
        format!("at {CONFIG_PAGE}/{of}")
    };
    format!(
        "On {name}, encrypt the secret on /system/console/crypto, and enter the protected text as {property} {at}."
    )
}

/// Adds a configuration that holds a secret, encrypted with the key that the instance has now. `of_type` says what else it needs.
pub(super) fn add_with_secret(
    member: &Member,
    factory_pid: &str,
    of_type: &str,
    property: &str,
) -> String {
    format!(
        "On {}, encrypt the secret on /system/console/crypto, and add a configuration of {factory_pid}{of_type} on {CONFIG_PAGE} with the protected text as {property}.",
        member.name
    )
}
