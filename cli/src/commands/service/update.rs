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
        let service = one(client, &self.service).await?;
        let before = ServiceSpec::try_from(service.spec)
            .map_err(|error| Failure::talk("the service's spec cannot be read", error))?;
        let mut spec = before.clone();
        self.apply(client, &mut spec).await?;
        if self.rollback {
            if spec != before {
                let text = "other flags may not be combined with --rollback: leave them out, or change the service afterwards";
                return Err(Failure::Asked(text.to_owned()));
            }
            return rollback::roll_back(client, &self.service, &self.waiting).await;
        }
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

#[cfg(test)]
mod tests {
    use clap::Parser;
    use skep_model::{EndpointMode, PortMode};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        update: Update,
    }

    /// The spec after each of these updates; none of them asks the daemon.
    async fn updated(lines: &[&str]) -> ServiceSpec {
        let client = Client::new(Some("unix:///not/there"), false).unwrap();
        let mut spec = ServiceSpec::default();
        for line in lines {
            let words = std::iter::once("update").chain(line.split(' ')).chain(["web"]);
            Line::try_parse_from(words).unwrap().update.apply(&client, &mut spec).await.unwrap();
        }
        spec
    }

    #[tokio::test]
    async fn what_is_said_changes_and_the_rest_stays() {
        let tty = updated(&["--image img:1 --label-add a=b", "--tty"]).await;
        assert_eq!((tty.task.container.image.as_str(), tty.task.container.tty), ("img:1", true));
        assert_eq!(tty.labels["a"], "b");
        assert!(!updated(&["--tty", "--tty=false"]).await.task.container.tty);
        let labels = updated(&["--label-add a=b --label-add c=d", "--label-rm a"]).await.labels;
        assert_eq!(labels.into_keys().collect::<Vec<_>>(), ["c"]);
        let limits = updated(&["--limit-pids 9", "--limit-memory 64m"]).await.task.resources.limits;
        assert_eq!((limits.pids, limits.memory_bytes), (9, 64 << 20));
    }

    #[tokio::test]
    async fn lists_are_added_to_and_taken_from() {
        let add = "--dns-add 1.2.3.4 --dns-search-add example.com --dns-option-add timeout:3";
        let dns = updated(&[add, "--dns-add 5.6.7.8 --dns-rm 1.2.3.4"]).await.task.container.dns;
        assert_eq!((dns.nameservers, dns.search), (vec!["5.6.7.8".into()], vec!["example.com".into()]));
        assert_eq!(dns.options, ["timeout:3"]);
        let ports =
            updated(&["--publish-add 8081:80", "--publish-add 8082:80", "--publish-add 8082:80"]).await;
        let published = |spec: &ServiceSpec| -> Vec<u16> {
            spec.endpoint.ports.iter().map(|port| port.published).collect()
        };
        assert_eq!((published(&ports), ports.endpoint.mode), (vec![8081, 8082], EndpointMode::Vip));
        assert_eq!(ports.endpoint.ports[0].mode, PortMode::Ingress);
        let none = updated(&["--publish-add 8081:80 --publish-add 82:81", "--publish-rm 80"]).await;
        assert_eq!(published(&none), [82], "ports go by what they lead to");
        let hosts =
            updated(&["--host-add db:10.0.0.1 --host-add web:10.0.0.2", "--host-rm db:10.0.0.1"]).await;
        assert_eq!(hosts.task.container.hosts, ["10.0.0.2 web"]);
    }
}
