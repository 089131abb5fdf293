use clap::Args;
use skep_rest::ServiceUpdated;

use super::flags::Waiting;
use super::one;
use crate::client::{Client, Query};
use crate::failure::{Failure, WAITING_CODES};
use crate::output;
use crate::progress::{Goal, converge};

/// Revert changes to a service's configuration.
#[derive(Debug, Args)]
#[command(after_help = WAITING_CODES)]
pub(crate) struct Rollback {
    #[command(flatten)]
    waiting: Waiting,
    /// Name or id.
    service: String,
}

impl Rollback {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        roll_back(client, &self.service, &self.waiting).await
    }
}

/// Brings a service back to the spec before, and waits.
pub(super) async fn roll_back(client: &Client, name: &str, waiting: &Waiting) -> Result<(), Failure> {
    let service = one(client, name).await?;
    if service.previous_spec.is_none() {
        return Err(Failure::Asked(format!(
            "service {name} does not have a previous specification to roll back to"
        )));
    }
    let goal = Goal::service(client, &service.id, waiting.timeout, waiting.quiet).await?;
    let path = Query::new(format!("/services/{}/update", service.id))
        .with("version", service.version.index.to_string())
        .with("rollback", "previous");
    let _: ServiceUpdated = client.post(path.as_str(), &service.spec).await?;
    output::line(name)?;
    if waiting.detach { Ok(()) } else { converge(client, &goal.rolling_back()).await }
}
