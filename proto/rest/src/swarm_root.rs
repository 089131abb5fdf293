//! What a body says about the root of a swarm's certificates.

use serde_json::Value;

use crate::{SwarmInit, SwarmSpec, Unsupported};

/// Why an external authority is refused, and what to do instead.
const NO_EXTERNAL: &str = "Skep signs the certificates of its nodes itself and asks no external authority: let the authority sign \
    a certificate for the swarm, and give it with its key: skep swarm ca --rotate --ca-cert FILE --ca-key FILE";

impl SwarmSpec {
    /// The root that is given, as certificate and key, both PEM.
    ///
    /// # Errors
    /// When only half of it is given, or an authority elsewhere is to sign.
    pub fn signing_root(&self) -> Result<Option<(String, String)>, Unsupported> {
        let external = self.ca_config.get("ExternalCAs").and_then(Value::as_array);
        if external.is_some_and(|external| !external.is_empty()) {
            return Err(Unsupported::value("CAConfig.ExternalCAs", NO_EXTERNAL));
        }
        match (self.text("SigningCACert"), self.text("SigningCAKey")) {
            ("", "") => Ok(None),
            ("", _) => {
                let reason = "the certificate of this key is missing (SigningCACert)";
                Err(Unsupported::value("CAConfig.SigningCAKey", reason))
            }
            (_, "") => {
                let reason =
                    "its key is missing (SigningCAKey): Skep signs the certificates of its nodes itself";
                Err(Unsupported::value("CAConfig.SigningCACert", reason))
            }
            (certificate, key) => Ok(Some((certificate.to_owned(), key.to_owned()))),
        }
    }

    fn text(&self, key: &str) -> &str {
        self.ca_config.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

impl SwarmInit {
    /// Refuses roots from outside: a swarm begins with one of its own.
    ///
    /// # Errors
    /// When one is given.
    pub(crate) fn own_root(&self) -> Result<(), Unsupported> {
        match self.spec.signing_root()? {
            None => Ok(()),
            Some(_) => Err(Unsupported::value(
                "CAConfig.SigningCACert",
                "a swarm begins with a root of its own; replace it afterwards: skep swarm ca --rotate --ca-cert FILE --ca-key FILE",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(ca_config: Value) -> SwarmSpec {
        SwarmSpec { ca_config, ..SwarmSpec::default() }
    }

    #[test]
    fn a_root_is_a_certificate_with_its_key() {
        for none in [
            json!(null),
            json!({}),
            json!({"ExternalCAs": [], "SigningCACert": ""}),
            json!({"ExternalCAs": null}),
        ] {
            assert_eq!(spec(none).signing_root().unwrap(), None);
        }
        let both = spec(json!({"SigningCACert": "c", "SigningCAKey": "k"}));
        assert_eq!(both.signing_root().unwrap(), Some(("c".into(), "k".into())));
        for (half, missing) in [("SigningCACert", "SigningCAKey"), ("SigningCAKey", "SigningCACert")] {
            let refused = spec(json!({ half: "x" })).signing_root().unwrap_err().to_string();
            assert!(refused.contains(missing), "{refused}");
        }
        let init = SwarmInit { spec: both, ..SwarmInit::default() };
        assert!(init.supported().unwrap_err().to_string().contains("--rotate"));
    }

    // TestUpdateSwarmAddExternalCA in moby's suite: there it is taken, here it is refused by name.
    #[test]
    fn an_external_authority_is_refused_and_it_says_what_to_do() {
        let external = json!({"ExternalCAs": [{"Protocol": "cfssl", "URL": "https://ca.example"}]});
        let refused = spec(external.clone()).signing_root().unwrap_err().to_string();
        assert!(refused.contains("ExternalCAs") && refused.contains("--ca-cert"), "{refused}");
        let init = SwarmInit { spec: spec(external), ..SwarmInit::default() };
        assert_eq!(init.supported().unwrap_err().to_string(), refused);
    }
}
