use clap::Args;
use skep_rest::{Swarm, SwarmUnlockKey};

use crate::client::{Client, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Manage the unlock key.
#[derive(Debug, Args)]
pub(crate) struct UnlockKey {
    /// Only display the key.
    #[arg(short, long)]
    quiet: bool,
    /// Replace the key: managers that run are locked with the new one from then on.
    #[arg(long)]
    rotate: bool,
}

impl UnlockKey {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        if self.rotate {
            rotate(client).await?;
            if !self.quiet {
                output::line("Successfully rotated manager unlock key.\n")?;
            }
        }
        match self.quiet {
            true => output::line(key(client).await?),
            false => show(client).await,
        }
    }
}

/// Says how a manager is unlocked after it restarts.
pub(super) async fn show(client: &Client) -> Result<(), Failure> {
    let key = key(client).await?;
    output::line("To unlock a swarm manager after it restarts, run the `skep swarm unlock`")?;
    output::line("command and provide the following key:\n")?;
    output::line(format!("    {key}\n"))?;
    output::line("Remember to store this key in a password manager, since without it you")?;
    output::line("will not be able to restart the manager.")
}

async fn key(client: &Client) -> Result<String, Failure> {
    match client.get::<SwarmUnlockKey>("/swarm/unlockkey").await?.unlock_key {
        none if none.is_empty() => Err(Failure::Asked("no unlock key is set".into())),
        key => Ok(key),
    }
}

async fn rotate(client: &Client) -> Result<(), Failure> {
    let swarm = client.get::<Swarm>("/swarm").await?.cluster;
    if !swarm.spec.autolock() {
        return Err(Failure::Asked("cannot rotate because autolock is not turned on".into()));
    }
    let query = Query::new("/swarm/update").with("version", swarm.version.index.to_string());
    let query = query.with_flag("rotateManagerUnlockKey", true);
    let _: Nothing = client.post(query.as_str(), &swarm.spec).await?;
    Ok(())
}
