//! Paths in sentences.

use super::powershell_word::powershell_path;
use super::shell_word::shell_path;
use crate::facts::Snapshot;

/// Returns the path of a file of an instance as one word of the shell that the instance has, for a sentence.
pub(crate) fn quoted(snapshot: &Snapshot, path: &str) -> String {
    if snapshot.is_on_windows() { powershell_path(path) } else { shell_path(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Bundle;
    use crate::testing::good_farm;

    #[test]
    fn path_is_a_word_of_the_shell_that_the_instance_has() {
        let on_drive = |bundle: &mut Bundle| {
            bundle.location = Some("slinginstall:D:\\aem\\x.jar".to_owned());
        };
        let farm = good_farm(&["a"]).with("b", |i| i.change("bundle1", on_drive)).build();
        let of = |index: usize| quoted(&farm.members[index].snapshot, r"x.zip!/D:\it's");
        assert_eq!([of(0), of(1)], [r"'D:\it'\''s'", r"'D:\it''s'"]);
    }
}
