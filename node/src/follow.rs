//! What a member does about itself: follows the list of managers, renews its certificate, becomes a manager or stops being one.

use std::fs;
use std::sync::Weak;
use std::time::Duration;

use skep_identity::NodeIdentity;
use skep_manager::ca::client::{self, CaCallError};
use skep_manager::{Certified, raft_directory};
use skep_model::{NodeRole, SwarmView, Timestamp};
use skep_runtime::Env;
use thiserror::Error;

use crate::error::DaemonError;
use crate::keys::KeyError;
use crate::member::{MemberError, reached, start_manager};
use crate::membership::Membership;
use crate::node::Node;

/// Wait before something that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// A certificate is renewed when this part of its life has passed at the earliest (Swarm: 50 to 80 %).
const RENEW_FROM: f64 = 0.5;
/// And this much of its life later at the latest, so that not all nodes come at once.
const RENEW_SPREAD: f64 = 0.3;

#[derive(Debug, Error)]
enum FollowError {
    #[error("{0}")]
    Ca(#[from] CaCallError),
    #[error("{0}")]
    Records(#[from] DaemonError),
    #[error("{0}")]
    Keys(#[from] KeyError),
    #[error("{0}")]
    Identity(#[from] skep_identity::IdentityError),
    #[error("this node cannot be a manager: {0}")]
    Manager(#[from] MemberError),
    #[error("no manager is known")]
    Nobody,
    #[error("the certificate is not for the role that this node should have")]
    OtherRole,
}

/// Runs while the node is a member.
pub(crate) async fn follow(node: Weak<Node>, env: Env) {
    let mut seen = 0;
    let spread = env.random().fraction();
    loop {
        let Some(own) = node.upgrade() else { return };
        let Some((swarm, membership, identity)) =
            own.member(|member| (member.swarm.clone(), member.membership.clone(), member.identity.get()))
        else {
            return;
        };
        drop(own);
        let renew_at = renewal_time(&membership, &identity, spread);
        let mut view = None;
        tokio::select! {
            biased;
            news = swarm.changed(seen) => (seen, view) = news,
            () = env.sleep_until(renew_at) => {}
        }
        let Some(own) = node.upgrade() else { return };
        if let Err(error) = settle(&own, view, renew_at <= env.now()).await {
            tracing::warn!(%error, "this node could not follow its swarm; trying again");
            seen = 0;
            env.sleep(RETRY).await;
        }
    }
}

/// When the certificate is to be renewed.
fn renewal_time(membership: &Membership, identity: &NodeIdentity, spread: f64) -> Timestamp {
    let from = Timestamp::from_nanos(membership.certified_at_ns);
    let until = identity.peer().map_or(from, |peer| peer.not_after);
    from.plus(until.since(from).mul_f64(RENEW_FROM + RENEW_SPREAD * spread))
}

/// Does what the managers say.
async fn settle(node: &Node, view: Option<SwarmView>, due: bool) -> Result<(), FollowError> {
    let _alone = node.changing.lock().await;
    let Some(mut membership) = node.member(|member| member.membership.clone()) else { return Ok(()) };
    if let Some(view) = &view
        && view.managers != membership.managers
        && !view.managers.is_empty()
    {
        membership.managers.clone_from(&view.managers);
        keep(node, &membership)?;
    }
    let is_manager = membership.raft_id.is_some();
    let other_role = view.as_ref().is_some_and(|view| (view.role == NodeRole::Manager) != is_manager);
    let other_root = view.as_ref().is_some_and(|view| view.root_pem != membership.root_pem);
    if other_role || other_root || due {
        let certified = renew(node, &membership).await?;
        membership = membership.renewed(certified);
        keep(node, &membership)?;
        if view.is_some_and(|view| (view.role == NodeRole::Manager) != membership.raft_id.is_some()) {
            return Err(FollowError::OtherRole);
        }
    }
    change_role(node, &membership).await
}

/// Writes it down, then lets the rest of the node know.
fn keep(node: &Node, membership: &Membership) -> Result<(), FollowError> {
    let identity = membership.identity(&node.ground.keys.secrets()?);
    node.records.keep(membership)?;
    let set = node.change_member(|member| {
        member.managers.set(reached(membership));
        member.membership = membership.clone();
        member.identity.set(identity)
    });
    Ok(set.unwrap_or(Ok(()))?)
}

/// Asks one manager after the other for a new certificate.
async fn renew(node: &Node, membership: &Membership) -> Result<Certified, FollowError> {
    let Some(identity) = node.member(|member| member.identity.clone()) else {
        return Err(FollowError::Nobody);
    };
    let own = membership.advertise.to_string();
    let ended = identity.get().peer()?.not_after <= node.env.now();
    let mut last = FollowError::Nobody;
    // Its own manager comes last: it may be about to stop being one.
    for address in reached(membership).iter().rev() {
        let renewed = match ended {
            true => client::come_back(&identity, address, &own).await,
            false => client::renew(&identity, address, &own).await,
        };
        match renewed {
            Ok(certified) => return Ok(certified),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// Starts the manager of a node that was promoted; stops that of one that was demoted. Its tasks run on.
async fn change_role(node: &Node, membership: &Membership) -> Result<(), FollowError> {
    let Some((cluster, identity, runs)) =
        node.member(|member| (member.cluster, member.identity.clone(), member.manager.is_some()))
    else {
        return Ok(());
    };
    match (membership.raft_id.is_some(), runs) {
        (true, false) => {
            let manager = start_manager(&node.env, cluster, membership, &identity, &node.ground).await?;
            node.change_member(|member| {
                member.manager = Some(manager);
                member.follow_lock(&node.ground.keys);
            });
            tracing::info!("this node is a manager now");
        }
        (false, true) => {
            let manager = node.change_member(|member| {
                let manager = member.manager.take();
                member.follow_lock(&node.ground.keys);
                manager
            });
            if let Some(manager) = manager.flatten() {
                let raft_id = manager.metrics().id;
                manager.stop().await;
                // Nothing of it is needed any more: promoted again, the node is another member.
                if let Err(error) = fs::remove_dir_all(raft_directory(&node.ground.raft, raft_id)) {
                    tracing::warn!(%error, "the log of the manager that this node was is left");
                }
            }
            tracing::info!("this node is a worker now");
        }
        _ => {}
    }
    if membership.raft_id.is_none() {
        // Also of one that was demoted while it was locked.
        node.ground.keys.settle_for_worker()?;
    }
    Ok(())
}
