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
#[command(group(ArgGroup::new("change").arg("autolock").args(Settings::FLAGS).required(true).multiple(true)))]
pub(crate) struct Update {
    /// Whether a restarted manager waits for the unlock key.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    autolock: Option<bool>,
    #[command(flatten)]
    settings: Settings,
}

impl Update {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let swarm = client.get::<Swarm>("/swarm").await?.cluster;
        let mut spec = swarm.spec;
        let locked = spec.autolock();
        self.settings.apply(&mut spec)?;
        if let Some(autolock) = self.autolock {
            spec.encryption_config = json!({ "AutoLockManagers": autolock });
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
