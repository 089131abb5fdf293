use std::collections::BTreeMap;

use crate::failure::Failure;

/// What a list is narrowed to, in Docker's JSON: `{"name":{"web":true}}`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(BTreeMap<String, BTreeMap<String, bool>>);

impl Filters {
    /// Reads `KEY=VALUE`, each.
    pub(crate) fn parse(words: &[String]) -> Result<Self, Failure> {
        let mut filters = Self::default();
        for word in words {
            let Some((key, value)) = word.split_once('=') else {
                return Err(Failure::Asked(format!("'{word}' is not a filter: write KEY=VALUE")));
            };
            filters.add(key.trim(), value.trim());
        }
        Ok(filters)
    }

    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.0.entry(key.to_owned()).or_default().insert(value.to_owned(), true);
    }

    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.add(key, value);
        self
    }

    /// What belongs to a stack.
    #[must_use]
    pub(crate) fn with_stack(self, name: &str) -> Self {
        self.with("label", &format!("{}={name}", skep_model::STACK_LABEL))
    }

    /// As JSON; none when there are none.
    pub(crate) fn json(&self) -> Option<String> {
        if self.0.is_empty() { None } else { serde_json::to_string(&self.0).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_dockers_json() {
        let filters = Filters::parse(&["name=web".into(), "label=a=b".into(), "name=api".into()]).unwrap();
        assert_eq!(filters.json().unwrap(), r#"{"label":{"a=b":true},"name":{"api":true,"web":true}}"#);
        assert!(Filters::parse(&["name".into()]).is_err());
        assert!(Filters::default().json().is_none());
    }
}
