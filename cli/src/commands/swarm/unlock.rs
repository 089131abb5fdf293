use clap::Args;
use skep_rest::{Info, SwarmUnlockKey};

use super::secret_input;
use crate::client::{Client, Nothing};
use crate::failure::Failure;

/// Unlock the swarm on this manager; the key is typed, or read from the input.
#[derive(Debug, Args)]
pub(crate) struct Unlock {}

impl Unlock {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        // Nobody is asked for a key that nothing needs.
        match client.get::<Info>("/info").await?.swarm.local_node_state.as_str() {
            "locked" => {}
            "inactive" => return Err(Failure::Asked("Error: This node is not part of a swarm".into())),
            _ => return Err(Failure::Asked("Error: swarm is not locked".into())),
        }
        let unlock_key = secret_input::read("Enter unlock key: ").await?;
        let _: Nothing = client.post("/swarm/unlock", &SwarmUnlockKey { unlock_key }).await?;
        Ok(())
    }
}
