use std::time::Duration;

use rcgen::{CertificateSigningRequestParams, Issuer, KeyPair};
use rustls_pki_types::{CertificateSigningRequestDer, pem::PemObject};
use sha2::{Digest, Sha256};
use skep_model::{Cluster, ClusterId, NodeId, NodeRole, RootCa, Timestamp};
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use crate::{IdentityError, certificate};

/// Signs the certificates of a swarm's nodes.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What is sent with each certificate, PEM.
    intermediates_pem: String,
}

impl Authority {
    /// The authority of a swarm: of its new root while its root is rotated. What it signs is also accepted by those who trust
    /// the present root, or one of those before it whose cross certificates are kept.
    ///
    /// # Errors
    /// When the root cannot be read.
    pub fn of(cluster: &Cluster) -> Result<Self, IdentityError> {
        Ok(Self {
            intermediates_pem: cluster.intermediates().collect(),
            ..Self::open(cluster.issuing_root())?
        })
    }

    /// The authority of this root.
    ///
    /// # Errors
    /// When the root cannot be read.
    pub fn open(root: &RootCa) -> Result<Self, IdentityError> {
        let unusable = IdentityError::unusable("root certificate");
        let key = KeyPair::from_pem(&root.key_pem).map_err(|error| unusable(&error))?;
        let issuer =
            Issuer::from_ca_cert_pem(&root.certificate_pem, key).map_err(|error| unusable(&error))?;
        Ok(Self { issuer, intermediates_pem: String::new() })
    }

    pub(crate) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// Signs a node's request (DER). Only its public key is taken from it: who the node is, this swarm says. Answers with the
    /// certificate and those that are sent with it, PEM.
    ///
    /// # Errors
    /// When the request is none, or is not signed by its own key.
    pub fn sign(
        &self,
        request_der: &[u8],
        (cluster, node, role): (ClusterId, NodeId, NodeRole),
        now: Timestamp,
        valid: Duration,
    ) -> Result<String, IdentityError> {
        let unusable = IdentityError::unusable("certificate request");
        let request = CertificateSigningRequestDer::from(request_der);
        let mut request =
            CertificateSigningRequestParams::from_der(&request).map_err(|error| unusable(&error))?;
        request.params = certificate::leaf(cluster, node, role, now, valid)?;
        let signed = request.signed_by(&self.issuer).map_err(|error| unusable(&error))?;
        Ok(signed.pem() + &self.intermediates_pem)
    }
}

/// SHA-256 of the public key (SubjectPublicKeyInfo) of a request (DER), as 64 digits; the request's signature proves that
/// the requester has the key.
///
/// # Errors
/// When the request is none, or is not signed by its own key.
pub fn key_digest(request_der: &[u8]) -> Result<String, IdentityError> {
    // Checks the signature.
    CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request_der))
        .map_err(|error| IdentityError::unusable("certificate request")(&error))?;
    let (_, request) = X509CertificationRequest::from_der(request_der)
        .map_err(|error| IdentityError::unusable("certificate request")(&error))?;
    let digest = Sha256::digest(request.certification_request_info.subject_pki.raw);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All certificates of a PEM text.
pub(crate) fn certificates(
    pem: &str,
) -> Result<Vec<rustls_pki_types::CertificateDer<'static>>, IdentityError> {
    let unusable = IdentityError::unusable("root certificate");
    rustls_pki_types::CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map_err(|error| unusable(&error)))
        .collect()
}

/// The first certificate of a PEM text.
pub(crate) fn first_certificate(
    pem: &str,
    what: &'static str,
) -> Result<rustls_pki_types::CertificateDer<'static>, IdentityError> {
    rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| IdentityError::Unusable { what, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NodeIdentity, Peer, new_root};
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa};
    use x509_parser::prelude::X509Certificate;

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    // TestParseValidateAndSignMaliciousCSR in swarmkit's suite.
    #[test]
    fn a_request_does_not_say_who_the_node_is() {
        let authority = Authority::open(&new_root(NOW).unwrap()).unwrap();
        let mut params = CertificateParams::new(vec!["swarm-manager".to_owned(), "evil".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, NodeId::new(1).to_string());
        params.distinguished_name.push(DnType::OrganizationalUnitName, "swarm-manager");
        params.distinguished_name.push(DnType::OrganizationName, ClusterId::new(1).to_string());
        params.is_ca = IsCa::ExplicitNoCa;
        let request = params.serialize_request(&KeyPair::generate().unwrap()).unwrap();
        let who = (ClusterId::new(5), NodeId::new(6), NodeRole::Worker);
        let signed = authority.sign(request.der(), who, NOW, HOUR).unwrap();
        let der = first_certificate(&signed, "certificate").unwrap();
        let peer = Peer::of(&der).unwrap();
        assert_eq!((peer.cluster, peer.node, peer.role), who);
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        let names = format!("{:?}", parsed.subject_alternative_name().unwrap().unwrap().value);
        assert!(!names.contains("evil") && !names.contains("swarm-manager"), "{names}");
        assert!(!parsed.is_ca());
        // One that wants to be an authority itself.
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        if let Ok(request) = params.serialize_request(&KeyPair::generate().unwrap())
            && let Ok(signed) = authority.sign(request.der(), who, NOW, HOUR)
        {
            let der = first_certificate(&signed, "certificate").unwrap();
            assert!(!X509Certificate::from_der(&der).unwrap().1.is_ca());
        }
    }

    #[test]
    fn a_request_that_its_key_did_not_sign_is_refused() {
        let authority = Authority::open(&new_root(NOW).unwrap()).unwrap();
        let (_, mut request) = NodeIdentity::request().unwrap();
        let last = request.len() - 1;
        request[last] ^= 1;
        let who = (ClusterId::new(5), NodeId::new(6), NodeRole::Worker);
        assert!(authority.sign(&request, who, NOW, HOUR).is_err());
        assert!(key_digest(&request).is_err());
    }
}
