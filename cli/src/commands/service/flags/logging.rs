use clap::Args;
use skep_model::{LogDriver, ServiceSpec};

use super::lists::put_pairs;

/// Where output goes.
#[derive(Debug, Args)]
pub(crate) struct Logging {
    /// Logging driver for service.
    #[arg(long, value_name = "DRIVER")]
    log_driver: Option<String>,
    /// Logging driver options.
    #[arg(long, value_name = "NAME=VALUE")]
    log_opt: Vec<String>,
}

impl Logging {
    /// A driver that is named takes the place of the former with its options.
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let place = &mut spec.task.log_driver;
        if let Some(name) = &self.log_driver {
            *place = (!name.is_empty()).then(|| LogDriver { name: name.clone(), ..LogDriver::default() });
        }
        if !self.log_opt.is_empty() {
            put_pairs(&mut place.get_or_insert_default().options, &self.log_opt);
        }
    }
}
