use std::path::{Path, PathBuf};

use clap::Args;

use super::progress::follow;
use crate::client::{Client, Query, body_from, body_from_stdin};
use crate::failure::Failure;

/// Make an image of a root file system's tar archive.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Apply a Dockerfile instruction to the image, e.g. 'CMD ["/bin/sh"]'.
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A tar archive, or - for standard input.
    file: PathBuf,
    /// Name and tag of the image.
    name: Option<String>,
}

impl Import {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut query = Query::new("/images/create").with("fromSrc", "-");
        if let Some(name) = &self.name {
            let (repository, tag) = match name.rsplit_once(':') {
                Some((repository, tag)) if !tag.contains('/') => (repository, tag),
                _ => (name.as_str(), ""),
            };
            query = query.with("repo", repository).with("tag", tag);
        }
        for change in &self.change {
            query = query.with("changes", change);
        }
        let body = if self.file == Path::new("-") {
            body_from_stdin()?
        } else {
            let file = tokio::fs::File::open(&self.file).await;
            body_from(file.map_err(|error| Failure::file(&self.file, error))?)
        };
        follow(client.upload(query.as_str(), body).await?, false).await
    }
}
