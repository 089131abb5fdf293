//! Which root a swarm's certificates are to hang on.

use std::fmt;

use skep_identity::{IdentityError, given_root, issuer_of, new_root, root_rotation};
use skep_model::{Cluster, ClusterSpec, RootCa, Timestamp};

use super::ControlError;

/// A root that a user gives.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenRoot {
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM; secret.
    pub key_pem: String,
}

impl fmt::Debug for GivenRoot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GivenRoot").field("certificate_pem", &self.certificate_pem).finish_non_exhaustive()
    }
}

/// The root that is asked for, if one is: the one that is given, or a new one when the settings count one more.
pub(super) fn wanted_root(
    cluster: &Cluster,
    spec: &ClusterSpec,
    given: Option<&GivenRoot>,
    now: Timestamp,
) -> Result<Option<RootCa>, ControlError> {
    match given {
        Some(given) => Ok(Some(given_root(&given.certificate_pem, &given.key_pem, now).map_err(refused)?)),
        None if spec.force_rotate != cluster.spec.force_rotate => Ok(Some(new_root(now).map_err(refused)?)),
        None => Ok(None),
    }
}

/// The cluster on its way to this root. The present root calls off the rotation that is going on; another one takes its place.
pub(super) fn with_root(
    mut cluster: Cluster,
    root: RootCa,
    secrets: (u128, u128),
    now: Timestamp,
) -> Result<Cluster, ControlError> {
    // Records of older versions lack it.
    cluster.root_ca.issuer = issuer_of(&cluster.root_ca.certificate_pem).map_err(refused)?;
    if root.issuer.public_key == cluster.root_ca.issuer.public_key {
        return called_off(cluster, &root);
    }
    let running = cluster.root_rotation.as_ref().map(|rotation| &rotation.root_ca.certificate_pem);
    if running != Some(&root.certificate_pem) {
        let rotation = root_rotation(&cluster, root, secrets, now).map_err(refused)?;
        cluster.root_rotation = Some(rotation);
    }
    Ok(cluster)
}

fn called_off(cluster: Cluster, root: &RootCa) -> Result<Cluster, ControlError> {
    let same = root.certificate_pem.trim() == cluster.root_ca.certificate_pem.trim();
    let reason = match (&cluster.root_rotation, same) {
        (Some(_), true) => return Ok(Cluster { root_rotation: None, ..cluster }),
        (None, true) => {
            "this is the root that the swarm has: to replace it, give another one, or none and one is made"
        }
        (_, false) => "the new root has the key of the present one: a rotation needs another key",
    };
    Err(ControlError::Precondition(format!("the root certificate is not rotated: {reason}")))
}

fn refused(error: IdentityError) -> ControlError {
    ControlError::Precondition(format!("the root certificate is not rotated: {error}"))
}
