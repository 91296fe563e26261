//! What is wrong, why, and what to do: one file a rule, each a value with one pure function.
//!
//! A rule fires on what was read, never on what could not be read. Instances whose source fails a checksum are shown, not
//! judged.

mod hit;
mod reference;
mod rule;

/// One file a rule, and what several share.
mod checks {
    mod console;
    pub(super) mod copies;
    mod each_key;
    mod fold;
    mod ims_secrets;
    mod key_differs;
    mod owners;
    mod references;
    mod shut_secrets;

    pub(super) mod aem_version_differs;
    pub(super) mod bundle_id_duplicate;
    pub(super) mod bundle_uninstalled;
    pub(super) mod crypto_bundle_duplicate;
    pub(super) mod crypto_bundle_inactive;
    pub(super) mod crypto_bundle_missing;
    pub(super) mod crypto_file_disabled;
    pub(super) mod crypto_version_differs;
    pub(super) mod felix_would_discard;
    pub(super) mod foreign_protected_value;
    pub(super) mod half_copied_pair;
    pub(super) mod hmac_differs;
    pub(super) mod ims_configuration_twice;
    pub(super) mod ims_secret_damaged;
    pub(super) mod ims_secret_missing;
    pub(super) mod ims_secret_plaintext;
    pub(super) mod ims_secret_prefixed;
    pub(super) mod instance_missing;
    pub(super) mod instance_unexpected;
    pub(super) mod jcr_key_changed;
    pub(super) mod jcr_key_leftover;
    pub(super) mod jcr_key_mismatch;
    pub(super) mod jcr_key_missing;
    pub(super) mod key_altered;
    pub(super) mod key_degenerate;
    pub(super) mod key_length;
    pub(super) mod key_misplaced;
    pub(super) mod key_missing;
    pub(super) mod key_not_binary;
    pub(super) mod key_permissions;
    pub(super) mod key_replaced;
    pub(super) mod key_trailing_newline;
    pub(super) mod key_umask;
    pub(super) mod key_unexpected;
    pub(super) mod key_unreadable;
    pub(super) mod keys_external;
    pub(super) mod keys_shared;
    pub(super) mod log_signs;
    pub(super) mod log_storage_contradicts;
    pub(super) mod master_differs;
    pub(super) mod old_copy;
    pub(super) mod pair_times_differ;
    pub(super) mod role_unexpected;
    pub(super) mod same_instance_twice;
    pub(super) mod secret_of_old_key;
    pub(super) mod secret_unreadable;
    pub(super) mod secret_unverified;
    pub(super) mod sling_id_duplicate;
    pub(super) mod standby_not_ready;
    pub(super) mod storage_edited;
    pub(super) mod storage_jcr;
    pub(super) mod storage_jcr_with_ims;
    pub(super) mod storage_malformed;
    pub(super) mod storage_missing;
    pub(super) mod storage_mode_differs;
    pub(super) mod storage_stale_files;
    pub(super) mod storage_trailing_newline;
    pub(super) mod suppression_expired;
    pub(super) mod suppression_unmatched;
    pub(super) mod token_expiration_differs;
    pub(super) mod token_inactivity_differs;
    pub(super) mod token_key_mismatch;
    pub(super) mod token_mixed;
    pub(super) mod token_off;
    pub(super) mod token_refresh_ineffective;
    pub(super) mod token_user_creation;
    pub(super) mod users_differ;
}

pub(crate) use checks::copies::{is_of_other_id, is_old};
pub use hit::Hit;
pub(crate) use reference::url;
pub use rule::{Rule, Severity};

use crate::farm::Farm;
use crate::policy::Stale;
use crate::repair::Need;

/// Every rule, by what it is about.
pub static RULES: &[&Rule] = &[
    &checks::hmac_differs::RULE,
    &checks::master_differs::RULE,
    &checks::half_copied_pair::RULE,
    &checks::storage_mode_differs::RULE,
    &checks::storage_jcr::RULE,
    &checks::storage_jcr_with_ims::RULE,
    &checks::storage_trailing_newline::RULE,
    &checks::storage_malformed::RULE,
    &checks::storage_missing::RULE,
    &checks::storage_stale_files::RULE,
    &checks::jcr_key_missing::RULE,
    &checks::jcr_key_leftover::RULE,
    &checks::jcr_key_mismatch::RULE,
    &checks::jcr_key_changed::RULE,
    &checks::key_missing::RULE,
    &checks::keys_external::RULE,
    &checks::key_trailing_newline::RULE,
    &checks::key_altered::RULE,
    &checks::key_length::RULE,
    &checks::key_not_binary::RULE,
    &checks::key_degenerate::RULE,
    &checks::key_misplaced::RULE,
    &checks::key_permissions::RULE,
    &checks::key_umask::RULE,
    &checks::key_unreadable::RULE,
    &checks::key_replaced::RULE,
    &checks::pair_times_differ::RULE,
    &checks::storage_edited::RULE,
    &checks::standby_not_ready::RULE,
    &checks::crypto_bundle_missing::RULE,
    &checks::crypto_bundle_duplicate::RULE,
    &checks::crypto_bundle_inactive::RULE,
    &checks::crypto_version_differs::RULE,
    &checks::aem_version_differs::RULE,
    &checks::felix_would_discard::RULE,
    &checks::bundle_id_duplicate::RULE,
    &checks::bundle_uninstalled::RULE,
    &checks::crypto_file_disabled::RULE,
    &checks::token_mixed::RULE,
    &checks::token_key_mismatch::RULE,
    &checks::token_off::RULE,
    &checks::token_user_creation::RULE,
    &checks::users_differ::RULE,
    &checks::token_expiration_differs::RULE,
    &checks::token_inactivity_differs::RULE,
    &checks::token_refresh_ineffective::RULE,
    &checks::ims_secret_damaged::RULE,
    &checks::ims_secret_missing::RULE,
    &checks::ims_secret_plaintext::RULE,
    &checks::ims_secret_prefixed::RULE,
    &checks::ims_configuration_twice::RULE,
    &checks::secret_unreadable::RULE,
    &checks::secret_of_old_key::RULE,
    &checks::secret_unverified::RULE,
    &checks::foreign_protected_value::RULE,
    &checks::sling_id_duplicate::RULE,
    &checks::same_instance_twice::RULE,
    &checks::old_copy::RULE,
    &checks::log_signs::IMS_INVALID_SECRET,
    &checks::log_signs::IMS_REFUSED,
    &checks::log_signs::CRYPTO_EXCEPTION,
    &checks::log_signs::KEYSTORE_UNREADABLE,
    &checks::log_signs::CRYPTO_ACL,
    &checks::log_signs::CRYPTO_UNRESOLVED,
    &checks::log_signs::CRYPTO_MISSING,
    &checks::log_signs::CSRF_REJECTED,
    &checks::log_signs::OAUTH_DECRYPT,
    &checks::log_storage_contradicts::RULE,
    &checks::instance_missing::RULE,
    &checks::instance_unexpected::RULE,
    &checks::role_unexpected::RULE,
    &checks::key_unexpected::RULE,
    &checks::keys_shared::RULE,
    &checks::suppression_expired::RULE,
    &checks::suppression_unmatched::RULE,
];

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
        (&checks::suppression_expired::RULE, checks::suppression_expired::hit(stale))
    } else {
        (&checks::suppression_unmatched::RULE, checks::suppression_unmatched::hit(stale))
    }
}
