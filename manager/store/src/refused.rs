use skep_model::{Kind, ObjectKey};
use thiserror::Error;

/// Why a transaction was not applied; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The object was changed since it was read: read again, decide again.
    #[error("the {} was changed by someone else since it was read (update out of sequence)", key.kind().word())]
    Conflict {
        /// The object.
        key: ObjectKey,
    },
    /// The object to change is gone.
    #[error("the {} does not exist any more", key.kind().word())]
    Missing {
        /// The object.
        key: ObjectKey,
    },
    /// Another object has the name.
    #[error("{} {name} already exists", kind.word())]
    NameTaken {
        /// What kind of object.
        kind: Kind,
        /// The name.
        name: String,
    },
}
