use std::fmt;

use crate::{ClusterId, ClusterSpec, Meta};

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

/// The root of a swarm's certificates.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct RootCa {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM; secret.
    pub key_pem: String,
}

impl fmt::Debug for RootCa {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RootCa").field("certificate_pem", &self.certificate_pem).finish_non_exhaustive()
    }
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
