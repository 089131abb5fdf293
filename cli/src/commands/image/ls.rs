use clap::Args;
use skep_rest::ImageSummary;

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, Row, ago_seconds, decimal_size, short_id};

/// Docker's word for a name or tag that is not there.
const NONE: &str = "<none>";

/// List images.
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
    /// Only images of this name.
    repository: Option<String>,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut filters = Filters::parse(&self.filter)?;
        if let Some(repository) = &self.repository {
            filters.add("reference", repository);
        }
        let query = Query::new("/images/json").with_some("filters", filters.json().as_deref());
        let images = client.get::<Option<Vec<ImageSummary>>>(query.as_str()).await?.unwrap_or_default();
        let columns = &[
            ("REPOSITORY", "Repository"),
            ("TAG", "Tag"),
            ("IMAGE ID", "ID"),
            ("CREATED", "CreatedSince"),
            ("SIZE", "Size"),
        ];
        let rows = images.iter().flat_map(|image| self.rows(image)).collect();
        Listing { columns, rows, identity: "ID" }.print(&self.listing)
    }

    fn rows(&self, image: &ImageSummary) -> Vec<Row> {
        let unnamed = [format!("{NONE}:{NONE}")];
        let names = if image.repo_tags.is_empty() { unnamed.as_slice() } else { &image.repo_tags };
        let row = |name: &String| {
            let (repository, tag) = name.rsplit_once(':').unwrap_or((name, NONE));
            vec![
                ("Repository", repository.to_owned()),
                ("Tag", tag.to_owned()),
                ("ID", if self.no_trunc { image.id.clone() } else { short_id(&image.id) }),
                ("CreatedSince", ago_seconds(image.created)),
                ("Size", decimal_size(image.size)),
            ]
        };
        names.iter().map(row).collect()
    }
}
