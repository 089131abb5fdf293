use clap::Args;
use serde_json::json;
use skep_rest::{API_VERSION, EngineVersion, image_architecture};

use crate::client::Client;
use crate::failure::Failure;
use crate::output::{self, Template};

/// Show the versions of client and daemon.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// Format output: 'json', or a template like '{{.Server.Version}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Version {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let server = client.get::<EngineVersion>("/version").await;
        let own = json!({ "Version": env!("CARGO_PKG_VERSION"), "ApiVersion": API_VERSION,
            "Os": std::env::consts::OS, "Arch": image_architecture(std::env::consts::ARCH) });
        let Some(format) = self.format.as_deref() else { return plain(server) };
        let both = json!({ "Client": own, "Server": server.as_ref().ok() });
        match format {
            "json" => output::line(both.to_string())?,
            format => output::line(Template::parse(format)?.render(&both))?,
        }
        server.map(drop)
    }
}

fn plain(server: Result<EngineVersion, Failure>) -> Result<(), Failure> {
    output::line("Client:")?;
    output::line(format!(" Version:           {}", env!("CARGO_PKG_VERSION")))?;
    output::line(format!(" API version:       {API_VERSION}"))?;
    output::line(format!(
        " OS/Arch:           {}/{}",
        std::env::consts::OS,
        image_architecture(std::env::consts::ARCH)
    ))?;
    let server = server?;
    output::line("\nServer: Skep")?;
    output::line(" Engine:")?;
    output::line(format!("  Version:          {}", server.version))?;
    output::line(format!(
        "  API version:      {} (minimum version {})",
        server.api_version, server.min_api_version
    ))?;
    output::line(format!("  OS/Arch:          {}/{}", server.os, server.arch))?;
    output::line(format!("  Kernel:           {}", server.kernel_version))
}
