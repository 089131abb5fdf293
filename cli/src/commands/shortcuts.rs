//! What one does most with containers, without the noun before it.

use clap::Subcommand;

use super::container;
use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Shortcut {
    /// Create and start a new container on this node, and show what it writes.
    Run(Box<container::run::Run>),
    /// Create a new container on this node without starting it.
    Create(Box<container::create::Create>),
    /// Start containers.
    Start(container::start::Start),
    /// Stop containers.
    Stop(container::stop::Stop),
    /// Restart containers.
    Restart(container::restart::Restart),
    /// Send a signal to containers.
    Kill(container::kill::Kill),
    /// Wait until containers stop, then print their exit codes.
    Wait(container::wait::Wait),
    /// Remove containers.
    Rm(container::rm::Rm),
    /// List containers.
    Ps(container::ls::Ls),
}

impl Shortcut {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Run(run) => run.run(client).await,
            Self::Create(create) => create.run(client).await,
            Self::Start(start) => start.run(client).await,
            Self::Stop(stop) => stop.run(client).await,
            Self::Restart(restart) => restart.run(client).await,
            Self::Kill(kill) => kill.run(client).await,
            Self::Wait(wait) => wait.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
            Self::Ps(ls) => ls.run(client).await,
        }
    }
}
