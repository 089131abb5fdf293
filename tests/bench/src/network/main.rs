//! `skep-network-bench`: measures the network between hosts, prints what it saw, and fails when a bound is missed or a
//! connection was.

#![expect(clippy::print_stderr, reason = "a program that failed says why")]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use skep_bench::network::{Arguments, print, run};
use skep_bench::{listen, measure_release};

fn main() -> ExitCode {
    match measured(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a bound is missed, or something failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("skep-network-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
fn measured(arguments: &Arguments) -> Result<bool> {
    measure_release()?;
    listen()?;
    run(arguments, |row| print(&mut std::io::stdout(), row))
}
