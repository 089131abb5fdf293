use clap::Args;
use serde_json::Value;
use skep_rest::Diagnosis;

use crate::client::Client;
use crate::failure::Failure;
use crate::output;

/// Test the swarm: all nodes look at themselves and probe each other; every fault is named with its cause and what to do.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 without a fault, 1 with faults. Takes up to ten seconds. Also works on workers, and outside a \
                        swarm, where this host alone is looked at."
)]
pub(crate) struct Doctor {
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
    /// Have every node bring back rules, routes and settings of its network that others changed; to be asked of a manager.
    #[arg(long)]
    repair: bool,
}

impl Doctor {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let value: Value =
            if self.repair { client.post("/doctor", &()).await? } else { client.get("/doctor").await? };
        let found: Diagnosis = serde_json::from_value(value.clone())
            .map_err(|error| Failure::talk("the daemon's answer to /doctor cannot be read", error))?;
        if self.json {
            output::line(value.to_string())?;
        } else {
            output::line(summary(&found))?;
            found.findings.iter().try_for_each(|finding| output::line(&finding.line))?;
        }
        let faults = found.findings.iter().any(skep_rest::Finding::is_fault);
        if faults { Err(Failure::FaultsFound) } else { Ok(()) }
    }
}

fn summary(found: &Diagnosis) -> String {
    let Diagnosis { checks, nodes, pairs, took_ms, findings } = found;
    let faults = findings.iter().filter(|finding| finding.is_fault()).count();
    let warnings = findings.len() - faults;
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut result = if faults == 0 { "no fault found".to_owned() } else { count(faults, "fault") };
    if warnings > 0 {
        result += &format!(", {}", count(warnings, "warning"));
    }
    let nodes = count(*nodes as usize, "node");
    let pairs = if *pairs == 0 { String::new() } else { format!(" and {}", count(*pairs as usize, "pair")) };
    let seconds = *took_ms as f64 / 1000.0;
    format!("{} on {nodes}{pairs}: {result} ({seconds:.1} s)", count(*checks as usize, "check"))
}

#[cfg(test)]
mod tests {
    use skep_rest::Finding;

    use super::*;

    #[test]
    fn the_first_line_says_how_much_was_looked_at_and_found() {
        let mut found = Diagnosis { checks: 12, nodes: 3, pairs: 6, took_ms: 2140, findings: Vec::new() };
        assert_eq!(summary(&found), "12 checks on 3 nodes and 6 pairs: no fault found (2.1 s)");
        let finding = |severity: &str| Finding { severity: severity.into(), ..Finding::default() };
        found.findings = vec![finding("WARN")];
        assert_eq!(summary(&found), "12 checks on 3 nodes and 6 pairs: no fault found, 1 warning (2.1 s)");
        found.findings = vec![finding("FAULT"), finding("FAULT"), finding("WARN")];
        (found.nodes, found.pairs) = (1, 0);
        assert_eq!(summary(&found), "12 checks on 1 node: 2 faults, 1 warning (2.1 s)");
    }
}
