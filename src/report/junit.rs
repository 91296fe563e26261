//! `junit`: a gate in CI: a test case for each rule, one for the verdict, and one for each source.
//!
//! A case fails where the run does: from the severity of `--fail-on` on. What is found below it is the output of a case that passes.
//! What is not known is an error, never a pass.

use super::by_farm::ALL_AT_ONCE;
use super::examined::ExaminedSection;
use super::labels::{LEFT_OUT, uncounted};
use super::repair::fixes;
use super::{Format, Report, printable};
use crate::diagnosis::{Doubt, Finding, Judged, Verdict};
use crate::facts::{Gap, KeyName, spoken};
use crate::farm::Member;
use crate::rules::{RULES, Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "junit",
    extensions: &["xml"],
    summary: "a test case for each rule, for CI (JUnit XML)",
    write,
    by_farm: ALL_AT_ONCE,
};

/// Characters of the name of a farm that each of its cases repeats.
const CLASS_CHARS_MAX: usize = 200;

/// How a test case ends.
enum CaseEnd {
    /// With this to say, if anything.
    Passed(String),
    /// It was left out; why.
    Skipped(String),
    /// What is wrong in one line, and in full.
    Failure(String, String),
    /// What is not known in one line, and in full.
    Error(String, String),
}

/// One test case: its name, and how it ends.
type Case = (String, CaseEnd);

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let sources = sources(report);
    // The counts stand first. Made twice, the cases of 10,000 farms need not be kept.
    let mut total = Counts::of(&sources);
    for judged in &report.farms {
        total.add(&Counts::of(&cases(judged, report)));
    }
    writeln!(out, "<testsuites name=\"aemtrix\"{total}>")?;
    for judged in &report.farms {
        suite(&judged.farm.name, &keys(judged), &cases(judged, report), out)?;
    }
    suite(&name_of_sources(report), &examined(report), &sources, out)?;
    writeln!(out, "</testsuites>")
}

/// Makes the cases of a farm.
fn cases(judged: &Judged, report: &Report) -> Vec<Case> {
    let fixed: Vec<(&Finding, Vec<String>)> = judged.findings.iter().zip(fixes(judged)).collect();
    let end = |rule: &&Rule| rule_end(rule, judged, &fixed, report);
    let rules = RULES.iter().map(|rule| (rule.id.to_owned(), end(rule)));
    std::iter::once(("verdict".to_owned(), verdict_end(judged, report))).chain(rules).collect()
}

/// Returns the name of the suite of the sources, which no farm has: two suites of one name would be one to many a reader.
fn name_of_sources(report: &Report) -> String {
    let mut name = "sources".to_owned();
    let farms: BTreeSet<&str> = report.farms.iter().map(|own| own.farm.name.as_str()).collect();
    while farms.contains(name.as_str()) {
        name.push_str(" of the run");
    }
    name
}

fn verdict_end(judged: &Judged, report: &Report) -> CaseEnd {
    let title = format!("{} is {}", judged.farm.name, judged.verdict.label());
    match &judged.verdict {
        Verdict::Consistent => CaseEnd::Passed(String::new()),
        // As with the exit code: what is accepted, known or below the threshold fails no gate.
        Verdict::Inconsistent => {
            let errors = || judged.findings.iter().filter(|f| f.rule.severity == Severity::Error);
            let excuses = errors().filter_map(|finding| finding.excuse.as_ref());
            let excuses: BTreeSet<String> = excuses.map(ToString::to_string).collect();
            let excuses: Vec<String> = excuses.into_iter().collect();
            if errors().any(|finding| report.fails(finding)) {
                CaseEnd::Failure(title, "An error stands.".to_owned())
            } else if judged.errors_excused {
                let excuses = excuses.join("; ");
                CaseEnd::Skipped(format!("{title}, and each error has an excuse: {excuses}"))
            } else {
                let why = uncounted(judged).unwrap_or_else(|| below(report));
                CaseEnd::Skipped(format!("{title}, and fails no gate: {why}"))
            }
        }
        Verdict::Undecided(reasons) => {
            let text = lines(reasons.iter().map(ToString::to_string));
            // As with the exit code: a lone instance with nothing wrong fails no gate.
            if reasons.iter().all(Doubt::is_for_lack_of_peers) && !report.fails_undecided {
                CaseEnd::Skipped(format!("{title}: {}", text.trim_end()))
            } else {
                CaseEnd::Error(title, text)
            }
        }
    }
}

/// A finding, and the steps that it asks for.
type Fixed<'f> = (&'f Finding, &'f [String]);

fn rule_end(
    rule: &Rule,
    judged: &Judged,
    fixed: &[(&Finding, Vec<String>)],
    report: &Report,
) -> CaseEnd {
    if report.selection.severity(rule).is_none() {
        return CaseEnd::Skipped(LEFT_OUT.to_owned());
    }
    let found: Vec<Fixed<'_>> = fixed
        .iter()
        .filter(|(finding, _)| finding.rule.id == rule.id)
        .map(|(f, fix)| (*f, fix.as_slice()))
        .collect();
    if found.is_empty() {
        return quiet_end(rule, judged);
    }
    let (counting, others): (Vec<Fixed<'_>>, Vec<Fixed<'_>>) =
        found.into_iter().partition(|(finding, _)| finding.excuse.is_none());
    let Some((first, _)) = counting.first() else {
        let excuses = others.iter().filter_map(|(finding, _)| finding.excuse.as_ref());
        return CaseEnd::Skipped(excuses.map(ToString::to_string).collect::<Vec<_>>().join("; "));
    };
    let text = lines(counting.iter().flat_map(finding_lines));
    if !report.fails(first) {
        return CaseEnd::Passed(format!(
            "{} that passes: {}\n{text}",
            first.severity,
            below(report)
        ));
    }
    let more = match counting.len() {
        1 => String::new(),
        count => format!(" (1 of {count})"),
    };
    CaseEnd::Failure(format!("{}{more}", first.hit.message), text)
}

/// Says how a rule ends that found nothing. It passes where it could have found something.
fn quiet_end(rule: &Rule, judged: &Judged) -> CaseEnd {
    if is_open(judged) {
        // Why is said once, in the case of the verdict or in that of the source, which is the error.
        return CaseEnd::Skipped("nothing was found, and not all is known".to_owned());
    }
    if judged.farm.members.is_empty() {
        return CaseEnd::Skipped("no instance was found".to_owned());
    }
    // Of a lone upload, 13 rules that compare instances once passed.
    if rule.compares && !judged.has_peers() {
        return CaseEnd::Skipped("it compares instances, and fewer than two were found".to_owned());
    }
    CaseEnd::Passed(String::new())
}

/// Returns `true` if something of a farm is not known: a rule that found nothing did not see it either.
fn is_open(judged: &Judged) -> bool {
    let doubts = judged.verdict.reasons();
    let farm = &judged.farm;
    doubts.iter().any(|doubt| !doubt.is_for_lack_of_peers())
        || farm
            .expected
            .perhaps_shared
            .iter()
            .flat_map(|names| names.iter())
            .any(|name| *name != farm.name)
        || farm.has_more_gaps
        || farm.gaps.iter().any(|gap| gap.kind.hides())
}

/// Says which findings fail the run.
fn below(report: &Report) -> String {
    match report.fails_from {
        Some(from) => format!("the run fails from severity {from} on (--fail-on)"),
        None => "no finding fails the run (--fail-on never or --exit-zero)".to_owned(),
    }
}

/// Returns the lines about one finding.
fn finding_lines((finding, fix): &Fixed<'_>) -> Vec<String> {
    let hit = &finding.hit;
    let places = hit.places.iter().map(|place| format!("  in {place}"));
    let steps = fix.iter().enumerate();
    let steps = steps.map(|(index, step)| format!("  {}. {step}", index.saturating_add(1)));
    std::iter::once(hit.message.clone()).chain(places).chain(steps).collect()
}

/// Makes a case of each source, and one that says whether there was anything to judge.
fn sources(report: &Report) -> Vec<Case> {
    let mut gaps: BTreeMap<&str, Vec<&Gap>> =
        report.sources.iter().map(|record| (record.name.as_str(), Vec::new())).collect();
    for gap in &report.gaps {
        gaps.entry(&gap.source).or_default().push(gap);
    }
    let case = |(name, gaps): (&str, Vec<&Gap>)| {
        let (hiding, notes): (Vec<&Gap>, Vec<&Gap>) =
            gaps.into_iter().partition(|gap| gap.kind.hides());
        let text = |gaps: &[&Gap]| lines(gaps.iter().map(|gap| gap_line(gap)));
        let end = match hiding.first() {
            None => CaseEnd::Passed(text(&notes)),
            Some(_) => CaseEnd::Error(
                "not read in full".to_owned(),
                text(&[hiding.clone(), notes].concat()),
            ),
        };
        (spoken(name).to_owned(), end)
    };
    let mut cases: Vec<Case> = gaps.into_iter().map(case).collect();
    if report.farms.is_empty() {
        let nothing = "no AEM instance was found".to_owned();
        cases.push(("verdict".to_owned(), CaseEnd::Error(nothing, String::new())));
    }
    cases
}

fn gap_line(gap: &Gap) -> String {
    let path = gap.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
    format!("{path}{} [{}]", gap.reason, gap.kind.label())
}

/// Joins lines, of which each is made harmless: none can look like another.
fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| [&printable(&line), "\n"].concat()).collect()
}

/// How many cases there are, and how they end.
#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(cases: &[Case]) -> Self {
        let count = |is: fn(&CaseEnd) -> bool| cases.iter().filter(|(_, end)| is(end)).count();
        Self {
            tests: cases.len(),
            failures: count(|end| matches!(end, CaseEnd::Failure(..))),
            errors: count(|end| matches!(end, CaseEnd::Error(..))),
            skipped: count(|end| matches!(end, CaseEnd::Skipped(_))),
        }
    }

    fn add(&mut self, other: &Self) {
        self.tests = self.tests.saturating_add(other.tests);
        self.failures = self.failures.saturating_add(other.failures);
        self.errors = self.errors.saturating_add(other.errors);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tests, failures, errors, skipped } = self;
        write!(
            f,
            " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\""
        )
    }
}

/// A property of a suite: its name, and what it says.
type JunitProperty = (String, String);

/// Returns the full digests of the keys that the instances of a farm work with.
fn keys(judged: &Judged) -> Vec<JunitProperty> {
    judged.farm.members.iter().flat_map(keys_of).collect()
}

fn keys_of(member: &Member) -> Vec<JunitProperty> {
    let of = |name: KeyName| {
        let digest = member.known_key(name)?.digest.whole;
        let property = |what| format!("{} {name} {what}", member.name);
        Some([
            (property("md5"), digest.md5.to_string()),
            (property("sha256"), digest.sha256.to_string()),
        ])
    };
    KeyName::ALL.into_iter().filter_map(of).flatten().collect()
}

/// Says on what evidence the report speaks.
fn examined(report: &Report) -> Vec<JunitProperty> {
    let ExaminedSection { about, sources, .. } = ExaminedSection::of(report);
    let about = about.into_iter().map(|(what, says)| (what.to_lowercase(), says));
    let sources = sources.into_iter().map(|own| (format!("source {}", own.source), own.spoken()));
    about.chain(sources).collect()
}

fn properties(all: &[JunitProperty], out: &mut dyn Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "    <properties>")?;
    for (name, value) in all {
        let (name, value) = (attribute(name), attribute(value));
        writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>")?;
    }
    writeln!(out, "    </properties>")
}

fn suite(name: &str, all: &[JunitProperty], cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    let suite = attribute(name);
    let class: String = printable(name).chars().take(CLASS_CHARS_MAX).collect();
    let class = escaped(&class);
    writeln!(out, "  <testsuite name=\"{suite}\"{}>", Counts::of(cases))?;
    // Before the cases, as the schemas of Ant and Surefire have it.
    properties(all, out)?;
    for (name, end) in cases {
        // Jenkins takes what is before the last dot of a class for its package.
        write!(out, "    <testcase classname=\"aemtrix.{class}\" name=\"{}\"", attribute(name))?;
        let (element, message, text) = match end {
            CaseEnd::Passed(text) if text.is_empty() => {
                writeln!(out, "/>")?;
                continue;
            }
            CaseEnd::Passed(text) => ("system-out", None, text.as_str()),
            CaseEnd::Skipped(message) => ("skipped", Some(message), ""),
            CaseEnd::Failure(message, text) => ("failure", Some(message), text.as_str()),
            CaseEnd::Error(message, text) => ("error", Some(message), text.as_str()),
        };
        let message = message.map(|text| format!(" message=\"{}\"", attribute(text)));
        let message = message.unwrap_or_default();
        writeln!(out, ">\n      <{element}{message}>{}</{element}>", escaped(text))?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

/// Returns text as the value of an attribute. A line break in one would become a blank.
fn attribute(text: &str) -> String {
    // XML 1.0 §3.3.3, attribute-value normalization.
    escaped(&printable(text))
}

/// Returns text without markup, and without the characters that XML 1.0 has no way to write.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            // XML 1.0 §2.2 excludes these two. The control characters
            // it excludes too were replaced by `printable`.
            '\u{fffe}' => safe.push_str("\\u{fffe}"),
            '\u{ffff}' => safe.push_str("\\u{ffff}"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::facts::GapKind;
    use crate::farm::Farm;
    use crate::report::Screen;
    use crate::testing::{FarmBuilder, good_farm};

    fn written(farm: FarmBuilder, gaps: Vec<Gap>, selection: &Selection) -> String {
        written_of(Farm { gaps: gaps.clone(), ..farm.build() }, gaps, selection)
    }

    fn written_of(farm: Farm, gaps: Vec<Gap>, selection: &Selection) -> String {
        let report = Report::new(vec![farm], Vec::new(), gaps, selection, Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What became of the test case of this name, and what is said of it.
    fn case(text: &str, name: &str) -> (String, String) {
        let document = roxmltree::Document::parse(text).unwrap();
        let mut cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
        let case = cases.find(|case| case.attribute("name") == Some(name)).expect("this case");
        let Some(inside) = case.first_element_child() else {
            return ("passed".to_owned(), String::new());
        };
        let text = inside.attribute("message").or(inside.text()).unwrap_or_default();
        (inside.tag_name().name().to_owned(), text.to_owned())
    }

    /// What became of the test case of this name: `failure`, `error`, `skipped`, `system-out` of one that passes, or `passed`.
    fn state(text: &str, name: &str) -> String {
        case(text, name).0
    }

    /// How many cases fail, are not known, and were not tried.
    fn counts(text: &str) -> [String; 3] {
        let document = roxmltree::Document::parse(text).unwrap();
        let whole = document.root_element();
        ["failures", "errors", "skipped"].map(|of| whole.attribute(of).unwrap().to_owned())
    }

    #[test]
    fn rule_that_fires_fails_its_case_alone() {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.storage(b"JCR"));
        let text = written(farm, Vec::new(), &Selection::default());
        let states = ["storage-jcr", "hmac-differs", "verdict"].map(|name| state(&text, name));
        assert_eq!(states, ["failure", "passed", "failure"], "{text}");
        let suite = text.split("<testsuite ").nth(1).unwrap();
        assert!(suite.starts_with(&format!("name=\"farm\" tests=\"{}\"", RULES.len() + 1)));
    }

    #[test]
    fn verdict_whose_every_error_is_excused_fails_no_gate() {
        let accept = |rule: &str| crate::policy::Suppression {
            rule: rule.to_owned(),
            farm: None,
            instances: Vec::new(),
            reason: "we know".to_owned(),
            until: None,
        };
        let odd: Vec<u8> = (1..33).collect();
        let farm = || good_farm(&["a", "b"]).with("c", |i| i.hmac(&odd));
        let mut selection =
            Selection { suppressions: vec![accept("hmac-differs")], ..Selection::default() };
        let text = written(farm(), Vec::new(), &selection);
        assert_eq!(state(&text, "verdict"), "failure", "{text}");
        selection.suppressions.push(accept("half-copied-pair"));
        let text = written(farm(), Vec::new(), &selection);
        let (state, reason) = case(&text, "verdict");
        assert!(state == "skipped" && reason.ends_with(": suppressed: we know"), "{text}");
        assert_eq!(counts(&text)[0], "0", "{text}");
    }

    #[test]
    fn rule_that_was_left_out_did_not_pass() {
        let selection =
            Selection { ignore: vec!["storage-jcr".to_owned()], ..Selection::default() };
        let text = written(good_farm(&["a", "b"]), Vec::new(), &selection);
        assert_eq!(state(&text, "storage-jcr"), "skipped", "{text}");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let gap = Gap {
            source: "d.tar".to_owned(),
            path: None,
            kind: GapKind::Partial,
            reason: "ends early".to_owned(),
        };
        let text = written(good_farm(&["a", "b"]), vec![gap], &Selection::default());
        let states = ["verdict", "d.tar", "hmac-differs"].map(|name| state(&text, name));
        assert_eq!(states, ["error", "error", "skipped"], "{text}");
    }

    #[test]
    fn lone_instance_fails_no_gate_and_passes_no_rule_that_compares() {
        let text = written(good_farm(&["a"]), Vec::new(), &Selection::default());
        assert_eq!(state(&text, "verdict"), "skipped", "{text}");
        for rule in RULES {
            let expected = if rule.compares { "skipped" } else { "passed" };
            assert_eq!(state(&text, rule.id), expected, "{}", rule.id);
        }
        assert_eq!(counts(&text)[..2], ["0", "0"], "{text}");
        let two = written(good_farm(&["a", "b"]), Vec::new(), &Selection::default());
        assert_eq!(counts(&two)[2], "0", "{two}");
    }

    #[test]
    fn lone_instance_with_an_error_passes_no_rule_that_compares() {
        let text =
            written(good_farm(&[]).with("a", |i| i.hmac(b"")), Vec::new(), &Selection::default());
        let states = ["key-degenerate", "hmac-differs"].map(|name| state(&text, name));
        assert_eq!(states, ["failure", "skipped"], "{text}");
    }

    #[test]
    fn farm_of_no_instance_passes_no_rule() {
        let farm = Farm { members: Vec::new(), ..good_farm(&["a"]).build() };
        let text = written_of(farm, Vec::new(), &Selection::default());
        assert!(RULES.iter().all(|rule| state(&text, rule.id) == "skipped"), "{text}");
    }

    /// The report on an instance without storage, which is an error, and with a key of an unusual length, a warning.
    fn failing_from(fails_from: Option<Severity>) -> String {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&[1, 2, 3])).build();
        let selection = Selection::default();
        let report = Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
        let mut out = Vec::new();
        write(&Report { fails_from, ..report }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn case_fails_where_the_run_does() {
        let states =
            |text: &str| ["key-length", "hmac-differs", "verdict"].map(|name| state(text, name));
        let usual = failing_from(Some(Severity::Warning));
        assert_eq!(states(&usual), ["failure", "failure", "failure"], "{usual}");
        let errors = failing_from(Some(Severity::Error));
        assert_eq!(states(&errors), ["system-out", "failure", "failure"], "{errors}");
        let told = "warning that passes: the run fails from severity error on (--fail-on)\nhmac of c has 3 bytes";
        assert!(case(&errors, "key-length").1.starts_with(told), "{errors}");
        let never = failing_from(None);
        assert_eq!(counts(&never), ["0", "0", "1"], "{never}");
        assert_eq!(state(&never, "verdict"), "skipped", "{never}");
    }

    #[test]
    fn no_two_suites_have_one_name() {
        let farm = Farm { name: "sources".to_owned(), ..good_farm(&["a", "b"]).build() };
        let selection = Selection::default();
        let report = Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for name in ["sources", "sources of the run"] {
            assert_eq!(text.matches(&format!("<testsuite name=\"{name}\"")).count(), 1, "{text}");
        }
    }

    #[test]
    fn nothing_is_markup_or_illegal() {
        assert_eq!(escaped("<a b='c'>&\"]]>"), "&lt;a b=&apos;c&apos;&gt;&amp;&quot;]]&gt;");
        // XML 1.0 cannot hold the first two, and makes a space of a newline in an attribute.
        assert_eq!(attribute("a\0\u{ffff}\nb"), "a\\u{0}\\u{ffff}\\u{a}b");
    }
}
