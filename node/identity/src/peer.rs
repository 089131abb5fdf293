use skep_model::{ClusterId, NodeId, NodeRole, Timestamp};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::{IdentityError, certificate};

/// Who is at the other end of a connection, as its certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The node.
    pub node: NodeId,
    /// Its role.
    pub role: NodeRole,
    /// Its swarm.
    pub cluster: ClusterId,
    /// When its certificate ends: it is checked again with every call, since a connection may outlive it.
    pub not_after: Timestamp,
}

impl Peer {
    /// Reads a certificate (DER).
    ///
    /// # Errors
    /// When it is none, or lacks a part.
    pub fn of(certificate: &[u8]) -> Result<Self, IdentityError> {
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|error| IdentityError::unusable("peer's certificate")(&error))?;
        let subject = parsed.subject();
        let node = text(subject.iter_common_name().next()).and_then(|text| text.parse().ok());
        let cluster = text(subject.iter_organization().next()).and_then(|text| text.parse().ok());
        let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
        Ok(Self {
            node: node.ok_or(IdentityError::Nameless { what: "which node it is" })?,
            role: role_of(subject).ok_or(IdentityError::Nameless { what: "which role it has" })?,
            cluster: cluster.ok_or(IdentityError::Nameless { what: "which swarm it is of" })?,
            not_after: Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000)),
        })
    }
}

fn role_of(subject: &X509Name<'_>) -> Option<NodeRole> {
    let unit = text(subject.iter_organizational_unit().next())?;
    [NodeRole::Worker, NodeRole::Manager].into_iter().find(|&role| certificate::unit_of(role) == unit)
}

fn text<'a>(attribute: Option<&'a x509_parser::x509::AttributeTypeAndValue<'a>>) -> Option<&'a str> {
    attribute.and_then(|attribute| attribute.as_str().ok())
}
