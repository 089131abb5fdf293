use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use skep_model::{CertIssuer, Cluster, NodeCertificate};

/// Which root certificates hang on: those that a swarm wants, or the one that a node uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TlsInfo {
    /// The root that is trusted, PEM.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trust_root: String,
    /// The name of who signs, DER in base 64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert_issuer_subject: String,
    /// The public key of who signs, DER in base 64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert_issuer_public_key: String,
}

impl TlsInfo {
    fn new(trust_root_pem: &str, issuer: &CertIssuer) -> Self {
        Self {
            trust_root: trust_root_pem.to_owned(),
            cert_issuer_subject: STANDARD.encode(&issuer.subject),
            cert_issuer_public_key: STANDARD.encode(&issuer.public_key),
        }
    }

    /// Whether both were signed by the same root.
    #[must_use]
    pub fn same_issuer(&self, other: &Self) -> bool {
        self.cert_issuer_subject == other.cert_issuer_subject
            && self.cert_issuer_public_key == other.cert_issuer_public_key
    }
}

impl From<&Cluster> for TlsInfo {
    /// What the swarm wants: during a rotation the old root is trusted and the new one signs.
    fn from(cluster: &Cluster) -> Self {
        Self::new(&cluster.root_ca.certificate_pem, &cluster.issuing_root().issuer)
    }
}

impl From<&NodeCertificate> for TlsInfo {
    fn from(certificate: &NodeCertificate) -> Self {
        Self::new(&certificate.trust_root_pem, &certificate.issuer)
    }
}
