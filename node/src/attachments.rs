//! Plain containers' places on networks of the swarm: asked of the managers, and kept in line with them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skep_engine::{AttachError, AttachWish, Attachments, Engine, Granted, NetworkPlace};
use skep_identity::LiveIdentity;
use skep_manager::attachments::{AttachmentCallError, AttachmentWish, attach, keep};
use skep_model::{AttachmentId, EndpointNetwork};
use skep_runtime::{Backoff, Env, Latest};
use tokio::sync::Mutex;

/// First wait after managers could not be told; it grows.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest such wait.
const RETRY_LONGEST: Duration = Duration::from_secs(15);
/// Time between two times that managers are told while there are attachments, though nothing changed.
const PERIOD: Duration = Duration::from_secs(300);

/// The way to managers, as long as this node is a member of their swarm.
#[derive(Clone, Debug)]
pub(crate) struct MemberAttachments {
    pub(crate) identity: LiveIdentity,
    pub(crate) managers: Latest<Vec<String>>,
    pub(crate) engine: Arc<Engine>,
    /// Held from a question to its note in the engine, and while managers are told what there is: they forget all else.
    pub(crate) noting: Arc<Mutex<()>>,
}

/// Of a node that has no way to managers: it is in no swarm, or its keys are locked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoAttachments;

#[async_trait]
impl Attachments for MemberAttachments {
    async fn attach(&self, wish: AttachWish) -> Result<Granted, AttachError> {
        let noting = Arc::clone(&self.noting).lock_owned().await;
        let AttachWish { container, name, places } = wish;
        let wish = AttachmentWish { container, name, places };
        let attached = attach(&self.identity, &self.managers.get(), &wish).await.map_err(|error| {
            // It may have been given all the same.
            self.engine.attachments_changed();
            refused(error)
        })?;
        let ipv6 = self.engine.has_ipv6();
        let place = |(network, address): (EndpointNetwork, Ipv4Addr)| {
            let subnet6 = network.subnet6.filter(|_| ipv6);
            NetworkPlace::new(&EndpointNetwork { subnet6, ..network }, address)
        };
        let networks = attached.places.into_iter().map(place).collect();
        Ok(Granted { attachment: attached.attachment.to_string(), networks, noting })
    }
}

#[async_trait]
impl Attachments for NoAttachments {
    async fn attach(&self, wish: AttachWish) -> Result<Granted, AttachError> {
        let names: Vec<_> = wish.places.iter().map(|place| place.network.as_str()).collect();
        Err(AttachError::Unavailable(format!(
            "Could not attach to network {}: this node has no part in its swarm now; see \"skep info\"",
            names.join(", ")
        )))
    }
}

impl MemberAttachments {
    /// Tells managers which attachments this node has: at the beginning, after each end, and from time to time.
    pub(crate) async fn keep(self, env: Env) {
        let ended = self.engine.ended_attachments();
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        loop {
            let (seen, _) = ended.get_versioned();
            match self.tell().await {
                Ok(any) => {
                    backoff.reset();
                    let period = if any { PERIOD } else { Duration::MAX };
                    let _ = env.timeout(period, ended.changed(seen)).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "managers do not know yet which containers are on their networks");
                    env.sleep(backoff.next_wait(env.random())).await;
                }
            }
        }
    }

    /// Whether there are any.
    async fn tell(&self) -> Result<bool, AttachmentCallError> {
        let _noting = self.noting.lock().await;
        let held: BTreeSet<AttachmentId> =
            self.engine.attachments().iter().filter_map(|id| id.parse().ok()).collect();
        for id in keep(&self.identity, &self.managers.get(), &held).await? {
            tracing::warn!(
                attachment = %id,
                "managers do not know a container's addresses any more, and may give them to others: restart the container"
            );
        }
        Ok(!held.is_empty())
    }
}

fn refused(error: AttachmentCallError) -> AttachError {
    let text = error.to_string();
    match error {
        AttachmentCallError::NotFound(_) => AttachError::NotFound(text),
        AttachmentCallError::Refused(_) => AttachError::Refused(text),
        AttachmentCallError::Unavailable(_) => AttachError::Unavailable(text),
    }
}
