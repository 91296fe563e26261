//! `users-differ`: publishers with encapsulated tokens do not have the same users.

use super::references::ENCAPSULATED_TOKEN;
use super::token_mixed::on_publisher;
use crate::facts::{Hex, Users};
use crate::farm::{Farm, Groups, Member};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "users-differ",
    severity: Severity::Warning,
    compares: true,
    summary: "publishers with encapsulated tokens do not have the same users",
    effect: "Users who are missing on a publisher are logged out when they reach it.",
    why: "An encapsulated token is valid on every publisher, but the user that it is for has to be there: a publisher that lacks the user \
          refuses the token, and the user is logged out when the load balancer changes.",
    fix: "Have the users synchronised between the publishers, or sessions kept on one publisher.",
    references: &[ENCAPSULATED_TOKEN, "AEM 6.5, User Synchronization"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let groups = Groups::by(farm, |member| users(member).map(|users| users.digest));
    if !groups.differ() {
        return Vec::new();
    }
    let with: Vec<(&Member, &Users)> =
        groups.iter().flatten().filter_map(|member| Some((*member, users(member)?))).collect();
    let Some((names, what)) = lacking(&with) else { return vec![counted(&with)] };
    let message = format!("the publishers do not have the same users: {what}");
    vec![hit(&names, message, &with)]
}

/// Returns the users of a publisher that takes encapsulated tokens, where all of them were read.
fn users(member: &Member) -> Option<&Users> {
    // A revision that is not the newest lacks users who were made since.
    let repository = member.snapshot.repository.as_ref().filter(|stored| !stored.is_outdated())?;
    let is_meant = on_publisher(member) == Some(true);
    repository.users.as_ref().filter(|users| is_meant && users.gap.is_none())
}

/// Says how many users each publisher lacks that another one has; `None` where their digests were not kept.
fn lacking<'a>(with: &[(&'a Member, &Users)]) -> Option<(Vec<&'a Member>, String)> {
    if !with.iter().all(|(_, users)| users.are_listed()) {
        return None;
    }
    let mut all: Vec<Hex<8>> = with.iter().flat_map(|(_, users)| &users.ids).copied().collect();
    all.sort_unstable();
    all.dedup();
    let lacks = with.iter().map(|(member, users)| (*member, users.lacks(&all)));
    let lacks: Vec<(&Member, usize)> = lacks.filter(|(_, count)| *count > 0).collect();
    let told: Vec<String> = lacks
        .iter()
        .map(|(member, count)| format!("{} lacks {count} of {}", member.name, all.len()))
        .collect();
    Some((lacks.into_iter().map(|(member, _)| member).collect(), told.join(", ")))
}

fn counted(with: &[(&Member, &Users)]) -> Hit {
    let told: Vec<String> =
        with.iter().map(|(member, users)| format!("{} on {}", users.count, member.name)).collect();
    let members: Vec<&Member> = with.iter().map(|(member, _)| *member).collect();
    hit(&members, format!("the publishers do not have the same users: {}", told.join(", ")), with)
}

fn hit(members: &[&Member], message: String, with: &[(&Member, &Users)]) -> Hit {
    let places = with.iter().filter_map(|(member, _)| member.snapshot.repository.as_ref());
    Hit::among(members, message).at(places.map(|stored| &stored.place)).advise([
        "Have the users synchronised between the publishers, or make sure that the load balancer uses sticky sessions.",
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::TOKEN_HANDLER;
    use crate::testing::{Instance, farm};

    fn publisher(instance: Instance, ids: &[&str]) -> Instance {
        let on = "token.encapsulated=B\"true\"\r\n";
        instance.role("publish").config(TOKEN_HANDLER, on).users(ids)
    }

    #[test]
    fn each_publisher_is_told_with_how_many_users_it_lacks() {
        let farm = farm()
            .with("p1", |i| publisher(i, &["a", "b", "c"]))
            .with("p2", |i| publisher(i, &["c", "b", "a"]))
            .with("p3", |i| publisher(i, &["a", "d"]))
            .build();
        let hit = check(&farm).remove(0);
        let lacks = "p1 lacks 1 of 4, p2 lacks 1 of 4, p3 lacks 2 of 4";
        assert_eq!(hit.message, format!("the publishers do not have the same users: {lacks}"));
        assert_eq!(hit.instances, ["p1", "p2", "p3"]);
    }

    #[test]
    fn same_users_and_those_of_others_are_quiet() {
        let same = |i| publisher(i, &["a"]);
        assert_eq!(check(&farm().with("p1", same).with("p2", same).build()), []);
        let author = |i: Instance| publisher(i, &["b"]).role("author");
        assert_eq!(check(&farm().with("p1", same).with("a", author).build()), []);
        let off = |i: Instance| i.role("publish").config(TOKEN_HANDLER, "").users(&["b"]);
        assert_eq!(check(&farm().with("p1", same).with("p2", off).build()), []);
    }

    #[test]
    fn without_digests_of_each_the_counts_are_told() {
        let many = |i: Instance| {
            let mut i = publisher(i, &["a", "b"]);
            i.snapshot.repository.as_mut().unwrap().users.as_mut().unwrap().ids.clear();
            i
        };
        let farm = farm().with("p1", many).with("p2", |i| publisher(i, &["a"])).build();
        let message = "the publishers do not have the same users: 2 on p1, 1 on p2";
        assert_eq!(check(&farm)[0].message, message);
    }
}
