//! Plain values: what was read, where it was read, and what could not be read.
//!
//! Everything to the right of `examine` works on these values alone. They hold no key bytes, touch no file and cannot fail.

mod bundle;
mod bundles;
mod config;
mod configured;
mod credentials;
mod date;
mod digest;
mod drawn;
mod gap;
mod harmful;
mod jcr;
mod jcr_history;
mod jcr_key;
mod key;
mod key_parts;
mod link_name;
mod log;
mod log_files;
mod node_store;
mod old_state;
mod place;
mod platform;
mod protected;
mod remembered;
mod run_record;
mod secrets;
mod setting;
mod shape;
mod shaped;
mod sling;
mod snapshot;
mod source;
mod source_digest;
mod storage;
mod times;
mod users;
mod utc;

pub use bundle::{
    Bundle, BundleState, CRYPTO, CRYPTO_FAMILY, CRYPTO_FILE, DiscardReason, IdentifiedBy, Revision,
};
pub use bundles::Bundles;
pub use config::{
    ACCESS_TOKEN_PROVIDER, CUSTOMIZER_TYPE, Configuration, EXTERNAL_LOGIN, GRANT_OF_CLIENT,
    IMS_CLIENT_SECRET, IMS_CUSTOMIZER, IMS_PROVIDER, IMS_SERVICE_SECRET, JCR_CONFIGURATIONS,
    LOG_MANAGER, LOG_WRITERS, OAUTH_PROVIDER, PROVIDER_CUSTOMIZER, PROVIDER_GRANTS, ProtectedValue,
    SAML_HANDLER, STANDBY_MODE, STANDBY_SERVICES, SYNC_HANDLER, SecretState, TOKEN_CONFIGURATION,
    TOKEN_ENCAPSULATED, TOKEN_EXPIRATION, TOKEN_HANDLER, TOKEN_INACTIVITY, TOKEN_REFRESH,
    placeholder, placeholders,
};
pub use credentials::is_secret;
pub use date::{Date, NotADate};
pub use digest::{Digest, Hex};
pub use gap::{Gap, GapKind, INCREMENTAL};
pub use harmful::is_harmful;
pub use jcr::{JcrKeys, Repository};
pub use jcr_history::{KeyHistory, PastKeys, PastState};
pub use jcr_key::{JcrKey, JcrShape};
pub use key::{Alteration, KeyDigest, KeyFile, KeyName, TextKind, Wrapper};
pub use key_parts::key_parts;
pub use link_name::{says_idle, says_live};
pub(crate) use log::STARTS_MAX;
pub use log::{
    Log, LogFile, LogSignature, LogStart, LogStatement, LogTime, LogTopic, OpenSign, Seen, Sighting,
};
pub use log_files::log_family;
pub use node_store::{
    AWS_SEGMENTS, AZURE_SEGMENTS, COMPOSITE_STORE, CUSTOM_SEGMENTS, DOCUMENT_STORE,
    DOCUMENT_STORE_TYPE, MORE_SEGMENTS, NodeStore, NodeStoreKind, REPOSITORY_HOME, SEGMENT_STORES,
    SPLIT_SEGMENTS,
};
pub use old_state::{OldState, has_old_word, says_old, says_put_aside};
pub use place::{
    Account, INSIDE, OwnedDirectory, Owner, Place, QUICKSTART, Right, components, is_in_realm,
    path_parts, realm, split_path, spoken,
};
pub use protected::ProtectedAt;
pub use run_record::{NamedFile, RunRecord};
pub use secrets::{MasterFlaw, Opening, StoredSecret, Trials, Untried};
pub use setting::{
    BUNDLE_CACHE, CACHE_CLEAN, CLEAN_AT_START, CONFIG_DIRECTORY, CQ_RUN_MODES, CRYPTO_FILE_DISABLE,
    CRYPTO_KEYS_PATH, LOG_FILE, OLD_BUNDLE_CACHE, RUN_MODES_OPTION, SLING_HOME, SLING_INCLUDE,
    SLING_LAUNCHPAD, SLING_PROPERTIES, SLING_RUN_MODES, Setting, java_trim, no_break_space,
};
pub use shape::{HIDDEN_KEY, HIDDEN_LINK, Shape};
pub use sling::{Role, RunModes, SlingId, StandbyMode};
pub use snapshot::{KeysDirectory, Parts, Snapshot};
pub use source::{SourceRecord, SourceStatus};
pub use source_digest::{Digested, SourceDigest};
pub use storage::{LineEnd, Storage, StorageFile, StorageMode, StorageProblem};
pub use times::{FileTime, Times};
pub use users::Users;
pub use utc::Utc;
