//! Which instances that were read may be those that did not, under another name.

use super::expected::Like;
use super::{Farm, names};
use crate::limits::Limits;
use std::collections::BTreeMap;

/// Says of each instance that did not come who came under another name and may be it.
pub(super) fn tell_alike(farms: &mut [Farm]) {
    let missing = || farms.iter().flat_map(|farm| &farm.expected.missing);
    let mut found: BTreeMap<String, Vec<usize>> =
        missing().map(|missing| (missing.name.to_lowercase(), Vec::new())).collect();
    if found.is_empty() {
        return;
    }
    let unnamed = unnamed(farms);
    for (index, like) in unnamed.iter().enumerate() {
        let source = like.alone.then_some(&like.source);
        for path in std::iter::once(&like.name).chain(source) {
            names::each_begin(path, |name| {
                let known = found.get_mut(name);
                let known = known.filter(|known| known.len() < Limits::DEFAULT.listed_max);
                if let Some(known) = known.filter(|known| known.last() != Some(&index)) {
                    known.push(index);
                }
            });
        }
    }
    for missing in farms.iter_mut().flat_map(|farm| &mut farm.expected.missing) {
        let like = found.get(&missing.name.to_lowercase()).into_iter().flatten();
        missing.like = like.filter_map(|index| unnamed.get(*index)).cloned().collect();
    }
}

/// Returns the instances that no entry of the policy means, sorted.
fn unnamed(farms: &[Farm]) -> Vec<Like> {
    let mut of_source: BTreeMap<&str, usize> = BTreeMap::new();
    for member in farms.iter().flat_map(|farm| &farm.members) {
        let count = of_source.entry(&member.snapshot.source).or_default();
        *count = count.saturating_add(1);
    }
    let unnamed = farms.iter().filter(|farm| farm.expected.unnamed);
    let mut unnamed: Vec<Like> = unnamed
        .flat_map(|farm| &farm.members)
        .map(|member| Like {
            name: member.name.clone(),
            source: member.snapshot.source.clone(),
            alone: of_source.get(member.snapshot.source.as_str()) == Some(&1),
        })
        .collect();
    unnamed.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    unnamed
}
