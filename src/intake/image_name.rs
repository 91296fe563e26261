//! Names by which a saved image of a container is known, wherever it lies: its layers are parts of one file system, and no uploads.

use crate::facts::split_path;

/// Characters of a SHA-256 digest.
const DIGEST_CHARS: usize = 64;
/// The list of layers beside them, as Docker, skopeo, crane and kaniko write it.
const LIST: &str = "manifest.json";
/// The list of older versions of Docker.
// `docker save` before 1.10 wrote no `manifest.json`.
const OLD_LIST: &str = "repositories";
/// The mark of an OCI layout. (OCI image-spec, image-layout.md)
const LAYOUT: &str = "oci-layout";

/// What the name of a file says of the directory of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSign<'p> {
    /// This directory is one.
    Image(&'p str),
    /// This directory is one if it has digests too.
    List(&'p str),
    /// This directory is one if it has a list too.
    Digest(&'p str),
}

/// Returns what the path of a file says of images.
pub fn image_sign(path: &str) -> Option<ImageSign<'_>> {
    // Every file is asked: the lengths of the names tell nearly all of them apart.
    let (directory, name) = split_path(path);
    match name.len() {
        9 if name == "layer.tar" => {
            // `docker save` has written OCI layouts beside this older form since Docker 25. (Docker image spec v1.2)
            let (above, digest) = split_path(directory);
            is_digest(digest).then_some(ImageSign::Image(above))
        }
        10 if name == LAYOUT => Some(ImageSign::Image(directory)),
        13 if name == LIST => Some(ImageSign::List(directory)),
        // Up to 7 characters before the digest (`sha256:`), and an ending such as `.tar.gz` behind it.
        DIGEST_CHARS..=80 if is_digest(name) => Some(ImageSign::Digest(directory)),
        _ => None,
    }
}

/// Returns `true` if the files of one directory are those of an image.
pub(super) fn is_image<'n>(mut names: impl Iterator<Item = &'n str> + Clone) -> bool {
    let has = |known: &str| names.clone().any(|name| name == known);
    // `manifest.json` alone is in many a web application, and files named by digests alone in many a cache.
    has(LAYOUT) || (has(LIST) || has(OLD_LIST)) && names.any(is_digest)
}

/// Returns `true` if a name is a digest: with an ending, as `abc….tar.gz`, or behind its kind, as `sha256:abc…`.
fn is_digest(name: &str) -> bool {
    // File systems of Windows take no colon, so another character may be in its place.
    let bare = name.strip_prefix("sha256").and_then(|rest| rest.strip_prefix([':', '-', '_', '=']));
    let split = bare.unwrap_or(name).split_at_checked(DIGEST_CHARS);
    let Some((digest, rest)) = split else { return false };
    digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_files_wherever_they_lie() {
        let digest = "ab".repeat(32);
        for at in ["", "p", "case.tar!", "a.tgz!/p"] {
            let path =
                |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
            assert_eq!(image_sign(&path("oci-layout")), Some(ImageSign::Image(at)));
            assert_eq!(
                image_sign(&path(&format!("{digest}/layer.tar"))),
                Some(ImageSign::Image(at))
            );
            assert_eq!(image_sign(&path("manifest.json")), Some(ImageSign::List(at)));
            for name in [digest.clone(), format!("{digest}.tar.gz"), format!("sha256:{digest}")] {
                assert_eq!(image_sign(&path(&name)), Some(ImageSign::Digest(at)), "{name}");
            }
        }
        for path in ["layer.tar", "x/layer.tar", "x-oci-layout", "index.json"] {
            assert_eq!(image_sign(path), None, "{path}");
        }
        assert_eq!(image_sign(&format!("{digest}0")), None);
        let names = |names: &'static [&'static str]| is_image(names.iter().copied());
        assert!(names(&["oci-layout"]) && !names(&["manifest.json", "author.tgz"]));
        assert!(is_image(["manifest.json", digest.as_str()].into_iter()));
        assert!(!is_image([digest.as_str()].into_iter()));
    }
}
