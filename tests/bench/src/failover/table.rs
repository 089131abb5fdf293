use std::io::Write;

use anyhow::Result;

use super::row::Row;

/// Prints the distribution, all samples, and the verdict.
///
/// # Errors
/// When they cannot be written.
pub fn print(out: &mut impl Write, row: &Row) -> Result<()> {
    let samples = &row.samples;
    writeln!(out, "\n{}: {}", row.side, row.title)?;
    writeln!(out, "  seconds     n    min    p50    p90    p99    max")?;
    write!(out, "          {:5}", samples.all().len())?;
    for quantile in [0.0, 0.5, 0.9, 0.99, 1.0] {
        write!(out, " {:6.3}", samples.quantile(quantile))?;
    }
    writeln!(out)?;
    let all: Vec<String> = samples.all().iter().map(|sample| format!("{sample:.2}")).collect();
    writeln!(out, "  all: {}", all.join(" "))?;
    writeln!(out, "  {}", row.note)?;
    for fault in &row.faults {
        writeln!(out, "  FAULT: {fault}")?;
    }
    let verdict = if row.in_time() { "holds" } else { "is missed" };
    writeln!(out, "  bound: p{:.0} below {} s {verdict}", row.quantile * 100.0, row.seconds_max)?;
    Ok(())
}
