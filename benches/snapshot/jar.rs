//! Writes jars the way the JDK does: deflated members whose sizes follow them in a data descriptor.

use flate2::{Compression, Crc, write::DeflateEncoder};
use std::io::{self, Write};

/// General purpose flags of a member: sizes follow the data, the name is UTF-8.
const FLAGS_DESCRIPTOR_UTF8: u16 = 0x0808;
/// 1 January 2024, 00:00, as MS-DOS counts it.
const DATE: u16 = (2024 - 1980) << 9 | 1 << 5 | 1;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A jar being written into memory.
#[derive(Debug, Default)]
pub(crate) struct Jar {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    members: u16,
}

impl Jar {
    /// Starts a jar with a manifest that names the bundle.
    pub(crate) fn bundle(symbolic_name: &str, version: &str) -> Self {
        let mut jar = Self::default();
        jar.member("META-INF/MANIFEST.MF", manifest(symbolic_name, version).as_bytes()).unwrap();
        jar
    }

    /// Adds a deflated member.
    pub(crate) fn member(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let offset = self.bytes.len();
        self.bytes.write_all(b"PK\x03\x04")?;
        self.bytes.write_all(&fields(FLAGS_DESCRIPTOR_UTF8, DEFLATED))?;
        self.bytes.write_all(&[0; 12])?;
        // The JDK marks the first member of a jar with an empty extra field 0xCAFE.
        let extra: &[u8] = if offset == 0 { b"\xfe\xca\0\0" } else { b"" };
        self.name(name, extra)?;
        let start = self.bytes.len();
        let mut deflate = DeflateEncoder::new(&mut self.bytes, Compression::default());
        deflate.write_all(content)?;
        deflate.finish()?;
        let sums = sums(content, self.bytes.len() - start);
        self.bytes.write_all(b"PK\x07\x08")?;
        self.bytes.write_all(&sums)?;
        self.list(name, extra, fields(FLAGS_DESCRIPTOR_UTF8, DEFLATED), sums, offset)
    }

    /// Adds a member as it is, for content that does not compress.
    pub(crate) fn stored(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let offset = self.bytes.len();
        let sums = sums(content, content.len());
        self.bytes.write_all(b"PK\x03\x04")?;
        self.bytes.write_all(&fields(0, STORED))?;
        self.bytes.write_all(&sums)?;
        self.name(name, b"")?;
        self.bytes.write_all(content)?;
        self.list(name, b"", fields(0, STORED), sums, offset)
    }

    /// Ends the jar with its central directory.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let offset = u32::try_from(self.bytes.len()).unwrap();
        let length = u32::try_from(self.directory.len()).unwrap();
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.members.to_le_bytes());
        self.bytes.extend(self.members.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend([0; 2]);
        self.bytes
    }

    fn name(&mut self, name: &str, extra: &[u8]) -> io::Result<()> {
        self.bytes.write_all(&lengths(name, extra))?;
        self.bytes.write_all(name.as_bytes())?;
        self.bytes.write_all(extra)
    }

    fn list(
        &mut self,
        name: &str,
        extra: &[u8],
        fields: [u8; 10],
        sums: [u8; 12],
        offset: usize,
    ) -> io::Result<()> {
        self.members += 1;
        self.directory.write_all(b"PK\x01\x02\x14\0")?;
        self.directory.write_all(&fields)?;
        self.directory.write_all(&sums)?;
        self.directory.write_all(&lengths(name, extra))?;
        self.directory.write_all(&[0; 10])?;
        self.directory.write_all(&u32::try_from(offset).unwrap().to_le_bytes())?;
        self.directory.write_all(name.as_bytes())?;
        self.directory.write_all(extra)
    }
}

/// Version needed, flags, method, time and date.
fn fields(flags: u16, method: u16) -> [u8; 10] {
    let mut fields = [0; 10];
    fields[..2].copy_from_slice(&20_u16.to_le_bytes());
    fields[2..4].copy_from_slice(&flags.to_le_bytes());
    fields[4..6].copy_from_slice(&method.to_le_bytes());
    fields[8..].copy_from_slice(&DATE.to_le_bytes());
    fields
}

/// CRC, packed size and size.
fn sums(content: &[u8], packed: usize) -> [u8; 12] {
    let mut crc = Crc::new();
    crc.update(content);
    let mut sums = [0; 12];
    sums[..4].copy_from_slice(&crc.sum().to_le_bytes());
    sums[4..8].copy_from_slice(&u32::try_from(packed).unwrap().to_le_bytes());
    sums[8..].copy_from_slice(&u32::try_from(content.len()).unwrap().to_le_bytes());
    sums
}

/// Lengths of name and extra field.
fn lengths(name: &str, extra: &[u8]) -> [u8; 4] {
    let [[a, b], [c, d]] =
        [name.len(), extra.len()].map(|length| u16::try_from(length).unwrap().to_le_bytes());
    [a, b, c, d]
}

/// A bundle manifest with one folded line, as most have.
fn manifest(symbolic_name: &str, version: &str) -> String {
    let exports = format!(
        "Export-Package: {symbolic_name}.api;version=\"1.0.0\",{symbolic_name}.spi;version=\"1.2.0\""
    );
    let (first, rest) = exports.split_at(exports.len().min(70));
    format!(
        "Manifest-Version: 1.0\r\nBundle-ManifestVersion: 2\r\nBundle-Name: {symbolic_name}\r\n\
         {first}\r\n {rest}\r\nBundle-SymbolicName: {symbolic_name};singleton:=true\r\n\
         Bundle-Version: {version}\r\nCreated-By: 1.8.0_202 (Oracle Corporation)\r\n\r\n"
    )
}
