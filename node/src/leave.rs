//! Out of a swarm.

use std::sync::Arc;

use std::time::Duration;

use skep_api::{HostError, HostErrorKind};
use skep_engine::Engine;
use skep_manager::Manager;
use skep_manager::ca::client;
use skep_worker::DurableStorage;

use crate::init::remove_raft;
use crate::node::{Node, Standing};

/// How long a manager may take to hear that this node leaves; it leaves all the same.
const TELL_TIMEOUT: Duration = Duration::from_secs(5);

/// What a locked node is told that leaves, in Docker's words.
const LOCKED: &str =
    "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.";

/// Leaves the swarm. The first thing on disk is that the node leaves, so a crash in the middle ends in leaving, too.
pub(crate) async fn leave(node: &Node, force: bool) -> Result<(), HostError> {
    let _alone = node.changing.lock().await;
    let records = node.records.clone();
    let stored = records.membership().map_err(internal)?;
    let Some(mut membership) = stored.filter(|_| !matches!(node.standing(), Standing::Outside)) else {
        return Err(HostError::new(HostErrorKind::NotInSwarm, "This node is not part of a swarm"));
    };
    let locked = match node.standing() {
        Standing::Locked(_, engine) => Some(engine),
        _ => None,
    };
    if !force {
        harmless(node)?;
    }
    tell(node).await;
    membership.leaving = true;
    records.keep(&membership).map_err(internal)?;
    if let Some(engine) = locked {
        return wipe(node, &engine).await;
    }
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

/// A worker may leave at any time. What a manager takes with it is said first, and what single containers are lost.
fn harmless(node: &Node) -> Result<(), HostError> {
    if matches!(node.standing(), Standing::Locked(..)) {
        return Err(HostError::new(HostErrorKind::NotInSwarm, LOCKED));
    }
    let warning = node.member(|member| {
        let control = member.manager.as_ref().map(Manager::control);
        control.and_then(|control| control.leave_warning(member.node))
    });
    match warning.flatten().or_else(|| lost_containers(node)) {
        Some(warning) => Err(HostError::new(HostErrorKind::NotInSwarm, warning)),
        None => Ok(()),
    }
}

/// Services' containers are made again elsewhere; of others is said that they go.
fn lost_containers(node: &Node) -> Option<String> {
    let all = node.engine()?.containers();
    let names: Vec<_> =
        all.iter().filter(|one| one.info.plain.is_some()).map(|one| one.info.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Leaving the swarm removes all containers of this node, with what is in them, also those that are no service's: {}. \
             Remove them first (\"skep rm\"), or use `--force` to ignore this message.",
            names.join(", ")
        )
    })
}

/// Tells the swarm, if there is anybody to tell: it shows the node as down at once, and a manager loses its vote.
async fn tell(node: &Node) {
    let known = node.member(|member| (member.identity.clone(), member.managers.get()));
    let Some((identity, managers)) = known else { return };
    let own = node.member(|member| member.manager.is_some()).unwrap_or_default();
    // The last in the list are other nodes; a manager that is alone has nobody.
    let others = managers.into_iter().skip(usize::from(own));
    for address in others {
        let told = node.env.timeout(TELL_TIMEOUT, client::leave(&identity, &address)).await;
        match told {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::info!(%error, "a manager was not told that this node leaves"),
            Err(_) => tracing::info!(address, "a manager was not told that this node leaves: no answer"),
        }
    }
}

/// Removes what is left of a swarm that is not entered, or was left halfway.
pub(crate) async fn finish(node: &Node) -> Result<(), HostError> {
    let engine = Engine::open(node.ground.engine.clone()).await.map_err(internal)?;
    wipe(node, &engine).await
}

async fn wipe(node: &Node, engine: &Arc<Engine>) -> Result<(), HostError> {
    engine.wipe().await.map_err(internal)?;
    let storage = DurableStorage::open(node.env.clone(), &node.ground.database).map_err(internal)?;
    storage.clear().map_err(internal)?;
    forget(node)
}

fn forget(node: &Node) -> Result<(), HostError> {
    remove_raft(&node.ground)?;
    node.records.forget().map_err(internal)?;
    node.ground.keys.forget().map_err(internal)?;
    node.stand(Standing::Outside);
    Ok(())
}

fn internal(error: impl std::fmt::Display) -> HostError {
    HostError::new(HostErrorKind::Internal, error)
}
