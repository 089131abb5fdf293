//! Plain containers, for the API.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use skep_api::{HostError, HostErrorKind, WaitCondition};
use skep_engine::{Attachments, Engine, WaitFor};
use skep_model::PlainSpec;

use super::container::refused;
use crate::attachments::NoAttachments;
use crate::member::Member;
use crate::node::{Node, Standing};

/// What a node says that has no engine.
const NO_ENGINE: &str = "This node is not part of a swarm, and runs no containers: start one with \"skep swarm init\", or join one with \"skep \
     swarm join\"";

/// Makes one.
pub(super) async fn create(node: &Node, name: Option<&str>, spec: &PlainSpec) -> Result<String, HostError> {
    engine(node)?.create_plain(name, spec).await.map_err(refused)
}

/// Starts one; false when it ran.
pub(super) async fn start(node: &Node, reference: &str) -> Result<bool, HostError> {
    engine(node)?.start_plain(reference, &*attachments(node)).await.map_err(refused)
}

/// Stops one; false when it did not run.
pub(super) async fn stop(node: &Node, reference: &str, grace: Option<Duration>) -> Result<bool, HostError> {
    known(node, reference)?.stop(reference, grace).await.map_err(refused)
}

/// Stops one and starts it again.
pub(super) async fn restart(node: &Node, reference: &str, grace: Option<Duration>) -> Result<(), HostError> {
    known(node, reference)?.restart_plain(reference, grace, &*attachments(node)).await.map_err(refused)
}

/// Sends one a signal.
pub(super) async fn kill(node: &Node, reference: &str, signal: &str) -> Result<(), HostError> {
    known(node, reference)?.kill(reference, signal).await.map_err(refused)
}

/// Waits for one.
pub(super) fn wait(
    node: &Node,
    reference: &str,
    condition: WaitCondition,
) -> Result<BoxFuture<'static, i32>, HostError> {
    let what = match condition {
        WaitCondition::NotRunning => WaitFor::NotRunning,
        WaitCondition::NextExit => WaitFor::NextExit,
        WaitCondition::Removed => WaitFor::Removed,
    };
    Ok(known(node, reference)?.wait(reference, what).map_err(refused)?.boxed())
}

/// Removes one.
pub(super) async fn remove(node: &Node, reference: &str, force: bool) -> Result<(), HostError> {
    known(node, reference)?.remove_plain(reference, force).await.map_err(refused)
}

/// Removes those of them that do not run.
pub(super) async fn prune(node: &Node, wanted: Vec<String>) -> Result<Vec<String>, HostError> {
    let Some(engine) = node.engine() else { return Ok(Vec::new()) };
    engine.prune_plain(|container| wanted.contains(&container.info.id)).await.map_err(refused)
}

fn attachments(node: &Node) -> Box<dyn Attachments> {
    match node.member(Member::attachments) {
        Some(attachments) => Box::new(attachments),
        None => Box::new(NoAttachments),
    }
}

fn engine(node: &Node) -> Result<Arc<Engine>, HostError> {
    if let Some(engine) = node.engine() {
        return Ok(engine);
    }
    Err(match node.standing() {
        Standing::Broken(_, reason) => HostError::new(HostErrorKind::Unavailable, reason),
        Standing::Starting(_) => {
            HostError::new(HostErrorKind::Unavailable, "this node is starting: try again in a moment")
        }
        _ => HostError::new(HostErrorKind::NotInSwarm, NO_ENGINE),
    })
}

fn known(node: &Node, reference: &str) -> Result<Arc<Engine>, HostError> {
    node.engine().ok_or_else(|| super::container::missing(reference))
}
