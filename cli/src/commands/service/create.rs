use clap::Args;
use skep_model::{ServiceMode, ServiceSpec, limits};
use skep_rest::ServiceCreated;

use super::flags::{
    Data, Generics, Health, Identity, Logging, Networks, Placing, Process, ProcessLists, Resources, Restart,
    Rollback, Rollout, Waiting,
};
use super::registry::Registry;
use crate::client::Client;
use crate::failure::{Failure, WAITING_CODES};
use crate::output;
use crate::progress::{Goal, converge};

/// Create a new service.
#[derive(Debug, Args)]
#[command(after_help = WAITING_CODES)]
pub(crate) struct Create {
    /// Service name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Service mode (replicated, global, replicated-job, global-job).
    #[arg(long, value_name = "MODE", default_value = "replicated",
        value_parser = ["replicated", "global", "replicated-job", "global-job"])]
    mode: String,
    /// Number of tasks.
    #[arg(long, value_name = "COUNT")]
    replicas: Option<u64>,
    /// Number of job tasks to run concurrently (default equal to --replicas).
    #[arg(long, value_name = "COUNT")]
    max_concurrent: Option<u64>,
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    process: Process,
    #[command(flatten)]
    lists: ProcessLists,
    #[command(flatten)]
    resources: Resources,
    #[command(flatten)]
    generics: Generics,
    #[command(flatten)]
    placing: Placing,
    #[command(flatten)]
    networks: Networks,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    health: Health,
    #[command(flatten)]
    restart: Restart,
    #[command(flatten)]
    rollout: Rollout,
    #[command(flatten)]
    rollback: Rollback,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    registry: Registry,
    #[command(flatten)]
    waiting: Waiting,
    /// The image.
    image: String,
    /// What to run in it, with its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Create {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        self.registry.check()?;
        let spec = self.spec()?;
        let created: ServiceCreated =
            client.post("/services/create", &skep_rest::ServiceSpec::from(&spec)).await?;
        created.warnings.iter().for_each(|warning| output::warning(&format!("WARNING: {warning}")));
        output::line(&created.id)?;
        if self.waiting.detach {
            return Ok(());
        }
        let goal = Goal::new_service(&created.id, self.waiting.timeout, self.waiting.quiet);
        // As long as an update would watch them; a job is done when it is done.
        let watched = spec.update.unwrap_or_default().monitor;
        let goal = if spec.mode.is_job() { goal } else { goal.watched_for(watched) };
        converge(client, &goal).await
    }

    fn spec(&self) -> Result<ServiceSpec, Failure> {
        let mut spec = ServiceSpec { name: self.name(), mode: self.mode()?, ..ServiceSpec::default() };
        spec.task.container.image.clone_from(&self.image);
        spec.task.container.command.clone_from(&self.command);
        if spec.mode.is_job() {
            // A job's tasks are to end; those that failed run again.
            spec.task.restart.condition = skep_model::RestartCondition::OnFailure;
        }
        self.identity.apply(&mut spec);
        self.process.apply(&mut spec)?;
        self.lists.apply(&mut spec)?;
        self.resources.apply(&mut spec);
        self.generics.apply(&mut spec);
        self.placing.apply(&mut spec);
        self.networks.apply(&mut spec);
        self.data.apply(&mut spec);
        self.health.apply(&mut spec)?;
        self.restart.apply(&mut spec);
        self.rollout.apply(&mut spec);
        self.rollback.apply(&mut spec);
        self.logging.apply(&mut spec);
        Ok(spec)
    }

    fn name(&self) -> String {
        self.name.clone().unwrap_or_default()
    }

    fn mode(&self) -> Result<ServiceMode, Failure> {
        let refused = |text: &str| Err(Failure::Asked(text.to_owned()));
        let replicas = self.replicas.unwrap_or(limits::REPLICAS_DEFAULT);
        match self.mode.as_str() {
            "replicated-job" => Ok(ServiceMode::ReplicatedJob {
                max_concurrent: self.max_concurrent.unwrap_or(replicas),
                total_completions: replicas,
            }),
            _ if self.max_concurrent.is_some() => {
                refused("--max-concurrent can only be used with mode replicated-job: leave it out")
            }
            "replicated" => Ok(ServiceMode::Replicated { replicas }),
            _ if self.replicas.is_some() => {
                refused("--replicas can only be used with replicated or replicated-job mode: leave it out")
            }
            "global" => Ok(ServiceMode::Global),
            _ => Ok(ServiceMode::GlobalJob),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use skep_model::{HealthTest, MountKind, UpdateOrder};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        create: Create,
    }

    fn spec(words: &str) -> Result<ServiceSpec, String> {
        let line = Line::try_parse_from(std::iter::once("create").chain(words.split(' ')));
        line.map_err(|error| error.to_string())?.create.spec().map_err(|error| error.to_string())
    }

    #[test]
    fn flags_become_a_spec() {
        let spec = spec(
            "--name web --replicas 3 -l a=b --container-label c=d -e A=1 -w /w -u 1:2 --group 3 --hostname h -t --init \
             --read-only --stop-signal sigint --stop-grace-period 20s --cap-add net_admin --cap-drop ALL --sysctl \
             net.core.somaxconn=10 --ulimit nofile=1:2 --oom-score-adj -5 --limit-cpu 0.5 --limit-memory 64m --limit-pids 9 \
             --reserve-memory 32m --generic-resource GPU=2 --constraint node.role==worker --placement-pref \
             spread=node.labels.zone --replicas-max-per-node 2 --network front -p 8080:80 --dns 1.1.1.1 --host db:10.0.0.1 \
             --mount type=volume,source=v,target=/v --secret key --config source=c,target=/c --health-cmd true \
             --health-retries 2 --restart-condition on-failure --restart-delay 1s --update-parallelism 2 --update-order \
             start-first --rollback-monitor 1s --log-driver local --log-opt max-size=1m --pre-stop sync img:1 run -x",
        )
        .unwrap();
        let container = &spec.task.container;
        assert_eq!((spec.name.as_str(), spec.mode), ("web", ServiceMode::Replicated { replicas: 3 }));
        assert_eq!(container.command, ["run", "-x"]);
        assert_eq!((container.tty, container.init, container.read_only), (true, Some(true), true));
        assert_eq!(container.capability_add, ["CAP_NET_ADMIN"]);
        assert_eq!((container.stop_signal.as_str(), container.oom_score_adj), ("SIGINT", -5));
        assert_eq!(container.hosts, ["10.0.0.1 db"]);
        assert!(matches!(&container.mounts[0].kind, MountKind::Volume(volume) if volume.name == "v"));
        assert_eq!(
            (container.secrets[0].name.as_str(), container.configs[0].file.path.as_str()),
            ("key", "/c")
        );
        assert_eq!(container.health.as_ref().unwrap().test, HealthTest::Shell("true".into()));
        assert_eq!(container.pre_stop[0].command, ["sync"]);
        assert_eq!(spec.task.resources.reservations.generic[0].count, 2);
        assert_eq!(spec.task.placement.spread, ["node.labels.zone"]);
        assert_eq!(spec.update.unwrap().order, UpdateOrder::StartFirst);
        assert_eq!(spec.rollback.unwrap().monitor.as_secs(), 1);
        assert_eq!(spec.task.log_driver.as_ref().unwrap().options["max-size"], "1m");
        skep_model::validate_service(&spec).unwrap();
    }

    #[test]
    fn modes_take_the_flags_that_are_theirs() {
        let mode = |words| spec(words).map(|spec| spec.mode);
        let job = ServiceMode::ReplicatedJob { max_concurrent: 2, total_completions: 5 };
        assert_eq!(mode("--mode replicated-job --replicas 5 --max-concurrent 2 img"), Ok(job));
        assert_eq!(mode("--mode global img"), Ok(ServiceMode::Global));
        assert!(mode("--mode global --replicas 2 img").unwrap_err().contains("--replicas can only be used"));
        assert!(mode("--max-concurrent 2 img").unwrap_err().contains("--max-concurrent"));
        let checks = spec("--no-healthcheck --health-retries 1 img").unwrap_err();
        assert!(checks.contains("conflicts"), "{checks}");
    }

    #[test]
    fn nothing_said_is_nothing_asked() {
        let spec = spec("img").unwrap();
        assert_eq!((spec.update, spec.rollback, spec.task.container.health), (None, None, None));
    }

    #[test]
    fn variables_come_from_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# of the file\nVAR1=A\n\nVAR2=\nVAR3=B=C\n").unwrap();
        let spec = spec(&format!("--env-file {} --env VAR3=own img", file.path().display())).unwrap();
        assert_eq!(spec.task.container.environment, ["VAR1=A", "VAR2=", "VAR3=own"]);
        let missing = self::spec("--env-file /not/there img").unwrap_err();
        assert!(missing.contains("/not/there"), "{missing}");
    }
}
