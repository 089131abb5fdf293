//! Whether a node's certificate hangs on a root, by the rules that TLS goes by.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::IdentityError;
use crate::authority::{certificates, first_certificate};

/// Checks a chain (PEM, the node's certificate first) against a root (PEM), at the time from which the certificate is valid.
///
/// # Errors
/// When the chain does not end at the root, or one of them cannot be read.
pub(crate) fn chain(chain_pem: &str, root_pem: &str) -> Result<(), IdentityError> {
    let chain = certificates(chain_pem)?;
    let root = first_certificate(root_pem, "root certificate")?;
    match chain.split_first() {
        Some((leaf, intermediates)) => hangs_on(leaf, intermediates, root),
        None => Err(IdentityError::unusable("node certificate")(&"there is none")),
    }
}

/// Whether the certificate, with the help of these intermediates, hangs on this root.
pub(crate) fn hangs_on(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    root: CertificateDer<'static>,
) -> Result<(), IdentityError> {
    let unusable = IdentityError::unusable("node certificate");
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|error| unusable(&error))?;
    // A cross certificate begins when its root was rotated, which may be after the certificate's backdated beginning.
    let middle = parsed.validity().not_before.timestamp().midpoint(parsed.validity().not_after.timestamp());
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(middle).unwrap_or_default()));
    let mut roots = RootCertStore::empty();
    roots.add(root).map_err(|error| unusable(&error))?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(&error))?;
    verifier.verify_client_cert(leaf, intermediates, at).map_err(|error| unusable(&error))?;
    Ok(())
}
