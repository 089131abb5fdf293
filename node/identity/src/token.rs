//! Join tokens: `SWMTKN-1-<50 digits: digest of the root certificate>-<25 digits: secret>`, as Docker Swarm's.

use sha2::{Digest, Sha256};
use skep_model::{JoinTokens, to_base36};

use crate::IdentityError;
use crate::authority::first_certificate;

/// Digits of the digest: 36^50 > 2^256.
const DIGEST_DIGITS: usize = 50;
/// Digits of the secret: 36^25 > 2^128.
const SECRET_DIGITS: usize = 25;

/// New tokens for a swarm with this root certificate (PEM), with these secrets.
///
/// # Errors
/// When the certificate cannot be read.
pub fn join_tokens(
    root_pem: &str,
    worker_secret: u128,
    manager_secret: u128,
) -> Result<JoinTokens, IdentityError> {
    let root = first_certificate(root_pem, "root certificate")?;
    let digest = digits_of(&Sha256::digest(&root));
    let token = |secret| {
        let secret = to_base36(secret);
        format!("SWMTKN-1-{digest}-{}", String::from_utf8_lossy(&secret))
    };
    Ok(JoinTokens { worker: token(worker_secret), manager: token(manager_secret) })
}

/// Whether a root certificate (PEM) is the one that a join token names. The token's version and form are checked, too.
///
/// # Errors
/// When the token is none, or the certificate cannot be read.
pub fn root_fits_token(token: &str, root_pem: &str) -> Result<bool, IdentityError> {
    let malformed =
        || IdentityError::unusable("join token")(&"it is not of the form SWMTKN-1-<digest>-<secret>");
    let rest = token.strip_prefix("SWMTKN-1-").ok_or_else(malformed)?;
    let (digest, secret) = rest.split_once('-').ok_or_else(malformed)?;
    if digest.len() != DIGEST_DIGITS || secret.len() != SECRET_DIGITS {
        return Err(malformed());
    }
    let root = first_certificate(root_pem, "root certificate")?;
    Ok(digits_of(&Sha256::digest(&root)) == digest)
}

/// A big number, most significant byte first, in base 36 with leading zeros.
fn digits_of(bytes: &[u8]) -> String {
    let mut number = bytes.to_vec();
    let mut digits = [b'0'; DIGEST_DIGITS];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            // At most 35 * 256 + 255 over 36: fits a byte.
            *byte = u8::try_from(value / 36).unwrap_or(u8::MAX);
            rest = value % 36;
        }
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[rest as usize];
    }
    String::from_utf8_lossy(&digits).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_root;
    use skep_model::Timestamp;

    #[test]
    fn a_token_names_its_root() {
        let root = || new_root(Timestamp::from_nanos(1_800_000_000_000_000_000)).unwrap();
        let (own, other) = (root().certificate_pem, root().certificate_pem);
        let token = join_tokens(&own, 1, 2).unwrap().worker;
        assert!(root_fits_token(&token, &own).unwrap());
        assert!(!root_fits_token(&token, &other).unwrap());
        for bad in ["", "SWMTKN-1-", "SWMTKN-1-a-b", &token[1..], &token[..token.len() - 1]] {
            assert!(root_fits_token(bad, &own).is_err(), "{bad}");
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        assert_eq!(digits_of(&[0]), "0".repeat(50));
        assert_eq!(digits_of(&[36]), format!("{}10", "0".repeat(48)));
        assert_eq!(digits_of(&[1, 0]), format!("{}74", "0".repeat(48)));
    }
}
