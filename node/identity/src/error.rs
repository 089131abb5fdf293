use rustls::CertificateError;
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

/// Whether a call failed because the other side's certificate does not hang on the root that this side trusts.
pub fn is_unknown_root(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(reason)) = tls.or(error.downcast_ref()) {
            // Roots of the same name are told apart by their keys alone.
            return matches!(reason, CertificateError::UnknownIssuer | CertificateError::BadSignature);
        }
        cause = error.source();
    }
    false
}

impl IdentityError {
    pub(crate) fn unusable(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |error| Self::Unusable { what, reason: error.to_string() }
    }
}
