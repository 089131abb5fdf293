use clap::Args;
use skep_rest::Service;

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

fn row(service: Service) -> Row {
    let status = service.service_status.unwrap_or_default();
    vec![
        ("ID", short_id(&service.id)),
        ("Name", service.spec.name),
        ("Mode", "replicated".to_owned()),
        ("Replicas", format!("{}/{}", status.running_tasks, status.desired_tasks)),
        ("Image", image_name(&service.spec.task_template.container_spec.image)),
        ("Ports", service_ports(&service.endpoint.ports)),
    ]
}
