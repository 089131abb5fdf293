use std::time::Duration;

use clap::Args;
use skep_rest::ServiceUpdated;

use super::one;
use crate::client::{Client, Query};
use crate::commands::{duration, each};
use crate::failure::Failure;
use crate::output;
use crate::progress::{Goal, converge};

/// Scale one or multiple replicated services.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// Exit immediately instead of waiting for the service to converge.
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    detach: bool,
    /// How long to wait for each service.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    timeout: Duration,
    /// Service and number of tasks.
    #[arg(required = true, value_name = "SERVICE=REPLICAS")]
    wanted: Vec<String>,
}

impl Scale {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.wanted, async |word| {
            let (name, replicas) = read(word)?;
            let goal = scale(client, name, replicas, self.timeout).await?;
            output::line(format!("{name} scaled to {replicas}"))?;
            if self.detach { Ok(()) } else { converge(client, &goal).await }
        })
        .await
    }
}

async fn scale(client: &Client, name: &str, replicas: u64, timeout: Duration) -> Result<Goal, Failure> {
    let service = one(client, name).await?;
    let goal = Goal::service(client, &service.id, timeout, false).await?;
    let mut spec = service.spec;
    let mode = spec.mode.get_or_insert_default();
    if let Some(replicated) = &mut mode.replicated {
        replicated.replicas = Some(replicas);
    } else if let Some(job) = &mut mode.replicated_job {
        job.total_completions = Some(replicas);
    } else {
        let text = "scale can only be used with replicated or replicated-job mode";
        return Err(Failure::Asked(format!("{name}: {text}")));
    }
    let path = Query::new(format!("/services/{}/update", service.id));
    let path = path.with("version", service.version.index.to_string());
    let _: ServiceUpdated = client.post(path.as_str(), &spec).await?;
    Ok(goal)
}

fn read(word: &str) -> Result<(&str, u64), Failure> {
    let wrong =
        || Failure::Asked(format!("invalid scale specifier '{word}': write SERVICE=REPLICAS, e.g. web=3"));
    let (name, replicas) = word.split_once('=').ok_or_else(wrong)?;
    Ok((name, replicas.parse().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specifier_is_name_and_number() {
        assert_eq!(read("web=3").unwrap(), ("web", 3));
        for bad in ["web", "web=", "web=-1", "web=many"] {
            assert!(read(bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }
}
