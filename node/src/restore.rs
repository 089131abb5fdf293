//! A swarm from its backup.

use bytes::Bytes;
use futures::TryStreamExt;
use skep_api::{HostError, Upload};
use skep_manager::RestoringNode;

use crate::address;
use crate::init::{already_member, internal, invalid, remove_raft};
use crate::join::{self, enter_new};
use crate::keys::Secrets;
use crate::membership::Membership;
use crate::node::{Node, Standing};

/// Makes this node the only manager of the swarm that a backup holds; answers with the node's id.
pub(crate) async fn restore(node: &Node, backup: Upload, advertise: &str) -> Result<String, HostError> {
    let _alone = node.changing.lock().await;
    if !matches!(node.standing(), Standing::Outside) {
        return Err(already_member());
    }
    let backup: Vec<Bytes> = backup.try_collect().await.map_err(invalid)?;
    let host = address::of_host();
    let listen = address::listen("", &host).map_err(invalid)?;
    let advertise = address::advertise(advertise, listen, &host).map_err(invalid)?;
    remove_raft(&node.ground)?;
    let log_key = node.env.random().bytes();
    let restoring = RestoringNode {
        env: &node.env,
        description: node.facts.description(node.ground.engine.labels.clone(), None),
        address: advertise.to_string(),
        raft: &node.ground.raft,
        keys: Secrets::new(String::new(), log_key).log_keys(),
    };
    let restored = skep_manager::restore(&backup.concat(), restoring).map_err(invalid)?;
    let (ids, id) = ((restored.cluster, restored.node), restored.node);
    let secrets = Secrets::new(restored.key_pem, log_key);
    node.ground.keys.create(secrets, None).map_err(internal)?;
    let membership = Membership::new(ids, restored.certified, (listen, advertise));
    node.records.keep(&membership).map_err(internal)?;
    enter_new(node, membership).await?;
    join::until_ready(node).await;
    Ok(id.to_string())
}
