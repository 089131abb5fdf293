//! Runs seeds and says which of them fails.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod search;

fn main() -> ExitCode {
    match search::search(&arguments::Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
