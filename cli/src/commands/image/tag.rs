use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::failure::Failure;

/// Give an image one more name.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// Name or id of an image.
    source: String,
    /// The new name.
    target: String,
}

impl Tag {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let (repository, tag) = match self.target.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (self.target.as_str(), ""),
        };
        let path = format!("/images/{}/tag", Query::segment(&self.source));
        let query = Query::new(path).with("repo", repository).with("tag", tag);
        client.post::<Nothing>(query.as_str(), &Nothing::Null).await.map(drop)
    }
}
