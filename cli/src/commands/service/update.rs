use clap::Args;
use skep_model::{ServiceMode, ServiceSpec};
use skep_rest::ServiceUpdated;

use super::flags::{
    DataChanges, GenericChanges, Health, IdentityChanges, Logging, NetworkChanges, PlacingChanges, Process,
    ProcessChanges, Resources, Restart, Rollback, Rollout, Waiting,
};
use super::registry::Registry;
use super::{one, rollback};
use crate::client::{Client, Query};
use crate::failure::{Failure, WAITING_CODES};
use crate::output;
use crate::progress::{Goal, converge};

/// Update a service.
#[derive(Debug, Args)]
#[command(after_help = WAITING_CODES)]
pub(crate) struct Update {
    /// Service image tag.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Service command args; words as in a shell.
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    args: Option<String>,
    /// Number of tasks.
    #[arg(long, value_name = "COUNT")]
    replicas: Option<u64>,
    /// Number of job tasks to run concurrently.
    #[arg(long, value_name = "COUNT")]
    max_concurrent: Option<u64>,
    /// Force update even if no changes require it.
    #[arg(long)]
    force: bool,
    /// Rollback to previous specification.
    #[arg(long)]
    rollback: bool,
    #[command(flatten)]
    identity: IdentityChanges,
    #[command(flatten)]
    process: Process,
    #[command(flatten)]
    lists: ProcessChanges,
    #[command(flatten)]
    resources: Resources,
    #[command(flatten)]
    generics: GenericChanges,
    #[command(flatten)]
    placing: PlacingChanges,
    #[command(flatten)]
    networks: NetworkChanges,
    #[command(flatten)]
    data: DataChanges,
    #[command(flatten)]
    health: Health,
    #[command(flatten)]
    restart: Restart,
    #[command(flatten)]
    rollout: Rollout,
    #[command(flatten)]
    rollback_config: Rollback,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    registry: Registry,
    #[command(flatten)]
    waiting: Waiting,
    /// Name or id.
    service: String,
}

impl Update {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        self.registry.check()?;
        if self.rollback {
            return rollback::roll_back(client, &self.service, &self.waiting).await;
        }
        let service = one(client, &self.service).await?;
        let mut spec = ServiceSpec::try_from(service.spec)
            .map_err(|error| Failure::talk("the service's spec cannot be read", error))?;
        self.apply(client, &mut spec).await?;
        let goal = Goal::service(client, &service.id, self.waiting.timeout, self.waiting.quiet).await?;
        let path = Query::new(format!("/services/{}/update", service.id))
            .with("version", service.version.index.to_string());
        let updated: ServiceUpdated =
            client.post(path.as_str(), &skep_rest::ServiceSpec::from(&spec)).await?;
        updated.warnings.iter().for_each(|warning| output::warning(&format!("WARNING: {warning}")));
        output::line(&self.service)?;
        if self.waiting.detach { Ok(()) } else { converge(client, &goal).await }
    }

    async fn apply(&self, client: &Client, spec: &mut ServiceSpec) -> Result<(), Failure> {
        self.number(spec)?;
        let container = &mut spec.task.container;
        if let Some(image) = &self.image {
            container.image.clone_from(image);
        }
        if let Some(line) = &self.args {
            container.command = skep_compose::split_command(line)
                .map_err(|reason| Failure::Asked(format!("--args: {reason}")))?;
        }
        if self.force {
            spec.task.force_update += 1;
        }
        self.identity.apply(spec);
        self.process.apply(spec)?;
        self.lists.apply(spec);
        self.resources.apply(spec);
        self.generics.apply(spec);
        self.placing.apply(spec);
        self.networks.apply(client, spec).await?;
        self.data.apply(spec);
        self.health.apply(spec)?;
        self.restart.apply(spec);
        self.rollout.apply(spec);
        self.rollback_config.apply(spec);
        self.logging.apply(spec);
        Ok(())
    }

    fn number(&self, spec: &mut ServiceSpec) -> Result<(), Failure> {
        let refused = |text: &str| Err(Failure::Asked(text.to_owned()));
        match &mut spec.mode {
            ServiceMode::ReplicatedJob { max_concurrent, total_completions } => {
                *total_completions = self.replicas.unwrap_or(*total_completions);
                *max_concurrent = self.max_concurrent.unwrap_or(*max_concurrent);
                Ok(())
            }
            _ if self.max_concurrent.is_some() => {
                refused("--max-concurrent can only be used with mode replicated-job: leave it out")
            }
            ServiceMode::Replicated { replicas } => {
                *replicas = self.replicas.unwrap_or(*replicas);
                Ok(())
            }
            _ if self.replicas.is_some() => {
                refused("--replicas can only be used with replicated or replicated-job mode: leave it out")
            }
            _ => Ok(()),
        }
    }
}
