use std::fmt;

use crate::{CertIssuer, ClusterId, ClusterSpec, Meta, limits};

/// One swarm.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Cluster {
    /// Its id.
    pub id: ClusterId,
    /// Version and times.
    pub meta: Meta,
    /// Its settings.
    pub spec: ClusterSpec,
    /// What its certificates hang on.
    pub root_ca: RootCa,
    /// Another root that is taking its place.
    pub root_rotation: Option<RootRotation>,
    /// How members that know only a former root find their way to the present one: a certificate for each root over its key
    /// that the root before it signed, PEM, newest first; see [`crate::limits::CROSS_CERTIFICATES_MAX`].
    pub cross_certificates: Vec<String>,
    /// What a new node shows to be let in.
    pub join_tokens: JoinTokens,
    /// Raised by each recovery from the loss of a majority: managers of an earlier epoch are fenced off.
    pub epoch: u64,
    /// Locks what managers keep on their disks while [`ClusterSpec::autolock`] is set.
    pub unlock_key: UnlockKey,
}

/// An unlock key as people write it, `SWMKEY-1-...`; empty when there is none. Secret.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct UnlockKey(pub String);

impl fmt::Debug for UnlockKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_empty() { "UnlockKey(none)" } else { "UnlockKey(..)" })
    }
}

impl Cluster {
    /// The root that signs new certificates: during a rotation the new one, though members trust the old one until its end.
    #[must_use]
    pub fn issuing_root(&self) -> &RootCa {
        self.root_rotation.as_ref().map_or(&self.root_ca, |rotation| &rotation.root_ca)
    }

    /// What is sent with a new certificate, PEM: with it, members that trust an older root accept it.
    pub fn intermediates(&self) -> impl Iterator<Item = &str> {
        let newest = self.root_rotation.iter().map(|rotation| rotation.cross_certificate_pem.as_str());
        let earlier = self.cross_certificates.iter().map(String::as_str);
        newest.chain(earlier).take(limits::CROSS_CERTIFICATES_MAX)
    }

    /// The cluster after its rotation: the new root and its join tokens are those that count. Without a rotation it stays.
    #[must_use]
    pub fn root_rotated(mut self) -> Self {
        let Some(rotation) = self.root_rotation.take() else { return self };
        self.cross_certificates.insert(0, rotation.cross_certificate_pem);
        self.cross_certificates.truncate(limits::CROSS_CERTIFICATES_MAX);
        Self { root_ca: rotation.root_ca, join_tokens: rotation.join_tokens, ..self }
    }
}

/// The root of a swarm's certificates.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct RootCa {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM; secret.
    pub key_pem: String,
    /// Who signs with it, as the certificates that it signs say; empty in records of older versions.
    pub issuer: CertIssuer,
}

impl fmt::Debug for RootCa {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RootCa").field("certificate_pem", &self.certificate_pem).finish_non_exhaustive()
    }
}

/// A root that is to replace the present one as soon as every node that is there has a certificate of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct RootRotation {
    /// The new root.
    pub root_ca: RootCa,
    /// A certificate over the new root's key that the old root signed, PEM.
    pub cross_certificate_pem: String,
    /// The join tokens from the end of the rotation on; the old ones count until then.
    pub join_tokens: JoinTokens,
}

/// What a new node shows to be let in; secret.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct JoinTokens {
    /// For workers, `SWMTKN-1-...`.
    pub worker: String,
    /// For managers.
    pub manager: String,
}

impl fmt::Debug for JoinTokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JoinTokens(..)")
    }
}
