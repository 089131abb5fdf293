use thiserror::Error;

/// Something about certificates or keys does not hold.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// A certificate or key could not be made or read.
    #[error("the {what} cannot be used: {reason}")]
    Unusable {
        /// What it is, e.g. `root certificate`.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The peer's certificate lacks what says who it is.
    #[error("the peer's certificate does not say {what}")]
    Nameless {
        /// What is missing.
        what: &'static str,
    },
}

impl IdentityError {
    pub(crate) fn unusable(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |error| Self::Unusable { what, reason: error.to_string() }
    }
}
