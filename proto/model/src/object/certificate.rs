use crate::Timestamp;

/// Who signed a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct CertIssuer {
    /// The issuer's name, DER.
    pub subject: Vec<u8>,
    /// The issuer's public key (SubjectPublicKeyInfo), DER: by it two roots of the same name are told apart.
    pub public_key: Vec<u8>,
}

/// What a node said last of its certificate. The node says it over a connection that it opened with that certificate, so this
/// is what it uses, not what it was once given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NodeCertificate {
    /// Who signed it.
    pub issuer: CertIssuer,
    /// The root that the node trusts, PEM.
    pub trust_root_pem: String,
    /// When the leader asked the node to get one of another root; none once it has it.
    pub renewal_asked_at: Option<Timestamp>,
}

impl NodeCertificate {
    /// Whether a root with this public key signed it.
    #[must_use]
    pub fn is_of(&self, issuer: &CertIssuer) -> bool {
        self.issuer.public_key == issuer.public_key
    }
}
