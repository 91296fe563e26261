//! What `ims-secret-damaged`, `ims-secret-plaintext` and `ims-secret-prefixed` have in common.

use super::fold::folded;
use crate::facts::{IMS_CLIENT_SECRET, IMS_SERVICE_SECRET, SecretState};
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::Hit;

/// Finds the client secrets of IMS configurations that are in a state. `how` says, after the names of the instance, the property and the
/// configuration, how it holds them.
pub(super) fn in_state(farm: &Farm, state: SecretState, how: &str) -> Vec<Hit> {
    let on = |member: &Member| {
        let all = member.snapshot.ims_configurations();
        let all = all.flat_map(|ims| {
            [IMS_CLIENT_SECRET, IMS_SERVICE_SECRET].map(|property| (ims, property))
        });
        let found = all.filter(|(ims, property)| ims.secret(property) == Some(state));
        folded(
            found.collect(),
            |(ims, _)| vec![&ims.place],
            |(ims, property)| {
                let message = format!("{} holds {property} of {} {how}", member.name, ims.spoken());
                let need = Need::secret(member, ims, property);
                Hit::on(member, message).at([&ims.place]).needs([need])
            },
        )
    };
    farm.members.iter().flat_map(on).collect()
}
