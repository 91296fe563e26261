//! Which files of a folder are uploads, may be one, or are none.

use super::links::take_link;
use super::listed::{Listed, head_of, is_packed, kind_of, start_of};
use super::{Folder, INSTALL, Installs, LeftOut, UNKNOWN_MAX};
use crate::facts::GapKind;
use crate::intake::archive_name::{
    claims_archive, claims_closed, claims_compression, claims_content, claims_log, claims_nothing,
    claims_other, claims_program, program,
};
use crate::intake::container::Refusal;
use crate::intake::probe::{Held, held, holds_archive};
use crate::intake::{
    BesideInstalls, Neighbours, UploadPlaces, pack_errors, path, sniff, stand_in, ticket, wrapped,
};
use crate::limits::Limits;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What may be an upload, as far as is known of it alone.
#[derive(Default)]
pub(super) struct Maybe {
    /// Meant for an archive by its name.
    pub(super) meant: Vec<PathBuf>,
    /// A file of which nothing is known, and why it is no archive.
    unknown: Vec<(PathBuf, Refusal)>,
    /// Directories that hold an install, or are one of another name.
    pub(super) homes: Vec<PathBuf>,
    /// A zip that is named like a program or a document.
    programs: Vec<PathBuf>,
    /// What tells of errors while an archive was made.
    errors: Vec<(PathBuf, Refusal)>,
}

/// Takes the archives of one directory, and what stands beside them.
pub(super) fn take_files(entries: &[Listed], folder: &mut Folder, maybe: &mut Maybe) {
    let mut unreadable = Vec::new();
    let uploads = folder.uploads.len();
    for entry in entries {
        if entry.kind.is_file() {
            take_log(entry, folder);
            take_file(entry, folder, maybe, &mut unreadable);
        } else if entry.kind.is_symlink() && entry.name != INSTALL {
            take_link(entry, folder);
        } else if !entry.kind.is_dir() && claims_content(&entry.name) {
            // A FIFO or a device in the place of an upload.
            maybe.meant.push(entry.path.clone());
        }
    }
    if folder.uploads.len() > uploads {
        // Beside an upload, what may not be read may be another one; alone it is any file of the machine.
        maybe.meant.append(&mut unreadable);
    }
}

/// Takes what may be an archive by its name below the home of an install, where anything else is its own.
pub(super) fn take_named(entries: &[Listed], folder: &mut Folder, meant: &mut Vec<PathBuf>) {
    let files = entries.iter().filter(|entry| entry.kind.is_file() && may_be_upload(&entry.name));
    for entry in files {
        if is_packed(&entry.path) {
            folder.uploads.push(entry.path.clone());
        } else if claims_archive(&entry.name) {
            meant.push(entry.path.clone());
        }
    }
}

/// Takes, where there are uploads at all, what else may be one. Of what lies beside an unpacked install only the name can tell.
pub(super) fn take_maybe(root: &Path, maybe: Maybe, homes: &[PathBuf], folder: &mut Folder) {
    let Maybe { mut meant, mut unknown, programs, errors, .. } = maybe;
    let is_apart = folder.installs == Installs::Nowhere;
    let mut carrying = take_programs(programs, is_apart, folder);
    carrying.extend(errors.into_iter().take(UNKNOWN_MAX));
    if !is_apart {
        unknown.extend(carrying.iter().cloned());
    }
    let is_text = |(file, (kind, reason)): &(PathBuf, Refusal)| {
        stand_in::is_stand_in(&below(root, file), *kind, reason)
    };
    let (texts, mut unknown): (Vec<_>, Vec<_>) = unknown.into_iter().partition(is_text);
    let uploads: Vec<String> =
        folder.uploads.iter().chain(&meant).map(|file| below(root, file)).collect();
    let uploads: Vec<&str> = uploads.iter().map(String::as_str).collect();
    let homes: Vec<String> = homes.iter().map(|home| below(root, home)).collect();
    if is_apart {
        let homes: Vec<&str> = homes.iter().map(String::as_str).collect();
        let among = Neighbours::of(&uploads, &homes);
        let lacking = texts.into_iter().filter(|(file, _)| among.lack(&below(root, file)));
        let (signs, texts): (Vec<_>, Vec<_>) =
            lacking.partition(|(file, (_, reason))| stand_in::is_sign(&below(root, file), reason));
        carrying.extend(signs);
        unknown.extend(texts);
    } else {
        take_closed(root, &unknown, texts, &BesideInstalls::of(homes, &uploads), folder);
    }
    // Without one upload nothing else has its place, and the folder is a source of its own.
    if folder.uploads.is_empty() {
        folder.logs.clear();
        return folder.programs.clear();
    }
    folder.uploads.append(&mut meant);
    if is_apart {
        let below = |file: &Path| below(root, file);
        let names: Vec<String> = folder.uploads.iter().map(|file| below(file)).collect();
        let places = UploadPlaces::of(names.iter().map(String::as_str));
        let is_among = |file: &PathBuf| places.hold(&below(file)) || claims_closed(&below(file));
        folder.programs.retain(|(file, _)| is_among(file));
        folder.logs.retain(|_, (file, _)| is_among(file));
        folder.closed.extend(carrying.into_iter().filter(|(file, _)| is_among(file)));
        let mut among = unknown.into_iter().map(|(file, _)| file).filter(is_among);
        folder.uploads.extend(among.by_ref().take(UNKNOWN_MAX));
        if among.next().is_some() {
            folder.left_out.insert(LeftOut::Files);
        }
    }
    if !is_apart {
        // Beside unpacked installs are the logs of the machine, which are of anything.
        folder.logs.clear();
    }
    folder.uploads.sort();
}

/// Takes note of a log: nothing of it is read, and whoever sent it thinks that it is.
fn take_log(entry: &Listed, folder: &mut Folder) {
    let Some(directory) = entry.path.parent().filter(|_| claims_log(&entry.name)) else { return };
    let logs = folder.logs.entry(directory.to_owned()).or_insert_with(|| (entry.path.clone(), 0));
    logs.1 = logs.1.saturating_add(1);
}

fn take_file(
    entry: &Listed,
    folder: &mut Folder,
    maybe: &mut Maybe,
    unreadable: &mut Vec<PathBuf>,
) {
    let head = match head_of(&entry.path) {
        Ok(head) => head,
        Err(error) if claims_closed(&entry.name) => {
            let refusal = (GapKind::Unreadable, error.to_string());
            return maybe.unknown.push((entry.path.clone(), refusal));
        }
        Err(_) => {
            let list = if claims_content(&entry.name) { &mut maybe.meant } else { unreadable };
            return list.push(entry.path.clone());
        }
    };
    let list = match kind_of(&head) {
        Ok(()) if claims_program(&entry.name) => &mut maybe.programs,
        Ok(()) | Err(GapKind::Unsupported) if is_packed_log(entry) => return,
        Err(GapKind::EmptyArchive) if !may_be_upload(&entry.name) => {
            // A crash leaves zeros of a log, and they begin many a picture.
            if !claims_other(&entry.name) && !ticket::is_known(&entry.name, &head) {
                maybe.unknown.push((entry.path.clone(), sniff::zeros()));
            }
            return;
        }
        // What is known and not read is an archive all the same.
        Ok(()) | Err(GapKind::Unsupported | GapKind::EmptyArchive) => &mut folder.uploads,
        Err(_) if claims_content(&entry.name) => &mut maybe.meant,
        Err(_) => {
            if let Some(said) = packing_errors(entry, &head) {
                return maybe.errors.push((entry.path.clone(), (GapKind::Partial, said)));
            }
            let refusal = wrapped::find_in(&entry.path, &entry.name, &head);
            let refusal = refusal.or_else(|| {
                let is_known = ticket::is_known(&entry.name, &head);
                let refusal = if is_known { None } else { sniff::sniff(&head).err() };
                refusal.map(|(kind, reason)| (kind, stand_in::said(&entry.name, reason)))
            });
            maybe.unknown.extend(refusal.map(|refusal| (entry.path.clone(), refusal)));
            take_listed(entry, &mut maybe.unknown);
            return;
        }
    };
    list.push(entry.path.clone());
}

/// Says what a program wrote of errors while it made an archive that lies there too.
fn packing_errors(entry: &Listed, head: &[u8]) -> Option<String> {
    let is_text = pack_errors::may_be(head);
    let text = is_text.then(|| start_of(&entry.path, Limits::DEFAULT.probe_bytes_max));
    pack_errors::find(&text?.ok()?)
}

/// Takes the archives that a list of checksums names; whether they are there shows at the end.
fn take_listed(entry: &Listed, unknown: &mut Vec<(PathBuf, Refusal)>) {
    if !stand_in::is_list(&entry.name) {
        return;
    }
    let list = start_of(&entry.path, Limits::DEFAULT.probe_bytes_max).unwrap_or_default();
    let listed = stand_in::listed(&entry.name, &list).into_iter();
    unknown.extend(
        listed.map(|(name, reason)| {
            (entry.path.with_file_name(name), (GapKind::NotAnArchive, reason))
        }),
    );
}

/// Takes archives of programs and documents with an install in them; returns those that carry an archive which is not read.
fn take_programs(
    programs: Vec<PathBuf>,
    is_apart: bool,
    folder: &mut Folder,
) -> Vec<(PathBuf, Refusal)> {
    let mut carrying = Vec::new();
    for file in programs {
        match held(&file) {
            Held::Install | Held::Names | Held::Unclear => folder.uploads.push(file),
            Held::Carried(refusal) if carrying.len() < UNKNOWN_MAX => {
                carrying.push((file, refusal));
            }
            Held::None if !is_apart => {}
            Held::None if folder.programs.len() < UNKNOWN_MAX => {
                let what = program(&file.to_string_lossy());
                folder.programs.push((file, what));
            }
            Held::Carried(_) | Held::None => {
                folder.left_out.insert(LeftOut::Files);
            }
        }
    }
    carrying
}

/// Takes what may be an instance beside unpacked installs, and texts in the place of one.
fn take_closed(
    root: &Path,
    unknown: &[(PathBuf, Refusal)],
    texts: Vec<(PathBuf, Refusal)>,
    beside: &BesideInstalls,
    folder: &mut Folder,
) {
    let mut counts: BTreeMap<Option<&Path>, usize> = BTreeMap::new();
    for (file, _) in unknown {
        let count = counts.entry(file.parent()).or_default();
        *count = count.saturating_add(1);
    }
    let may_be_instance = |(file, refusal): &&(PathBuf, Refusal)| {
        let is_alone = counts.get(&file.parent()) == Some(&1);
        beside.may_be_instance(&below(root, file), &refusal.1, is_alone)
    };
    let lacking = texts.into_iter().filter(|(file, _)| beside.lack(&below(root, file)));
    let mut closed = unknown.iter().filter(may_be_instance).cloned().chain(lacking);
    folder.closed.extend(closed.by_ref().take(UNKNOWN_MAX));
    folder.left_out.extend(closed.next().map(|_| LeftOut::Files));
}

/// Returns the path of a file below its folder.
fn below(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    path::text(below.as_os_str().as_encoded_bytes())
}

/// Returns `true` if a name is that of an upload, or none at all.
fn may_be_upload(name: &str) -> bool {
    claims_content(name) || claims_nothing(name)
}

/// Returns `true` if a file is a log that was packed, as most are, and no archive.
fn is_packed_log(file: &Listed) -> bool {
    claims_compression(&file.name) && claims_other(&file.name) && !holds_archive(&file.path)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use crate::intake::folder::look;
    use crate::intake::folder::tests::{folder, uploads};
    use crate::intake::testing::{archive, gzip, member};
    use std::fs;

    #[test]
    fn what_is_meant_for_an_archive_counts_among_archives() {
        let root = folder(&["a.tar", "b.txz", "c.tar.gz.gpg", "d.tgz.md5", "e.zip.001"]);
        assert_eq!(uploads(&root), ["a.tar", "b.txz", "c.tar.gz.gpg", "e.zip.001"]);
    }

    #[test]
    fn logs_beside_uploads_are_counted_and_those_of_a_machine_are_not() {
        let logs = |paths: &[&str]| {
            let root = folder(paths);
            let logs = look(root.path()).logs.into_values();
            logs.map(|(file, count)| (file.file_name().unwrap().to_owned(), count)).collect()
        };
        let beside: Vec<_> = logs(&["a.tar", "a-error.log", "error.log.1.gz", "b.log", "c.txt"]);
        assert_eq!(beside, [("a-error.log".into(), 2)]);
        assert_eq!(logs(&["x/crx-quickstart/conf/a", "b.tar", "error.log"]), []);
        assert_eq!(logs(&["error.log"]), []);
    }

    #[test]
    fn logs_programs_and_documents_are_no_uploads() {
        let root = folder(&["a.tar", "._a.tar.gz"]);
        let packed = gzip(b"text");
        for name in ["error.log.gz", "dump.sql.gz", "case.docx", "quickstart.jar"] {
            fs::write(root.path().join(name), &packed).unwrap();
        }
        assert_eq!(uploads(&root), ["a.tar"]);
        let tar = gzip(&archive(&[member(b'0', "a", b"x")]));
        fs::write(root.path().join("aem.log.gz"), tar).unwrap();
        assert_eq!(uploads(&root), ["a.tar", "aem.log.gz"], "the content decides");
        fs::remove_file(root.path().join("aem.log.gz")).unwrap();
        fs::write(root.path().join("author.gz"), &packed).unwrap();
        fs::write(root.path().join("mailed.tgz.txt"), &packed).unwrap();
        assert_eq!(uploads(&root), ["a.tar", "author.gz", "mailed.tgz.txt"]);
    }
}
