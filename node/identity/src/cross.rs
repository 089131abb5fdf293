//! Cross certificates: a new root's key, signed by the old root. With one in their chain, certificates of the new root are
//! accepted by who knows only the old one.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, KeyPair, KeyUsagePurpose,
};
use skep_model::{
    Cluster, ClusterId, NodeId, NodeRole, RootCa, RootRotation, Timestamp,
    limits::NODE_CERTIFICATE_VALIDITY_MIN,
};
use time::OffsetDateTime;
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::prelude::{AttributeTypeAndValue, FromDer, X509Certificate};

use crate::authority::first_certificate;
use crate::{Authority, IdentityError, NodeIdentity, certificate, join_tokens, verify};

const WHAT: &str = "new root";

/// What lets `root` take the place of a swarm's root: the cross certificate, and join tokens with these secrets. It is tried
/// out: a certificate of the new root has to be accepted by who trusts the new root, and by who trusts the present one.
///
/// # Errors
/// When the new root cannot be used.
pub fn root_rotation(
    cluster: &Cluster,
    root: RootCa,
    (worker_secret, manager_secret): (u128, u128),
    now: Timestamp,
) -> Result<RootRotation, IdentityError> {
    let cross_certificate_pem = cross_certificate(&cluster.root_ca, &root, now)?;
    let join_tokens = join_tokens(&root.certificate_pem, worker_secret, manager_secret)?;
    let rotation = RootRotation { root_ca: root, cross_certificate_pem, join_tokens };
    let after = Cluster { root_rotation: Some(rotation.clone()), ..cluster.clone() };
    try_out(&after, &rotation, now)?;
    Ok(rotation)
}

/// A certificate over the key of `new`, signed by `old`, PEM; valid as long as the new root.
fn cross_certificate(old: &RootCa, new: &RootCa, now: Timestamp) -> Result<String, IdentityError> {
    let unusable = IdentityError::unusable(WHAT);
    let der = first_certificate(&new.certificate_pem, WHAT)?;
    let (_, root) = X509Certificate::from_der(&der).map_err(|error| unusable(&error))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name_of(&root)?;
    // Roots that come later are signed by this one's key: chains may be longer than one.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = certificate::valid_from(now);
    params.not_after = OffsetDateTime::from_unix_timestamp(root.validity().not_after.timestamp())
        .map_err(|error| unusable(&error))?;
    let key = KeyPair::from_pem(&new.key_pem).map_err(|error| unusable(&error))?;
    let old = Authority::open(old)?;
    Ok(params.signed_by(&key, old.issuer()).map_err(|error| unusable(&error))?.pem())
}

/// The name of a certificate's subject, as it stands there: what the new root signs names its issuer so.
fn name_of(certificate: &X509Certificate<'_>) -> Result<DistinguishedName, IdentityError> {
    let mut name = DistinguishedName::new();
    for part in certificate.subject().iter_attributes() {
        let oid: Vec<u64> = part.attr_type().iter().map(Iterator::collect).unwrap_or_default();
        name.push(DnType::from_oid(&oid), value_of(part)?);
    }
    Ok(name)
}

fn value_of(part: &AttributeTypeAndValue<'_>) -> Result<DnValue, IdentityError> {
    let unusable = IdentityError::unusable(WHAT);
    let text = part.as_str().map_err(|error| unusable(&error))?;
    match part.attr_value().header.tag() {
        Tag::Utf8String => Ok(DnValue::Utf8String(text.to_owned())),
        Tag::PrintableString => {
            Ok(DnValue::PrintableString(text.try_into().map_err(|error: rcgen::Error| unusable(&error))?))
        }
        Tag::Ia5String => {
            Ok(DnValue::Ia5String(text.try_into().map_err(|error: rcgen::Error| unusable(&error))?))
        }
        _ => Err(unusable(&"its subject has a text that is neither UTF-8 nor printable ASCII")),
    }
}

fn try_out(after: &Cluster, rotation: &RootRotation, now: Timestamp) -> Result<(), IdentityError> {
    let (_, request) = NodeIdentity::request()?;
    let who = (ClusterId::new(1), NodeId::new(1), NodeRole::Manager);
    let signed = Authority::of(after)?.sign(&request, who, now, NODE_CERTIFICATE_VALIDITY_MIN)?;
    for root in [&rotation.root_ca, &after.root_ca] {
        verify::chain(&signed, &root.certificate_pem).map_err(|error| {
            let reason = format!("certificates that it signs would not be accepted: {error}");
            IdentityError::unusable(WHAT)(&reason)
        })?;
    }
    Ok(())
}
