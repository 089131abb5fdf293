//! No file is so long that nobody reads it.

use crate::tree::rust_files;

/// Lines that no file passes.
const LINES_MAX: usize = 500;

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = rust_files()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "files over {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn crate_and_module_roots_hold_no_logic() {
    let logic = |text: &str| {
        let lines = text.lines().map(str::trim_start);
        lines.filter(|line| line.starts_with("fn ") || line.starts_with("pub fn ")).count() > 0
    };
    let roots: Vec<String> = rust_files()
        .into_iter()
        .filter(|(path, text)| path.ends_with("src/lib.rs") && logic(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(roots.is_empty(), "lib.rs holds docs, mod and pub use only:\n{}", roots.join("\n"));
}
