use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::client::Client;
use crate::commands::Command;
use crate::failure::Failure;

/// A swarm of hosts that runs your compose files.
#[derive(Debug, Parser)]
#[command(
    name = "skep",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Daemon socket to connect to.
    #[arg(short = 'H', long, env = "SKEP_HOST", value_name = "unix://PATH")]
    host: Option<String>,
    /// Print each call to the daemon.
    #[arg(short = 'D', long)]
    debug: bool,
    #[command(subcommand)]
    command: Command,
}

/// Reads the command line.
///
/// # Errors
/// The exit code, when there is nothing to run: help and version were printed, or what is wrong.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        let code = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
            _ => ExitCode::from(2),
        };
        let _ = error.print();
        code
    })
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (host, debug) = (self.host, self.debug);
        match self.command {
            Command::Daemon(daemon) => daemon.run(host, debug),
            command => {
                let client = Client::new(host.as_deref(), debug)?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| Failure::talk("cannot start", error))?;
                runtime.block_on(Box::pin(command.run(&client)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
