//! The `skep` binary: command line, daemon, and the processes that the daemon makes of this same program.

mod cli;
mod client;
mod commands;
mod entry;
mod failure;
mod output;
mod progress;
mod start;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The daemon's children must run before any thread is made and before arguments are read as ours.
    if let Some(code) = entry::hidden(std::env::args_os()) {
        return code;
    }
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            failure.exit_code()
        }
    }
}
