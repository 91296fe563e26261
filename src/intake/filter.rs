//! Which uploads of a folder are taken.

use globset::{Glob, GlobSet, GlobSetBuilder};
use std::path::Path;

/// Chooses among the uploads that are found in folders; sources that are named themselves are always taken.
///
/// A glob with a `/` is matched against the path below the folder, one without against the name of the file.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    include: Option<Globs>,
    exclude: Option<Globs>,
}

#[derive(Debug, Clone)]
struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Choice {
    /// Returns the choice of what one of `include` matches, or everything where there is none, without what one of `exclude`
    /// matches.
    ///
    /// # Errors
    ///
    /// The text of what is wrong with a glob.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, String> {
        Ok(Self { include: globs(include)?, exclude: globs(exclude)? })
    }

    /// Returns `true` if an upload is taken, by its path below the folder.
    pub(super) fn takes(&self, below: &Path) -> bool {
        self.include.as_ref().is_none_or(|globs| globs.match_some(below))
            && !self.exclude.as_ref().is_some_and(|globs| globs.match_some(below))
    }
}

impl Globs {
    fn match_some(&self, below: &Path) -> bool {
        self.paths.is_match(below)
            || below.file_name().is_some_and(|name| self.names.is_match(name))
    }
}

fn globs(texts: &[String]) -> Result<Option<Globs>, String> {
    let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
    for text in texts {
        let builder = if text.contains('/') { &mut paths } else { &mut names };
        // In globset a `*` goes over slashes as well: `prod/*.tgz` takes `prod/old/a.tgz` too.
        builder.add(Glob::new(text).map_err(|error| error.to_string())?);
    }
    let build = |builder: GlobSetBuilder| builder.build().map_err(|error| error.to_string());
    let globs = Globs { names: build(names)?, paths: build(paths)? };
    Ok((!texts.is_empty()).then_some(globs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_names_or_paths() {
        let takes = |include: &[&str], exclude: &[&str], path: &str| {
            let texts =
                |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
            Choice::new(&texts(include), &texts(exclude)).unwrap().takes(Path::new(path))
        };
        assert!(takes(&[], &[], "s/a.tar"));
        assert!(takes(&["*.tar"], &[], "s/a.tar") && !takes(&["*.tar"], &[], "s/a.tgz"));
        assert!(takes(&["s/**"], &[], "s/t/a.tar") && !takes(&["s/**"], &[], "t/a.tar"));
        assert!(!takes(&["*.tar"], &["old*"], "old.tar") && takes(&[], &["old*"], "new.tar"));
        assert!(!takes(&[], &["old/**"], "old/a.tar"));
        assert!(Choice::new(&["[".to_owned()], &[]).is_err());
    }
}
