//! Root certificates: made here, or given by a user.

use rcgen::{KeyPair, PublicKeyData};
use skep_model::{CertIssuer, RootCa, Timestamp, limits};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::authority::{certificates, first_certificate};
use crate::{IdentityError, certificate};

/// What is at fault when a root cannot be used.
const CERTIFICATE: &str = "root certificate";
const KEY: &str = "root key";
/// How a certificate begins and ends in PEM.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Makes a new root.
///
/// # Errors
/// When the machine cannot make keys.
pub fn new_root(now: Timestamp) -> Result<RootCa, IdentityError> {
    let unusable = IdentityError::unusable(CERTIFICATE);
    let key = KeyPair::generate().map_err(|error| unusable(&error))?;
    let certificate = certificate::root(now).self_signed(&key).map_err(|error| unusable(&error))?;
    let certificate_pem = certificate.pem();
    let issuer = issuer_of(&certificate_pem)?;
    Ok(RootCa { certificate_pem, key_pem: key.serialize_pem(), issuer })
}

/// When a certificate (PEM) ends.
///
/// # Errors
/// When it is none.
pub fn valid_until(certificate_pem: &str) -> Result<Timestamp, IdentityError> {
    let der = first_certificate(certificate_pem, CERTIFICATE)?;
    let parsed =
        X509Certificate::from_der(&der).map_err(|error| IdentityError::unusable(CERTIFICATE)(&error))?.1;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    Ok(Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000)))
}

/// A root that a user gives: its certificate and its private key (PKCS#8), both PEM.
///
/// # Errors
/// When it is not exactly one certificate, not one of an authority, not valid for another year, or the key is not its own.
pub fn given_root(certificate_pem: &str, key_pem: &str, now: Timestamp) -> Result<RootCa, IdentityError> {
    let wrong = IdentityError::unusable(CERTIFICATE);
    let count = certificates(certificate_pem)?.len();
    if count != 1 {
        return Err(wrong(&format!("it has to be exactly one certificate in PEM form, and this is {count}")));
    }
    let der = first_certificate(certificate_pem, CERTIFICATE)?;
    let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| wrong(&error))?;
    check_authority(&parsed)?;
    check_validity(&parsed, now)?;
    check_key(&parsed, key_pem)?;
    let certificate_pem = block(certificate_pem);
    let issuer = issuer_of(&certificate_pem)?;
    Ok(RootCa { certificate_pem, key_pem: key_pem.to_owned(), issuer })
}

/// Who signs with the key of this certificate (PEM).
///
/// # Errors
/// When it cannot be read.
pub fn issuer_of(certificate_pem: &str) -> Result<CertIssuer, IdentityError> {
    issuer_of_der(&first_certificate(certificate_pem, CERTIFICATE)?)
}

pub(crate) fn issuer_of_der(certificate: &[u8]) -> Result<CertIssuer, IdentityError> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|error| IdentityError::unusable(CERTIFICATE)(&error))?;
    Ok(CertIssuer {
        subject: parsed.subject().as_raw().to_vec(),
        public_key: parsed.public_key().raw.to_vec(),
    })
}

fn check_authority(certificate: &X509Certificate<'_>) -> Result<(), IdentityError> {
    let wrong = IdentityError::unusable(CERTIFICATE);
    if !certificate.is_ca() {
        return Err(wrong(
            &"it is not the certificate of an authority (basicConstraints: CA:TRUE is missing)",
        ));
    }
    let usage = certificate.key_usage().map_err(|error| wrong(&error))?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(wrong(&"its key may not sign certificates (keyUsage: keyCertSign is missing)"));
    }
    Ok(())
}

fn check_validity(certificate: &X509Certificate<'_>, now: Timestamp) -> Result<(), IdentityError> {
    let wrong = IdentityError::unusable(CERTIFICATE);
    let seconds = |timestamp: i64| u64::try_from(timestamp).unwrap_or_default();
    let now = now.as_nanos() / 1_000_000_000;
    if seconds(certificate.validity().not_before.timestamp()) > now {
        return Err(wrong(&"it is not valid yet"));
    }
    let left = seconds(certificate.validity().not_after.timestamp()).saturating_sub(now);
    if left < limits::ROOT_CERTIFICATE_LEFT_MIN.as_secs() {
        return Err(wrong(&"it has to be valid for at least one more year"));
    }
    Ok(())
}

fn check_key(certificate: &X509Certificate<'_>, key_pem: &str) -> Result<(), IdentityError> {
    let wrong = IdentityError::unusable(KEY);
    let key = KeyPair::from_pem(key_pem).map_err(|_| {
        wrong(
            &"it has to be a private key in PKCS#8 form (RSA, ECDSA P-256 or P-384, Ed25519), not encrypted; convert it with \
              \"openssl pkcs8 -topk8 -nocrypt -in KEY\"",
        )
    })?;
    if key.der_bytes() != certificate.public_key().subject_public_key.data.as_ref() {
        return Err(wrong(&"it is not the key of the root certificate"));
    }
    Ok(())
}

/// The certificate without what people write around it.
fn block(pem: &str) -> String {
    let pem = pem.replace("\r\n", "\n");
    let start = pem.find(BEGIN).unwrap_or_default();
    let end = pem.find(END).map_or(pem.len(), |end| end + END.len());
    format!("{}\n", pem.get(start..end).unwrap_or(&pem))
}
