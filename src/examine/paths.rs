//! Paths of a source, which are normalised: `/`-separated and relative.

/// Returns the directory that holds a path; empty for a path of one part.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Returns the last part of a path.
pub(super) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Joins two paths, either of which may be empty.
pub(super) fn join(path: &str, rest: &str) -> String {
    format!("{path}/{}", rest.trim_start_matches('/')).trim_matches('/').to_owned()
}
