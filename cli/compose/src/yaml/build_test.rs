use proptest::prelude::*;

use super::*;

fn place(node: &Node, path: &[&str]) -> (usize, usize) {
    let at = node.locate(path);
    (at.line, at.column)
}

/// The same text read by serde_yaml, as text with types left out.
fn oracle(value: &serde_yaml::Value) -> String {
    use serde_yaml::Value;
    match value {
        Value::Null => "~".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Sequence(items) => items.iter().map(|item| format!("[{}]", oracle(item))).collect(),
        Value::Mapping(entries) => {
            entries.iter().map(|(key, value)| format!("{{{}={}}}", oracle(key), oracle(value))).collect()
        }
        Value::Tagged(tagged) => oracle(&tagged.value),
    }
}

fn shown(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(_) if node.is_null() => "~".into(),
        Kind::Scalar(scalar) => scalar.text.clone(),
        Kind::Sequence(items) => items.iter().map(|item| format!("[{}]", shown(item))).collect(),
        Kind::Mapping(entries) => {
            entries.iter().map(|entry| format!("{{{}={}}}", entry.key, shown(&entry.value))).collect()
        }
    }
}

#[test]
fn every_key_has_its_place() {
    let tree = parse("services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n").unwrap();
    assert_eq!(place(&tree, &["services", "web", "image"]), (3, 5));
    assert_eq!(place(&tree, &["services", "web", "nothing"]), (2, 3));
}

#[test]
fn anchors_and_merges_are_written_out() {
    let text = "x: &a {one: 1, two: 2}\ny: &b {two: 3, four: 4}\nz:\n  <<: [*a, *b]\n  one: 0\n";
    let tree = parse(text).unwrap();
    let z = &tree.entry("z").unwrap().value;
    assert_eq!(shown(z), "{one=0}{two=2}{four=4}");
}

#[test]
fn a_merged_block_and_serde_yaml_agree() {
    let text =
        "a: \"quoted: text\"\nb: |\n  two\n  lines\nc: >-\n  folded\n  text\nd: [1, two, ~]\ne: {f: 'g'}\n";
    let other: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    assert_eq!(shown(&parse(text).unwrap()), oracle(&other));
}

#[test]
fn duplicate_keys_are_told_with_both_places() {
    let findings = parse("services:\n  web: {}\n  api: {}\n  web: {}\n").unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].at, Position { line: 4, column: 3 });
    assert_eq!(findings[0].path, "services.web");
    assert!(findings[0].message.contains("line 2"), "{}", findings[0].message);
}

#[test]
fn syntax_errors_have_a_place() {
    for bad in ["a: [1, 2", "a: b: c", "a:\n\t- x", "\"open", "a: *nowhere", "{a: 1}}", "a: 1\n---\nb: 2\n"] {
        let findings = parse(bad).unwrap_err();
        assert!(findings[0].at.line >= 1 && findings[0].at.column >= 1, "{bad}: {findings:?}");
    }
}

#[test]
fn a_few_lines_that_unfold_to_billions_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        let items = vec![previous; 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let findings = parse(&text).unwrap_err();
    assert!(findings[0].message.contains("unfolds"), "{findings:?}");
}

#[test]
fn deep_nesting_and_recursion_are_refused() {
    assert!(parse(&"[".repeat(5000)).is_err());
    assert!(parse(&"- ".repeat(5000)).is_err());
    assert!(parse("a: &a [*a]").is_err());
}

#[test]
fn an_empty_text_is_nothing() {
    assert!(parse("").unwrap().is_null());
    assert!(parse("# only a comment\n").unwrap().is_null());
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ -~\\n\\t]{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_yaml_like_text_panics(parts in proptest::collection::vec("[a-c]: |- |\\n  |&a |\\*a |<<: |\\[|\\]|\\{|\\}|\"|'|\\$\\{|, ", 0..60)) {
        let _ = parse(&parts.concat());
    }

    #[test]
    fn plain_maps_read_as_serde_yaml_reads_them(entries in proptest::collection::btree_map("[a-z]{1,6}", "[a-z]{1,8}( [a-z]{1,5})?", 1..8)) {
        let text: String = entries.iter().map(|(key, value)| format!("k{key}: v{value}\n")).collect();
        let other: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        prop_assert_eq!(shown(&parse(&text).unwrap()), oracle(&other));
    }
}
