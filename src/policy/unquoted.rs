//! What is wrong with a text that was to be read, without a word of it: a file of keys or passwords may have been named by mistake.

/// How the messages begin that quote what is there, and what stays of these.
const QUOTING: [(&str, &str); 5] = [
    ("unknown field", "this field is not known"),
    ("unknown variant", "this value is not known"),
    ("invalid type", "this is of another type"),
    ("invalid value", "this is another value"),
    ("invalid length", "this has another length"),
];

/// Returns the message of a parser without what it quotes of the text.
pub(super) fn unquoted(message: &str) -> String {
    // A message of a parser may have several lines, and an error here has one.
    let message = message.lines().collect::<Vec<_>>().join(" ");
    let quoting = QUOTING.iter().find(|(start, _)| message.starts_with(start));
    let Some((_, what)) = quoting else { return message };
    // What is expected stands last, and comes from the program.
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{what}; expected {expected}"),
        None => (*what).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_left_out_and_what_is_expected_stays() {
        for (message, told) in [
            (
                "unknown field `a, expected b`, expected `c` or `d`",
                "this field is not known; expected `c` or `d`",
            ),
            ("unknown field `a`, there are no fields", "this field is not known"),
            (
                "invalid type: string \"a\", expected a map",
                "this is of another type; expected a map",
            ),
            ("missing field `schema`", "missing field `schema`"),
            ("a\nb", "a b"),
        ] {
            assert_eq!(unquoted(message), told);
        }
    }
}
