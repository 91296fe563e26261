//! What to do on Windows where the commands of a repair are for a Unix shell.

use super::counted;
use crate::farm::Member;
use crate::rules::{Finding, Judged, Step};

/// So many instances are named.
const NAMED_MAX: usize = 3;

/// What to run there instead, with code between backticks.
pub(super) const INSTEAD: &str = "on Windows, and the commands are for a Unix shell. Use `copy /b` for cp, `certutil -hashfile FILE MD5` for md5sum, `fc /b` to \
     compare, `icacls` for chmod, and `\\` in paths. Write `storage` in PowerShell with `[IO.File]::WriteAllText(path, 'Bundle')` and the whole path: `echo` and \
     `Out-File` add line ends.";

/// Names the instances that run on Windows, as the start of a sentence that goes on with [`INSTEAD`]; `None` where there is none, or no
/// command for any.
pub(super) fn who(judged: &Judged) -> Option<String> {
    let has_command =
        |finding: &Finding| finding.excuse.is_none() && finding.hit.fix.iter().any(is_command);
    let members = &judged.farm.members;
    let on_windows: Vec<&Member> =
        members.iter().filter(|member| member.snapshot.is_on_windows()).collect();
    if on_windows.is_empty() || !judged.findings.iter().any(has_command) {
        return None;
    }
    let names: Vec<&str> = on_windows.iter().map(|member| member.name.as_str()).collect();
    Some(match names.as_slice() {
        all if all.len() == members.len() && all.len() > 1 => "All instances run".to_owned(),
        [one] => format!("{one} runs"),
        few if few.len() <= NAMED_MAX => format!("{} run", few.join(", ")),
        many => format!("{} run", counted(many.len(), "instance")),
    })
}

fn is_command(step: &Step) -> bool {
    step.parts().1.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::Farm;
    use crate::report::{FORMATS, Report, Screen};
    use crate::rules::Selection;
    use crate::testing::{FarmBuilder, Instance, good_farm};

    fn windows(instance: Instance) -> Instance {
        let location = "slinginstall:D:\\AEM\\x.jar".to_owned();
        instance.change("bundle6", |bundle| bundle.location = Some(location))
    }

    fn written_in(name: &str, farm: Farm) -> String {
        let (selection, screen) = (Selection::default(), Screen::default());
        let report = Report::new(vec![farm], vec![], vec![], &selection, screen);
        let format = FORMATS.iter().find(|format| format.name == name).expect("this format");
        let mut out = Vec::new();
        (format.write)(&report, &mut out).expect("it can be written");
        String::from_utf8(out).expect("it is text")
    }

    fn broken(instance: Instance) -> Instance {
        instance.storage(b"Bundle\r\n")
    }

    fn told(farm: FarmBuilder) -> Option<String> {
        who(&crate::rules::judge(vec![farm.build()], &Selection::default()).remove(0))
    }

    #[test]
    fn instances_on_windows_are_named_where_there_is_a_command() {
        let with = |b: fn(Instance) -> Instance, c: fn(Instance) -> Instance| {
            told(good_farm(&["a"]).with("b", b).with("c", c))
        };
        assert_eq!(with(windows, |i| i), None);
        assert_eq!(with(broken, |i| i), None);
        assert_eq!(with(|i| windows(broken(i)), |i| i).as_deref(), Some("b runs"));
        assert_eq!(with(|i| windows(broken(i)), windows).as_deref(), Some("b, c run"));
        let all = good_farm(&[]).with("a", |i| windows(broken(i))).with("b", windows);
        assert_eq!(told(all).as_deref(), Some("All instances run"));
    }

    #[test]
    fn every_text_for_people_says_it_once() {
        let farm = || good_farm(&["a"]).with("b", |i| windows(broken(i)));
        for format in ["table", "markdown", "html", "runbook"] {
            let text = written_in(format, farm().build());
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(text.matches("for a Unix shell").count(), 1, "{format}: {text}");
            assert!(text.contains("certutil -hashfile FILE MD5"), "{format}");
            let unix = written_in(format, good_farm(&["a"]).with("b", broken).build());
            assert!(!unix.contains("Unix shell"), "{format}");
        }
    }
}
