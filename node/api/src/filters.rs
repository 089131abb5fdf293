use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::refusal::Refusal;

/// Signs that mean something in the regular expressions which Docker takes for names; only `^` and `$` are read here.
const PATTERN_SIGNS: &[char] = &['*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '\\'];

/// What a list is narrowed to: one of the values of every key has to fit (for labels, all).
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(BTreeMap<String, BTreeSet<String>>);

impl Filters {
    /// Reads Docker's JSON, `{"key":{"value":true}}` or `{"key":["value"]}`.
    pub(crate) fn parse(text: &str, known: &[&str]) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let read: BTreeMap<String, Value> = serde_json::from_str(text)
            .map_err(|error| Refusal::malformed(format!("invalid filters '{text}': {error}")))?;
        let mut filters = BTreeMap::new();
        for (key, value) in read {
            if !known.contains(&key.as_str()) {
                let known = known.join(", ");
                return Err(Refusal::malformed(format!("invalid filter '{key}': use one of {known}")));
            }
            filters.insert(key.clone(), values_of(&key, value)?);
        }
        Ok(Self(filters))
    }

    /// The values of a key; none when it does not narrow.
    pub(crate) fn values(&self, key: &str) -> Option<&BTreeSet<String>> {
        self.0.get(key).filter(|values| !values.is_empty())
    }

    /// Whether any value of the key fits; true when the key does not narrow.
    pub(crate) fn any(&self, key: &str, fits: impl Fn(&str) -> bool) -> bool {
        self.values(key).is_none_or(|values| values.iter().any(|value| fits(value)))
    }

    /// Whether an id or name starts with a value of the key.
    pub(crate) fn prefix(&self, key: &str, subject: &str) -> bool {
        self.any(key, |value| subject.starts_with(value))
    }

    /// Whether the labels hold every `key` or `key=value` of the filter.
    pub(crate) fn labels(&self, key: &str, labels: &BTreeMap<String, String>) -> bool {
        let Some(values) = self.values(key) else { return true };
        values.iter().all(|wanted| match wanted.split_once('=') {
            Some((name, value)) => labels.get(name).is_some_and(|found| found == value),
            None => labels.contains_key(wanted),
        })
    }

    /// A key whose value is `true` or `false`.
    pub(crate) fn switch(&self, key: &str) -> Result<Option<bool>, Refusal> {
        let Some(values) = self.values(key) else { return Ok(None) };
        let words: Vec<&str> = values.iter().map(String::as_str).collect();
        match words[..] {
            ["true" | "1"] => Ok(Some(true)),
            ["false" | "0"] => Ok(Some(false)),
            _ => Err(Refusal::malformed(format!(
                "invalid filter '{key}={}': use true or false",
                words.join(",")
            ))),
        }
    }

    /// Refuses values of a key that are patterns in Docker and would fit nothing here.
    pub(crate) fn plain(&self, key: &str) -> Result<(), Refusal> {
        let pattern = self.values(key).and_then(|all| all.iter().find(|value| value.contains(PATTERN_SIGNS)));
        match pattern {
            Some(value) => Err(Refusal::malformed(format!(
                "invalid filter '{key}={value}': patterns are not supported; write a part of the name, with ^ for its \
                 start and $ for its end"
            ))),
            None => Ok(()),
        }
    }
}

/// Whether a part of a name, perhaps tied to its start or end, fits.
pub(crate) fn fits_part(value: &str, name: &str) -> bool {
    let (start, rest) = value.strip_prefix('^').map_or((false, value), |rest| (true, rest));
    let (end, part) = rest.strip_suffix('$').map_or((false, rest), |part| (true, part));
    match (start, end) {
        (true, true) => name == part,
        (true, false) => name.starts_with(part),
        (false, true) => name.ends_with(part),
        (false, false) => name.contains(part),
    }
}

fn values_of(key: &str, value: Value) -> Result<BTreeSet<String>, Refusal> {
    let wrong =
        || Refusal::malformed(format!("invalid filter '{key}': its values are not a map or list of texts"));
    match value {
        Value::Object(fields) => Ok(fields.into_iter().map(|(name, _)| name).collect()),
        Value::Array(items) => {
            items.into_iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_others_are_refused() {
        let filters =
            Filters::parse(r#"{"name":{"web":true},"label":["a=b","c"]}"#, &["name", "label"]).unwrap();
        assert!(filters.prefix("name", "web_1") && !filters.prefix("name", "api"));
        let labels =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        assert!(filters.labels("label", &labels(&[("a", "b"), ("c", "")])));
        assert!(!filters.labels("label", &labels(&[("a", "b")])));
        let refused = Filters::parse(r#"{"colour":["red"]}"#, &["name"]).unwrap_err();
        assert_eq!(refused.message, "invalid filter 'colour': use one of name");
        assert!(Filters::parse("{", &[]).is_err());
        assert!(Filters::parse(r#"{"name":1}"#, &["name"]).is_err());
    }

    #[test]
    fn parts_of_names_fit() {
        assert!(fits_part("eb", "web") && fits_part("^web$", "web") && fits_part("b$", "web"));
        assert!(!fits_part("^eb", "web") && !fits_part("^we$", "web"));
        let filters = Filters::parse(r#"{"name":["w.*"]}"#, &["name"]).unwrap();
        assert!(filters.plain("name").is_err());
    }
}
