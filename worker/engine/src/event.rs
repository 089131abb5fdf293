use std::collections::BTreeMap;

/// Something that happened to a container or image of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// `container` or `image`.
    pub kind: &'static str,
    /// `create`, `start`, `die`, `oom`, `destroy`, `load`, `import`, `delete`.
    pub action: &'static str,
    /// The object's id.
    pub id: String,
    /// What else is known of it.
    pub attributes: BTreeMap<String, String>,
    /// When, nanoseconds since the epoch.
    pub at_ns: u64,
}
