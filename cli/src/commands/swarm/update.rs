use clap::{ArgGroup, Args};
use serde_json::json;
use skep_rest::Swarm;

use super::settings::Settings;
use super::unlock_key;
use crate::client::{Client, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Update the swarm; only what is given is changed.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("change").args(["autolock", "encrypt_networks"]).args(Settings::FLAGS).required(true).multiple(true)))]
pub(crate) struct Update {
    /// Whether a restarted manager waits for the unlock key.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    autolock: Option<bool>,
    /// Whether every network is encrypted between nodes, the ingress network included (UDP port 4790). Where it changes,
    /// packets between nodes may be lost for about a second.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    encrypt_networks: Option<bool>,
    #[command(flatten)]
    settings: Settings,
}

impl Update {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let swarm = client.get::<Swarm>("/swarm").await?.cluster;
        let mut spec = swarm.spec;
        let locked = spec.autolock();
        self.settings.apply(&mut spec)?;
        // What was read is sent back, so that what is not given stays.
        let wanted = [("AutoLockManagers", self.autolock), ("EncryptNetworks", self.encrypt_networks)];
        for (word, wanted) in wanted.into_iter().filter_map(|(word, wanted)| Some((word, wanted?))) {
            spec.encryption_config[word] = json!(wanted);
        }
        let query = Query::new("/swarm/update").with("version", swarm.version.index.to_string());
        let _: Nothing = client.post(query.as_str(), &spec).await?;
        output::line("Swarm updated.")?;
        if spec.autolock() && !locked {
            output::line("")?;
            unlock_key::show(client).await?;
        }
        Ok(())
    }
}
