use clap::Args;
use skep_model::Labels;
use skep_rest::{Held, HeldRotate, HeldRotated};

use super::noun::{Noun, content};
use crate::client::{Client, Nothing, Query};
use crate::commands::service;
use crate::commands::service::flags::Waiting;
use crate::commands::service::flags::lists::{put_pairs, remove_keys};
use crate::failure::Failure;
use crate::output;
use crate::progress::{Goal, converge};

/// Give a secret or config another content, and bring the services that use it along, or change its labels.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The file with the new content, or - for standard input. Services that use the present one are updated, and can be rolled
    /// back.
    #[arg(long, value_name = "FILE")]
    update_from: Option<String>,
    /// Add or update a label.
    #[arg(long, value_name = "KEY[=VALUE]")]
    label_add: Vec<String>,
    /// Remove a label by its key.
    #[arg(long, value_name = "KEY")]
    label_rm: Vec<String>,
    #[command(flatten)]
    waiting: Waiting,
    /// Name or id.
    name: String,
}

impl Update {
    pub(crate) async fn run(self, noun: Noun, client: &Client) -> Result<(), Failure> {
        let mut held = noun.one(client, &self.name).await?;
        let new = self.update_from.as_deref().map(content).transpose()?;
        if !self.label_add.is_empty() || !self.label_rm.is_empty() {
            self.label(noun, client, held).await?;
            held = noun.one(client, &self.name).await?;
        } else if new.is_none() {
            return Err(Failure::Asked(
                "nothing to change: give --update-from FILE, --label-add or --label-rm".into(),
            ));
        }
        match new {
            Some(new) => self.rotate(noun, client, &held, &new).await,
            None => output::line(&self.name),
        }
    }

    async fn label(&self, noun: Noun, client: &Client, held: Held) -> Result<(), Failure> {
        let mut spec = held.spec;
        let mut labels: Labels = spec.labels.unwrap_or_default();
        remove_keys(&mut labels, &self.label_rm);
        put_pairs(&mut labels, &self.label_add);
        spec.labels = Some(labels);
        let path = Query::new(format!("{}/update", noun.path(&held.id)));
        let path = path.with("version", held.version.index.to_string());
        let _: Nothing = client.post(path.as_str(), &spec).await?;
        Ok(())
    }

    async fn rotate(&self, noun: Noun, client: &Client, held: &Held, new: &[u8]) -> Result<(), Failure> {
        let path = Query::new(format!("{}/rotate", noun.path(&held.id)));
        let path = path.with("version", held.version.index.to_string());
        let done: HeldRotated = client.post(path.as_str(), &HeldRotate::new(new)).await?;
        if done.content_version == held.content_version {
            return output::line(format!("{} has this content already", self.name));
        }
        output::line(format!("{} has version {} of its content now", self.name, done.content_version))?;
        for name in &done.services {
            output::line(format!("Updating service {name}"))?;
        }
        if self.waiting.detach {
            return Ok(());
        }
        for name in &done.services {
            let id = service::one(client, name).await?.id;
            converge(client, &Goal::new_service(&id, self.waiting.timeout, self.waiting.quiet)).await?;
        }
        Ok(())
    }
}
