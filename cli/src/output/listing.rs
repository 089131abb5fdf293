use clap::Args;
use serde_json::{Map, Value};

use super::Template;
use super::print::line;
use crate::failure::Failure;

/// Narrowest column (Docker's tabwriter).
const COLUMN_WIDTH_MIN: usize = 10;
/// Spaces after the widest cell of a column.
const COLUMN_GAP: usize = 3;

/// How a list is shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ListingFlags {
    /// Format output: 'table', 'table TEMPLATE', 'json', or a template like '{{.Name}}'.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Only display IDs.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl ListingFlags {
    /// Whether a program reads the list: then nothing is said beside it.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.quiet || self.format.as_deref().is_some_and(|format| !format.starts_with("table"))
    }
}

/// One line of a list: its fields by the names that `--format` uses. A name that starts with `_` is for the table alone.
pub(crate) type Row = Vec<(&'static str, String)>;

/// A list of objects.
pub(crate) struct Listing {
    /// Header and field of each column of the table.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    pub(crate) rows: Vec<Row>,
    /// The field that `--quiet` shows.
    pub(crate) identity: &'static str,
}

impl Listing {
    /// Prints it as the flags ask for.
    pub(crate) fn print(&self, flags: &ListingFlags) -> Result<(), Failure> {
        if flags.quiet {
            return self.rows.iter().try_for_each(|row| line(value(row, self.identity)));
        }
        match flags.format.as_deref() {
            None | Some("table" | "") => self.lines(),
            Some("json") => self.rows.iter().map(|row| Value::Object(object(row)).to_string()).collect(),
            Some(format) => self.through(format)?,
        }
        .into_iter()
        .try_for_each(line)
    }

    fn lines(&self) -> Vec<String> {
        let headers = self.columns.iter().map(|(header, _)| (*header).to_owned()).collect();
        let cells = |row: &Row| self.columns.iter().map(|(_, field)| value(row, field).to_owned()).collect();
        aligned(std::iter::once(headers).chain(self.rows.iter().map(cells)).collect())
    }

    fn through(&self, format: &str) -> Result<Vec<String>, Failure> {
        let (table, format) = match format.strip_prefix("table ") {
            Some(rest) => (true, rest),
            None => (false, format),
        };
        let template = Template::parse(format)?;
        // Without a line there are no fields to look into: more than the table's columns may be right.
        if let Some(row) = self.rows.first() {
            let fields = row.iter().map(|(field, _)| *field).filter(|field| !field.starts_with('_'));
            template.only_knows(&fields.collect::<Vec<_>>())?;
        }
        let lines = self.rows.iter().map(|row| template.render(&Value::Object(object(row))));
        if !table {
            return Ok(lines.collect());
        }
        let headers = self.columns.iter().map(|(header, field)| ((*field).to_owned(), Value::from(*header)));
        let header = template.render(&Value::Object(headers.collect()));
        let split = |text: String| text.split('\t').map(str::to_owned).collect();
        Ok(aligned(std::iter::once(header).chain(lines).map(split).collect()))
    }
}

fn value<'r>(row: &'r Row, field: &str) -> &'r str {
    row.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value)
}

fn object(row: &Row) -> Map<String, Value> {
    let fields = row.iter().filter(|(field, _)| !field.starts_with('_'));
    fields.map(|(field, value)| ((*field).to_owned(), Value::from(value.clone()))).collect()
}

/// Pads every cell but the last of a line to its column's width.
fn aligned(lines: Vec<Vec<String>>) -> Vec<String> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = lines.iter().filter(|line| line.len() > column + 1).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count() + COLUMN_GAP).max().unwrap_or_default().max(COLUMN_WIDTH_MIN)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let show = |cells: &Vec<String>| {
        let last = cells.len().saturating_sub(1);
        let padded = cells.iter().zip(&widths).enumerate().map(|(index, (cell, width))| {
            if index == last { cell.clone() } else { format!("{cell:<width$}", width = *width) }
        });
        padded.collect::<String>()
    };
    lines.iter().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        Listing {
            columns: &[("ID", "ID"), ("NAME", "Name"), ("PORTS", "Ports")],
            rows: vec![
                vec![("ID", "abc".into()), ("Name", "a_longer_name".into()), ("Ports", String::new())],
                vec![("ID", "def".into()), ("Name", "web".into()), ("Ports", "*:80->80/tcp".into())],
            ],
            identity: "ID",
        }
    }

    #[test]
    fn columns_are_aligned_as_docker_aligns_them() {
        let wanted = [
            "ID        NAME            PORTS",
            "abc       a_longer_name   ",
            "def       web             *:80->80/tcp",
        ];
        assert_eq!(listing().lines(), wanted);
    }

    #[test]
    fn templates_know_the_fields() {
        assert_eq!(listing().through("{{.Name}}={{.ID}}").unwrap(), ["a_longer_name=abc", "web=def"]);
        assert_eq!(listing().through("table {{.ID}}\\t{{.Name}}").unwrap()[0], "ID        NAME");
        let failure = listing().through("{{.Nmae}}").unwrap_err().to_string();
        assert!(failure.contains("Nmae") && failure.contains("Ports"), "{failure}");
        let empty = Listing { rows: Vec::new(), ..listing() };
        assert_eq!(empty.through("{{.More}}").unwrap(), Vec::<String>::new());
    }
}
