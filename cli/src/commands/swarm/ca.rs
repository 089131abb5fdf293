use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use skep_rest::Swarm;

use crate::client::{Client, Nothing, Query};
use crate::commands::some_time;
use crate::failure::Failure;
use crate::{output, progress};

/// Display and rotate the root CA.
#[derive(Debug, Args)]
pub(crate) struct Ca {
    /// Replace the root: by a new one, or by the one given. Giving the present one calls off a rotation.
    #[arg(long)]
    rotate: bool,
    /// The new root's certificate, a file in PEM form.
    #[arg(long, value_name = "FILE", requires = "ca_key")]
    ca_cert: Option<PathBuf>,
    /// The new root's private key, a file in PEM form (PKCS#8).
    #[arg(long, value_name = "FILE", requires = "ca_cert")]
    ca_key: Option<PathBuf>,
    /// How long a node's certificate is valid [default: 2160h].
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    cert_expiry: Option<Duration>,
    /// Not supported: Skep signs the certificates of its nodes itself.
    #[arg(long, value_name = "SPEC")]
    external_ca: Vec<String>,
    /// Do not wait until the root is replaced.
    #[arg(short, long)]
    detach: bool,
    /// Do not show the progress.
    #[arg(short, long)]
    quiet: bool,
}

impl Ca {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        refuse_external(&self.external_ca)?;
        if !self.rotate {
            self.nothing_to_rotate()?;
            return print_root(client).await;
        }
        self.rotate(client).await?;
        if self.detach {
            return Ok(());
        }
        progress::root_rotated(client, self.quiet).await?;
        if self.quiet { Ok(()) } else { print_root(client).await }
    }

    /// Flags that only a rotation goes by.
    fn nothing_to_rotate(&self) -> Result<(), Failure> {
        let given = [("--ca-cert", self.ca_cert.is_some()), ("--cert-expiry", self.cert_expiry.is_some())];
        match given.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => {
                Err(Failure::Asked(format!("{flag} goes with --rotate: without it the root is only shown")))
            }
            None => Ok(()),
        }
    }

    async fn rotate(&self, client: &Client) -> Result<(), Failure> {
        let swarm = client.get::<Swarm>("/swarm").await?.cluster;
        let mut spec = swarm.spec;
        if !spec.ca_config.is_object() {
            spec.ca_config = json!({});
        }
        let before = spec.ca_config.get("ForceRotate").and_then(Value::as_u64).unwrap_or_default();
        spec.ca_config["ForceRotate"] = json!(before + 1);
        if let Some(expiry) = self.cert_expiry {
            spec.ca_config["NodeCertExpiry"] = json!(u64::try_from(expiry.as_nanos()).unwrap_or(u64::MAX));
        }
        for (key, file) in [("SigningCACert", &self.ca_cert), ("SigningCAKey", &self.ca_key)] {
            if let Some(file) = file {
                spec.ca_config[key] = json!(read(file)?);
            }
        }
        let query = Query::new("/swarm/update").with("version", swarm.version.index.to_string());
        let _: Nothing = client.post(query.as_str(), &spec).await?;
        Ok(())
    }
}

/// Says what to do instead of asking an authority elsewhere to sign.
pub(crate) fn refuse_external(given: &[String]) -> Result<(), Failure> {
    if given.is_empty() {
        return Ok(());
    }
    Err(Failure::Asked(
        "--external-ca is not supported: Skep signs the certificates of its nodes itself. Let your authority sign a certificate \
         for the swarm and give it with its key: skep swarm ca --rotate --ca-cert FILE --ca-key FILE"
            .into(),
    ))
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    let failed = |source| Failure::File { path: path.display().to_string(), source };
    std::fs::read_to_string(path).map_err(failed)
}

async fn print_root(client: &Client) -> Result<(), Failure> {
    let swarm = client.get::<Swarm>("/swarm").await?.cluster;
    output::line(swarm.tls_info.trust_root.trim())
}
