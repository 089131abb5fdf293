use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use skep_rest::ErrorMessage;

/// An answer that says no: a status and a reason for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// What failed, why, and what to do.
    pub(crate) message: String,
}

impl Refusal {
    /// With this status.
    pub(crate) fn new(status: StatusCode, message: impl std::fmt::Display) -> Self {
        Self { status, message: message.to_string() }
    }

    /// The request is malformed.
    pub(crate) fn malformed(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such object.
    pub(crate) fn not_found(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// This version cannot do it.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        let message = format!("{what} is not supported by this version of Skep");
        Self::new(StatusCode::NOT_IMPLEMENTED, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorMessage { message: self.message })).into_response()
    }
}
