use super::Dismissal;
use crate::{Meta, NodeId, ServiceId, TaskId, TaskState, TaskStatus, Timestamp};

/// What is kept of a task that is forgotten otherwise: enough to say why it ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TaskRecord {
    /// The id that the task had.
    pub id: TaskId,
    /// Version and times.
    pub meta: Meta,
    /// When the task was made.
    pub made_at: Timestamp,
    /// The service that it was of.
    pub service: ServiceId,
    /// That service's name: it may be gone, too.
    pub service_name: String,
    /// Which spec it ran.
    pub spec_version: u64,
    /// The image of that spec.
    pub image: String,
    /// Its place among the replicas; 0 of a global service's.
    pub slot: u32,
    /// Where it ran.
    pub node: Option<NodeId>,
    /// That node's host name.
    pub node_name: String,
    /// What was wanted of it last.
    pub desired: TaskState,
    /// How it was last.
    pub status: TaskStatus,
    /// When it came into which state, oldest first.
    pub timeline: Box<[(TaskState, Timestamp)]>,
    /// Since when, and why, it was wanted no more.
    pub dismissed: Option<Box<Dismissal>>,
}
