use std::io::Write;

use anyhow::Result;

use super::row::Row;

/// Faults beyond these are counted only.
const FAULTS_SHOWN: usize = 20;

/// Prints what was seen, and what must not be.
///
/// # Errors
/// When it cannot be written.
pub fn print(out: &mut impl Write, row: &Row) -> Result<()> {
    writeln!(out, "\n{}", row.title)?;
    for line in &row.lines {
        writeln!(out, "  {line}")?;
    }
    for fault in row.faults.iter().take(FAULTS_SHOWN) {
        writeln!(out, "  FAULT: {fault}")?;
    }
    if row.faults.len() > FAULTS_SHOWN {
        writeln!(out, "  ... {} faults in all", row.faults.len())?;
    }
    Ok(out.flush()?)
}
