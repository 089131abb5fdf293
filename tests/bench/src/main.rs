//! `skep-bench`: measures, prints a table, and fails when a bound is missed.

#![expect(clippy::print_stderr, reason = "a program that failed says why")]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use skep_bench::{Arguments, listen, measure_release, print, run, write};

fn main() -> ExitCode {
    match measured(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a bound is missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("skep-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every bound holds.
fn measured(arguments: &Arguments) -> Result<bool> {
    measure_release()?;
    listen()?;
    let outcome = run(arguments)?;
    print(&mut std::io::stdout(), &outcome)?;
    if let Some(path) = &arguments.json {
        write(path, &outcome)?;
    }
    Ok(outcome.holds())
}
