use clap::Args;
use skep_rest::Network;

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, natural, short_id};

/// List networks.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Do not truncate output.
    #[arg(long)]
    no_trunc: bool,
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        let query = Query::new("/networks").with_some("filters", filters.json().as_deref());
        let mut networks = client.get::<Option<Vec<Network>>>(query.as_str()).await?.unwrap_or_default();
        networks.sort_by(|one, other| natural(&one.name, &other.name));
        let columns = &[("NETWORK ID", "ID"), ("NAME", "Name"), ("DRIVER", "Driver"), ("SCOPE", "Scope")];
        let rows = networks.into_iter().map(|network| {
            vec![
                ("ID", if self.no_trunc { network.id } else { short_id(&network.id) }),
                ("Name", network.name),
                ("Driver", network.driver),
                ("Scope", network.scope),
                ("IPv6", network.enable_ipv6.to_string()),
                ("Internal", network.internal.to_string()),
            ]
        });
        Listing { columns, rows: rows.collect(), identity: "ID" }.print(&self.listing)
    }
}
