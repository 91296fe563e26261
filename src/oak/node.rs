//! Nodes and their properties. (`SegmentNodeState`, `Template`)

use super::id::RecordId;
use super::record::Value;
use super::segment::Version;
use super::{OakError, Store};
use crate::wiped::Wiped;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const PRIMARY_TYPE: &str = "jcr:primaryType";
const MIXIN_TYPES: &str = "jcr:mixinTypes";
/// `PropertyType.STRING` of JCR.
const STRING: u8 = 1;
/// `PropertyType.BINARY` of JCR.
const BINARY: u8 = 2;
/// `PropertyType.NAME` of JCR.
const NAME: u8 = 7;

/// A node of one revision.
#[derive(Clone, Copy)]
pub struct Node<'s, 'f> {
    store: &'s Store<'f>,
    id: RecordId,
}

/// A property of a node.
#[derive(Clone)]
pub struct Property<'s, 'f> {
    store: &'s Store<'f>,
    /// The number of its type in JCR: 1 string, 2 binary, 3 long, … 12 decimal.
    pub kind: u8,
    /// It is a list, of one value or others.
    pub many: bool,
    values: Values,
}

/// Where the values of a property are.
#[derive(Clone)]
enum Values {
    /// In records of their own.
    Listed(Vec<RecordId>),
    /// In a list that starts with its length.
    Counted(RecordId),
}

/// What nodes of one shape share.
struct Template {
    primary: Option<RecordId>,
    mixins: Option<Vec<RecordId>>,
    children: Children,
    /// Name and type of each property; a negative type is that of a list.
    properties: Vec<(RecordId, i8)>,
}

enum Children {
    None,
    One(RecordId),
    Many,
}

/// The parts of a node record.
struct Parts {
    template: Template,
    /// The only child, or the map of them.
    children: Option<RecordId>,
    values: Vec<RecordId>,
}

impl<'s, 'f> Node<'s, 'f> {
    pub(super) fn new(store: &'s Store<'f>, id: RecordId) -> Self {
        Self { store, id }
    }

    /// Returns `true` if both are one record of one store. Records never change, so neither does what lies below one. Two records
    /// may still say the same.
    pub fn is_same_record(self, other: Self) -> bool {
        std::ptr::eq(self.store, other.store) && self.id == other.id
    }

    /// Returns which segment it lies in. Nodes of one segment that are read in a row cost it once.
    pub fn segment(self) -> (i64, i64) {
        (self.id.segment.high, self.id.segment.low)
    }

    /// Returns a node below this one; the path has no `/` at its start.
    ///
    /// # Errors
    ///
    /// Fails where something on the way cannot be read; that it is not there is `None`.
    pub fn descendant(self, path: &str) -> Result<Option<Self>, OakError> {
        let mut node = self;
        // Oak stores names with their prefix, as in `jcr:content`, so no namespace has to be looked up.
        for name in path.split('/') {
            match node.child(name)? {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// Returns a child.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be read whether there is one.
    pub fn child(self, name: &str) -> Result<Option<Self>, OakError> {
        let Parts { template, children, .. } = self.parts()?;
        let found = match (template.children, children) {
            (Children::One(only), Some(child)) if self.store.text_is(only, name)? => Some(child),
            (Children::Many, Some(map)) => self.store.map_get(map, name)?,
            _ => None,
        };
        Ok(found.map(|id| Self { id, ..self }))
    }

    /// Returns all children.
    ///
    /// # Errors
    ///
    /// Fails where one of them cannot be read.
    pub fn children(self) -> Result<BTreeMap<String, Self>, OakError> {
        let Parts { template, children, .. } = self.parts()?;
        let ids = match (template.children, children) {
            (Children::One(only), Some(child)) => [(self.store.text(only)?, child)].into(),
            (Children::Many, Some(map)) => self.store.map_all(map)?,
            _ => BTreeMap::new(),
        };
        Ok(ids.into_iter().map(|(name, id)| (name, Self { id, ..self })).collect())
    }

    /// Returns children until so many were seen, or so many segments of the store were read; says too whether there are more.
    ///
    /// # Errors
    ///
    /// Fails where one of them cannot be read.
    pub fn some_children(
        self,
        entries_max: u64,
        segments_max: u64,
    ) -> Result<(BTreeMap<String, Self>, bool), OakError> {
        let Parts { template, children, .. } = self.parts()?;
        let (Children::Many, Some(map)) = (&template.children, children) else {
            return self.children().map(|only| (only, false));
        };
        let (ids, more) = self.store.map_some(map, entries_max, segments_max)?;
        Ok((ids.into_iter().map(|(name, id)| (name, Self { id, ..self })).collect(), more))
    }

    /// Returns a property.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be read whether there is one.
    pub fn property(self, name: &str) -> Result<Option<Property<'s, 'f>>, OakError> {
        let Parts { template, values, .. } = self.parts()?;
        // Types lie in the template where they are of the type NAME; with another type they are properties
        // like others. (`Template`)
        if let Some((_, property)) = self.types(&template).find(|(known, _)| *known == name) {
            return Ok(Some(property));
        }
        for ((known, kind), value) in template.properties.into_iter().zip(values) {
            if self.store.text_is(known, name)? {
                return Ok(Some(self.made(kind, value)));
            }
        }
        Ok(None)
    }

    /// Returns all properties, types of the node among them.
    ///
    /// # Errors
    ///
    /// Fails where one of them cannot be read. Values are read later.
    pub fn properties(self) -> Result<BTreeMap<String, Property<'s, 'f>>, OakError> {
        let Parts { template, values, .. } = self.parts()?;
        let mut all: BTreeMap<String, Property<'s, 'f>> =
            self.types(&template).map(|(name, property)| (name.to_owned(), property)).collect();
        for ((name, kind), value) in template.properties.into_iter().zip(values) {
            all.insert(self.store.text(name)?, self.made(kind, value));
        }
        Ok(all)
    }

    /// Returns the values of text that have so many bytes, this one first, each with the name of its property. Of others the length alone is
    /// read.
    ///
    /// # Errors
    ///
    /// Fails where one of them cannot be read.
    pub fn texts(
        self,
        first: u8,
        bytes: &RangeInclusive<usize>,
    ) -> Result<Vec<(String, Wiped)>, OakError> {
        let Parts { template, values, .. } = self.parts()?;
        let mut found = Vec::new();
        let all = template.properties.into_iter().zip(values);
        for ((name, kind), value) in all.filter(|((_, kind), _)| kind.unsigned_abs() == STRING) {
            for id in self.made(kind, value).ids()? {
                if self.store.begins(id, first, bytes)?
                    && let Value::Inline(text) = self.store.value(id)?
                {
                    found.push((self.store.text(name)?, text));
                }
            }
        }
        Ok(found)
    }

    fn made(self, kind: i8, value: RecordId) -> Property<'s, 'f> {
        let many = kind < 0;
        let values = if many { Values::Counted(value) } else { Values::Listed(vec![value]) };
        Property { store: self.store, kind: kind.unsigned_abs(), many, values }
    }

    /// Returns the types of the node, which a template keeps apart.
    fn types(self, template: &Template) -> impl Iterator<Item = (&'static str, Property<'s, 'f>)> {
        let property = move |many, values: Vec<RecordId>| Property {
            store: self.store,
            kind: NAME,
            many,
            values: Values::Listed(values),
        };
        let primary = template.primary.map(|id| (PRIMARY_TYPE, property(false, vec![id])));
        let mixins = template.mixins.clone().map(|ids| (MIXIN_TYPES, property(true, ids)));
        primary.into_iter().chain(mixins)
    }

    fn parts(self) -> Result<Parts, OakError> {
        let record = self.store.record(self.id)?;
        let version = record.version()?;
        // Versions 12 and 13 put an id in front that stays the same when the garbage collector copies the node.
        let mut next = usize::from(version == Version::V12);
        let mut take = || {
            let id = record.nth_id(0, next);
            next = next.saturating_add(1);
            id
        };
        // A template may lie in a segment of another version than its node: upgraded stores mix
        // them, and each is read in its own.
        let template = self.template(take()?)?;
        let children = match template.children {
            Children::None => None,
            Children::One(_) | Children::Many => Some(take()?),
        };
        let count = template.properties.len();
        let values = match (count, version) {
            (0, _) => Vec::new(),
            // Oak before 1.0.12 puts the values into the node itself, without a list.
            (_, Version::V10) => (0..count).map(|_| take()).collect::<Result<_, _>>()?,
            (_, Version::V11 | Version::V12) => {
                self.store.list(take()?, u64::try_from(count).unwrap_or(u64::MAX))?
            }
        };
        Ok(Parts { template, children, values })
    }

    fn template(self, id: RecordId) -> Result<Template, OakError> {
        let record = self.store.record(id)?;
        let width = record.id_bytes()?;
        let head = record.u32(0)?;
        let flag = |bit: u32| head >> bit & 1 == 1;
        let mut at = 4_usize;
        let mut take = || {
            let id = record.id(at);
            at = at.saturating_add(width);
            id
        };
        let primary = if flag(31) { Some(take()?) } else { None };
        // Bits 18 to 27 count the mixins, and bits 0 to 17 the properties. (`Template`)
        let mixin_count = head >> 18 & 0x3ff;
        let mixins = if flag(30) {
            Some((0..mixin_count).map(|_| take()).collect::<Result<_, _>>()?)
        } else {
            None
        };
        let children = match (flag(29), flag(28)) {
            (true, _) => Children::None,
            (false, true) => Children::Many,
            // With neither bit, there is one child, and the template holds its name.
            (false, false) => Children::One(take()?),
        };
        let count = head & 0x3ffff;
        let kind = |at: usize| record.u8(at).map(u8::cast_signed);
        let properties = match (count, record.version()?) {
            (0, _) => Vec::new(),
            // Oak before 1.0.12 writes the type after each name; newer ones list the names, and
            // write all types after the list.
            (_, Version::V10) => (0..count as usize)
                .map(|index| {
                    let here = index.saturating_mul(width.saturating_add(1)).saturating_add(at);
                    Ok((record.id(here)?, kind(here.saturating_add(width))?))
                })
                .collect::<Result<_, OakError>>()?,
            (_, Version::V11 | Version::V12) => {
                let names = self.store.list(take()?, count.into())?;
                let kinds =
                    names.iter().enumerate().map(|(index, _)| kind(at.saturating_add(index)));
                let kinds: Vec<i8> = kinds.collect::<Result<_, _>>()?;
                names.into_iter().zip(kinds).collect()
            }
        };
        Ok(Template { primary, mixins, children, properties })
    }
}

impl Property<'_, '_> {
    /// Returns `true` if it holds bytes, and not text or a number.
    pub fn is_binary(&self) -> bool {
        self.kind == BINARY
    }

    /// Reads all values as bytes; text is UTF-8. They may be those of a key, and are wiped when dropped.
    ///
    /// # Errors
    ///
    /// Fails where a value cannot be read, or lies in a data store outside.
    pub fn values(&self) -> Result<Vec<Wiped>, OakError> {
        self.ids()?.into_iter().map(|id| self.read(id)).collect()
    }

    /// Returns the records of all values.
    fn ids(&self) -> Result<Vec<RecordId>, OakError> {
        match &self.values {
            Values::Listed(ids) => Ok(ids.clone()),
            Values::Counted(id) => {
                let record = self.store.record(*id)?;
                match record.u32(0)? {
                    // Of an empty list only its length is written, and what follows may be another
                    // record.
                    0 => Ok(Vec::new()),
                    count => self.store.list(record.id(4)?, count.into()),
                }
            }
        }
    }

    /// Reads the value of a property that is no list.
    ///
    /// # Errors
    ///
    /// Fails where the value cannot be read, or lies in a data store outside, and for a list.
    pub fn value(&self) -> Result<Wiped, OakError> {
        self.read(self.only_id()?)
    }

    /// Returns how many bytes the value has; `None` where it lies in a data store outside.
    ///
    /// # Errors
    ///
    /// Fails where that cannot be read, and for a list.
    pub fn bytes(&self) -> Result<Option<u64>, OakError> {
        self.store.length(self.only_id()?)
    }

    /// Returns the record of the value of a property that is no list.
    fn only_id(&self) -> Result<RecordId, OakError> {
        match &self.values {
            Values::Listed(ids)
                if !self.many
                    && let [id] = ids.as_slice() =>
            {
                Ok(*id)
            }
            _ => Err(OakError::Unsupported("a list where one value belongs".to_owned())),
        }
    }

    fn read(&self, id: RecordId) -> Result<Wiped, OakError> {
        match self.store.value(id)? {
            Value::Inline(bytes) => Ok(bytes),
            Value::External(name) => in_memory(&name).ok_or_else(|| {
                OakError::Unsupported(
                    "a value in a data store outside of the segment store".to_owned(),
                )
            }),
        }
    }
}

/// Decodes a name that holds its value: `0x`, hexadecimal digits, and perhaps `#` and the length. Copies from a document store have
/// such. (`InMemoryDataRecord`)
fn in_memory(name: &[u8]) -> Option<Wiped> {
    let digits = name.strip_prefix(b"0x")?.split(|byte| *byte == b'#').next()?;
    // Grown, it would leave copies behind.
    let mut bytes = Wiped::with_capacity(digits.len() / 2);
    for pair in digits.chunks(2) {
        let [high, low] = pair else { return None };
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_their_value_are_decoded() {
        assert_eq!(in_memory(b"0x00ff10#3").unwrap().as_slice(), [0, 255, 16]);
        assert_eq!(in_memory(b"0x").unwrap().as_slice(), [0; 0]);
        for other in ["00ff", "0x0", "0xgg", "0x+1", "d41d8cd9#0"] {
            assert_eq!(in_memory(other.as_bytes()), None, "{other}");
        }
    }
}
