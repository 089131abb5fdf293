use anyhow::{Context, Result};

use crate::daemon::Daemon;
use crate::samples::Samples;
use crate::unit::Unit;
use crate::{docker, interrupt, skep};

/// Both sides, at the same time on the same machine; Docker's is missing where it is not installed or not wanted.
#[derive(Debug)]
pub(crate) struct Pair {
    ours: Daemon,
    docker: Option<Daemon>,
}

/// What was measured of both.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Of Skep.
    pub(crate) ours: Samples,
    /// Of Docker; empty when it is missing.
    pub(crate) docker: Samples,
}

impl Pair {
    /// Starts both, fresh.
    pub(crate) fn start(with_docker: bool) -> Result<Self> {
        let ours = skep::start()?;
        let docker = if with_docker { Some(docker::start()?) } else { None };
        Ok(Self { ours, docker })
    }

    /// One round: ours, then Docker's. `about` says on standard error what comes.
    pub(crate) fn round(
        &self,
        about: &str,
        unit: Unit,
        into: &mut Measured,
        mut measure: impl FnMut(&Daemon) -> Result<f64>,
    ) -> Result<()> {
        let mut one = |daemon: &Daemon, samples: &mut Samples| {
            interrupt::check()?;
            let sample = measure(daemon).with_context(|| format!("{about}, {}", daemon.name()))?;
            eprintln!("{about}: {} {} {}", daemon.name(), unit.number(sample), unit.sign());
            samples.push(sample);
            anyhow::Ok(())
        };
        one(&self.ours, &mut into.ours)?;
        self.docker.as_ref().map_or(Ok(()), |docker| one(docker, &mut into.docker))
    }
}
