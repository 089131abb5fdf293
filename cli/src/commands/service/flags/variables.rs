//! Environment variables of flags and files.

use std::path::Path;

use crate::failure::Failure;

/// The variables in a file, a line each.
pub(in crate::commands) fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// A name alone is the variable of here; one that is not there is left out, as with Docker.
pub(in crate::commands) fn filled(entries: Vec<String>) -> Vec<String> {
    let fill = |entry: String| match entry.contains('=') {
        true => Some(entry),
        false => std::env::var(&entry).ok().map(|value| format!("{entry}={value}")),
    };
    entries.into_iter().filter_map(fill).collect()
}
