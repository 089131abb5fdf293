use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::row::Row;
use crate::suite::Outcome;

/// Writes all samples to a file, in JSON: times in seconds, memory in KiB.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, outcome: &Outcome) -> Result<()> {
    let rows: Vec<Value> = outcome.rows.iter().map(row).collect();
    let report = json!({
        "machine": outcome.machine,
        "load": { "start": outcome.load_start, "end": outcome.load_end },
        "rows": rows,
        "notes": outcome.notes,
    });
    std::fs::write(path, format!("{report:#}\n")).with_context(|| format!("write {}", path.display()))
}

fn row(row: &Row) -> Value {
    json!({
        "name": row.name,
        "title": row.title,
        "unit": row.unit.kept_in(),
        "skep": row.ours().all(),
        "docker": row.measured.docker.all(),
        "docker_recorded": row.recorded,
        "ratio": row.ratio(),
        "bound": row.bound_text(),
        "holds": row.holds(),
    })
}
