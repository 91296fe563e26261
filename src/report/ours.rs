//! What the files begin with that this program writes.

/// Bytes of a file that say whether this program wrote it.
pub const HEAD_BYTES: u64 = 4096;

/// What a file begins with, and what stands behind that in the same [`HEAD_BYTES`]: one of these, or anything where there is none.
type Beginning = (&'static str, &'static [&'static str]);

/// All beginnings: those of reports and baselines, and of comparisons.
const BEGINNINGS: &[Beginning] = &[
    ("CONSISTENT", &[]),
    ("INCONSISTENT", &[]),
    ("UNDECIDED", &[]),
    ("Farm ", &["CONSISTENT", "UNDECIDED"]),
    ("Not read: ask for these again\n", &[]),
    ("Notes on the sources\n", &[]),
    ("No AEM instance was found", &[]),
    ("old: ", &["\nnew: "]),
    ("{\n  \"schema\": \"aemtrix.", &[]),
    ("<!DOCTYPE html>", &["<meta name=\"generator\" content=\"aemtrix "]),
    ("# No AEM instance was found\n", &[]),
    ("# ", &[": CONSISTENT\n", ": INCONSISTENT\n", ": UNDECIDED\n"]),
    ("# SAME: nothing changed", &[]),
    ("# CHANGED: something changed", &[]),
    ("# OPEN: not everything could be compared", &[]),
    ("# Repair of the crypto keys of AEM instances\n", &[]),
    ("#!/bin/sh\n# Repair of crypto keys, written by aemtrix ", &[]),
    ("# Repair of crypto keys, written by aemtrix ", &[]),
    ("farm,instance,fact,value,mark", &[]),
    ("farm,fact,expect", &[]),
    ("farm,instance,topic,subject,old,new,matters", &[]),
    ("farm,severity,rule,instances,message,places", &[]),
    ("{\n  \"$schema\": \"https://json.schemastore.org/sarif-", &["\"name\": \"aemtrix\""]),
    ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"aemtrix\"", &[]),
    ("{\"schema\":\"aemtrix.facts/", &[]),
    ("Timeline of ", &["\n\n"]),
    ("No AEM instance ", &[]),
    ("{\"schema\":\"aemtrix.summary/", &[]),
];

/// Returns `true` if a file that begins so is empty or was written by this program, in any version and format.
pub fn is_ours(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let begins = |(start, then): &Beginning| {
        let rest = text.strip_prefix(start);
        rest.is_some_and(|rest| then.is_empty() || then.iter().any(|one| rest.contains(one)))
    };
    // The table of many farms begins with their number: `4711 farms: `.
    let unnumbered = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_overview = unnumbered.len() < text.len() && unnumbered.starts_with(" farms: ");
    text.is_empty() || is_overview || BEGINNINGS.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_not_ours() {
        for other in [
            "# Notes on farm shop\n\naemtrix says INCONSISTENT\n",
            "#!/bin/sh\naemtrix scan .\n",
            "{\"a\": 1}",
            "<!DOCTYPE html>\n<title>aemtrix</title>",
            "farm,instance\n",
            "12 farmsteads: all\n",
            " farms: 1",
            "\0",
        ] {
            assert!(!is_ours(other.as_bytes()), "{other}");
        }
        for ours in [
            "",
            "12 farms: 3 inconsistent\n",
            "UNDECIDED\n",
            "{\n  \"schema\": \"aemtrix.baseline/1\",",
        ] {
            assert!(is_ours(ours.as_bytes()), "{ours}");
        }
    }
}
