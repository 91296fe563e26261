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
