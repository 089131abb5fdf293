use clap::Args;
use skep_model::{Labels, SecretSpec};
use skep_rest::{HeldCreated, HeldSpec};

use super::noun::{Noun, content};
use crate::client::Client;
use crate::commands::service::flags::lists::put_pairs;
use crate::failure::Failure;
use crate::output;

/// Create a secret or config from a file or standard input.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Labels.
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    label: Vec<String>,
    /// Fill it in for each task: golang is the only one.
    #[arg(long, value_name = "DRIVER", value_parser = ["golang"])]
    template_driver: Option<String>,
    /// A driver that keeps secrets elsewhere; Skep has none.
    #[arg(short, long, hide = true)]
    driver: Option<String>,
    /// Its name.
    name: String,
    /// The file to read, or - for standard input.
    #[arg(default_value = "-")]
    file: String,
}

impl Create {
    pub(crate) async fn run(self, noun: Noun, client: &Client) -> Result<(), Failure> {
        if self.driver.is_some() {
            let text = "--driver: this version of Skep keeps secrets itself: leave it out";
            return Err(Failure::Asked(text.into()));
        }
        let mut labels = Labels::new();
        put_pairs(&mut labels, &self.label);
        let spec = SecretSpec { name: self.name, labels, templated: self.template_driver.is_some() };
        let body = HeldSpec::new(&spec, &content(&self.file)?);
        let created: HeldCreated = client.post(&format!("/{}s/create", noun.word()), &body).await?;
        output::line(created.id)
    }
}
