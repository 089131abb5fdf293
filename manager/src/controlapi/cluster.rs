//! The swarm's own settings.

use skep_identity::{KeyEncryptionKey, join_tokens};
use skep_model::{Change, Cluster, ClusterSpec, JoinTokens, Transaction, UnlockKey, validate_cluster};

use super::root::{GivenRoot, wanted_root, with_root};
use super::{ControlApi, ControlError};

/// Secrets of the swarm that are to be replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The join token for workers.
    pub worker_token: bool,
    /// The join token for managers.
    pub manager_token: bool,
    /// The root of the certificates, by this one. One that is made for it is asked for by a higher count in the settings.
    pub root: Option<GivenRoot>,
    /// The unlock key; nothing changes where managers are not locked.
    pub unlock_key: bool,
}

impl ControlApi {
    /// Replaces the swarm's settings and, where asked, its join tokens; starts, replaces or calls off a rotation of its root
    /// where that is asked. `version` is the one that was read.
    ///
    /// # Errors
    /// When a setting is wrong, the root cannot be used, somebody changed the swarm meanwhile, or it cannot be written.
    pub async fn update_cluster(
        &self,
        version: u64,
        spec: ClusterSpec,
        rotation: Rotation,
    ) -> Result<(), ControlError> {
        validate_cluster(&spec)?;
        let random = self.env.random();
        let secrets = || (u128::from_le_bytes(random.bytes()), u128::from_le_bytes(random.bytes()));
        let (secrets, root_secrets, now) = (secrets(), secrets(), self.env.now());
        let new_key = KeyEncryptionKey::new(random.bytes()).unlock_key();
        self.door
            .change(|view| {
                let missing = || ControlError::NotFound("the swarm's own record is not there yet".into());
                let cluster = view.cluster().ok_or_else(missing)?;
                if version != cluster.meta.version {
                    return Err(ControlError::OutOfSequence);
                }
                let join_tokens = rotated(cluster, &rotation, secrets)?;
                let wanted = wanted_root(cluster, &spec, rotation.root.as_ref(), now)?;
                let unlock_key = unlock_key(cluster, &spec, &rotation, &new_key);
                let next = Cluster { spec: spec.clone(), join_tokens, unlock_key, ..Cluster::clone(cluster) };
                let next = match wanted {
                    Some(root) => with_root(next, root, root_secrets, now)?,
                    None => next,
                };
                Ok((Transaction { changes: vec![Change::Update(next.into())] }, ()))
            })
            .await
    }

    /// What unlocks a restarted manager; empty when managers are not locked.
    pub fn unlock_key(&self) -> UnlockKey {
        self.view().cluster().map(|cluster| cluster.unlock_key.clone()).unwrap_or_default()
    }
}

/// The unlock key under this spec: none, a new one, or the one so far.
fn unlock_key(cluster: &Cluster, spec: &ClusterSpec, rotation: &Rotation, new: &UnlockKey) -> UnlockKey {
    let old = &cluster.unlock_key;
    match spec.autolock {
        false => UnlockKey::default(),
        true if rotation.unlock_key || old.0.is_empty() => new.clone(),
        true => old.clone(),
    }
}

fn rotated(
    cluster: &Cluster,
    rotation: &Rotation,
    secrets: (u128, u128),
) -> Result<JoinTokens, ControlError> {
    let old = cluster.join_tokens.clone();
    if !rotation.worker_token && !rotation.manager_token {
        return Ok(old);
    }
    let new = join_tokens(&cluster.root_ca.certificate_pem, secrets.0, secrets.1)
        .map_err(|error| ControlError::Unavailable(error.to_string()))?;
    Ok(JoinTokens {
        worker: if rotation.worker_token { new.worker } else { old.worker },
        manager: if rotation.manager_token { new.manager } else { old.manager },
    })
}
