//! What rules that look at each key by itself have in common.

use crate::facts::KeyName;
use crate::farm::{Farm, Member};
use crate::rules::Hit;

/// Returns what a check finds of the hmac and the master of each instance.
pub(super) fn each_key(farm: &Farm, on: impl Fn(&Member, KeyName) -> Option<Hit>) -> Vec<Hit> {
    let keys = farm.members.iter().flat_map(|member| KeyName::ALL.map(|name| (member, name)));
    keys.filter_map(|(member, name)| on(member, name)).collect()
}
