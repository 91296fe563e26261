//! Documents that several rules refer to.

/// KA-23909: IMS `client_secret` gets lost after a restart.
pub(super) const KA_23909: &str = "Adobe KA-23909: IMS client_secret is lost after a restart";
/// The recipe for moving keys from the JCR to files.
pub(super) const CQSUPPORT: &str = "cqsupport/fix-instructions: move-crypto-keys";
/// The documentation of encapsulated tokens.
pub(super) const ENCAPSULATED_TOKEN: &str =
    "AEM 6.5, Encapsulated Token Support: Replicating the HMAC key";
/// What the user said.
pub(super) const POLICY: &str = "aemtrix help policy";
/// Felix's own code.
pub(super) const FELIX_CACHE: &str = "Apache Felix Framework, BundleCache and BundleArchive";
