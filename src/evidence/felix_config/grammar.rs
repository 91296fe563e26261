//! The `.config` grammar of Felix ConfigAdmin, as each generation of its reader takes it; what they take differently is a deviation.
//!
//! One entry a line, `name=value`. A value is a quoted text, a list in `[]` or a collection in `()`, with a type letter in
//! front of all but strings. Three writers are known: 1.2.8 writes nothing for an empty list, 1.8.4 one line a list, 1.9.12 one
//! line an element with a backslash at the line end. All end lines with CR LF; people's editors do not.
//!
//! Any value may be a secret. Errors name a place and never quote, and no value shows in debug output.

use crate::evidence::cursor::{ParseError, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use zeroize::Zeroizing;

/// Entries of a file, and elements of a list. The largest real configurations have some hundred.
const COUNT_MAX: usize = 16_384;

/// The readers of ConfigAdmin that take the same files for different things, oldest first.
///
/// All were run on the same files: 1.2.8, 1.6.0, 1.8.4, 1.8.6, 1.8.8, 1.8.16, 1.9.12 to 1.9.22 and 1.9.26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    /// Up to 1.8.4: a blank in a list ends what is read.
    Plain,
    /// 1.8.6: lists may span lines.
    Folds,
    /// 1.8.8 to 1.9.18: comments are skipped.
    Comments,
    /// From 1.9.22 on: blanks around an equals sign are skipped, line ends included. (FELIX-5690)
    Blanks,
}

impl Generation {
    /// Returns those before the newest.
    pub(super) const OLDER: [Self; 3] = [Self::Plain, Self::Folds, Self::Comments];

    /// Returns the one of a version of ConfigAdmin; `None` where the version says none.
    pub fn of_version(version: &str) -> Option<Self> {
        // Adobe's own builds have a qualifier: `1.8.6.B001`.
        let mut parts = version.split('.').map(str::parse::<u64>);
        let mut part = || parts.next()?.ok();
        match (part()?, part()?, part()?) {
            // 1.9.20 ends each name and value at a blank (FELIX-6406); it is not worth a reader of its own.
            (1, 9, 19..=21) => None,
            version if version < (1, 8, 6) => Some(Self::Plain),
            version if version < (1, 8, 8) => Some(Self::Folds),
            version if version < (1, 9, 19) => Some(Self::Comments),
            _ => Some(Self::Blanks),
        }
    }
}

/// Where a file is not what Felix writes, so that versions of Felix read it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deviation {
    /// A byte order mark.
    Bom,
    /// A comment line.
    Comment,
    /// A blank beside the equals sign.
    Blank,
    /// No value behind an equals sign.
    NoValue,
    /// A blank in a list that is on one line.
    BlankInList,
    /// A value without quotes.
    Unquoted,
    /// A name that does not start a line, or spans several.
    Garbled,
    /// The file ends inside a text.
    CutText,
    /// The file ends inside a list.
    CutList,
    /// Something that is no entry.
    Stop,
}

impl Deviation {
    /// Returns `true` if it is why generations of the reader may take a file for different things.
    pub fn divides(self) -> bool {
        matches!(self, Self::Comment | Self::Blank | Self::NoValue | Self::BlankInList)
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bom => {
                "starts with a byte order mark, which Felix takes for part of the first name"
            }
            Self::Comment => {
                "has comment lines; Felix ConfigAdmin up to 1.8.6 loses the entry after each"
            }
            Self::Blank => {
                "has a blank beside an equals sign; Felix ConfigAdmin up to 1.9.18 silently loses the entry or the rest of the file there"
            }
            Self::NoValue => {
                "has a name without a value; newer versions of Felix ConfigAdmin (from 1.9.20 on) read nothing after it"
            }
            Self::BlankInList => {
                "has a blank in a list; Felix ConfigAdmin up to 1.8.4 silently drops the rest of the file there"
            }
            Self::Unquoted => {
                "has a value without quotes, which Felix loses together with the next entry"
            }
            Self::Garbled => "has a name that is not on a line of its own",
            Self::CutText => "ends inside a value; Felix takes what there is",
            Self::CutList => "ends inside a list, which Felix drops",
            Self::Stop => "holds something that is no entry; Felix reads nothing after it",
        })
    }
}

/// One value; numbers as they are stored.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Text(Zeroizing<String>),
    /// Integer, Long, Byte and Short.
    Number(i64),
    /// The raw bits of a Float.
    Float(u32),
    /// The raw bits of a Double.
    Double(u64),
    Boolean(bool),
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
}

/// A name with its values: one, or those of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// The name did not stand at the start of a line, so it may be part of something else.
    pub(super) garbled: bool,
    pub(super) values: Vec<Scalar>,
}

/// All entries of a file, by name in lower case: names are compared without their case, and the last of equals wins.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) deviations: BTreeSet<Deviation>,
    pub(super) folded: Folded,
}

/// Whether lists span lines, as no version before 1.8.6 writes or reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Folded {
    #[default]
    None,
    /// [`Generation::Plain`] fails at the first, as at all that hold something: the next quote is in the place of an equals sign.
    Fatal,
    /// It takes the first for something else, and reads on.
    Misread,
}

impl Dictionary {
    /// Returns `true` if all older generations may take the file for something else than the newest, folded lists aside.
    pub(super) fn divides(&self) -> bool {
        self.deviations.iter().any(|deviation| deviation.divides())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(&name.to_lowercase())
    }

    /// Returns the single text of an entry.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)?.values.as_slice() {
            [Scalar::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Reads a whole file as this generation does.
pub(super) fn read(bytes: &[u8], generation: Generation) -> Result<Dictionary, ParseError> {
    // Java reads UTF-8 in the same way: what is not valid becomes U+FFFD.
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let mut reader = Reader::new(&text, 0, generation);
    // Felix takes the mark into the first name, so that entry is not what it seems to be.
    // Felix never writes one; editors of Windows do.
    let marked = reader.accept('\u{feff}');
    if marked {
        reader.deviations.insert(Deviation::Bom);
    }
    let mut entries = BTreeMap::new();
    while let Some((name, garbled)) = reader.name(entries.is_empty())? {
        let mark = if marked && entries.is_empty() { "\u{feff}" } else { "" };
        // Felix drops an entry without a value that it understands, and reads on.
        if let Some(values) = reader.value()? {
            // Of two entries of one name the last counts, as in Felix, which compares names without their case.
            let key = format!("{mark}{}", name.to_lowercase());
            entries.insert(key, Entry { name, garbled, values });
        }
        limit(entries.len(), "configuration", reader.offset)?;
    }
    Ok(Dictionary { folded: reader.folded(), entries, deviations: reader.deviations })
}

/// Says of a file whose reader is of no known version, such as that of an installer, that versions take it for different things.
///
/// Installers have always skipped comments: they write one themselves. So only [`Generation::Comments`] and the newest are compared there.
pub(super) fn open_error() -> ParseError {
    let problem = Problem::Expected("entries that all versions of Felix read alike");
    ParseError { what: "configuration", offset: 0, problem }
}

pub(super) fn limit(count: usize, what: &'static str, offset: usize) -> Result<(), ParseError> {
    if count > COUNT_MAX {
        return Err(ParseError { what, offset, problem: Problem::Limit(COUNT_MAX) });
    }
    Ok(())
}

struct Reader<'t> {
    text: &'t str,
    offset: usize,
    generation: Generation,
    deviations: BTreeSet<Deviation>,
    /// Where the white space of the first list that spans lines begins.
    first_fold: Option<usize>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, offset: usize, generation: Generation) -> Self {
        Self { text, offset, generation, deviations: BTreeSet::new(), first_fold: None }
    }

    fn folded(&self) -> Folded {
        let Some(offset) = self.first_fold else { return Folded::None };
        let mut plain = Self::new(self.text, offset, Generation::Plain);
        plain.next();
        if plain.name(false).is_err() { Folded::Fatal } else { Folded::Misread }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.offset..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset = self.offset.saturating_add(next.len_utf8());
        Some(next)
    }

    fn accept(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.next();
        }
        there
    }

    fn wrong(&self, what: &'static str, expected: &'static str) -> ParseError {
        let problem = match self.peek() {
            Some(_) => Problem::Expected(expected),
            None => Problem::Ends,
        };
        ParseError { what, offset: self.offset, problem }
    }

    /// Skips white space; says whether a line ended in it.
    fn blanks(&mut self) -> bool {
        let mut line_ended = false;
        while let Some(blank) = self.peek().filter(|c| is_blank(*c)) {
            line_ended |= matches!(blank, '\r' | '\n');
            self.next();
        }
        line_ended
    }

    /// Reads the next name and its equals sign; says too whether the name is garbled. There is none at the end.
    fn name(&mut self, first: bool) -> Result<Option<(String, bool)>, ParseError> {
        let mut starts_line = self.blanks() || first;
        // ConfigAdmin up to 1.8.6 knows no comments; `//` is part of a name to all versions.
        while self.generation >= Generation::Comments && self.accept('#') {
            self.deviations.insert(Deviation::Comment);
            while self.next().is_some_and(|c| !matches!(c, '\r' | '\n')) {}
            self.blanks();
            starts_line = true;
        }
        match self.peek() {
            None => return Ok(None),
            // Felix stops at such a sign without an error, and keeps what it has read until there.
            Some('=' | '"' | '[' | ']' | '(' | ')' | ',') => {
                self.deviations.insert(Deviation::Stop);
                return Ok(None);
            }
            Some(_) => {}
        }
        let raw = self.quoted()?;
        if !self.accept('=') {
            return Err(self.wrong("name", "an equals sign"));
        }
        // The newest trims the name; to the others the blank is part of it.
        let trimmed = raw.trim();
        if trimmed.len() != raw.len() {
            self.deviations.insert(Deviation::Blank);
        }
        let is_newest = self.generation == Generation::Blanks;
        let name = if is_newest { trimmed.to_owned() } else { raw.to_string() };
        let garbled = !starts_line || name.contains(['\r', '\n']);
        if garbled {
            self.deviations.insert(Deviation::Garbled);
        }
        Ok(Some((name, garbled)))
    }

    /// Reads what is after an equals sign; `None` where Felix takes nothing from it.
    fn value(&mut self) -> Result<Option<Vec<Scalar>>, ParseError> {
        if self.generation == Generation::Blanks {
            let start = self.offset;
            let line_ended = self.blanks();
            // Up to 1.2.8 an empty list was written as nothing. The newest reader takes the next name for the value, and stops.
            let no_value = (line_ended && self.peek().is_some()).then_some(Deviation::NoValue);
            let blank = (self.offset > start).then_some(Deviation::Blank);
            self.deviations.extend(no_value.or(blank));
        }
        let first = self.next();
        // Writers leave the letter of a string out; readers accept `T`.
        let (kind, open) = match first {
            Some(kind) if KINDS.contains(kind) => (kind, self.next()),
            other => ('T', other),
        };
        match open {
            Some('"') => {
                let value = self.scalar(kind)?;
                Ok(value.map(|value| vec![value]))
            }
            Some('[') => self.list(kind, ']'),
            // A collection; what its elements are is taken from the first.
            Some('(') => self.list(kind, ')'),
            // The older readers skip nothing here: a blank or a line end is all of the value.
            Some(_) => {
                self.deviations.insert(Deviation::Unquoted);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Reads a list up to its end. The file's end drops all of it.
    fn list(&mut self, kind: char, end: char) -> Result<Option<Vec<Scalar>>, ParseError> {
        let mut values = Vec::new();
        loop {
            self.fold();
            if self.accept('"') {
                values.extend(self.scalar(kind)?);
                limit(values.len(), "list", self.offset)?;
                self.fold();
            }
            // 1.9.12 writes a comma after the last element, too, so the end may follow a comma.
            if self.accept(end) {
                return Ok(Some(values));
            }
            if self.peek().is_none() {
                self.deviations.insert(Deviation::CutList);
                return Ok(None);
            }
            if !self.accept(',') {
                // Up to 1.8.4 the reader gives the list up without an error, and goes on one sign further.
                if self.generation == Generation::Plain {
                    self.next();
                    return Ok(None);
                }
                return Err(self.wrong("list", "a comma or the end of the list"));
            }
        }
    }

    /// Skips white space in a list, and backslashes at line ends.
    fn fold(&mut self) {
        if self.generation == Generation::Plain {
            return;
        }
        let start = self.offset;
        self.blanks();
        let has_blank = self.offset > start;
        // 1.8.6 and newer write ` \` at the end of each line of a list; 1.8.4 fails on that.
        let folds = |rest: &str| rest.starts_with("\\\r") || rest.starts_with("\\\n");
        let mut is_fold = false;
        while self.text.get(self.offset..).is_some_and(folds) {
            self.next();
            self.blanks();
            is_fold = true;
        }
        if is_fold {
            self.first_fold.get_or_insert(start);
        }
        if has_blank && !is_fold {
            self.deviations.insert(Deviation::BlankInList);
        }
    }

    /// Reads a value behind its opening quote, and the closing one.
    fn scalar(&mut self, kind: char) -> Result<Option<Scalar>, ParseError> {
        let offset = self.offset;
        let text = self.quoted()?;
        if self.peek().is_none() {
            self.deviations.insert(Deviation::CutText);
        } else if !self.accept('"') {
            // Felix gives the whole file up here.
            return Err(self.wrong("value", "a closing quote in front of the equals sign"));
        }
        let bad =
            |expected| ParseError { what: "value", offset, problem: Problem::Expected(expected) };
        Ok(Some(match kind.to_ascii_uppercase() {
            // Felix fails with a NumberFormatException on a bad number; its caller catches an
            // IOException only.
            'I' => Scalar::Number(text.parse::<i32>().map_err(|_| bad("an Integer"))?.into()),
            'L' => Scalar::Number(text.parse().map_err(|_| bad("a Long"))?),
            'S' => Scalar::Number(text.parse::<i16>().map_err(|_| bad("a Short"))?.into()),
            'X' => Scalar::Number(text.parse::<i8>().map_err(|_| bad("a Byte"))?.into()),
            // Felix writes the bits of an IEEE number in decimal: 1.5 is `F"1069547520"`.
            // (`ConfigurationHandler`)
            'F' => {
                let bits: i32 = text.parse().map_err(|_| bad("the bits of a Float"))?;
                Scalar::Float(bits.cast_unsigned())
            }
            'D' => {
                let bits: i64 = text.parse().map_err(|_| bad("the bits of a Double"))?;
                Scalar::Double(bits.cast_unsigned())
            }
            // To Felix anything but `true`, in whatever case, is false, and no error.
            'B' => Scalar::Boolean(text.eq_ignore_ascii_case("true")),
            'C' => match text.chars().next() {
                Some(first) => Scalar::Text(Zeroizing::new(first.to_string())),
                None => return Ok(None),
            },
            _ => Scalar::Text(text),
        }))
    }

    /// Reads up to a quote or an equals sign that no backslash protects, or to the end.
    fn quoted(&mut self) -> Result<Zeroizing<String>, ParseError> {
        // Escapes are UTF-16 units, so a sign may be spelled as two of them; only the whole can be
        // decoded.
        let mut units: Zeroizing<Vec<u16>> = Zeroizing::default();
        let mut buffer = [0; 2];
        loop {
            let rest = self.text.get(self.offset..).unwrap_or_default();
            // Writers escape blanks, too, but none of `$ { } [ ] ( ) , #`, so protected values
            // stand here as they are.
            let is_plain = |byte: u8| byte.is_ascii() && !matches!(byte, b'"' | b'=' | b'\\');
            let plain = rest.bytes().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
            units.extend(rest.bytes().take(plain).map(u16::from));
            self.offset = self.offset.saturating_add(plain);
            let Some(plain) = self.peek().filter(|c| !matches!(c, '"' | '=')) else { break };
            self.next();
            if plain != '\\' {
                units.extend_from_slice(plain.encode_utf16(&mut buffer));
                continue;
            }
            match self.next() {
                Some('u') => units.extend(self.unicode()?),
                Some(letter) => units.extend_from_slice(control(letter).encode_utf16(&mut buffer)),
                None => break,
            }
        }
        Ok(Zeroizing::new(String::from_utf16_lossy(&units)))
    }

    /// Reads the four digits of `\uXXXX`. Java drops those that the file's end cuts, and fails on others.
    fn unicode(&mut self) -> Result<Option<u16>, ParseError> {
        let rest = self.text.get(self.offset..).unwrap_or_default();
        let digits: Zeroizing<String> = Zeroizing::new(rest.chars().take(4).collect());
        if digits.chars().count() < 4 {
            self.offset = self.text.len();
            return Ok(None);
        }
        let unit = u16::from_str_radix(&digits, 16)
            .ok()
            .filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = unit.ok_or_else(|| self.wrong("value", "four hexadecimal digits"))?;
        self.offset = self.offset.saturating_add(digits.len());
        Ok(Some(unit))
    }
}

/// Type letters: of objects, of primitives in arrays, and `T` that readers take for a string.
const KINDS: &str = "TILFDXSCBilfdxscb";

/// What `Character.isWhitespace` says, below U+0080.
fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{1c}'..=' ')
}

fn control(letter: char) -> char {
    match letter {
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        other => other,
    }
}
