//! What a spec says otherwise than the one before.

use serde_json::Value;
use skep_rest::ServiceSpec;

/// Most differences that are named.
const NAMED_MAX: usize = 6;
/// Longest value that is shown, in characters.
const VALUE_CHARACTERS_MAX: usize = 60;

/// The fields that differ, as `ContainerSpec.Image: web:1 -> web:2`.
pub(super) fn changes(before: &skep_model::ServiceSpec, after: &skep_model::ServiceSpec) -> String {
    let value = |spec| serde_json::to_value(ServiceSpec::from(spec)).unwrap_or_default();
    let mut found = Vec::new();
    compare("", &value(before), &value(after), &mut found);
    let more = found.len().saturating_sub(NAMED_MAX);
    found.truncate(NAMED_MAX);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    if found.is_empty() { "nothing that is seen".to_owned() } else { found.join(", ") }
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    if before == after {
        return;
    }
    if let (Value::Object(one), Value::Object(other)) = (before, after) {
        let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for key in keys {
            let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
            compare(&below, &of(one), &of(other), found);
        }
        return;
    }
    let path = path.strip_prefix("TaskTemplate.").unwrap_or(path);
    found.push(format!("{path}: {} -> {}", shown(before), shown(after)));
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let mut before = skep_model::ServiceSpec { name: "web".into(), ..Default::default() };
        before.task.container.image = "web:1".into();
        let mut after = before.clone();
        assert_eq!(changes(&before, &after), "nothing that is seen");
        after.task.container.image = "web:2".into();
        after.labels.insert("a".into(), "b".into());
        assert_eq!(changes(&before, &after), "Labels.a: nothing -> b, ContainerSpec.Image: web:1 -> web:2");
    }
}
