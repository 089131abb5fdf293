use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use skep_model::StackSpec;
use skep_rest::{StackDeploy, StackDeployed};

use super::{ComposeFile, exposed};
use crate::client::{Client, Query};
use crate::commands::duration;
use crate::failure::Failure;
use crate::output;
use crate::progress::{Goal, converge};

/// Deploy a new stack or update an existing stack.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// Path to a compose file, or - for standard input.
    #[arg(short, long, value_name = "FILE", required = true)]
    compose_file: Vec<PathBuf>,
    /// Remove services that are no longer in the file.
    #[arg(long)]
    prune: bool,
    /// Exit immediately instead of waiting for the services to converge.
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    detach: bool,
    /// Suppress progress output.
    #[arg(short, long)]
    quiet: bool,
    /// How long to wait for the services.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    timeout: Duration,
    /// The stack's name.
    stack: String,
}

/// What to deploy and how to go about it.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) spec: StackSpec,
    pub(crate) prune: bool,
    pub(crate) detach: bool,
    pub(crate) quiet: bool,
    pub(crate) timeout: Duration,
    /// Whether ports that are new are said.
    pub(crate) announce: bool,
}

impl Deploy {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let [path] = self.compose_file.as_slice() else {
            return Err(Failure::Asked(
                "several compose files cannot be merged by this version: give one --compose-file".into(),
            ));
        };
        let spec = ComposeFile::read(path)?.spec(&self.stack)?;
        let Self { prune, detach, quiet, timeout, .. } = self;
        deploy(client, Deployment { spec, prune, detach, quiet, timeout, announce: !quiet }).await
    }
}

/// Deploys, tells what that changed, and waits.
pub(crate) async fn deploy(client: &Client, deployment: Deployment) -> Result<(), Failure> {
    let Deployment { spec, prune, detach, quiet, timeout, announce } = deployment;
    let goal = Goal::stack(client, &spec.name, timeout, quiet).await?;
    let before = if announce { exposed::read(client, &spec.name).await? } else { Vec::new() };
    let path = Query::new(format!("/stacks/{}", Query::segment(&spec.name)));
    let done: StackDeployed = client.put(path.as_str(), &StackDeploy::new(&spec, prune)).await?;
    if !quiet {
        report(&done)?;
    }
    if announce {
        exposed::announce(client, &spec.name, &before).await?;
    }
    if detach { Ok(()) } else { converge(client, &goal).await }
}

fn report(done: &StackDeployed) -> Result<(), Failure> {
    let lists = [
        ("Creating network", &done.networks),
        ("Creating service", &done.created),
        ("Updating service", &done.updated),
        ("Removing service", &done.removed),
    ];
    for (doing, names) in lists {
        names.iter().try_for_each(|name| output::line(format!("{doing} {name}")))?;
    }
    done.unchanged.iter().try_for_each(|name| output::line(format!("Service {name} is unchanged")))
}
