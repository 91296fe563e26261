//! Lines as they are written: types of their own, so that facts can change and lines that were saved stay readable.

mod bundle;
mod instance;
mod line;
pub(super) mod one;

pub(super) use bundle::{SavedBundle, SavedBundles, USUAL_CACHE};
pub(super) use instance::SavedInstance;
pub use line::{End, GapRef, SCHEMA, SavedLine, SourceRef, schema};

/// The version alone, of a line that may be of any.
#[derive(serde::Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) schema: std::borrow::Cow<'a, str>,
}
