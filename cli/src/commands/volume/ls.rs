use clap::Args;
use skep_rest::Volumes;

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, natural};

/// List the volumes of this node.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Filter output: dangling=true, driver=local, label=KEY[=VALUE], name=NAME.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        let query = Query::new("/volumes").with_some("filters", filters.json().as_deref());
        let mut volumes = client.get::<Volumes>(query.as_str()).await?.volumes.unwrap_or_default();
        volumes.sort_by(|one, other| natural(&one.name, &other.name));
        let rows = volumes.into_iter().map(|volume| {
            let labels = volume.labels.unwrap_or_default();
            let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            vec![
                ("Driver", volume.driver),
                ("Name", volume.name),
                ("Labels", labels.join(",")),
                ("Mountpoint", volume.mountpoint),
                ("Scope", volume.scope),
            ]
        });
        let columns = &[("DRIVER", "Driver"), ("VOLUME NAME", "Name")];
        Listing { columns, rows: rows.collect(), identity: "Name" }.print(&self.listing)
    }
}
