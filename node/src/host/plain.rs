//! Plain containers, for the API.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use skep_api::{Console, HostError, HostErrorKind, WaitCondition};
use skep_engine::{Attachments, Engine, EngineError, WaitFor};
use skep_model::PlainSpec;
use tokio::sync::oneshot;

use super::container::refused;
use super::log;
use crate::attachments::NoAttachments;
use crate::member::Member;
use crate::node::{Node, Standing};

/// What a node says that has no engine.
const NO_ENGINE: &str = "This node is not part of a swarm, and runs no containers: start one with \"skep swarm init\", or join one with \"skep \
     swarm join\"";

/// Makes one.
pub(super) async fn create(node: &Node, name: Option<&str>, spec: &PlainSpec) -> Result<String, HostError> {
    let (engine, name, spec) = (engine(node)?, name.map(str::to_owned), spec.clone());
    through(node, async move { engine.create_plain(name.as_deref(), &spec).await }).await
}

/// Starts one; false when it ran.
pub(super) async fn start(node: &Node, reference: &str) -> Result<bool, HostError> {
    let (engine, attachments, reference) = (engine(node)?, attachments(node), reference.to_owned());
    through(node, async move { engine.start_plain(&reference, &*attachments).await }).await
}

/// Stops one; false when it did not run.
pub(super) async fn stop(node: &Node, reference: &str, grace: Option<Duration>) -> Result<bool, HostError> {
    let (engine, reference) = (known(node, reference)?, reference.to_owned());
    through(node, async move { engine.stop(&reference, grace).await }).await
}

/// Stops one and starts it again.
pub(super) async fn restart(node: &Node, reference: &str, grace: Option<Duration>) -> Result<(), HostError> {
    let (engine, attachments, reference) = (known(node, reference)?, attachments(node), reference.to_owned());
    through(node, async move { engine.restart_plain(&reference, grace, &*attachments).await }).await
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

/// Attaches to one.
pub(super) async fn console(node: &Node, reference: &str) -> Result<Console, HostError> {
    let skep_engine::Console { output, input } =
        known(node, reference)?.console(reference).await.map_err(refused)?;
    let output = futures::stream::unfold(output, |mut output| async move {
        let (stream, bytes) = output.recv().await?;
        Some(((log::origin(stream), bytes.into()), output))
    });
    Ok(Console { output: output.boxed(), input })
}

/// Sets the size of one's terminal.
pub(super) async fn resize(
    node: &Node,
    reference: &str,
    (rows, columns): (u16, u16),
) -> Result<(), HostError> {
    known(node, reference)?.resize(reference, rows, columns).await.map_err(refused)
}

/// Removes one.
pub(super) async fn remove(node: &Node, reference: &str, force: bool) -> Result<(), HostError> {
    let (engine, reference) = (known(node, reference)?, reference.to_owned());
    through(node, async move { engine.remove_plain(&reference, force).await }).await
}

/// Removes those of them that do not run.
pub(super) async fn prune(node: &Node, wanted: Vec<String>) -> Result<Vec<String>, HostError> {
    let Some(engine) = node.engine() else { return Ok(Vec::new()) };
    engine.prune_plain(|container| wanted.contains(&container.info.id)).await.map_err(refused)
}

/// Goes on to its end, also when the client does not wait for it: half a start would be nobody's.
pub(super) async fn through<T: Send + 'static>(
    node: &Node,
    work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
) -> Result<T, HostError> {
    let (done, outcome) = oneshot::channel();
    let working = async move { drop(done.send(work.await)) };
    node.env.spawn("engine call", working).detach();
    let lost = |_| HostError::new(HostErrorKind::Unavailable, EngineError::Stopped);
    outcome.await.map_err(lost)?.map_err(refused)
}

fn attachments(node: &Node) -> Box<dyn Attachments> {
    match node.member(Member::attachments) {
        Some(attachments) => Box::new(attachments),
        None => Box::new(NoAttachments),
    }
}

pub(super) fn engine(node: &Node) -> Result<Arc<Engine>, HostError> {
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
