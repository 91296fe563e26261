//! `findings`: the findings, one a line, for spreadsheets and data tools.

use super::super::{FarmWriter, Format, by_farm};
use super::{line, listed};
use crate::diagnosis::{Finding, Judged};
use std::io::{self, Write};

pub(in super::super) const FORMAT: Format = Format {
    name: "findings",
    extensions: &["findings.csv"],
    summary: "the findings as CSV, one line each",
    write: |report, out| by_farm::write(FindingLines, report, out),
    by_farm: |_| Some(Box::new(FindingLines)),
};

/// The columns. `excuse` says why a finding does not count.
const HEAD: [&str; 7] = ["farm", "severity", "rule", "instances", "message", "places", "excuse"];

struct FindingLines;

impl FarmWriter for FindingLines {
    fn head(&mut self, out: &mut dyn Write) -> io::Result<()> {
        line(HEAD.into_iter(), out)
    }

    fn farm(&mut self, judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
        for finding in &judged.findings {
            let fields = fields(finding);
            let rest = fields.iter().map(String::as_str);
            line([judged.farm.name.as_str()].into_iter().chain(rest), out)?;
        }
        Ok(())
    }
}

fn fields(finding: &Finding) -> [String; 6] {
    let hit = &finding.hit;
    let joined = |names: Vec<String>| names.join("; ");
    [
        finding.severity.label().to_owned(),
        finding.rule.id.to_owned(),
        joined(hit.instances.iter().map(|name| listed(name)).collect()),
        hit.message.clone(),
        joined(hit.places.iter().map(|place| listed(&place.to_string())).collect()),
        finding.excuse.as_ref().map_or_else(String::new, ToString::to_string),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::report::{Report, Screen};
    use crate::testing::good_farm;

    #[test]
    fn finding_is_a_line_with_its_instances() {
        let other: Vec<u8> = (100..132).collect();
        let farm = good_farm(&["a", "b"]).with("=c;d", |i| i.hmac(&other)).build();
        let report =
            Report::new(vec![farm], vec![], vec![], &Selection::default(), Screen::default());
        let mut out = Vec::new();
        (FORMAT.write)(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("farm,severity,rule,instances,message,places,excuse\r\n"),
            "{text}"
        );
        let line = text.lines().find(|line| line.contains("hmac-differs")).unwrap();
        assert!(line.starts_with("farm,error,hmac-differs,\"'\"\"=c;d\"\"\","), "{line}");
        assert_eq!(text.lines().count(), 1 + report.farms[0].findings.len());
    }
}
