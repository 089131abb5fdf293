//! ARCHITECTURE.md tells the truth about what is there.

use std::fs;

use crate::tree::root;

#[test]
fn every_path_that_the_map_names_exists() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let quoted = map.split('`').skip(1).step_by(2);
    let tops = ["proto/", "node/", "manager/", "worker/", "cli/", "tests/"];
    let from_root = |text: &&str| tops.iter().any(|top| text.starts_with(top));
    let paths = quoted.filter(from_root).filter(|text| !text.contains(['{', ' ', '<']));
    let missing: Vec<&str> = paths.filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}

fn exists(path: &str) -> bool {
    // A path with a dot at its end belongs to a sentence.
    root().join(path.trim_end_matches('.')).exists()
}

#[test]
fn every_crate_is_on_the_map() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
    let unnamed: Vec<&str> =
        members.split('"').skip(1).step_by(2).filter(|member| !map.contains(member)).collect();
    assert!(unnamed.is_empty(), "not on the map: {unnamed:?}");
}

#[test]
fn what_a_crate_must_not_know_stands_apart_from_what_it_is() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = map.lines().filter(|line| line.starts_with("| `"));
    // Before the first cell and behind the last one there is nothing.
    let unknown = rows.filter_map(|row| row.split('|').nth(3));
    let wrong: Vec<&str> = unknown.filter(|cell| cell.contains('`')).collect();
    assert!(wrong.is_empty(), "the last column names folders: {wrong:?}");
}
