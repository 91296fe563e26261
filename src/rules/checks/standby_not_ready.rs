//! `standby-not-ready`: a cold standby has other keys than the instance that it is in for.

use crate::facts::StandbyMode;
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "standby-not-ready",
    severity: Severity::Error,
    compares: true,
    summary: "a cold standby has other keys than its primary",
    effect: "It works today, but promoted as it is, it reads no secret of the repository.",
    why: "The synchronisation of a cold standby copies the repository, not the key files. Promoted with keys of its own, the standby reads no \
          secret in that repository, and no other instance accepts its tokens.",
    fix: "Copy hmac and master of the primary to the standby before it is needed.",
    references: &["AEM 6.5, How to run AEM with TarMK Cold Standby"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let of = |mode: StandbyMode| {
        farm.members.iter().filter(move |member| member.snapshot.standby() == Some(mode))
    };
    let mut primaries = of(StandbyMode::Primary);
    // Of several, nothing shows which one a standby belongs to.
    let (Some(primary), None) = (primaries.next(), primaries.next()) else { return Vec::new() };
    let Some(right) = primary.pair().keys() else { return Vec::new() };
    // The standby synchronises the repository alone; key files are none of it and have to be
    // copied.
    let is_other = |standby: &&Member| standby.pair().keys().is_some_and(|own| own != right);
    of(StandbyMode::Standby).filter(is_other).map(|standby| hit(primary, standby)).collect()
}

fn hit(primary: &Member, standby: &Member) -> Hit {
    let message =
        format!("{} is the cold standby of {}, and has other keys", standby.name, primary.name);
    let places =
        [primary, standby].into_iter().filter_map(|m| m.key_in_file(crate::facts::KeyName::Master));
    Hit::on(standby, message)
        .at(places.map(|(_, file)| &file.place))
        .needs([Need::FarmKeys(standby.name.clone())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::STANDBY_SERVICES;
    use crate::testing::{Instance, farm};

    fn hits(other: fn(Instance) -> Instance) -> Vec<String> {
        let mode = |mode: &'static str| {
            move |i: Instance| {
                i.role("author").config(STANDBY_SERVICES[0], &format!("mode=\"{mode}\"\r\n"))
            }
        };
        let farm = farm().with("p", mode("primary")).with("s", |i| other(mode("standby")(i)));
        check(&farm.build()).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn standby_with_the_same_keys_is_quiet() {
        assert_eq!(hits(|i| i), [""; 0]);
    }

    #[test]
    fn standby_with_other_keys_is_told() {
        let told = hits(|i| i.hmac(&[9; 31].into_iter().chain([8]).collect::<Vec<u8>>()));
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("s is the cold standby of p, and has other keys"), "{told:?}");
    }
}
