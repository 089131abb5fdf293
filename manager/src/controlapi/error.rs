use skep_model::{Invalid, Kind};
use skep_store::{FindError, ProposeError, Refused, WriteError};
use thiserror::Error;

/// A user's wish was not fulfilled; nothing was changed, unless it says that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// A spec is wrong.
    #[error("invalid spec: {0}")]
    Invalid(#[from] Invalid),
    /// What is asked for cannot be done as things stand.
    #[error("{0}")]
    Precondition(String),
    /// This is nothing that can be done to such an object at all.
    #[error("{0}")]
    Unsupported(String),
    /// What is asked for would harm the swarm.
    #[error("{0}")]
    Harmful(String),
    /// There is no such object.
    #[error("{0}")]
    NotFound(String),
    /// The reference fits several objects.
    #[error("{0}")]
    Ambiguous(String),
    /// The name is taken.
    #[error("{}", taken(*kind, name))]
    NameTaken {
        /// What kind of object.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// Someone else changed the object meanwhile.
    #[error("update out of sequence: the object was changed by someone else; read it again")]
    OutOfSequence,
    /// The change could not be replicated.
    #[error("{0}")]
    Unavailable(String),
}

/// In Docker's words, which scripts know.
fn taken(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Network => format!("network with name {name} already exists"),
        Kind::Secret | Kind::Config => format!("{} {name} already exists", kind.word()),
        _ => format!("name conflicts with an existing object: {} {name} already exists", kind.word()),
    }
}

impl From<FindError> for ControlError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound { .. } => Self::NotFound(error.to_string()),
            FindError::Ambiguous { .. } => Self::Ambiguous(error.to_string()),
        }
    }
}

impl From<WriteError> for ControlError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::TooMany { .. } | WriteError::Propose(ProposeError::TooLarge { .. }) => {
                Self::Precondition(error.to_string())
            }
            WriteError::Propose(ProposeError::Refused(refused)) => match refused {
                Refused::NameTaken { kind, name } => Self::NameTaken { kind, name },
                Refused::Conflict { .. } | Refused::Missing { .. } => Self::OutOfSequence,
            },
            WriteError::Propose(error) => Self::Unavailable(error.to_string()),
        }
    }
}
