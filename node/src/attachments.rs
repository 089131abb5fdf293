//! Plain containers' places on networks of the swarm: asked of the managers, and kept in line with them.

use async_trait::async_trait;
use skep_engine::{AttachError, AttachWish, Attachments, Granted};

use crate::node::Node;

/// The way to managers, as long as this node is a member of their swarm.
#[derive(Debug)]
pub(crate) struct MemberAttachments {}

impl MemberAttachments {
    pub(crate) fn of(_node: &Node) -> Self {
        Self {}
    }
}

#[async_trait]
impl Attachments for MemberAttachments {
    async fn attach(&self, wish: AttachWish) -> Result<Granted, AttachError> {
        let network = wish.places.first().map(|place| place.network.clone()).unwrap_or_default();
        Err(AttachError::Refused(format!("Could not attach to network {network}: not yet")))
    }
}
