use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use skep_rest::{Info, Service, SwarmInit};

use super::stack::{ComposeFile, Deployment, deploy};
use crate::client::{Client, Filters, Query};
use crate::commands::duration;
use crate::failure::Failure;
use crate::output;
use crate::start::start_daemon;

/// Bring a compose file up on this host: start a daemon and a swarm if there are none, deploy, wait.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The stack's name [default: the file's `name:`, or its directory].
    #[arg(long, value_name = "STACK")]
    name: Option<String>,
    /// Suppress progress output.
    #[arg(short, long)]
    quiet: bool,
    /// How long to wait for the services.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    timeout: Duration,
    /// What this node has that tasks may reserve, KIND=NUMBER or KIND=NAME, for a daemon that is started; may be repeated.
    #[arg(long = "node-generic-resource", value_name = "KIND=VALUE")]
    generic: Vec<String>,
    /// A compose file, a directory with one, or - for standard input.
    file: PathBuf,
}

impl Up {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        // First what costs nothing: a file that is wrong must not leave a daemon behind.
        let file = ComposeFile::read(Path::new(&self.file))?;
        let name = self.name.map_or_else(|| file.stack_name(), Ok)?;
        let spec = file.spec(&name)?;
        self::ready(client, self.quiet, &self.generic).await?;
        let Self { quiet, timeout, .. } = self;
        deploy(client, Deployment { spec, prune: true, detach: false, quiet, timeout, announce: false })
            .await?;
        published(client, &name).await
    }
}

/// Makes sure that there is a daemon, and that it manages a swarm.
async fn ready(client: &Client, quiet: bool, generic: &[String]) -> Result<(), Failure> {
    match client.ping().await {
        Err(Failure::NotRunning { .. }) => {
            let pid = start_daemon(client, generic).await?;
            tell(quiet, &format!("Started the daemon (process {pid})"))?;
        }
        answer => answer?,
    }
    let swarm = client.get::<Info>("/info").await?.swarm;
    match swarm.local_node_state.as_str() {
        "inactive" => {
            let init = SwarmInit { availability: "active".into(), ..SwarmInit::default() };
            let node: String = client.post("/swarm/init", &init).await?;
            tell(quiet, &format!("Started a swarm with this node ({node}) as its manager"))
        }
        "active" if swarm.control_available => Ok(()),
        "active" => Err(Failure::Asked("This node is a worker: deploy on a manager of its swarm".into())),
        state => Err(Failure::Asked(format!(
            "This node's swarm is {state}: {}",
            if swarm.error.is_empty() { "try again in a moment" } else { &swarm.error }
        ))),
    }
}

/// Says where to reach what is published.
async fn published(client: &Client, stack: &str) -> Result<(), Failure> {
    let filters = Filters::default().with_stack(stack);
    let query = Query::new("/services").with_some("filters", filters.json().as_deref());
    let services = client.get::<Option<Vec<Service>>>(query.as_str()).await?.unwrap_or_default();
    for service in services {
        let replicas = service.spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref());
        let replicas = replicas.and_then(|mode| mode.replicas).unwrap_or(1);
        for port in &service.endpoint.ports {
            let address = match port.protocol.as_str() {
                "udp" => format!("127.0.0.1:{}/udp", port.published_port),
                _ => format!("http://127.0.0.1:{}", port.published_port),
            };
            output::line(format!("{address}  {} ({replicas} replicas)", service.spec.name))?;
        }
    }
    Ok(())
}

fn tell(quiet: bool, text: &str) -> Result<(), Failure> {
    if quiet { Ok(()) } else { output::line(text) }
}
