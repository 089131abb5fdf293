//! `skep service`.

mod create;
mod exec;
pub(super) mod flags;
mod inspect;
mod logs;
mod ls;
mod pretty;
mod ps;
mod rebalance;
mod registry;
mod rm;
mod rollback;
mod scale;
mod update;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

pub(super) use inspect::one;
pub(super) use ls::list;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a new service.
    Create(Box<create::Create>),
    /// Execute a command in a running task of a service, on whatever node it is.
    Exec(exec::Exec),
    /// Display detailed information on one or more services.
    Inspect(inspect::Inspect),
    /// Fetch the logs of a service or task.
    Logs(logs::Logs),
    /// List services.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// List the tasks of one or more services.
    Ps(ps::Ps),
    /// Move tasks so that services are spread evenly again.
    Rebalance(rebalance::Rebalance),
    /// Remove one or more services.
    #[command(alias = "remove")]
    Rm(rm::Rm),
    /// Revert changes to a service's configuration.
    Rollback(rollback::Rollback),
    /// Scale one or multiple replicated services.
    Scale(scale::Scale),
    /// Update a service.
    Update(Box<update::Update>),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(client).await,
            Self::Exec(exec) => exec.run(client).await,
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Logs(logs) => logs.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
            Self::Ps(ps) => ps.run(client).await,
            Self::Rebalance(rebalance) => rebalance.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
            Self::Rollback(rollback) => rollback.run(client).await,
            Self::Scale(scale) => scale.run(client).await,
            Self::Update(update) => update.run(client).await,
        }
    }
}
