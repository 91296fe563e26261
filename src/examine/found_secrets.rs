//! Protected values that were found in a repository, and why there may be more.

use super::secrets::Vault;
use crate::evidence::{StoredConfig, digest, protected_values};
use crate::facts::{Digest, Repository, StoredSecret};
use crate::limits::Limits;
use crate::oak::{Node, OakError};
use std::ops::RangeInclusive;

const LIMITS: Limits = Limits::DEFAULT;
/// A vector and one block in hexadecimal digits, in braces.
const CHARS_MIN: usize = 66;
pub(super) const PATH_CHARS_MAX: usize = 512;
/// Between two reasons.
const REASON_END: &str = "; ";
/// Reasons that are reported beside the first one.
const REASONS_MAX: usize = 3;

/// What was found, and why that is not all.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) secrets: Vec<StoredSecret>,
    pub(super) gap: Option<String>,
}

impl Found {
    /// Takes the values of a node that are protected, and nothing else.
    pub(super) fn take(
        &mut self,
        node: Node<'_, '_>,
        path: &str,
        vault: &Vault,
    ) -> Result<(), OakError> {
        let lengths: RangeInclusive<usize> = CHARS_MIN..=LIMITS.secret_chars_max;
        for (property, text) in node.texts(b'{', &lengths)? {
            let Ok(text) = std::str::from_utf8(&text) else { continue };
            let is_whole = protected_values(text).next() == Some(text);
            // AEM protects a property as a whole, so braces
            // within a longer text are no protected value.
            if !is_whole || protected_values(&property).next().is_some() {
                continue;
            }
            let digest = digest(text.as_bytes());
            if self.keep(path, &property, digest) {
                vault.value(&digest, text.as_bytes());
            }
        }
        Ok(())
    }

    /// Takes the protected values of a configuration that is a file.
    pub(super) fn take_file(
        &mut self,
        file: &StoredConfig,
        bytes: &[u8],
        path: &str,
        vault: &Vault,
    ) -> Result<(), String> {
        let mut config = match file.file(bytes) {
            Ok(config) => config,
            Err(error) if may_hold_value(bytes) => return Err(error.to_string()),
            Err(_) => return Ok(()),
        };
        for value in config.protected() {
            self.keep(path, &value.property, value.digest);
        }
        for (digest, text) in config.take_ciphertexts() {
            vault.value(&digest, &text);
        }
        Ok(())
    }

    /// Keeps a value, unless there are too many.
    fn keep(&mut self, path: &str, property: &str, digest: Digest) -> bool {
        let has_room = self.secrets.len() < LIMITS.stored_secrets_max;
        if has_room {
            let cut = |text: &str| text.chars().take(PATH_CHARS_MAX).collect();
            self.secrets.push(StoredSecret { path: cut(path), property: cut(property), digest });
        } else {
            self.gap("there are more secrets in it than are read".to_owned());
        }
        has_room
    }

    /// Reasons are of places of their own, so that the first few are reported.
    pub(super) fn gap(&mut self, reason: String) {
        let Some(told) = &mut self.gap else {
            self.gap = Some(reason);
            return;
        };
        if told.matches(REASON_END).count() < REASONS_MAX && !told.contains(&reason) {
            told.push_str(REASON_END);
            told.push_str(&reason);
        }
    }

    /// Adds what was found to what is known of a repository.
    pub(super) fn add_to(self, repository: &mut Repository) {
        repository.secrets.extend(self.secrets);
        repository.secrets.sort();
        repository.secrets.dedup();
        let mut known = Self { gap: repository.secrets_gap.take(), ..Self::default() };
        self.gap.into_iter().for_each(|reason| known.gap(reason));
        repository.secrets_gap = known.gap;
    }
}

/// Returns `true` if a text holds as many hexadecimal digits in a row as a protected value. What cannot be parsed and does not is left
/// alone: `config` folders hold files of other tools as well.
fn may_hold_value(bytes: &[u8]) -> bool {
    let digits = CHARS_MIN.saturating_sub(2);
    bytes.split(|byte| !byte.is_ascii_hexdigit()).any(|run| run.len() >= digits)
}
