//! What is in a certificate.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
};
use skep_model::{ClusterId, NodeId, NodeRole, Timestamp, limits};
use time::OffsetDateTime;

use crate::IdentityError;

/// The name under which managers are dialed: every manager's certificate has it, whatever its address.
pub const SERVER_NAME: &str = "swarm-manager";

/// The organizational unit that stands for a role.
pub(crate) fn unit_of(role: NodeRole) -> &'static str {
    match role {
        NodeRole::Worker => "swarm-worker",
        NodeRole::Manager => SERVER_NAME,
    }
}

/// A root certificate as Swarm makes it: 20 years, `swarm-ca`.
pub(crate) fn root(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "swarm-ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(now, limits::ROOT_CERTIFICATE_VALIDITY);
    params
}

/// A node's certificate.
pub(crate) fn leaf(
    cluster: ClusterId,
    node: NodeId,
    role: NodeRole,
    now: Timestamp,
    valid: Duration,
) -> Result<CertificateParams, IdentityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, node.to_string());
    params.distinguished_name.push(DnType::OrganizationalUnitName, unit_of(role));
    params.distinguished_name.push(DnType::OrganizationName, cluster.to_string());
    for name in [unit_of(role).to_owned(), node.to_string()] {
        let name = name
            .try_into()
            .map_err(|error: rcgen::Error| IdentityError::unusable("node certificate")(&error))?;
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    (params.not_before, params.not_after) = validity(now, valid);
    Ok(params)
}

/// From when a certificate made now is valid.
pub(crate) fn valid_from(now: Timestamp) -> OffsetDateTime {
    date(now) - limits::CERTIFICATE_BACKDATE
}

fn validity(now: Timestamp, valid: Duration) -> (OffsetDateTime, OffsetDateTime) {
    (valid_from(now), date(now) + valid)
}

fn date(moment: Timestamp) -> OffsetDateTime {
    let seconds = i64::try_from(moment.as_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
