//! What managers and agents say to each other.

use std::time::Duration;

use skep_model::{
    AskedCall, AssignedContent, Checkup, ContentKey, EndpointTable, PublishedPort, SessionId, SwarmView,
    TaskAssignment, TaskId,
};

use super::common::{node_address_from_wire, node_address_to_wire};
use super::{Wire, message, required};
use crate::{WireError, v1};

message!(TaskAssignment { id, service, slot, node, desired, networks, egress, generic } nested { spec });
message!(SwarmView { role, raft_id, managers, root_pem, issuer, certificate });
message!(TaskReport { task } nested { status });
message!(EndpointTable {
    version,
    networks,
    services,
    own,
    peers,
    tunnel_port,
    partial,
    networks_gone,
    services_gone,
    peers_gone
});
message!(Peer { node, number, address, key, ipv6 });
message!(EndpointNetwork { id, name, subnet6, internal, encrypted } nested { subnet });
message!(EndpointService { id, name, vips, published, backends, by_source, prefer_local });
message!(Vip { network, address, aliases });
message!(PlainPlace { network, aliases });
message!(Backend { task, name, node, addresses, ready });

/// Which session a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The time between two heartbeats.
    pub heartbeat_period: Duration,
}

/// What a manager tells an agent within a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionUpdate {
    /// The session.
    pub session: Session,
    /// True when `assign` is all that the node should run.
    pub complete: bool,
    /// Tasks that are new or changed.
    pub assign: Vec<TaskAssignment>,
    /// Tasks that managers have forgotten.
    pub forget: Vec<TaskId>,
    /// The endpoint table, when it changed.
    pub endpoints: Option<EndpointTable>,
    /// What concerns the node itself, when it changed.
    pub swarm: Option<SwarmView>,
    /// The node shall look at itself and at the ways to others now.
    pub checkup: Option<Checkup>,
    /// Secrets and configs that its tasks need and the node does not have.
    pub contents: Vec<AssignedContent>,
    /// Those that nothing on the node needs any more.
    pub contents_gone: Vec<ContentKey>,
    /// What users ask of the node.
    pub calls: Vec<AskedCall>,
}

impl Wire for PublishedPort {
    type Form = v1::PublishedPort;
    fn to_wire(&self) -> v1::PublishedPort {
        let (address, address6) = node_address_to_wire(self.address);
        v1::PublishedPort {
            protocol: self.protocol.to_wire(),
            published: self.published.to_wire(),
            target: self.target.to_wire(),
            address,
            address6,
        }
    }
    fn from_wire(form: v1::PublishedPort) -> Result<Self, WireError> {
        Ok(Self {
            protocol: Wire::from_wire(form.protocol)?,
            published: Wire::from_wire(form.published)?,
            target: Wire::from_wire(form.target)?,
            address: node_address_from_wire(form.address, form.address6)?,
        })
    }
}

impl Wire for SessionUpdate {
    type Form = v1::SessionMessage;
    fn to_wire(&self) -> v1::SessionMessage {
        v1::SessionMessage {
            session: self.session.id.to_wire(),
            heartbeat_period: Some(self.session.heartbeat_period.to_wire()),
            complete: self.complete,
            assign: self.assign.to_wire(),
            forget: self.forget.to_wire(),
            endpoints: self.endpoints.to_wire(),
            swarm: self.swarm.to_wire(),
            checkup: self.checkup.to_wire(),
            contents: self.contents.to_wire(),
            contents_gone: self.contents_gone.to_wire(),
            calls: self.calls.to_wire(),
        }
    }
    fn from_wire(form: v1::SessionMessage) -> Result<Self, WireError> {
        let session = Session {
            id: Wire::from_wire(form.session)?,
            heartbeat_period: required(form.heartbeat_period, "SessionMessage.heartbeat_period")?,
        };
        Ok(Self {
            session,
            complete: form.complete,
            assign: Wire::from_wire(form.assign)?,
            forget: Wire::from_wire(form.forget)?,
            endpoints: Wire::from_wire(form.endpoints)?,
            swarm: Wire::from_wire(form.swarm)?,
            checkup: Wire::from_wire(form.checkup)?,
            contents: Wire::from_wire(form.contents)?,
            contents_gone: Wire::from_wire(form.contents_gone)?,
            calls: Wire::from_wire(form.calls)?,
        })
    }
}
