use std::collections::BTreeMap;

use tokio::sync::broadcast;

/// Events that a slow listener may lag behind.
const EVENTS_KEPT: usize = 1024;

/// Something that happened to a container or image of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// `container`, `image` or `volume`.
    pub kind: &'static str,
    /// `create`, `start`, `die`, `oom`, `destroy`, `health_status: healthy`, `load`, `import`, `tag`, `untag`, `delete`.
    pub action: &'static str,
    /// The object's id.
    pub id: String,
    /// What else is known of it.
    pub attributes: BTreeMap<String, String>,
    /// When, nanoseconds since the epoch.
    pub at_ns: u64,
}

/// Where a node's events go. It outlives the engine, which is there only while the node is a member of a swarm.
#[derive(Clone, Debug)]
pub struct EngineEvents(broadcast::Sender<EngineEvent>);

impl EngineEvents {
    /// Nobody listens yet.
    pub fn new() -> Self {
        Self(broadcast::channel(EVENTS_KEPT).0)
    }

    /// What happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.0.subscribe()
    }

    /// Tells everybody who listens.
    pub fn announce(&self, event: EngineEvent) {
        // Nobody may be listening.
        drop(self.0.send(event));
    }
}

impl Default for EngineEvents {
    fn default() -> Self {
        Self::new()
    }
}
