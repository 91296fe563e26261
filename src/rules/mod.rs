//! What is wrong, why, and what to do: one file a rule, each a value with one pure function.
//!
//! A rule fires on what was read, never on what could not be read. Instances whose source fails a checksum are shown, not
//! judged.

mod console;
mod copies;
mod fold;
mod hit;
mod key_differs;
mod likeness;
mod logs;
mod references;
mod shut_secrets;
mod standby_not_ready;

mod aem_version_differs;
mod bundle_id_duplicate;
mod bundle_uninstalled;
mod crypto_bundle_duplicate;
mod crypto_bundle_inactive;
mod crypto_bundle_missing;
mod crypto_file_disabled;
mod crypto_version_differs;
mod felix_would_discard;
mod foreign_protected_value;
mod half_copied_pair;
mod hmac_differs;
mod ims_configuration_twice;
mod ims_secret_missing;
mod ims_secret_plaintext;
mod ims_secret_prefixed;
mod instance_missing;
mod instance_unexpected;
mod jcr_key_changed;
mod jcr_key_leftover;
mod jcr_key_mismatch;
mod jcr_key_missing;
mod key_altered;
mod key_degenerate;
mod key_length;
mod key_misplaced;
mod key_missing;
mod key_not_binary;
mod key_permissions;
mod key_trailing_newline;
mod key_umask;
mod key_unexpected;
mod key_unreadable;
mod keys_external;
mod keys_shared;
mod log_crypto_acl;
mod log_crypto_exception;
mod log_crypto_missing;
mod log_crypto_unresolved;
mod log_csrf_rejected;
mod log_ims_invalid_secret;
mod log_ims_refused;
mod log_keystore_unreadable;
mod log_oauth_decrypt;
mod log_storage_contradicts;
mod master_differs;
mod old_copy;
mod role_unexpected;
mod same_instance_twice;
mod secret_of_old_key;
mod secret_unreadable;
mod secret_unverified;
mod sling_id_duplicate;
mod storage_jcr;
mod storage_jcr_with_ims;
mod storage_malformed;
mod storage_missing;
mod storage_mode_differs;
mod storage_stale_files;
mod storage_trailing_newline;
mod suppression_expired;
mod suppression_unmatched;
mod token_expiration_differs;
mod token_inactivity_differs;
mod token_key_mismatch;
mod token_mixed;
mod token_off;
mod token_refresh_ineffective;
mod token_user_creation;
mod users_differ;

pub(crate) use copies::{is_of_other_id, is_old};
pub use hit::Hit;
pub(crate) use likeness::{pairs, twins};

use crate::farm::Farm;
use crate::policy::Stale;
use crate::repair::{Need, RuleId};
use std::fmt;

/// Every rule, by what it is about.
pub static RULES: &[&Rule] = &[
    &hmac_differs::RULE,
    &master_differs::RULE,
    &half_copied_pair::RULE,
    &storage_mode_differs::RULE,
    &storage_jcr::RULE,
    &storage_jcr_with_ims::RULE,
    &storage_trailing_newline::RULE,
    &storage_malformed::RULE,
    &storage_missing::RULE,
    &storage_stale_files::RULE,
    &jcr_key_missing::RULE,
    &jcr_key_leftover::RULE,
    &jcr_key_mismatch::RULE,
    &jcr_key_changed::RULE,
    &key_missing::RULE,
    &keys_external::RULE,
    &key_trailing_newline::RULE,
    &key_altered::RULE,
    &key_length::RULE,
    &key_not_binary::RULE,
    &key_degenerate::RULE,
    &key_misplaced::RULE,
    &key_permissions::RULE,
    &key_umask::RULE,
    &key_unreadable::RULE,
    &standby_not_ready::RULE,
    &crypto_bundle_missing::RULE,
    &crypto_bundle_duplicate::RULE,
    &crypto_bundle_inactive::RULE,
    &crypto_version_differs::RULE,
    &aem_version_differs::RULE,
    &felix_would_discard::RULE,
    &bundle_id_duplicate::RULE,
    &bundle_uninstalled::RULE,
    &crypto_file_disabled::RULE,
    &token_mixed::RULE,
    &token_key_mismatch::RULE,
    &token_off::RULE,
    &token_user_creation::RULE,
    &users_differ::RULE,
    &token_expiration_differs::RULE,
    &token_inactivity_differs::RULE,
    &token_refresh_ineffective::RULE,
    &ims_secret_missing::RULE,
    &ims_secret_plaintext::RULE,
    &ims_secret_prefixed::RULE,
    &ims_configuration_twice::RULE,
    &secret_unreadable::RULE,
    &secret_of_old_key::RULE,
    &secret_unverified::RULE,
    &foreign_protected_value::RULE,
    &sling_id_duplicate::RULE,
    &same_instance_twice::RULE,
    &old_copy::RULE,
    &log_ims_invalid_secret::RULE,
    &log_ims_refused::RULE,
    &log_crypto_exception::RULE,
    &log_keystore_unreadable::RULE,
    &log_crypto_acl::RULE,
    &log_crypto_unresolved::RULE,
    &log_crypto_missing::RULE,
    &log_csrf_rejected::RULE,
    &log_oauth_decrypt::RULE,
    &log_storage_contradicts::RULE,
    &instance_missing::RULE,
    &instance_unexpected::RULE,
    &role_unexpected::RULE,
    &key_unexpected::RULE,
    &keys_shared::RULE,
    &suppression_expired::RULE,
    &suppression_unmatched::RULE,
];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// May break logins or secrets, or will after the next change.
    Warning,
    /// Breaks logins or secrets.
    Error,
}

impl Severity {
    /// Returns the name used in reports and on the command line.
    pub fn label(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// One check over a farm.
pub struct Rule {
    /// Its name, as on the command line and in every report.
    pub id: &'static str,
    /// How bad its findings are; the same for all.
    pub severity: Severity,
    /// Whether it compares instances. With fewer than two it finds nothing, and that says nothing.
    pub compares: bool,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// What breaks, and why.
    pub why: &'static str,
    /// What to do, in general; a finding has the exact steps.
    pub fix: &'static str,
    /// Where that is documented.
    pub references: &'static [&'static str],
    /// Rules that explain what it finds on an instance where they fire too, the likeliest first.
    pub explained_by: &'static [RuleId],
    /// Finds it. Pure and total.
    pub check: fn(&Farm) -> Vec<Hit>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// Returns the rule of this name.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}

/// Wants the instances of a farm to have the same keys.
fn farm_keys(farm: &Farm) -> impl Iterator<Item = Need> {
    farm.members.iter().map(|member| Need::FarmKeys(member.name.clone()))
}

/// What the rules about suppressions find is in no farm: it is found when all others are.
fn found_while_judging(_: &Farm) -> Vec<Hit> {
    Vec::new()
}

/// Says that a suppression of the policy does nothing.
pub fn stale(stale: &Stale) -> (&'static Rule, Hit) {
    if stale.expired {
        (&suppression_expired::RULE, suppression_expired::hit(stale))
    } else {
        (&suppression_unmatched::RULE, suppression_unmatched::hit(stale))
    }
}
