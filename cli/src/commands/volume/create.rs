use clap::Args;
use skep_rest::{Volume, VolumeCreate};

use crate::client::Client;
use crate::commands::pairs;
use crate::failure::Failure;
use crate::output;

/// Create a volume on this node.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Driver of the volume: local.
    #[arg(short, long, default_value = "local")]
    driver: String,
    /// Set metadata for the volume.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Set driver specific options: type, device, o (as of mount).
    #[arg(short, long = "opt", value_name = "KEY=VALUE")]
    opt: Vec<String>,
    /// The volume's name [default: one that is given].
    name: Option<String>,
}

impl Create {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let request = VolumeCreate {
            name: self.name.unwrap_or_default(),
            driver: self.driver,
            driver_opts: Some(pairs(&self.opt)),
            labels: Some(pairs(&self.label)),
            ..VolumeCreate::default()
        };
        let volume: Volume = client.post("/volumes/create", &request).await?;
        output::line(volume.name)
    }
}
