//! The part of Java's object serialization stream that Sling's options need.
//!
//! Everything that can be referred to gets a handle, numbered from `0x7E0000` in order of appearance; here handles are indices of
//! one table, so nothing is copied and nothing can be expanded. Depth, lengths and input are bounded.
//! (Java Object Serialization Specification, chapter 6.)

use super::cursor::Cursor;
use super::{ParseError, Problem};

/// Something in the stream that has a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A class description.
    Class(Class),
    /// A string.
    Text(String),
    /// An array of objects.
    Array(Vec<Handle>),
    /// An object.
    Object {
        /// Handle of its class.
        class: Handle,
        /// Its object fields by name.
        fields: Vec<(String, Handle)>,
        /// The objects it wrote itself, such as the elements of a list.
        written: Vec<Handle>,
    },
    /// An array or object that is being read.
    Unfinished,
}

/// An index into the table; `None` stands for null.
pub(super) type Handle = Option<usize>;

/// A class description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Class {
    name: String,
    flags: u8,
    fields: Vec<Field>,
    parent: Handle,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    kind: u8,
    name: String,
}

const MAGIC: [u8; 4] = [0xac, 0xed, 0, 5];
// `baseWireHandle`. (Java Object Serialization Specification, 6.4.2)
const HANDLE_FIRST: u32 = 0x007e_0000;
// A stack that overflows cannot be caught and would end a scan of many sources. Nothing in Sling's
// list is this deep.
const DEPTH_MAX: usize = 8;
// AEM has three or four groups with a few modes each.
const COUNT_MAX: usize = 64;
/// Bytes of a class or field name; objects hold copies of them.
const NAME_BYTES_MAX: usize = 256;

// `TC_NULL` to `TC_ENDBLOCKDATA` of `java.io.ObjectStreamConstants`.
const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const ARRAY: u8 = 0x75;
const BLOCK: u8 = 0x77;
const END: u8 = 0x78;

// `SC_SERIALIZABLE` and `SC_WRITE_METHOD`.
const SERIALIZABLE: u8 = 2;
const HAS_WRITTEN: u8 = 1;

/// All objects of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Objects {
    nodes: Vec<Node>,
}

impl Objects {
    /// Reads the first object of a stream, and returns it with all it leads to.
    ///
    /// # Errors
    ///
    /// Fails where the bytes end, leave the subset that is read, or exceed a bound.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, Handle), ParseError> {
        let mut cursor = Cursor::new(bytes);
        let magic: [u8; 4] = cursor.array("stream header")?;
        if magic != MAGIC {
            // STREAM_MAGIC and STREAM_VERSION, which is 5 in every Java.
            return Err(ParseError::unexpected("stream header", 0, "ACED0005", &magic));
        }
        let mut reader = Reader { cursor, nodes: Vec::new() };
        let first = reader.object(0)?;
        Ok((Self { nodes: reader.nodes }, first))
    }

    /// Returns what a handle stands for.
    pub(super) fn get(&self, handle: Handle) -> Option<&Node> {
        self.nodes.get(handle?)
    }

    /// Returns the name of a class.
    pub(super) fn class_name(&self, handle: Handle) -> Option<&str> {
        match self.get(handle)? {
            Node::Class(class) => Some(&class.name),
            _ => None,
        }
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    nodes: Vec<Node>,
}

type Read<T> = Result<T, ParseError>;

impl Reader<'_> {
    /// Reads one object, or the reference or null that stands for it.
    fn object(&mut self, depth: usize) -> Read<Handle> {
        let tag = self.tag(depth)?;
        self.tagged(tag, depth)
    }

    fn tagged(&mut self, tag: u8, depth: usize) -> Read<Handle> {
        match tag {
            NULL => Ok(None),
            REFERENCE => self.reference().map(Some),
            CLASS => self.class(depth).map(Some),
            OBJECT => self.instance(depth).map(Some),
            STRING => self.string().map(Some),
            ARRAY => self.array(depth).map(Some),
            // Long strings, enums and proxies are among these, which Sling's options do not have.
            other => Err(self.unexpected("object tag", "a known tag", other)),
        }
    }

    fn tag(&mut self, depth: usize) -> Read<u8> {
        if depth > DEPTH_MAX {
            return Err(self.limit("object tag", DEPTH_MAX));
        }
        self.cursor.byte("object tag")
    }

    fn reference(&mut self) -> Read<usize> {
        let handle = self.cursor.u32("object reference")?;
        let index = handle.checked_sub(HANDLE_FIRST).and_then(|index| usize::try_from(index).ok());
        let known = index.filter(|index| *index < self.nodes.len());
        known.ok_or_else(|| {
            let (what, offset) = ("object reference", self.cursor.offset().saturating_sub(4));
            ParseError::unexpected(what, offset, "an earlier object", &handle.to_be_bytes())
        })
    }

    fn string(&mut self) -> Read<usize> {
        let text = self.utf("string", usize::MAX)?;
        Ok(self.add(Node::Text(text)))
    }

    fn class(&mut self, depth: usize) -> Read<usize> {
        let name = self.utf("class name", NAME_BYTES_MAX)?;
        self.cursor.take(8, "class version")?;
        // A class has its handle before its fields, whose type strings have handles, too; the order
        // decides all references.
        let index = self.add(Node::Class(Class::default()));
        let flags = self.cursor.byte("class flags")?;
        let count = usize::from(self.cursor.u16("field count")?);
        let count = self.bounded("field count", count)?;
        let mut fields = Vec::new();
        for _ in 0..count {
            let kind = self.cursor.byte("field type")?;
            let name = self.utf("field name", NAME_BYTES_MAX)?;
            if is_object(kind) {
                // Only objects and arrays have a type string after the name, and a second field of
                // one type refers to the first.
                self.object(next(depth))?;
            }
            fields.push(Field { kind, name });
        }
        self.written(depth)?;
        let parent = self.class_handle(next(depth))?;
        self.set(index, Node::Class(Class { name, flags, fields, parent }));
        Ok(index)
    }

    /// Reads a class description, or the reference or null that stands for it.
    fn class_handle(&mut self, depth: usize) -> Read<Handle> {
        let tag = self.tag(depth)?;
        if !matches!(tag, NULL | REFERENCE | CLASS) {
            return Err(self.unexpected("class", "a class", tag));
        }
        self.tagged(tag, depth)
    }

    fn array(&mut self, depth: usize) -> Read<usize> {
        let class = self.class_handle(next(depth))?;
        let index = self.add(Node::Unfinished);
        // An array class is named `[Ljava.lang.String;`, or `[I` for numbers, which Sling's options
        // do not have.
        let element = self.class_of(class)?.name.as_bytes().get(1).copied().unwrap_or_default();
        if !is_object(element) {
            return Err(self.unexpected("array type", "objects", element));
        }
        let count = usize::try_from(self.cursor.u32("array length")?).unwrap_or(usize::MAX);
        let count = self.bounded("array length", count)?;
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(self.object(next(depth))?);
        }
        self.set(index, Node::Array(elements));
        Ok(index)
    }

    fn instance(&mut self, depth: usize) -> Read<usize> {
        let class = self.class_handle(next(depth))?;
        let index = self.add(Node::Unfinished);
        let (mut fields, mut written) = (Vec::new(), Vec::new());
        for class in self.ancestry(class)? {
            // An Externalizable writes bytes that only its own class can read.
            if class.flags & SERIALIZABLE == 0 {
                return Err(self.unexpected("class flags", "a serializable class", class.flags));
            }
            self.fields(&class, depth, &mut fields)?;
            if class.flags & HAS_WRITTEN != 0 {
                written.extend(self.written(depth)?);
            }
        }
        self.set(index, Node::Object { class, fields, written });
        Ok(index)
    }

    /// Returns a class behind all its ancestors, the order in which their fields are written.
    fn ancestry(&self, class: Handle) -> Read<Vec<Class>> {
        let mut chain = Vec::new();
        let mut at = class;
        while at.is_some() {
            if chain.len() >= DEPTH_MAX {
                return Err(self.limit("class ancestry", DEPTH_MAX));
            }
            let class = self.class_of(at)?;
            at = class.parent;
            chain.push(class.clone());
        }
        // Fields are written from the topmost serializable class down.
        chain.reverse();
        Ok(chain)
    }

    fn fields(
        &mut self,
        class: &Class,
        depth: usize,
        into: &mut Vec<(String, Handle)>,
    ) -> Read<()> {
        for field in &class.fields {
            if is_object(field.kind) {
                let value = self.object(next(depth))?;
                into.push((field.name.clone(), value));
                continue;
            }
            let bytes = match field.kind {
                b'B' | b'Z' => 1,
                b'C' | b'S' => 2,
                b'F' | b'I' => 4,
                b'D' | b'J' => 8,
                other => return Err(self.unexpected("field type", "a type letter", other)),
            };
            self.cursor.take(bytes, "field value")?;
        }
        Ok(())
    }

    /// Reads what a class wrote by itself, up to its end mark; blocks of plain data are skipped.
    fn written(&mut self, depth: usize) -> Read<Vec<Handle>> {
        let mut objects = Vec::new();
        loop {
            let depth = next(depth);
            match self.tag(depth)? {
                END => return Ok(objects),
                // `ArrayList` writes its capacity as plain data in front of its elements.
                BLOCK => {
                    let length = usize::from(self.cursor.byte("block length")?);
                    self.cursor.take(length, "block data")?;
                }
                tag => {
                    self.bounded("written objects", objects.len().saturating_add(1))?;
                    objects.push(self.tagged(tag, depth)?);
                }
            }
        }
    }

    fn utf(&mut self, what: &'static str, bytes_max: usize) -> Read<String> {
        let length = usize::from(self.cursor.u16(what)?);
        if length > bytes_max {
            return Err(self.limit(what, bytes_max));
        }
        let bytes = self.cursor.take(length, what)?;
        // Java writes a modified UTF-8, which differs for NUL and for signs of two UTF-16 units;
        // run modes have neither.
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len().saturating_sub(1)
    }

    fn set(&mut self, index: usize, node: Node) {
        if let Some(slot) = self.nodes.get_mut(index) {
            *slot = node;
        }
    }

    fn class_of(&self, handle: Handle) -> Read<&Class> {
        match handle.and_then(|index| self.nodes.get(index)) {
            Some(Node::Class(class)) => Ok(class),
            _ => Err(self.unexpected("class", "a class", REFERENCE)),
        }
    }

    fn bounded(&self, what: &'static str, count: usize) -> Read<usize> {
        if count > COUNT_MAX { Err(self.limit(what, COUNT_MAX)) } else { Ok(count) }
    }

    fn limit(&self, what: &'static str, max: usize) -> ParseError {
        ParseError { what, offset: self.cursor.offset(), problem: Problem::Limit(max) }
    }

    fn unexpected(&self, what: &'static str, expected: &'static str, found: u8) -> ParseError {
        let offset = self.cursor.offset().saturating_sub(1);
        ParseError::unexpected(what, offset, expected, &[found])
    }
}

fn is_object(kind: u8) -> bool {
    matches!(kind, b'L' | b'[')
}

fn next(depth: usize) -> usize {
    depth.saturating_add(1)
}
