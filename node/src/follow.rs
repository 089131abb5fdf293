//! What a member does about itself: follows the list of managers, renews its certificate, becomes a manager or stops being one.

use std::sync::Weak;
use std::time::Duration;

use skep_identity::NodeIdentity;
use skep_manager::Manager;
use skep_manager::ca::client::CaCallError;
use skep_model::{NodeRole, SwarmView, Timestamp};
use skep_runtime::Env;
use thiserror::Error;

use crate::certificate::{self, CertificateStep, in_use, next_step};
use crate::error::DaemonError;
use crate::keys::KeyError;
use crate::member::{Member, MemberError, reached, start_manager};
use crate::membership::Membership;
use crate::node::Node;
use crate::old_log;

/// How long managers may be silent before the node asks whether they do not take its certificate any more.
const SILENCE: Duration = Duration::from_secs(5);
/// Wait before something that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// A certificate is renewed when this part of its life has passed at the earliest (Swarm: 50 to 80 %).
const RENEW_FROM: f64 = 0.5;
/// And this much of its life later at the latest, so that not all nodes come at once.
const RENEW_SPREAD: f64 = 0.3;

/// A member could not do what managers say.
#[derive(Debug, Error)]
pub(crate) enum FollowError {
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
    #[error("the certificate is not of the root that the swarm has now")]
    OtherRoot,
}

/// Runs while the node is a member.
pub(crate) async fn follow(node: Weak<Node>, env: Env) {
    let (mut seen, mut heard) = (0, false);
    let spread = env.random().fraction();
    loop {
        let Some(own) = node.upgrade() else { return };
        let Some((swarm, membership, identity)) =
            own.member(|member| (member.swarm.clone(), member.membership.clone(), member.identity.get()))
        else {
            return;
        };
        let lost = own.member(|member| member.manager.as_ref().map(Manager::disk_lost)).flatten();
        drop(own);
        let renew_at = renewal_time(&membership, &identity, spread);
        let (mut view, mut silent) = (None, false);
        tokio::select! {
            biased;
            news = swarm.changed(seen) => {
                (seen, view) = news;
                heard = view.is_some();
            }
            () = happens(lost) => {}
            () = env.sleep_until(renew_at) => {}
            () = env.sleep(SILENCE), if !heard => silent = true,
        }
        let Some(own) = node.upgrade() else { return };
        let settled = match silent {
            true => catch_up(&own).await,
            false => settle(&own, view, renew_at <= env.now()).await,
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "this node could not follow its swarm; trying again");
            seen = 0;
            env.sleep(RETRY).await;
        }
    }
}

/// When the certificate is to be renewed: at once by a manager that lost its disk.
fn renewal_time(membership: &Membership, identity: &NodeIdentity, spread: f64) -> Timestamp {
    let from = Timestamp::from_nanos(membership.certified_at_ns);
    if membership.lost {
        return from;
    }
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
    if node.member(Member::lost_its_disk).unwrap_or(false) && !membership.lost {
        membership.lost = true;
        keep(node, &membership)?;
        change_role(node, &membership).await?;
    }
    let other_role = view.as_ref().is_some_and(|view| !has_role(&membership, view));
    let step = view.as_ref().map_or(CertificateStep::Keep, |view| next_step(&in_use(&membership), view));
    if other_role || due || step == CertificateStep::Renew {
        membership = renew(node, membership).await?;
        if let Some(view) = &view {
            check(&membership, view)?;
        }
    } else if let CertificateStep::Trust(root_pem) = step {
        membership.root_pem = root_pem;
        keep(node, &membership)?;
        tracing::info!("the swarm's root certificate was replaced");
    }
    change_role(node, &membership).await?;
    if membership.manages().is_some() && !membership.begun {
        membership.begun = true;
        keep(node, &membership)?;
    }
    match view {
        Some(view) => certificate::report(node, &membership, &view).await,
        None => Ok(()),
    }
}

/// Whether the new certificate is what managers wanted.
fn check(membership: &Membership, view: &SwarmView) -> Result<(), FollowError> {
    if (view.role == NodeRole::Manager) != membership.raft_id.is_some() {
        return Err(FollowError::OtherRole);
    }
    match next_step(&in_use(membership), view) {
        CertificateStep::Renew => Err(FollowError::OtherRoot),
        _ => Ok(()),
    }
}

/// Gets a certificate of the swarm's root when that was replaced while this node was away: with the one that it has, no manager
/// speaks to it.
async fn catch_up(node: &Node) -> Result<(), FollowError> {
    let _alone = node.changing.lock().await;
    let Some(membership) = node.member(|member| member.membership.clone()) else { return Ok(()) };
    if certificate::missed_rotation(&membership).await? {
        renew(node, membership).await?;
        tracing::info!("the swarm's root certificate was replaced while this node was away");
    }
    Ok(())
}

/// Gets a new certificate and writes it down.
async fn renew(node: &Node, membership: Membership) -> Result<Membership, FollowError> {
    let certified = certificate::renew(node, &membership).await?;
    let lost = membership.lost_raft_id();
    let membership = membership.renewed(certified);
    keep(node, &membership)?;
    if let Some(raft_id) = lost {
        old_log::set_aside(node, raft_id);
    }
    Ok(membership)
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

/// Whether the node is what managers say. One that was demoted and at once promoted again still runs the manager that was taken
/// out.
fn has_role(membership: &Membership, view: &SwarmView) -> bool {
    match (membership.manages(), view.role) {
        (own, NodeRole::Manager) => own.is_some() && own == view.raft_id,
        (own, NodeRole::Worker) => own.is_none(),
    }
}

/// Stops a manager that the node should not run, starts the one that it should. Its tasks run on.
async fn change_role(node: &Node, membership: &Membership) -> Result<(), FollowError> {
    let Some((cluster, identity, runs)) = node.member(|member| {
        let runs = member.manager.as_ref().map(|manager| manager.metrics().id);
        (member.cluster, member.identity.clone(), runs)
    }) else {
        return Ok(());
    };
    let wanted = membership.manages();
    if wanted != runs {
        stop_manager(node, membership).await;
    }
    if wanted.is_some() && wanted != runs {
        let manager = start_manager(&node.env, cluster, membership, &identity, &node.ground).await?;
        node.change_member(|member| {
            member.manager = Some(manager);
            member.follow_lock(&node.ground.keys);
        });
        tracing::info!("this node is a manager now");
    }
    if membership.raft_id.is_none() {
        // Also of one that was demoted while it was locked.
        node.ground.keys.settle_for_worker()?;
    }
    Ok(())
}

async fn stop_manager(node: &Node, membership: &Membership) {
    let manager = node.change_member(|member| {
        let manager = member.manager.take();
        member.follow_lock(&node.ground.keys);
        manager
    });
    if let Some(manager) = manager.flatten() {
        let raft_id = manager.metrics().id;
        manager.stop().await;
        old_log::remove(node, membership, raft_id);
        tracing::info!("this node's manager has stopped");
    }
}

/// Waits for what may never be.
async fn happens(event: Option<impl Future<Output = ()>>) {
    match event {
        Some(event) => event.await,
        None => std::future::pending().await,
    }
}
