use std::io::Read;
use std::path::Path;

use skep_rest::Held;

use crate::client::{Client, Query};
use crate::failure::Failure;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    /// `skep secret`.
    Secret,
    /// `skep config`.
    Config,
}

impl Noun {
    /// Its name in paths and texts.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }

    /// The path of one of them.
    pub(super) fn path(self, name: &str) -> String {
        format!("/{}s/{}", self.word(), Query::segment(name))
    }

    /// One of them by name or id.
    pub(super) async fn one(self, client: &Client, name: &str) -> Result<Held, Failure> {
        client.get(&self.path(name)).await
    }
}

/// What a file holds, or with `-` the standard input; something at least.
pub(super) fn content(file: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if file == "-" {
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| Failure::talk("reading the standard input", error))?;
    } else {
        bytes = std::fs::read(file).map_err(|error| Failure::file(Path::new(file), error))?;
    }
    if bytes.is_empty() {
        let from = if file == "-" { "the standard input" } else { file };
        return Err(Failure::Asked(format!("data is empty: there is nothing in {from}")));
    }
    Ok(bytes)
}
