//! What becomes of the keys of an instance.

use crate::facts::{CRYPTO_KEYS_PATH, Digest, KeyName, StorageMode};
use crate::farm::{Flaw, KeyState, Member, is_contradicted, is_open};
use crate::repair::{Need, RuleNeed};

/// What becomes of the keys of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::repair) enum KeyGoal {
    /// It gets those of another instance.
    Farm,
    /// It gets its own out of its repository.
    Own,
    /// Its files are mended.
    Mend,
    /// They stay as they are.
    Stay,
}

impl KeyGoal {
    /// Chooses for an instance. `right` are the keys of its farm, where they are known.
    pub(super) fn choose(
        member: &Member,
        right: Option<[Digest; 2]>,
        wants: &[RuleNeed<'_>],
    ) -> Self {
        let has = |is: &dyn Fn(&Need) -> bool| wants.iter().any(|(_, need)| is(need));
        let own = member.pair();
        let flaws = own.flaws();
        // Nobody saves keys on a standby: they come from its primary.
        let is_standby = member.snapshot.is_standby();
        // Its own are in their place: only `storage` is to say so.
        if own.is_ignored() && (right.is_none() || own.keys() == right) {
            return Self::Stay;
        }
        if has(&|need| matches!(need, Need::FarmKeys(_))) {
            // Its own are what reads its data; others come only where the farm has others.
            let is_own = right.is_none() || own.keys() == right;
            if flaws.contains(&Flaw::InJcr) && is_own && !is_standby {
                return Self::Own;
            }
            if right.is_some() {
                // What a tool altered is copied again instead: which LF had a CR before it cannot be seen from the file.
                let mends =
                    |flaw: &Flaw| matches!(flaw, Flaw::LineEnd | Flaw::Misplaced | Flaw::Swapped);
                let can_mend = !flaws.is_empty() && flaws.iter().all(mends);
                let is_own = own.keys() == right && can_mend && !is_contradicted(member);
                return if is_own { Self::Mend } else { Self::Farm };
            }
        }
        let is_in_jcr = member.storage_mode() == Some(StorageMode::Jcr)
            || !is_open(member) && flaws.contains(&Flaw::InJcr);
        let leaves = has(&|need| matches!(need, Need::LeaveJcr(_)))
            || has(&|need| matches!(need, Need::Storage(_))) && is_in_jcr;
        if leaves && !is_standby && !has_none_to_leave(member) {
            return Self::Own;
        }
        let is_mended = |need: &Need| {
            matches!(
                need,
                Need::TrimKey(..) | Need::DecodeKey(..) | Need::SwapPair(_) | Need::MoveKey { .. }
            )
        };
        if has(&is_mended) { Self::Mend } else { Self::Stay }
    }
}

/// Returns `true` if an instance in JCR mode has no keys there that could become files.
fn has_none_to_leave(member: &Member) -> bool {
    let is_absent = |name| *member.key(name) == KeyState::Absent;
    // A setting may name a directory of key files in JCR mode too: other files have no effect then.
    let is_moved = member.snapshot.setting(CRYPTO_KEYS_PATH).is_some();
    member.is_in_jcr_mode() && (is_moved || KeyName::ALL.into_iter().any(is_absent))
}
