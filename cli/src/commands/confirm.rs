use std::io::{BufRead, stdin};

use crate::failure::Failure;
use crate::output;

/// Whether the user agrees, after a warning of what will be done.
pub(super) fn confirmed(warning: &str) -> Result<bool, Failure> {
    output::line(format!("WARNING! {warning}"))?;
    output::raw(b"Are you sure you want to continue? [y/N] ")?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer).map_err(|error| Failure::talk("reading the input", error))?;
    Ok(matches!(answer.trim(), "y" | "Y"))
}
