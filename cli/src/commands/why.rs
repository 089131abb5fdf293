use clap::Args;
use serde_json::Value;
use skep_rest::{Why as Explained, WhyLink};

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::{self, inspected};

/// Explain why a task, service or stack is as it is: what was wanted, what the scheduler and the node said, the last lines that it
/// wrote.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Format output: 'json', or a template like '{{.Reason}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// The name of a service or stack, the id of a task (also of one that is gone), or SERVICE.SLOT.
    name: String,
}

impl Why {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let value: Value = client.get(&format!("/why/{}", Query::segment(&self.name))).await?;
        if self.format.is_some() {
            return inspected(vec![value], self.format.as_deref());
        }
        let explained: Explained = serde_json::from_value(value)
            .map_err(|error| Failure::talk("the daemon's answer to /why cannot be read", error))?;
        lines(&explained, 0).into_iter().try_for_each(output::line)
    }
}

/// The explanation as lines, its parts further in.
fn lines(why: &Explained, depth: usize) -> Vec<String> {
    let mut out = Vec::new();
    let id = if why.kind == "task" { format!(" ({})", why.id) } else { String::new() };
    out.push(format!("{} {}{id} is {}: {}", why.kind, why.name, why.state, why.reason));
    let by = why.chain.iter().map(|link| link.by.len()).max().unwrap_or_default();
    out.extend(why.chain.iter().map(|link| told(link, by)));
    let node = why.nodes.iter().map(|node| node.node.len()).max().unwrap_or_default();
    out.extend(why.nodes.iter().map(|each| {
        let mark = if each.fits { "fits" } else { "no" };
        format!("  node {:<node$}  {mark:<4}  {}", each.node, each.verdict)
    }));
    if !why.log_tail.is_empty() {
        out.push("  its last lines:".to_owned());
        out.extend(why.log_tail.iter().map(|line| format!("    | {line}")));
    }
    if !why.next.is_empty() {
        out.push(format!("  next: {}", why.next));
    }
    let indent = "  ".repeat(depth);
    let mut all: Vec<String> = out.into_iter().map(|line| format!("{indent}{line}")).collect();
    for part in &why.parts {
        all.push(String::new());
        all.extend(lines(part, depth + 1));
    }
    all
}

/// `2026-11-26 15:04:05.1  node  the container runs`.
fn told(link: &WhyLink, width: usize) -> String {
    let at = link.at.get(..21).unwrap_or(&link.at).replace('T', " ");
    format!("  {at}  {:<width$}  {}", link.by, link.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_told_line_by_line() {
        let link = |by: &str, what: &str| WhyLink {
            at: "2026-11-26T15:04:05.123456789Z".into(),
            by: by.into(),
            what: what.into(),
        };
        let task = Explained {
            kind: "task".into(),
            id: "abc".into(),
            name: "web.1".into(),
            state: "failed".into(),
            reason: "task: non-zero exit (3)".into(),
            chain: vec![link("user", "service web was created"), link("scheduler", "chose node one")],
            log_tail: vec!["no database".into()],
            next: "another task takes its place".into(),
            ..Explained::default()
        };
        let service = Explained {
            kind: "service".into(),
            name: "web".into(),
            state: "failing".into(),
            reason: "0 of 1 tasks run".into(),
            parts: vec![task],
            ..Explained::default()
        };
        assert_eq!(
            lines(&service, 0),
            [
                "service web is failing: 0 of 1 tasks run",
                "",
                "  task web.1 (abc) is failed: task: non-zero exit (3)",
                "    2026-11-26 15:04:05.1  user       service web was created",
                "    2026-11-26 15:04:05.1  scheduler  chose node one",
                "    its last lines:",
                "      | no database",
                "    next: another task takes its place",
            ]
        );
    }
}
