use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::filters::Filters;
use crate::refusal::Refusal;

/// What stands behind the question mark of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let read = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        read.map(|Query(pairs)| Self(pairs)).map_err(|error| Refusal::malformed(error.body_text()))
    }
}

impl Params {
    /// A value; none when it is missing or empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, value)| name == key && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a key.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on, by the words that Docker's clients use.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| {
            !matches!(value.to_ascii_lowercase().as_str(), "0" | "no" | "false" | "none")
        })
    }

    /// What a list is narrowed to, by keys of `known`.
    pub(crate) fn filters(&self, known: &[&str]) -> Result<Filters, Refusal> {
        Filters::parse(self.get("filters").unwrap_or_default(), known)
    }

    /// Refuses a parameter that asks for what is not there.
    pub(crate) fn refuse(&self, key: &str, what: &str) -> Result<(), Refusal> {
        if self.flag(key) { Err(Refusal::unsupported(what)) } else { Ok(()) }
    }
}
