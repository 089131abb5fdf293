use skep_api::{HostError, HostErrorKind, SWARM_LOCKED};
use skep_identity::KeyEncryptionKey;
use skep_model::UnlockKey;

use crate::init::{internal, invalid};
use crate::member::Member;
use crate::node::{Node, Standing};

/// Lets a locked member go on; containers run on meanwhile.
pub(crate) async fn unlock(node: &Node, key: String) -> Result<(), HostError> {
    let _alone = node.changing.lock().await;
    let (id, engine) = match node.standing() {
        Standing::Locked(id, engine) => (id, engine),
        Standing::Outside => {
            return Err(HostError::new(HostErrorKind::NotInSwarm, "This node is not part of a swarm"));
        }
        _ => return Err(HostError::new(HostErrorKind::Conflict, "swarm is not locked")),
    };
    let key = KeyEncryptionKey::parse(&UnlockKey(key)).map_err(invalid)?;
    let stored = node.records.membership().map_err(internal)?;
    let Some(membership) = stored.filter(|membership| !membership.leaving) else {
        return Err(internal("this node leaves its swarm: finish that with \"skep swarm leave --force\""));
    };
    let ids = membership.ids().map_err(internal)?;
    if !node.ground.keys.unlock(&key) {
        let text = "swarm could not be unlocked: invalid key provided";
        return Err(HostError::new(HostErrorKind::Unauthorized, text));
    }
    node.stand(Standing::Starting(id));
    match Member::start_on(&node.ground, engine, membership, ids).await {
        Ok(member) => {
            node.enter(member);
            tracing::info!("this node was unlocked");
            Ok(())
        }
        Err(error) => {
            node.stand(Standing::Broken(id, error.to_string()));
            Err(internal(format!("this node was unlocked, but cannot take part in its swarm: {error}")))
        }
    }
}

/// Refuses what a locked member cannot do.
pub(crate) fn refuse_locked(node: &Node) -> Result<(), HostError> {
    match node.standing() {
        Standing::Locked(..) => Err(HostError::new(HostErrorKind::NotInSwarm, SWARM_LOCKED)),
        _ => Ok(()),
    }
}
