//! `swarm init --force-new-cluster`: this manager goes on without the others.

use skep_api::{HostError, HostErrorKind};
use skep_manager::{RecoverError, Survivor, raft_directory};
use skep_rest::SwarmInit;

use crate::address;
use crate::init::{internal, invalid};
use crate::join;
use crate::keys::refuse_locked;
use crate::member::Member;
use crate::membership::Membership;
use crate::node::{Node, Standing};

/// Makes a swarm of this one manager of what it knows; no container is restarted. Answers with the node's id.
pub(crate) async fn force_new_cluster(node: &Node, request: &SwarmInit) -> Result<String, HostError> {
    let _alone = node.changing.lock().await;
    refuse_locked(node)?;
    let stored = node.records.membership().map_err(internal)?.filter(|membership| !membership.leaving);
    let Some(before) = stored else {
        return Err(HostError::new(
            HostErrorKind::NotInSwarm,
            "This node is not part of a swarm: there is nothing to recover. Without --force-new-cluster a new swarm begins",
        ));
    };
    let Some(raft_id) = before.raft_id else {
        return Err(invalid(
            "this node is a worker and knows nothing of the swarm's state: recover it on a manager",
        ));
    };
    let after = recovered(before.clone(), request)?;
    let ids = before.ids().map_err(internal)?;
    if let Some(member) = node.take() {
        member.stop().await;
    }
    node.stand(Standing::Starting(ids.1));
    let survivor = Survivor {
        env: node.env.clone(),
        cluster: ids.0,
        node: ids.1,
        raft_id,
        directory: raft_directory(&node.ground.raft, raft_id),
        keys: node.ground.keys.secrets().map_err(internal)?.log_keys(),
        epoch: after.epoch,
        address: after.advertise.to_string(),
    };
    let keep = || {
        node.records.keep(&after).map_err(|error| RecoverError::File {
            what: "write the node's records".into(),
            source: std::io::Error::other(error.to_string()),
        })
    };
    let outcome = skep_manager::recover(survivor, keep).await;
    let membership = if outcome.is_ok() { after.clone() } else { before };
    match Member::start(&node.ground, membership, ids).await {
        Ok(member) => node.enter(member),
        Err(error) => node.stand(Standing::Broken(ids.1, error.to_string())),
    }
    let kept = outcome.map_err(|error| internal(format!("the swarm was not recovered: {error}")))?;
    tracing::warn!(
        epoch = after.epoch,
        kept = %kept.display(),
        "the swarm was recovered with this node as its only manager; the log as it was is kept"
    );
    join::until_ready(node).await;
    Ok(ids.1.to_string())
}

/// The next epoch, and perhaps another address.
fn recovered(before: Membership, request: &SwarmInit) -> Result<Membership, HostError> {
    let host = address::of_host();
    let listen = match request.listen_addr.as_str() {
        "" | "0.0.0.0:2377" => before.listen,
        text => address::listen(text, &host).map_err(invalid)?,
    };
    let advertise = match request.advertise_addr.as_str() {
        "" => before.advertise,
        text => address::advertise(text, listen, &host).map_err(invalid)?,
    };
    let epoch = before.epoch + 1;
    address::data_path(&request.data_path_addr, &host).map_err(invalid)?;
    let data_path = match request.data_path_addr.as_str() {
        "" => before.data_path.clone(),
        text => text.to_owned(),
    };
    Ok(before.recovered(epoch, (listen, advertise)).with_data_path(&data_path))
}
