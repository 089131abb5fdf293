//! Runs seeds and says which of them fails.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod search;

fn main() -> ExitCode {
    // What the nodes themselves say, for a seed that fails: SKEP_LOG=debug.
    if std::env::var_os("SKEP_LOG").is_some()
        && let Err(error) = skep_runtime::telemetry::start("info", false)
    {
        eprintln!("{error}");
    }
    match search::search(&arguments::Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
