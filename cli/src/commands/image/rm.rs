use clap::Args;
use skep_rest::DeletedImage;

use crate::client::{Client, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove one or more images.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Force removal of the image.
    #[arg(short, long)]
    force: bool,
    /// Names or ids.
    #[arg(required = true)]
    images: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.images, async |name| {
            let path = Query::new(format!("/images/{}", Query::segment(name))).with_flag("force", self.force);
            let deleted: Option<Vec<DeletedImage>> = client.delete(path.as_str()).await?;
            for line in deleted.unwrap_or_default() {
                line.untagged.map_or(Ok(()), |name| output::line(format!("Untagged: {name}")))?;
                line.deleted.map_or(Ok(()), |id| output::line(format!("Deleted: {id}")))?;
            }
            Ok(())
        })
        .await
    }
}
