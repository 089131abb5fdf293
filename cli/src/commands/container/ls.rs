use clap::Args;
use skep_rest::ContainerSummary;

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{
    Listing, ListingFlags, Row, ago_seconds, container_ports, ellipsis, image_name, short_id,
};

/// Characters of a command in the table.
const COMMAND_SHORT: usize = 20;

/// List containers.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Show all containers (default shows just running).
    #[arg(short, long)]
    all: bool,
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Show n last created containers (includes all states).
    #[arg(short = 'n', long, value_name = "COUNT")]
    last: Option<u32>,
    /// Do not truncate output.
    #[arg(long)]
    no_trunc: bool,
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        let query = Query::new("/containers/json")
            .with_flag("all", self.all)
            .with_some("limit", self.last.map(|count| count.to_string()).as_deref())
            .with_some("filters", filters.json().as_deref());
        let containers =
            client.get::<Option<Vec<ContainerSummary>>>(query.as_str()).await?.unwrap_or_default();
        let columns = &[
            ("CONTAINER ID", "ID"),
            ("IMAGE", "Image"),
            ("COMMAND", "Command"),
            ("CREATED", "RunningFor"),
            ("STATUS", "Status"),
            ("PORTS", "Ports"),
            ("NAMES", "Names"),
        ];
        let rows = containers.into_iter().map(|container| self.row(container)).collect();
        Listing { columns, rows, identity: "ID" }.print(&self.listing)
    }

    fn row(&self, container: ContainerSummary) -> Row {
        let names: Vec<&str> = container.names.iter().map(|name| name.trim_start_matches('/')).collect();
        let command = if self.no_trunc {
            container.command.clone()
        } else {
            ellipsis(&container.command, COMMAND_SHORT)
        };
        let labels: Vec<String> =
            container.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        vec![
            ("ID", if self.no_trunc { container.id.clone() } else { short_id(&container.id) }),
            ("Image", image_name(&container.image)),
            ("Command", format!("\"{command}\"")),
            ("RunningFor", ago_seconds(container.created)),
            ("State", container.state),
            ("Status", container.status),
            ("Ports", container_ports(&container.ports)),
            ("Names", names.join(",")),
            ("Labels", labels.join(",")),
        ]
    }
}
