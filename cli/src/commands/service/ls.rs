use clap::Args;
use skep_rest::Service;

use super::pretty::mode_word;
use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, Row, image_name, natural, service_ports, short_id};

/// List services.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        list(client, &Filters::parse(&self.filter)?, &self.listing).await
    }
}

/// Prints the services that fit.
pub(crate) async fn list(client: &Client, filters: &Filters, flags: &ListingFlags) -> Result<(), Failure> {
    let query =
        Query::new("/services").with_some("filters", filters.json().as_deref()).with("status", "true");
    let mut services = client.get::<Option<Vec<Service>>>(query.as_str()).await?.unwrap_or_default();
    services.sort_by(|one, other| natural(&one.spec.name, &other.spec.name));
    let columns = &[
        ("ID", "ID"),
        ("NAME", "Name"),
        ("MODE", "Mode"),
        ("REPLICAS", "Replicas"),
        ("IMAGE", "Image"),
        ("PORTS", "Ports"),
    ];
    Listing { columns, rows: services.into_iter().map(row).collect(), identity: "ID" }.print(flags)
}

/// `running/wanted`, with what bounds or counts them.
fn replicas(service: &Service) -> String {
    let status = service.service_status.unwrap_or_default();
    let count = format!("{}/{}", status.running_tasks, status.desired_tasks);
    let mode = service.spec.mode.as_ref();
    if let Some(job) = mode.and_then(|mode| mode.replicated_job.as_ref()) {
        let total = job.total_completions.unwrap_or_default();
        return format!("{count} ({}/{total} completed)", status.completed_tasks);
    }
    if mode.is_some_and(|mode| mode.global_job.is_some()) {
        let total = status.completed_tasks + status.desired_tasks;
        return format!("{count} ({}/{total} completed)", status.completed_tasks);
    }
    let placement = service.spec.task_template.placement.as_ref();
    match placement.map_or(0, |placement| placement.max_replicas) {
        0 => count,
        most => format!("{count} (max {most} per node)"),
    }
}

fn row(service: Service) -> Row {
    let replicas = replicas(&service);
    vec![
        ("ID", short_id(&service.id)),
        ("Name", service.spec.name),
        ("Mode", mode_word(service.spec.mode.as_ref()).to_owned()),
        ("Replicas", replicas),
        ("Image", image_name(&service.spec.task_template.container_spec.image)),
        ("Ports", service_ports(&service.endpoint.ports)),
    ]
}
