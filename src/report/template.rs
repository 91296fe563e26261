//! Templates of users: the JSON report in the style of a house.

use super::{Report, json};
use minijinja::{Environment, UndefinedBehavior, context};
use std::io::{self, Write};

/// Instructions that a template may take: about 100 for each bundle of 1,000 full instances.
const FUEL_MAX: u64 = 100_000_000;
/// Macros that may call each other.
const DEPTH_MAX: usize = 100;
/// Bytes that a template may write.
const BYTES_MAX: usize = 1 << 28;

/// A template that was found to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    name: String,
    text: String,
}

impl Template {
    /// Takes the text of a template. Its name decides what is escaped: `.html`, `.htm` and `.xml` for HTML, `.json` and
    /// `.js` for JSON; a `.j2` behind that does not count.
    ///
    /// # Errors
    ///
    /// Fails when the text is no template; the message is one sentence and names the line.
    pub fn parse(name: &str, text: String) -> Result<Self, String> {
        let result = engine().add_template(name, &text).map_err(|error| told(&error));
        result.map(|()| Self { name: name.to_owned(), text })
    }

    /// Renders a report: the template sees the fields of the JSON report as `report`.
    ///
    /// # Errors
    ///
    /// Fails when the template asks for what is not there, or does not come to an end; the message names the line.
    pub fn render(&self, report: &Report) -> Result<Vec<u8>, String> {
        self.render_within(FUEL_MAX, report)
    }

    fn render_within(&self, fuel: u64, report: &Report) -> Result<Vec<u8>, String> {
        let value = json::value(report).map_err(|error| error.to_string())?;
        let mut engine = engine();
        engine.set_fuel(Some(fuel));
        engine.add_template(&self.name, &self.text).map_err(|error| told(&error))?;
        let template = engine.get_template(&self.name).map_err(|error| told(&error))?;
        let mut page = Bounded(Vec::new());
        let rendered = template.render_captured_to(context! { report => value }, &mut page);
        rendered.map_err(|error| told(&error))?;
        Ok(page.0)
    }
}

/// Returns an engine without files: statements that name other templates are not even built in.
fn engine<'t>() -> Environment<'t> {
    let mut engine = Environment::new();
    engine.set_recursion_limit(DEPTH_MAX);
    // Every field is there, be it null; what is undefined is misspelt.
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine
}

/// Returns an error in one line, with what caused it.
fn told(error: &minijinja::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Takes no more than `BYTES_MAX` bytes.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > BYTES_MAX {
            return Err(io::Error::other(format!("it writes more than {BYTES_MAX} bytes")));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Screen;
    use crate::rules::Selection;
    use crate::testing::farm;

    fn render(name: &str, text: &str) -> Result<String, String> {
        let hostile = "<b>\u{202e}\x1b";
        let farm = farm().with(hostile, |i| i).with("b", |i| i).build();
        let report = Report::new(
            vec![farm],
            Vec::new(),
            Vec::new(),
            &Selection::default(),
            Screen::default(),
        );
        let page = Template::parse(name, text.to_owned())?.render_within(1_000_000, &report)?;
        Ok(String::from_utf8(page).unwrap())
    }

    const NAMES: &str = "{% for i in report.farms[0].instances %}{{ i.name }};{% endfor %}";

    #[test]
    fn template_sees_the_report_and_its_name_decides_what_is_escaped() {
        let verdict = "{{ report.schema }} {{ report.farms[0].verdict }}";
        assert_eq!(render("x.txt", verdict).unwrap(), "aemtrix.report/1 consistent");
        assert_eq!(render("x.html", NAMES).unwrap(), r"&lt;b&gt;\u{202e}\u{1b};b;");
        assert_eq!(render("x.html.j2", NAMES).unwrap(), r"&lt;b&gt;\u{202e}\u{1b};b;");
        assert_eq!(render("x.txt", NAMES).unwrap(), r"<b>\u{202e}\u{1b};b;");
    }

    #[test]
    fn faults_are_told_with_their_line() {
        for (text, told) in [
            ("\n{% for %}", "x.html:2"),
            ("\n\n{{ report.verdikt.x }}", "x.html:3"),
            ("{% include '/etc/passwd' %}", "unknown statement include"),
        ] {
            let error = render("x.html", text).unwrap_err();
            assert!(error.contains(told) && error.lines().count() == 1, "{error}");
        }
    }

    #[test]
    fn template_that_does_not_end_is_stopped() {
        let ten = "range(10000)";
        let endless = format!(
            "{{% for a in {ten} %}}{{% for b in {ten} %}}{{% for c in {ten} %}}{{% endfor %}}{{% endfor %}}{{% endfor %}}"
        );
        assert!(render("x.txt", &endless).unwrap_err().contains("fuel"));
        let deep = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
        assert!(render("x.txt", deep).unwrap_err().contains("recursion"));
    }
}
