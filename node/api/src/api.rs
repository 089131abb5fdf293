use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use skep_manager::ControlApi;
use skep_model::NodeId;
use skep_runtime::{Env, Shutdown};
use skep_store::View;

use crate::events::EventHistory;
use crate::exec::ExecBook;
use crate::host::{Host, SwarmState};
use crate::refusal::Refusal;

/// What is said where a locked node is asked for its swarm.
pub const SWARM_LOCKED: &str = "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"skep swarm \
    unlock\" to unlock it.";

/// What every call needs.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// The node.
    pub(crate) host: Arc<dyn Host>,
    /// Time and tasks.
    pub(crate) env: Env,
    /// When open answers end.
    pub(crate) shutdown: Shutdown,
    /// What happened lately.
    pub(crate) events: EventHistory,
    /// Commands that clients run in containers.
    pub(crate) execs: ExecBook,
}

/// This node as a manager.
#[derive(Clone, Debug)]
pub(crate) struct Managing {
    /// What users want done.
    pub(crate) control: ControlApi,
    /// Its own id.
    pub(crate) node: NodeId,
    /// The manager that leads.
    pub(crate) leader: Option<NodeId>,
    /// The ids in Raft of the managers that have a vote.
    pub(crate) voters: BTreeSet<u64>,
}

impl Managing {
    /// The state now.
    pub(crate) fn view(&self) -> View {
        self.control.view()
    }
}

impl Api {
    /// This node as a manager, to change something.
    pub(crate) fn managing(&self) -> Result<Managing, Refusal> {
        let unavailable = |text: &str| Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text));
        match self.host.swarm() {
            SwarmState::Inactive => unavailable(
                "This node is not a swarm manager. Use \"skep swarm init\" to make it the first manager of a swarm and \
                 try again.",
            ),
            SwarmState::Starting(_) => unavailable(
                "Manager is being prepared or has trouble connecting to the cluster. Try again in a moment.",
            ),
            SwarmState::Locked => unavailable(SWARM_LOCKED),
            SwarmState::Error(_, reason) => {
                unavailable(&format!("This node cannot work as a member of its swarm: {reason}"))
            }
            SwarmState::Member(member) => match member.control {
                Some(control) => {
                    let (node, leader, voters) = (member.node, member.leader, member.voters);
                    Ok(Managing { control, node, leader, voters })
                }
                None => unavailable(
                    "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. \
                     Please run this command on a manager node.",
                ),
            },
        }
    }

    /// This node as a manager whose state holds everything that was acknowledged before.
    pub(crate) async fn reading(&self) -> Result<Managing, Refusal> {
        self.managing()?;
        self.host.read_barrier().await?;
        // Who leads may be another one by now.
        self.managing()
    }
}
