//! `skep container`, of which `skep ps`, `skep run` and others are short forms.

mod attached;
mod console;
pub(super) mod create;
mod flags;
mod inspect;
pub(super) mod kill;
pub(super) mod logs;
pub(super) mod ls;
mod prune;
pub(super) mod restart;
pub(super) mod rm;
pub(super) mod run;
pub(super) mod start;
pub(super) mod stop;
pub(super) mod wait;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a new container without starting it.
    Create(Box<create::Create>),
    /// Display detailed information on one or more containers.
    Inspect(inspect::Inspect),
    /// Send a signal to containers.
    Kill(kill::Kill),
    /// Fetch the logs of a container.
    Logs(logs::Logs),
    /// List containers.
    #[command(aliases = ["list", "ps"])]
    Ls(ls::Ls),
    /// Remove all containers that do not run, but for those of services.
    Prune(prune::Prune),
    /// Restart containers.
    Restart(restart::Restart),
    /// Remove containers.
    #[command(alias = "remove")]
    Rm(rm::Rm),
    /// Create and start a new container, and show what it writes.
    Run(Box<run::Run>),
    /// Start containers.
    Start(start::Start),
    /// Stop containers.
    Stop(stop::Stop),
    /// Wait until containers stop, then print their exit codes.
    Wait(wait::Wait),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(client).await,
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Logs(logs) => logs.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
            Self::Kill(kill) => kill.run(client).await,
            Self::Prune(prune) => prune.run(client).await,
            Self::Restart(restart) => restart.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
            Self::Run(run) => run.run(client).await,
            Self::Start(start) => start.run(client).await,
            Self::Stop(stop) => stop.run(client).await,
            Self::Wait(wait) => wait.run(client).await,
        }
    }
}
