//! `skep-failover`: kills leaders and workers, stops and freezes managers, prints how long it took, and fails when something
//! was lost or took too long.

#![expect(clippy::print_stderr, reason = "a program that failed says why")]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use skep_bench::failover::{Arguments, print, run};
use skep_bench::{listen, measure_release};

fn main() -> ExitCode {
    match measured(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a bound is missed, or something was lost");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("skep-failover: {error:#}");
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
