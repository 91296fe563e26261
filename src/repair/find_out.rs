//! What to do where nothing shows yet whose keys are right.

use super::{Scope, Text};
use crate::farm::{Groups, Member, has_keys_in_jcr, names_of};

/// Has the rest shown by another scan.
pub(super) fn settle(texts: Vec<Text>) -> Vec<Text> {
    let again = "Then take new snapshots and scan again: the report then says what to copy.";
    texts.into_iter().chain([again.into()]).collect()
}

/// Says how to find out, and what follows then.
pub(super) fn find_out(
    scope: Scope<'_>,
    pairs: &Groups<'_>,
    why: String,
    some_are_left_out: bool,
) -> Vec<Text> {
    let jcr: Vec<&Member> =
        pairs.iter().flatten().filter(|member| has_keys_in_jcr(member)).copied().collect();
    let download = (!jcr.is_empty()).then(|| {
        format!(
            "There is no file to copy from {}: there, save the binary properties hmac and master of /etc/key (CRXDE Lite).",
            names_of(&jcr)
        )
    });
    let ignoring: Vec<&Member> = scope.repaired().filter(|m| m.is_in_jcr_mode()).collect();
    let switch = (!ignoring.is_empty()).then(|| {
        format!(
            "In JCR mode, files have no effect until storage says Bundle, 6 bytes without a newline. So it is on {}.",
            names_of(&ignoring)
        )
    });
    let policy = "Once it is known whose are, write the md5 sums of that pair as hmac and master of the farm into a policy (see `aemtrix help \
        policy`), and scan again with --policy: the repair then has the commands for each instance, with its paths.";
    let mut texts: Vec<Text> = vec![why.into()];
    if scope.expected().keys.is_empty() {
        texts.push(policy.into());
    }
    texts.extend(download.map(Text::from));
    texts.extend(switch.map(Text::from));
    let others = if some_are_left_out { "all other instances" } else { "all instances" };
    texts.push(format!("In the end {others} have the same hmac and the same master.").into());
    texts
}
