//! tests/SCENARIOS.md tells the truth about which tests there are.

use std::fs;

use crate::tree::root;

#[test]
fn every_test_that_the_scenarios_name_exists() {
    let table = fs::read_to_string(root().join("tests/SCENARIOS.md")).unwrap();
    let (mut missing, mut named) = (Vec::new(), 0);
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        // The file in which the names that follow are.
        let mut file: Option<(&str, String)> = None;
        for word in line.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                file = Some((word, fs::read_to_string(root().join(word)).unwrap_or_default()));
            } else if let Some((path, text)) = &file {
                named += 1;
                if !text.contains(&format!("fn {word}(")) {
                    missing.push(format!("{path} {word}"));
                }
            }
        }
    }
    assert!(named > 100, "the table was not read: {named} tests");
    assert!(missing.is_empty(), "tests/SCENARIOS.md names what is not there:\n{}", missing.join("\n"));
}
