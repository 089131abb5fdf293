use std::fmt;

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use skep_model::{CertIssuer, ClusterId, NodeId, NodeRole};

use crate::{IdentityError, Peer, root, verify};

/// A node's certificate and key, and the root that it trusts.
#[derive(Clone)]
pub struct NodeIdentity {
    /// The node's certificate and those by which it also hangs on former roots, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM; secret.
    pub key_pem: String,
    /// The root certificate of its swarm, PEM.
    pub root_pem: String,
}

impl fmt::Debug for NodeIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NodeIdentity").finish_non_exhaustive()
    }
}

impl NodeIdentity {
    /// A new key (PEM) and the request (DER) for a certificate over it.
    ///
    /// # Errors
    /// When the machine cannot make keys.
    pub fn request() -> Result<(String, Vec<u8>), IdentityError> {
        let unusable = IdentityError::unusable("node key");
        let key = KeyPair::generate().map_err(|error| unusable(&error))?;
        let request =
            CertificateParams::default().serialize_request(&key).map_err(|error| unusable(&error))?;
        Ok((key.serialize_pem(), request.der().to_vec()))
    }

    /// A request (DER) for a certificate over the key (PEM) that the node has: the key is what it can always prove to be by.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn request_over(key_pem: &str) -> Result<Vec<u8>, IdentityError> {
        let unusable = IdentityError::unusable("node key");
        let key = KeyPair::from_pem(key_pem).map_err(|error| unusable(&error))?;
        let request =
            CertificateParams::default().serialize_request(&key).map_err(|error| unusable(&error))?;
        Ok(request.der().to_vec())
    }

    /// Who the certificate says that the node is.
    ///
    /// # Errors
    /// When it does not say.
    pub fn peer(&self) -> Result<Peer, IdentityError> {
        Peer::of(&self.certificate()?)
    }

    /// The node's id.
    ///
    /// # Errors
    /// When the certificate does not say.
    pub fn node(&self) -> Result<NodeId, IdentityError> {
        Ok(self.peer()?.node)
    }

    /// The swarm's id and the node's role.
    ///
    /// # Errors
    /// When the certificate does not say.
    pub fn membership(&self) -> Result<(ClusterId, NodeRole), IdentityError> {
        let peer = self.peer()?;
        Ok((peer.cluster, peer.role))
    }

    /// Who signed the certificate: the key of one of those that are sent with it, or of the root.
    ///
    /// # Errors
    /// When none of them did, or something cannot be read.
    pub fn issuer(&self) -> Result<CertIssuer, IdentityError> {
        let (leaf, chain) = (self.certificate()?, self.chain()?);
        let candidates = chain.into_iter().skip(1).chain(self.roots()?);
        for candidate in candidates {
            if verify::hangs_on(&leaf, &[], candidate.clone()).is_ok() {
                return root::issuer_of_der(&candidate);
            }
        }
        Err(IdentityError::unusable("node certificate")(
            &"it was not signed by the root that the node trusts",
        ))
    }

    /// The certificate, and those that are sent with it.
    pub(crate) fn chain(&self) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        crate::authority::certificates(&self.certificate_pem)
    }

    pub(crate) fn certificate(&self) -> Result<CertificateDer<'static>, IdentityError> {
        crate::authority::first_certificate(&self.certificate_pem, "node certificate")
    }

    /// The root certificates.
    pub(crate) fn roots(&self) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        crate::authority::certificates(&self.root_pem)
    }

    pub(crate) fn key(&self) -> Result<PrivateKeyDer<'static>, IdentityError> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes())
            .map_err(|error| IdentityError::unusable("node key")(&error))
    }
}
