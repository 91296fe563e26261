//! The crypto keys `hmac` and `master`, as digests.

use super::{Digest, LineEnd, Owner, Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the two keys.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum KeyName {
    /// Signs encapsulated login tokens and CSRF tokens (HMAC-SHA256).
    Hmac,
    /// Encrypts protected values and key store passwords (AES-128).
    Master,
}

impl KeyName {
    /// Both keys, in the order reports show them.
    pub const ALL: [Self; 2] = [Self::Hmac, Self::Master];

    /// Returns the name of the file and of the JCR property.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Master => "master",
        }
    }

    /// Returns the lengths in bytes that AEM is known to write: raw, then obfuscated.
    ///
    /// `hmac` 32 and `master` 16 were seen in three installs; `master` 32 is the obfuscated form of older versions, and `hmac`
    /// 48 follows from it (one more block). Any other length is unusual, not impossible.
    pub fn known_lengths(self) -> [u64; 2] {
        match self {
            Self::Hmac => [32, 48],
            Self::Master => [16, 32],
        }
    }

    /// Returns `true` if a key may have this length in a form that is not known: all known forms are whole blocks of 16 bytes, and
    /// a hmac of one block is a master in its place. No form is longer than one more block: a file of 512 bytes is a key that was filled up.
    pub fn may_have_length(self, bytes: u64) -> bool {
        let [shortest, longest] = self.known_lengths();
        (shortest..=longest.saturating_add(BLOCK_BYTES)).contains(&bytes)
            && bytes.is_multiple_of(BLOCK_BYTES)
    }
}

/// Bytes that every known form of a key is a multiple of.
const BLOCK_BYTES: u64 = 16;

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file_name())
    }
}

/// What kind of text a key file holds when it is not binary.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TextKind {
    /// Starts with `$ANSIBLE_VAULT`: the vault file was deployed undecrypted.
    AnsibleVault,
    /// Hexadecimal digits only.
    Hex,
    /// Base64 alphabet and padding only.
    Base64,
    /// A web page, such as a login form saved instead of the property.
    Html,
    /// A JSON document, such as a Sling GET response.
    Json,
    /// A template in which a tool should have put the key: `{{ vault_hmac | b64decode }}`, `<%= @hmac %>`, `${AEM_HMAC}`, `ENC[PKCS7,…]`.
    Template,
    /// Some other printable text.
    Other,
}

impl fmt::Display for TextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnsibleVault => "an undecrypted ansible-vault file",
            Self::Hex => "hexadecimal text",
            Self::Base64 => "base64 text",
            Self::Html => "an HTML page",
            Self::Json => "a JSON document",
            Self::Template => "a template that was not filled in",
            Self::Other => "printable text",
        })
    }
}

/// What a tool on the way did to a key file, where it can be undone and the digest of the result proves it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Alteration {
    /// Every LF became CR LF: FTP in text mode, a Windows checkout of git without `*.bin binary`.
    LfToCrLf,
    /// Every CR LF became LF: `dos2unix`, git with `text=auto`. The bytes are lost; a peer has them.
    CrLfToLf,
    /// Bytes are gone that text does not have: zeros and the line ends behind it, as `$(cat hmac)` of a shell drops them, or every CR
    /// (`tr -d '\r'`). A peer has them.
    Dropped,
    /// It ends before its first zero byte, or with its first line: a C string, `head -n 1`, `read`. A peer has the rest.
    CutOff,
    /// Its bytes were read as Latin-1 or Windows-1252 and written as UTF-8: a template engine, PowerShell's `Set-Content`.
    Utf8,
    /// Its bytes were read as Latin-1 or Windows-1252 and written as UTF-16: `>` and `Out-File` of PowerShell.
    Utf16,
    /// A byte order mark was put before it: an editor, `Encoding.UTF8` of .NET.
    ByteOrderMark,
    /// It was written as base64.
    Base64,
    /// It was written as hexadecimal digits.
    Hex,
    /// Bytes were put behind it: zeros up to the size of a block (`dd conv=sync`), itself once more, the other key.
    Appended,
}

impl fmt::Display for Alteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LfToCrLf => "with its line ends turned into CR LF (copied in text mode)",
            Self::CrLfToLf => "with its line ends turned into LF (copied in text mode)",
            Self::Dropped => "without its zero bytes, CRs or last line ends (copied through a shell variable, or tr)",
            Self::CutOff => "cut off at its first zero byte or line end (copied as a line of text)",
            Self::Utf8 => "converted to UTF-8 (copied as text)",
            Self::Utf16 => "converted to UTF-16 (copied as text)",
            Self::ByteOrderMark => "with a byte order mark before it (copied as text)",
            Self::Base64 => "written as base64 text",
            Self::Hex => "written as hexadecimal text",
            Self::Appended => "with other bytes behind it",
        })
    }
}

/// A tool whose output lies where a key belongs, known by the first bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Wrapper {
    /// A pointer of Git LFS, instead of the file.
    GitLfs,
    /// A file that git-crypt keeps encrypted.
    GitCrypt,
    /// A message of PGP.
    OpenPgp,
    /// A file encrypted with age.
    Age,
    /// A file encrypted with `openssl enc`.
    OpenSsl,
    /// A document of sops.
    Sops,
    /// A Java key store (JKS or JCEKS).
    JavaKeyStore,
    /// A PKCS#12 key store.
    Pkcs12,
    /// A PEM document: a certificate or a private key.
    Pem,
    /// A file packed with gzip.
    Gzip,
    /// A zip.
    Zip,
    /// A file packed with xz.
    Xz,
    /// A file packed with bzip2.
    Bzip2,
    /// A file packed with zstd.
    Zstd,
    /// A tar.
    Tar,
    /// Text in UTF-8, which random bytes are not: what a tool makes of a key that it takes for text.
    Utf8,
    /// Text in UTF-16, the same.
    Utf16,
    /// A key that was read as text: `?` or U+FFFD is in the place of each byte that is no ASCII.
    Lossy,
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitLfs => "a Git LFS pointer",
            Self::GitCrypt => "a file encrypted by git-crypt",
            Self::OpenPgp => "an OpenPGP message",
            Self::Age => "a file encrypted by age",
            Self::OpenSsl => "a file encrypted by openssl enc",
            Self::Sops => "a sops document",
            Self::JavaKeyStore => "a Java key store",
            Self::Pkcs12 => "a PKCS#12 key store",
            Self::Pem => "a PEM document",
            Self::Gzip => "a gzip file",
            Self::Zip => "a zip file",
            Self::Xz => "an xz file",
            Self::Bzip2 => "a bzip2 file",
            Self::Zstd => "a zstd file",
            Self::Tar => "a tar file",
            Self::Utf8 => "text in UTF-8 (perhaps of a key that was copied as text)",
            Self::Utf16 => "text in UTF-16 (perhaps of a key that was copied as text)",
            Self::Lossy => "text in which ? or U+FFFD stands for bytes that a tool could not read",
        })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// All that is kept of a key file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyDigest {
    /// The whole file.
    pub whole: Digest,
    /// The file without the LF, and without the CR LF, that it ends in.
    ///
    /// Keys are random: one in 256 ends in LF by nature. So these are candidates; length and peers decide.
    pub trimmed: Vec<(LineEnd, Digest)>,
    /// All bytes are equal (or there are none).
    pub uniform: bool,
    /// So many bytes at its end are equal, where those are more than chance makes; of a uniform file it is not said.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub equal_tail: u64,
    /// The kind of text, when every byte is printable or white space.
    pub text: Option<TextKind>,
    /// What it looks like in other text; known while the file is at hand, and not saved.
    #[serde(skip)]
    pub spelled: Vec<Digest>,
    /// Hashes of its parts, by which a text that holds one of them is reported; known and saved like `spelled`.
    #[serde(skip)]
    pub traces: Vec<u64>,
    /// What the content would be if an alteration were undone: candidates, which the keys of peers decide.
    #[serde(default)]
    pub restored: Vec<(Alteration, Digest)>,
    /// What tools that lose bytes would make of the content: a peer's file that is the same was made from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<(Alteration, Digest)>,
    /// The tool that the content comes from, by its first bytes. Older facts do not say.
    #[serde(default)]
    pub wrapper: Option<Wrapper>,
}

/// A file named `hmac` or `master` in some bundle's data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyFile {
    /// Which key its name says it is.
    pub name: KeyName,
    /// Its content, digested.
    pub digest: KeyDigest,
    /// The directory of the bundle it lies in, such as `bundle39`.
    pub directory: String,
    /// Where it was read.
    pub place: Place,
    /// Owner and mode, where the container keeps them.
    pub owner: Option<Owner>,
}
