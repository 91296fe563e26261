//! The one form that stands for all forms of a line, made while the line is parsed: facts of 100,000 instances are 550 MB of text.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::fmt;
use std::ops::Range;

/// Spells a line; returns it with the bytes of the longest text in it.
pub(super) fn spelled(line: &[u8]) -> serde_json::Result<(Vec<u8>, usize)> {
    let mut spelling = Spelling { text: Vec::with_capacity(line.len()), longest: 0 };
    let mut parser = serde_json::Deserializer::from_slice(line);
    Speller { spelling: &mut spelling, part: Part::Line }.deserialize(&mut parser)?;
    parser.end()?;
    Ok((spelling.text, spelling.longest))
}

/// What was spelled so far.
struct Spelling {
    text: Vec<u8>,
    /// Bytes of the longest text.
    longest: usize,
}

/// Spells the next value, and returns whether it says anything.
struct Speller<'s> {
    spelling: &'s mut Spelling,
    part: Part,
}

/// Which value of a line.
#[derive(Clone, Copy)]
enum Part {
    Line,
    Instance,
    Inner,
}

/// A field that was spelled: its name and all of it, as they lie in the text.
struct Field {
    name: Range<usize>,
    all: Range<usize>,
    says: bool,
}

impl Spelling {
    /// The length is before the text, so that none can look like the start of what follows. Returns where the text begins.
    fn push(&mut self, content: &str, mark: u8) -> usize {
        self.text.push(mark);
        self.push_decimal(content.len());
        self.text.push(b':');
        let start = self.text.len();
        self.text.extend_from_slice(content.as_bytes());
        start
    }

    fn push_decimal(&mut self, number: usize) {
        let (start, mut rest) = (self.text.len(), number);
        loop {
            let digit = u8::try_from(rest.wrapping_rem(10)).unwrap_or_default();
            self.text.push(digit.saturating_add(b'0'));
            rest = rest.wrapping_div(10);
            if rest == 0 {
                break;
            }
        }
        if let Some(digits) = self.text.get_mut(start..) {
            digits.reverse();
        }
    }

    fn number(&mut self, number: &Number) {
        self.push(&number.to_string(), b'#');
    }

    /// Sorts the fields that were spelled since `start`. Of two of one name the last counts, and those that say nothing go.
    fn sort(&mut self, start: usize, mut fields: Vec<Field>) -> bool {
        let name = |field: &Field| self.text.get(field.name.clone()).unwrap_or_default();
        let is_sorted = fields.is_sorted_by(|a, b| a.says && b.says && name(a) < name(b));
        if is_sorted && fields.first().is_none_or(|field| field.says) {
            return !fields.is_empty();
        }
        // RFC 8259 §1: an object is unordered, and `jq -S` and editors sort its fields. Stable, so
        // that the last of one name is the last of them.
        fields.sort_by(|a, b| name(a).cmp(name(b)));
        fields.reverse();
        // RFC 8259 §4 leaves open which of two fields of
        // one name counts; most readers take the last.
        fields.dedup_by(|later, kept| name(later) == name(kept));
        fields.retain(|field| field.says);
        let end = self.text.len();
        for field in fields.iter().rev() {
            if field.all.end <= end {
                self.text.extend_from_within(field.all.clone());
            }
        }
        self.text.drain(start..end);
        !fields.is_empty()
    }
}

impl<'de> DeserializeSeed<'de> for Speller<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Speller<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        self.spelling.text.push(b'n');
        Ok(false)
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<bool, E> {
        self.spelling.text.push(if is { b't' } else { b'f' });
        Ok(is)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<bool, E> {
        self.spelling.number(&number.into());
        Ok(true)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<bool, E> {
        self.spelling.number(&number.into());
        Ok(true)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<bool, E> {
        match Number::from_f64(number) {
            Some(number) => self.spelling.number(&number),
            None => return self.visit_unit(),
        }
        Ok(true)
    }

    fn visit_str<E: Error>(self, content: &str) -> Result<bool, E> {
        self.spelling.longest = self.spelling.longest.max(content.len());
        self.spelling.push(content, b'"');
        Ok(!content.is_empty())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        self.spelling.text.push(b'[');
        let mut says = false;
        while items
            .next_element_seed(Speller { spelling: self.spelling, part: Part::Inner })?
            .is_some()
        {
            says = true;
        }
        self.spelling.text.push(b']');
        Ok(says)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        self.spelling.text.push(b'{');
        let (start, mut fields) = (self.spelling.text.len(), Vec::new());
        loop {
            let begin = self.spelling.text.len();
            let Some(name) = map.next_key_seed(Name(self.spelling))? else { break };
            let (part, counts) = inside(self.part, self.spelling.text.get(name.clone()));
            let says = map.next_value_seed(Speller { spelling: self.spelling, part })?;
            let all = begin..self.spelling.text.len();
            fields.push(Field { name, all, says: says && counts });
        }
        let says = self.spelling.sort(start, fields);
        self.spelling.text.push(b'}');
        Ok(says)
    }
}

/// Says which part a field is, and whether it counts: the version does not, nor the name that the user gave a source, nor what the keys of
/// other sources open, which another run tries with others.
fn inside(part: Part, name: Option<&[u8]>) -> (Part, bool) {
    match (part, name) {
        (Part::Line, Some(b"schema")) | (Part::Instance, Some(b"label" | b"trials")) => {
            (Part::Inner, false)
        }
        (Part::Line, Some(b"instance")) => (Part::Instance, true),
        _ => (Part::Inner, true),
    }
}

/// Spells the name of a field, and returns where it lies in the text.
struct Name<'s>(&'s mut Spelling);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Range<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Range<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Range<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Range<usize>, E> {
        self.0.longest = self.0.longest.max(name.len());
        let start = self.0.push(name, b'"');
        Ok(start..self.0.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn text(line: &str) -> String {
        String::from_utf8(spelled(line.as_bytes()).unwrap().0).unwrap()
    }

    #[test]
    fn fields_are_sorted_and_those_that_say_nothing_are_left_out() {
        let line = r#"{"b":[null,false,{"y":""}],"a":-1,"c":{"d":[]},"aa":1.5e300}"#;
        assert_eq!(text(line), r#"{"1:a#2:-1"2:aa#8:1.5e+300"1:b[nf{}]}"#);
        assert_eq!(text(&format!("{{\"{}\":1}}", "x".repeat(120))).find("\"120:xx"), Some(1));
    }

    #[test]
    fn of_fields_of_one_name_the_last_counts() {
        assert_eq!(text(r#"{"b":1,"a":1,"a":2}"#), text(r#"{"a":2,"b":1}"#));
        assert_eq!(text(r#"{"a":1,"b":1,"a":null}"#), text(r#"{"b":1}"#));
        assert_eq!(text(r#"{"a":null,"a":1}"#), text(r#"{"a":1}"#));
    }

    #[test]
    fn longest_text_is_found_in_names_and_values() {
        let longest = |line: &str| spelled(line.as_bytes()).unwrap().1;
        assert_eq!(longest(r#"{"abc":["d",{"schema":"efgh"}]}"#), 6);
        assert_eq!(longest(r#"{"abc":["d",{"e":"\u00e4\u00e4\u00e4"}]}"#), 6);
        assert_eq!(longest("[]"), 0);
    }

    #[test]
    fn what_is_no_json_is_not_spelled() {
        for bad in ["", "{", "{} {}", r#"{"a":"\ud800"}"#, "1e999", "{1:2}"] {
            assert!(spelled(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    /// The same from a parsed value: slow, and short enough to be seen to be right.
    fn slowly(value: &Value, part: Part) -> (String, bool) {
        let marked = |text: &str, mark: &str| format!("{mark}{}:{text}", text.len());
        match value {
            Value::Null => ("n".to_owned(), false),
            Value::Bool(is) => (if *is { "t" } else { "f" }.to_owned(), *is),
            Value::Number(number) => (marked(&number.to_string(), "#"), true),
            Value::String(text) => (marked(text, "\""), !text.is_empty()),
            Value::Array(items) => {
                let texts = items.iter().map(|item| slowly(item, Part::Inner).0);
                (format!("[{}]", texts.collect::<String>()), !items.is_empty())
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                let texts = fields.into_iter().filter_map(|(name, value)| {
                    let (part, counts) = inside(part, Some(name.as_bytes()));
                    let (text, says) = slowly(value, part);
                    (says && counts).then(|| marked(name, "\"") + &text)
                });
                let texts: Vec<String> = texts.collect();
                (format!("{{{}}}", texts.concat()), !texts.is_empty())
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        let name =
            prop_oneof![Just("instance"), Just("label"), Just("schema"), Just("a"), Just("")];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            let fields = proptest::collection::vec((name.clone(), inner.clone()), 0..6);
            let object = |fields: Vec<(&str, Value)>| {
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            };
            prop_oneof![
                proptest::collection::vec(inner, 0..6).prop_map(Value::from),
                fields.prop_map(move |fields| Value::Object(object(fields))),
            ]
        })
    }

    proptest! {
        #[test]
        fn spelling_while_parsing_is_that_of_the_parsed_value(value in values()) {
            let line = value.to_string();
            let parsed: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(text(&line), slowly(&parsed, Part::Line).0);
        }
    }
}
