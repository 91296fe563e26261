//! Templates of users: the JSON report in the style of a house.
//!
//! A template is a program: it may do what it likes within a number of steps that grows with the report. The engine counts an instruction as
//! one, and so 64 bytes of what is made; what is larger than the steps that are left is not made at all. So steps bound memory, too.

mod words;

use super::{Report, json};
use crate::limits::Limits;
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value, context, filters};
use std::io::{self, Write};
use std::thread;

/// Bytes that are made in one step.
const STEP_BYTES: u64 = 64;
/// Bytes of JSON that are made in one step: the engine walks the whole value for them.
const BYTES_OF_JSON_IN_A_STEP: u64 = 4;
/// Spaces that each level of JSON begins with.
const INDENT_MAX: usize = 16;
/// Macros that may call each other.
const DEPTH_MAX: usize = 100;

/// A template that was found to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTemplate {
    name: String,
    text: String,
}

impl ReportTemplate {
    /// Takes the text of a template. Its name decides what is escaped: `.html`, `.htm` and `.xml` for HTML, `.json` and
    /// `.js` for JSON; a `.j2` behind that does not count.
    ///
    /// # Errors
    ///
    /// Fails when the text is no template, or too large a one; the message is one sentence and names the line.
    pub fn parse(name: &str, text: String) -> Result<Self, String> {
        // What has no tag says the same of every report: a file of another kind, which may hold a key, and would be the report.
        if !text.contains("{{") && !text.contains("{%") {
            return Err("is no template: it has no tag, `{{ … }}` or `{% … %}`".to_owned());
        }
        // 20,000 terms once overflowed the stack.
        let max = Limits::DEFAULT.template_words_max;
        if words::words(&text) > max {
            return Err(format!("has more than {max} words and signs in its tags"));
        }
        on_a_stack(|| engine().add_template(name, &text).map_err(|error| one_line(&error)))?;
        Ok(Self { name: name.to_owned(), text })
    }

    /// Renders a report: the template sees the fields of the JSON report as `report`.
    ///
    /// # Errors
    ///
    /// Fails when the template asks for what is not there, or takes too many steps; the message names the line.
    pub fn render(&self, report: &Report) -> Result<Vec<u8>, String> {
        self.render_within(Limits::DEFAULT.template_steps_max, report)
    }

    fn render_within(&self, steps: u64, report: &Report) -> Result<Vec<u8>, String> {
        let value = json::value(report).map_err(|error| error.to_string())?;
        let for_values = values_in(&value).saturating_mul(Limits::DEFAULT.template_value_steps_max);
        let steps = steps.saturating_add(for_values);
        on_a_stack(|| {
            let mut engine = engine();
            engine.set_fuel(Some(steps));
            engine.add_template(&self.name, &self.text).map_err(|error| one_line(&error))?;
            let template = engine.get_template(&self.name).map_err(|error| one_line(&error))?;
            // A list is written whole before its steps are counted, and the same long text may be in it many times.
            let bytes_max = usize::try_from(steps.saturating_mul(STEP_BYTES)).unwrap_or(usize::MAX);
            let mut page = Bounded { bytes: Vec::new(), bytes_max };
            let rendered = template.render_captured_to(context! { report => value }, &mut page);
            rendered.map_err(|error| match error.kind() {
                ErrorKind::OutOfFuel | ErrorKind::WriteFailure => too_many(steps, &error),
                _ => one_line(&error),
            })?;
            Ok(page.bytes)
        })
    }
}

/// Returns an engine without files: statements that name other templates are not even built in.
fn engine<'t>() -> Environment<'t> {
    let mut engine = Environment::new();
    engine.set_recursion_limit(DEPTH_MAX);
    // Every field is there, be it null; what is undefined is misspelt.
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // It alone can put a list into a list into a list, once for each turn of a loop; a million of them overflow the stack when they are
    // dropped.
    engine.add_function("namespace", |_: Rest<Value>, _: Kwargs| -> Result<Value, Error> {
        let text = "namespace is not offered here; filters count, such as `findings|selectattr('severity', 'equalto', 'error')|list|length`";
        Err(Error::new(ErrorKind::InvalidOperation, text))
    });
    engine.add_filter("tojson", to_json);
    engine
}

/// Makes JSON as the engine does, of which lines begin with no more than a few spaces: they are made before their steps are counted.
fn to_json(
    state: &State<'_, '_>,
    value: &Value,
    indent: Option<Value>,
    arguments: Kwargs,
) -> Result<Value, Error> {
    let width = match &indent {
        Some(indent) => Some(indent.clone()),
        None => arguments.get("indent")?,
    };
    let is_bool = width.as_ref().is_some_and(|width| width.kind() == ValueKind::Bool);
    if let Some(width) = width.filter(|_| !is_bool) {
        let spaces = width.as_usize();
        if !width.is_none() && spaces.is_none_or(|spaces| spaces > INDENT_MAX) {
            let text = format!("indent is a number from 0 to {INDENT_MAX}");
            return Err(Error::new(ErrorKind::InvalidOperation, text));
        }
    }
    let json = filters::tojson(value, indent, arguments)?;
    let bytes = u64::try_from(json.as_str().map_or(0, str::len)).unwrap_or(u64::MAX);
    state.consume_fuel(bytes.checked_div(BYTES_OF_JSON_IN_A_STEP).unwrap_or_default())?;
    Ok(json)
}

/// Counts the values in a value: fields, elements, and what is in them.
fn values_in(value: &Value) -> u64 {
    let fields = || value.try_iter().into_iter().flatten();
    let inside: u64 = match value.kind() {
        ValueKind::Seq => fields().map(|element| values_in(&element)).sum(),
        ValueKind::Map => fields()
            .filter_map(|key| value.get_item(&key).ok())
            .map(|field| values_in(&field))
            .sum(),
        _ => 0,
    };
    inside.saturating_add(1)
}

/// Does what the engine does by calling itself on a stack that is large enough for all templates within the limits, whatever the thread
/// has.
fn on_a_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    let builder = thread::Builder::new().stack_size(Limits::DEFAULT.template_stack_bytes);
    thread::scope(|scope| match builder.spawn_scoped(scope, work) {
        Ok(thread) => thread
            .join()
            .unwrap_or_else(|_| Err("the engine of templates failed, which is a bug".to_owned())),
        Err(error) => Err(format!("there is no memory for a stack: {error}")),
    })
}

/// Takes no more than some bytes.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(bytes.len()) > self.bytes_max {
            return Err(io::Error::other("there is no room"));
        }
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says that a template was stopped, and where.
fn too_many(steps: u64, error: &Error) -> String {
    let line = error.line().map(|line| format!(" by line {line}")).unwrap_or_default();
    format!(
        "it takes more than {steps} steps{line} (an instruction is one, and so are {STEP_BYTES} bytes that it makes)"
    )
}

/// Returns an error in one line, with what caused it.
fn one_line(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::report::Screen;
    use crate::testing::{Scenes, farm};

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
        let page = ReportTemplate::parse(name, text.to_owned())?.render_within(100_000, &report)?;
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
        let ten = "range(10000)";
        let endless = format!(
            "{{% for a in {ten} %}}{{% for b in {ten} %}}{{% for c in {ten} %}}{{% endfor %}}{{% endfor %}}{{% endfor %}}"
        );
        let mut scenes = Scenes::default();
        for text in [
            "\n{% for %}",
            "\n\n{{ report.verdikt.x }}",
            "{% include '/etc/passwd' %}",
            &endless,
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{{ report|tojson(indent=1000000) }}",
            "{% set n = namespace(x=[]) %}",
        ] {
            let error = render("x.html", text).unwrap_err();
            assert_eq!(error.lines().count(), 1, "{error}");
            // How many steps there are follows from the size of the report.
            let is_count = |word: &&str| word.parse::<u64>().is_ok_and(|steps| steps > 9_999);
            let words = error.split(' ').map(|word| if is_count(&word) { "MANY" } else { word });
            let said = words.collect::<Vec<_>>().join(" ");
            scenes.add(&text.replace('\n', "\\n"), &said);
        }
        scenes.are("template");
    }

    #[test]
    fn what_would_be_large_is_not_made() {
        for large in [
            // This one took 1.9 GiB.
            "{{ 'a\nb'|indent(2000000000) }}",
            "{{ '%2000000000d'|format(1) }}",
            "{{ '%.2000000000f'|format(1.5) }}",
            "{{ 'x' * 2000000000 }}",
            "{{ (['x'] * 2000000000)|join }}",
            "{{ [range(100000)|join] * 1000 }}",
            "{% for a in range(100000) %}{% set b = range(100000)|join %}{% endfor %}",
            "{{ 'x'|replace('', 'y' * 500000)|replace('y', 'z' * 500000) }}",
            "{{ [1]|batch(2000000000, 'x')|list }}",
            "{{ [1]|slice(2000000000, 'x')|list }}",
            "{{ range(100000)|map('string')|join(', ' * 100000) }}",
            "{% macro m(s, n) %}{{ m(s ~ s, n - 1) if n else s }}{% endmacro %}{{ m('x', 40) }}",
        ] {
            let error = render("x.txt", large).unwrap_err();
            assert!(error.lines().count() == 1 && error.len() < 200, "{error}");
        }
    }

    #[test]
    fn json_is_indented_by_few_spaces() {
        let [named, alone] = ["indent=1000000", "1000000"]
            .map(|indent| render("x.txt", &format!("{{{{ report|tojson({indent}) }}}}")));
        assert_eq!(named.unwrap_err(), alone.unwrap_err());
        for (text, json) in [
            ("{{ [1]|tojson }}", "[1]"),
            ("{{ [1]|tojson(2) }}", "[\n  1\n]"),
            ("{{ [1]|tojson(indent=true) }}", "[\n  1\n]"),
        ] {
            assert_eq!(render("x.txt", text).unwrap(), json);
        }
    }

    #[test]
    fn what_is_nested_deeper_than_a_stack_takes_is_refused() {
        let max = Limits::DEFAULT.template_words_max;
        for part in [
            "1+1+",
            "-",
            "not ",
            "a.",
            "a|e|",
            "1 if 1 else ",
            "a and ",
            "~",
            "[",
            "(",
            "a[",
            "a(",
            "1 is odd ",
            "{1:",
        ] {
            let long = format!("{{{{ {} }}}}", part.repeat(max + 1));
            assert_eq!(
                render("x.txt", &long).unwrap_err(),
                format!("has more than {max} words and signs in its tags")
            );
        }
    }

    #[test]
    fn largest_templates_find_room_on_the_stack() {
        let max = Limits::DEFAULT.template_words_max;
        let whole = |count: usize, part: &str, end: &str| format!("{}{end}", part.repeat(count));
        for template in [
            format!("{{{{ {} }}}}", whole(max / 2 - 1, "1+", "1")),
            format!("{{{{ {} }}}}", whole(max - 2, "-", "1")),
            format!("{{{{ {} }}}}", whole(max - 2, "not ", "1")),
            format!("{{{{ {} }}}}", whole(max / 4 - 1, "1 if 1 else ", "1")),
            format!("{{{{ 1{} }}}}", "|e".repeat(max / 2 - 1)),
            format!("{{{{ report{} }}}}", ".a".repeat(max / 2 - 1)),
            format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(max / 2 - 2)),
            format!("{}1{}", "{% if 1 %}".repeat(max / 4), "{% endif %}".repeat(max / 4)),
            format!("{{{{ {}{} }}}}", "[".repeat(max / 2 - 1), "]".repeat(max / 2 - 1)),
            format!(
                "{{% set x = 1 %}}{}",
                format!("{{% set x = {}x{} %}}", "[".repeat(70), "]".repeat(70)).repeat(max / 150)
            ),
        ] {
            // Whether it means anything does not matter: it comes back.
            drop(render("x.txt", &template));
        }
    }

    #[test]
    fn lists_do_not_grow_deeper_in_a_loop() {
        let deeper = "{% set n = namespace(x=[]) %}{% for i in range(10000) %}{% set n.x = [n.x] %}{% endfor %}";
        render("x.txt", deeper).unwrap_err();
        let kept =
            "{% set x = [] %}{% for i in range(10000) %}{% set x = [x] %}{% endfor %}{{ x }}";
        assert_eq!(render("x.txt", kept).unwrap(), "[]");
    }

    #[test]
    fn more_of_a_report_gives_more_steps() {
        let names: Vec<String> = (0..40).map(|index| format!("i{index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let count = |names: &[&str]| {
            let farm = crate::testing::good_farm(names).build();
            let selection = Selection::default();
            let report =
                Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
            let whole = "{{ report|tojson }}{% for farm in report.farms %}{% for row in farm.matrix.rows %}{% for cell in row.cells %}{{ cell.text }}\
                {% endfor %}{% endfor %}{% endfor %}";
            let template = ReportTemplate::parse("x.txt", whole.to_owned()).unwrap();
            // What there is of it pays for all that is made of it once.
            assert!(template.render_within(0, &report).is_ok());
            values_in(&json::value(&report).unwrap())
        };
        let (few, many) = (count(&names[..20]), count(&names));
        assert!(many > few && many < few * 2, "{few} {many}");
    }
}
