use thiserror::Error;

/// Bytes from outside are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// They are no message of this type.
    #[error("not a {message} message: {reason}")]
    Malformed {
        /// The type of message.
        message: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// A field is missing that must be there.
    #[error("the field {field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field has a value that it cannot have.
    #[error("the field {field} cannot be {value}")]
    Value {
        /// The field or type.
        field: &'static str,
        /// The value.
        value: String,
    },
}
