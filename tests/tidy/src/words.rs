//! Names say what a thing is.

use crate::tree::rust_files;

/// Words that say nothing, as names of files and types.
const VAGUE: &[&str] = &["handler", "helper", "util", "utils", "common_types", "misc"];

#[test]
fn no_file_or_type_has_a_vague_name() {
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let stem = path.file_stem().unwrap().to_string_lossy().to_lowercase();
        if VAGUE.iter().any(|word| stem.split('_').any(|part| part == *word)) {
            found.push(format!("file {}", path.display()));
        }
        for name in text.lines().filter_map(type_name) {
            let vague = ["Handler", "Helper", "Util", "Misc"];
            if vague.iter().any(|word| name.contains(word)) {
                found.push(format!("type {name} in {}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "say what it is instead:\n{}", found.join("\n"));
}

#[test]
fn no_promise_is_left_open() {
    let marks = ["todo!(", "unimplemented!(", "#[ignore", "dbg!("];
    let own = |path: &std::path::Path| path.starts_with("tests/tidy");
    let found: Vec<String> = rust_files()
        .into_iter()
        .filter(|(path, text)| !own(path) && marks.iter().any(|mark| text.contains(mark)))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(found.is_empty(), "open promises in:\n{}", found.join("\n"));
}

fn type_name(line: &str) -> Option<&str> {
    let words = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|kind| words.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}
