//! Who leads, as this member knows it.

use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::metrics::RaftServerMetrics;

use crate::error::Stopped;
use crate::types::{Raft, TypeConfig};

/// A leader and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// The member's id.
    pub id: u64,
    /// Its address as `host:port`.
    pub address: String,
}

/// Who leads in which term.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leadership {
    /// The term: rises with every election.
    pub term: u64,
    /// The leader, if one is known.
    pub leader: Option<Leader>,
    /// Whether this member leads. It may have lost its majority without knowing yet: what it proposes is then refused,
    /// or unknown.
    pub is_self: bool,
}

pub(crate) fn current(raft: &Raft) -> Leadership {
    read(&raft.server_metrics().borrow_watched())
}

/// Waits until the leadership is another than `previous`.
pub(crate) async fn changed(raft: &Raft, previous: &Leadership) -> Result<Leadership, Stopped> {
    let mut metrics = raft.server_metrics();
    loop {
        let now = read(&metrics.borrow_watched());
        if now != *previous {
            return Ok(now);
        }
        if metrics.changed().await.is_err() {
            return Err(Stopped { reason: "it was shut down".to_owned() });
        }
    }
}

fn read(metrics: &RaftServerMetrics<TypeConfig>) -> Leadership {
    let leader = metrics.current_leader.and_then(|id| {
        let member = metrics.membership_config.membership().get_node(&id)?;
        Some(Leader { id, address: member.address.clone() })
    });
    let is_self = metrics.state == ServerState::Leader && metrics.current_leader == Some(metrics.id);
    Leadership { term: metrics.vote.leader_id.term, leader, is_self }
}
