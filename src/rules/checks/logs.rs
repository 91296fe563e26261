//! Signs of trouble in logs: what their rules share. A finding shows counts, times and places, never a line: logs hold
//! personal data.

use crate::facts::LogSignature;
use crate::farm::{Farm, Member, last_sight, signs_seen};
use crate::rules::Hit;

/// Finds the instances whose logs show one of the signatures. In `steps`, `{name}` stands for the instance.
pub(super) fn hits(
    farm: &Farm,
    signatures: &[LogSignature],
    what: &str,
    steps: &[&str],
) -> Vec<Hit> {
    farm.members.iter().filter_map(|member| hit(member, signatures, what, steps)).collect()
}

fn hit(member: &Member, signatures: &[LogSignature], what: &str, steps: &[&str]) -> Option<Hit> {
    let all = signs_seen(member, signatures);
    // One record may show several signs, so their counts do not add up.
    let most = all.iter().map(|seen| seen.sighting.count).max()?;
    let earliest = all.iter().min_by_key(|seen| {
        let first = seen.sighting.first;
        (first.is_none(), first, &seen.place, seen.sighting.line)
    })?;
    let count = match most {
        1 => "once".to_owned(),
        _ => format!("{most} times"),
    };
    let times = match (earliest.sighting.first, last_sight(&all)) {
        (Some(first), Some(last)) if first != last => format!(", first {first}, last {last}"),
        (Some(time), _) | (_, Some(time)) => format!(", {time}"),
        (None, None) => String::new(),
    };
    let (path, line) = (&earliest.place.path, earliest.sighting.line);
    let message =
        format!("{} logged {what} {count}{times}, from line {line} of {path}", member.name);
    let steps = steps.iter().map(|step| step.replace("{name}", &member.name));
    Some(Hit::on(member, message).at(all.iter().map(|seen| &seen.place)).advise(steps))
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::testing::farm;

    /// How a message ends for the log of `shown`.
    pub(crate) const SHOWN: &str = "2 times, first 2025-07-18 08:00:00, last 2025-07-19 19:00:52, from line 2 of crx-quickstart/logs/error.log";

    fn check_log(check: fn(&Farm) -> Vec<Hit>, log: &str) -> Vec<Hit> {
        check(&farm().with("a", |i| i.log("error.log", log)).with("b", |i| i).build())
    }

    /// Returns `true` if a rule has nothing to say of a message.
    pub(crate) fn quiet(check: fn(&Farm) -> Vec<Hit>, text: &str) -> bool {
        check_log(check, &format!("18.07.2025 08:00:00.000 *ERROR* [x] {text}\n")).is_empty()
    }

    /// What a rule says of a message that comes twice.
    pub(crate) fn shown(check: fn(&Farm) -> Vec<Hit>, text: &str) -> String {
        let log = format!(
            "18.07.2025 07:59:59.000 *INFO* [x] jane@example.com\n18.07.2025 08:00:00.000 *ERROR* [x] {text}\n\
             \tat a.b.C\n19.07.2025 19:00:52.176 *ERROR* [ 10.0.0.1 [1] GET /x HTTP/1.1] {text}\n"
        );
        let hits = check_log(check, &log);
        assert_eq!((hits.len(), hits[0].instances.as_slice()), (1, &["a".to_owned()][..]));
        assert!(!format!("{hits:?}").contains("{name}"));
        hits[0].message.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    fn message(log: &str) -> String {
        let farm = farm().with("a", |i| i.log("error.log", log)).build();
        hits(&farm, &[LogSignature::CsrfRejected], "it", &[]).remove(0).message
    }

    const SIGN: &str = "doFilter: the provided CSRF token is invalid\n";
    const WHERE: &str = "of crx-quickstart/logs/error.log";

    #[test]
    fn once_and_without_a_time_are_told_so() {
        let timed = format!("18.07.2025 08:00:00.000 *WARN* [x] {SIGN}");
        assert_eq!(
            message(&timed),
            format!("a logged it once, 2025-07-18 08:00:00, from line 1 {WHERE}")
        );
        assert_eq!(message(SIGN), format!("a logged it once, from line 1 {WHERE}"));
    }

    #[test]
    fn what_ended_before_the_last_start_is_quiet() {
        let start = "19.07.2025 09:00:00.000 *INFO* [x] com.adobe.granite.crypto.internal.CryptoSupportService Starting \
                     Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
        let sign = |day: u8| format!("{day}.07.2025 08:00:00.000 *WARN* [x] {SIGN}");
        let found = |log: &str| {
            let farm = farm().with("a", |i| i.log("error.log", log)).build();
            hits(&farm, &[LogSignature::CsrfRejected], "it", &[]).len()
        };
        assert_eq!(found(&format!("{}{start}", sign(18))), 0);
        assert_eq!(found(&format!("{}{start}{}", sign(18), sign(20))), 1);
    }
}
