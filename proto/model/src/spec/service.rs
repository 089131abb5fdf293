use super::image_name::familiar_image;
use crate::{ContainerSpec, EndpointSpec, Labels, NetworkAttachment, Resources, RestartPolicy, limits};

/// What should run, how often, and how it is reached.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ServiceSpec {
    /// Its name, unique in the swarm.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// What each task is.
    pub task: TaskSpec,
    /// How many tasks there are.
    pub mode: ServiceMode,
    /// How it is reached.
    pub endpoint: EndpointSpec,
}

impl ServiceSpec {
    /// The same wish in the one form in which it is stored.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.task.container.image = familiar_image(&self.task.container.image);
        self
    }
}

/// How many tasks a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum ServiceMode {
    /// A number of like tasks, spread over the nodes.
    Replicated {
        /// How many.
        replicas: u64,
    },
}

impl Default for ServiceMode {
    fn default() -> Self {
        Self::Replicated { replicas: limits::REPLICAS_DEFAULT }
    }
}

/// What one task is.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TaskSpec {
    /// What runs in it.
    pub container: ContainerSpec,
    /// What it may use and needs.
    pub resources: Resources,
    /// When it is replaced.
    pub restart: RestartPolicy,
    /// The networks that it is on.
    pub networks: Vec<NetworkAttachment>,
    /// Raised to replace all tasks though nothing else changed.
    pub force_update: u64,
}
