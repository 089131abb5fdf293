//! Out of a swarm.

use skep_api::{HostError, HostErrorKind};
use skep_engine::Engine;
use skep_worker::DurableStorage;

use crate::init::remove_raft;
use crate::node::{Node, Standing};

/// Leaves the swarm. The first thing on disk is that the node leaves, so a crash in the middle ends in leaving, too.
pub(crate) async fn leave(node: &Node, force: bool) -> Result<(), HostError> {
    let _alone = node.changing.lock().await;
    let records = node.records.clone();
    let stored = records.membership().map_err(internal)?;
    let Some(mut membership) = stored.filter(|_| !matches!(node.standing(), Standing::Outside)) else {
        return Err(HostError::new(HostErrorKind::NotInSwarm, "This node is not part of a swarm"));
    };
    if !force {
        return Err(HostError::new(
            HostErrorKind::NotInSwarm,
            "You are attempting to leave the swarm on a node that is participating as a manager. Removing the last \
             manager erases all current state of the swarm. Use `--force` to ignore this message.",
        ));
    }
    membership.leaving = true;
    records.keep(&membership).map_err(internal)?;
    let Some(member) = node.take() else { return finish(node).await };
    if let Err(error) = member.leave().await {
        let text = format!("leaving the swarm did not end: {error}; try again");
        if let Ok((_, id)) = membership.ids() {
            node.stand(Standing::Broken(id, text.clone()));
        }
        return Err(internal(text));
    }
    forget(node)
}

/// Removes what is left of a swarm that is not entered, or was left halfway.
pub(crate) async fn finish(node: &Node) -> Result<(), HostError> {
    let engine = Engine::open(node.ground.engine.clone()).await.map_err(internal)?;
    engine.wipe().await.map_err(internal)?;
    let storage = DurableStorage::open(node.env.clone(), &node.ground.database).map_err(internal)?;
    storage.clear().map_err(internal)?;
    forget(node)
}

fn forget(node: &Node) -> Result<(), HostError> {
    remove_raft(&node.ground)?;
    node.records.forget().map_err(internal)?;
    node.stand(Standing::Outside);
    Ok(())
}

fn internal(error: impl std::fmt::Display) -> HostError {
    HostError::new(HostErrorKind::Internal, error)
}
