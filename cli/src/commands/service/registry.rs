use clap::Args;

use crate::failure::Failure;

/// What Docker asks registries for. Images come from the nodes themselves here.
#[derive(Debug, Args)]
pub(crate) struct Registry {
    /// Do not query the registry to resolve image digest (which is never done).
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    no_resolve_image: Option<bool>,
    /// Send registry authentication details to swarm agents.
    #[arg(long)]
    with_registry_auth: bool,
}

impl Registry {
    /// Refuses what cannot be done.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.no_resolve_image == Some(false) {
            let text = "--no-resolve-image=false: this version of Skep asks no registries; leave it out";
            return Err(Failure::Asked(text.into()));
        }
        if self.with_registry_auth {
            let text = "--with-registry-auth: this version of Skep cannot log in to registries; leave it out";
            return Err(Failure::Asked(text.into()));
        }
        Ok(())
    }
}
