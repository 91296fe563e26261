//! What is said in several scenes, as a person reads it: a file in `scenes` for each room that is heard there.
//!
//! A difference fails. To take it over, run with `INSTA_UPDATE=always`, and read what changed before it is committed.

/// Scenes, each with what is said in it.
#[derive(Default)]
pub(crate) struct Scenes(String);

impl Scenes {
    pub(crate) fn add(&mut self, scene: &str, said: &str) {
        // A report names the program that made it.
        let program = concat!("aemtrix ", env!("CARGO_PKG_VERSION"));
        let said = said.replace(program, "aemtrix VERSION");
        self.0.extend(["## ", scene, "\n", said.trim_end(), "\n\n"]);
    }

    /// Compares all with the file of a name.
    pub(crate) fn are(&self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/scenes"));
        settings.bind(|| insta::assert_snapshot!(name, self.0.trim_end()));
    }
}
