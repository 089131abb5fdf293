use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The body of every answer that is an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// What failed, why, and what to do.
    pub message: String,
}

/// A request asks for something that this version cannot do; nothing is ignored in silence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// A field is not known here.
    #[error("{field} is not supported by this version of Skep")]
    Field {
        /// Where it stands in the body.
        field: String,
    },
    /// A field has a value that is not known here.
    #[error("{field}: {reason}")]
    Value {
        /// Where it stands in the body.
        field: String,
        /// What is wrong with the value.
        reason: String,
    },
}

impl Unsupported {
    pub(crate) fn value(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::Value { field: field.to_owned(), reason: reason.to_string() }
    }
}

/// Fields that no struct of ours names; clients send many with empty values, which change nothing.
pub(crate) type Others = std::collections::BTreeMap<String, serde_json::Value>;

/// Refuses fields that say something.
pub(crate) fn refuse_others(path: &str, others: &Others) -> Result<(), Unsupported> {
    match others.iter().find(|(_, value)| !is_empty(value)) {
        Some((key, _)) => Err(Unsupported::Field { field: format!("{path}.{key}") }),
        None => Ok(()),
    }
}

fn is_empty(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}
