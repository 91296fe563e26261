//! `bundle<N>/version<R>.<N>/bundle.jar`: symbolic name and version from the manifest.

/// What a `bundle.jar` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jar {
    /// Its manifest was read.
    Manifest {
        /// `Bundle-SymbolicName` without parameters; old bundles have none.
        symbolic_name: Option<String>,
        /// `Bundle-Version`; `0.0.0` when missing.
        version: String,
        /// It has a `Fragment-Host`.
        fragment: bool,
    },
    /// A zip whose manifest is not in the part that is read.
    NoManifest,
    /// Empty, cut or no zip: Felix would delete the bundle directory.
    Bad,
}
