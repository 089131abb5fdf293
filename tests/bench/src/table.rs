use std::fmt::Write as _;
use std::io::{self, Write};

use crate::row::Row;
use crate::samples::Samples;
use crate::suite::Outcome;
use crate::unit::Unit;

const HEAD: [&str; 6] = ["measure", "Skep", "Docker", "ratio", "bound", "verdict"];

/// Writes all rows as one table, then how each was measured.
///
/// # Errors
/// When nobody takes it.
pub fn print(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    writeln!(
        out,
        "{}\nload at start {}, at end {}\n",
        outcome.machine, outcome.load_start, outcome.load_end
    )?;
    if !outcome.rows.is_empty() {
        table(out, &outcome.rows)?;
    }
    for row in &outcome.rows {
        writeln!(out, "{} ({}): {}", row.title, row.name, row.method)?;
    }
    outcome.notes.iter().try_for_each(|note| writeln!(out, "{note}"))
}

fn table(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    let lines: Vec<[String; 6]> =
        [HEAD.map(str::to_owned)].into_iter().chain(rows.iter().map(cells)).collect();
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for (number, line) in lines.iter().enumerate() {
        writeln!(out, "{}", padded(line, &widths))?;
        if number == 0 {
            writeln!(
                out,
                "{}",
                widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("-|-")
            )?;
        }
    }
    writeln!(out)
}

fn cells(row: &Row) -> [String; 6] {
    let docker = if row.side_by_side() {
        shown(row.unit, &row.measured.docker)
    } else {
        format!("{} {} (recorded)", row.unit.number(row.recorded), row.unit.sign())
    };
    let ratio = format!("1/{:.1}", 1.0 / row.ratio());
    let verdict = if row.holds() { "holds" } else { "MISSED" };
    [row.title.to_owned(), shown(row.unit, row.ours()), docker, ratio, row.bound_text(), verdict.to_owned()]
}

fn shown(unit: Unit, samples: &Samples) -> String {
    let number = |value: f64| unit.number(value);
    let mut text = format!("{} {}", number(samples.median()), unit.sign());
    let count = samples.all().len();
    if count > 1 {
        // Writing to a String cannot fail.
        let _ = write!(text, " [{}..{}] n={count}", number(samples.min()), number(samples.max()));
    }
    text
}

fn padded(line: &[String; 6], widths: &[usize]) -> String {
    let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
}
