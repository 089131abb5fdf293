use clap::Args;
use skep_rest::Held;

use super::noun::Noun;
use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, ago, natural};

const SECRET_COLUMNS: &[(&str, &str)] = &[
    ("ID", "ID"),
    ("NAME", "Name"),
    ("DRIVER", "Driver"),
    ("CREATED", "CreatedAt"),
    ("UPDATED", "UpdatedAt"),
];
const CONFIG_COLUMNS: &[(&str, &str)] =
    &[("ID", "ID"), ("NAME", "Name"), ("CREATED", "CreatedAt"), ("UPDATED", "UpdatedAt")];

/// List secrets or configs.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, noun: Noun, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        let query = Query::new(format!("/{}s", noun.word())).with_some("filters", filters.json().as_deref());
        let mut all = client.get::<Option<Vec<Held>>>(query.as_str()).await?.unwrap_or_default();
        all.sort_by(|one, other| natural(&one.spec.name, &other.spec.name));
        let columns = if noun == Noun::Secret { SECRET_COLUMNS } else { CONFIG_COLUMNS };
        let rows = all.into_iter().map(|held| {
            vec![
                ("ID", held.id),
                ("Name", held.spec.name),
                ("Driver", String::new()),
                ("CreatedAt", ago(&held.created_at)),
                ("UpdatedAt", ago(&held.updated_at)),
            ]
        });
        Listing { columns, rows: rows.collect(), identity: "ID" }.print(&self.listing)
    }
}
