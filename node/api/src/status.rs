//! Which HTTP status an error has (reference/swarm-features.md, 8.2).

use axum::http::StatusCode;
use skep_manager::ControlError;
use skep_rest::Unsupported;
use skep_store::FindError;

use crate::error::{HostError, HostErrorKind};
use crate::refusal::Refusal;

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let status = match &error {
            ControlError::Invalid(_)
            | ControlError::Harmful(_)
            | ControlError::Precondition(_)
            | ControlError::Ambiguous(_) => StatusCode::BAD_REQUEST,
            ControlError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            ControlError::NotFound(_) => StatusCode::NOT_FOUND,
            ControlError::NameTaken { .. } => StatusCode::CONFLICT,
            // Docker's status for it; clients look for "update out of sequence" in the text.
            ControlError::OutOfSequence => StatusCode::INTERNAL_SERVER_ERROR,
            ControlError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error)
    }
}

impl From<FindError> for Refusal {
    fn from(error: FindError) -> Self {
        ControlError::from(error).into()
    }
}

impl From<HostError> for Refusal {
    fn from(error: HostError) -> Self {
        let status = match error.kind {
            HostErrorKind::Invalid => StatusCode::BAD_REQUEST,
            HostErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
            HostErrorKind::NotFound => StatusCode::NOT_FOUND,
            HostErrorKind::Conflict => StatusCode::CONFLICT,
            HostErrorKind::NotInSwarm | HostErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            HostErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error)
    }
}

impl From<Unsupported> for Refusal {
    fn from(error: Unsupported) -> Self {
        match error {
            Unsupported::Field { .. } => Self::new(StatusCode::NOT_IMPLEMENTED, error),
            Unsupported::Value { .. } => Self::malformed(error),
        }
    }
}
