use super::image_name::familiar_image;
use crate::{
    ContainerSpec, ContentKey, EndpointSpec, Labels, LogDriver, NetworkAttachment, Placement, Resources,
    RestartCondition, RestartPolicy, ServiceMode, UpdateConfig,
};

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
    /// How its tasks are brought to a changed spec; the default when none.
    pub update: Option<UpdateConfig>,
    /// How they are brought back to the one before; the default when none.
    pub rollback: Option<UpdateConfig>,
}

impl ServiceSpec {
    /// The versions of secrets and configs that its tasks need.
    pub fn contents(&self) -> impl Iterator<Item = ContentKey> {
        let container = &self.task.container;
        let secrets =
            container.secrets.iter().filter_map(|own| Some(ContentKey::Secret(own.id?, own.version)));
        let configs =
            container.configs.iter().filter_map(|own| Some(ContentKey::Config(own.id?, own.version)));
        secrets.chain(configs)
    }

    /// The same wish in the one form in which it is stored.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.task.container.image = familiar_image(&self.task.container.image);
        // A job's tasks are to end: as in Swarm, `any`, which is the default, stands for failures there.
        if self.mode.is_job() && self.task.restart.condition == RestartCondition::Any {
            self.task.restart.condition = RestartCondition::OnFailure;
        }
        self
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
    /// Where it may run.
    pub placement: Placement,
    /// Where its output goes; the node's default when none.
    pub log_driver: Option<LogDriver>,
    /// Raised to replace all tasks though nothing else changed.
    pub force_update: u64,
}
