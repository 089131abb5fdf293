use serde::{Deserialize, Serialize};

/// `GET /doctor`: what was looked at, and everything that is wrong. Not Docker's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Diagnosis {
    /// How many things were looked at.
    pub checks: u32,
    /// On how many nodes.
    pub nodes: u32,
    /// Between how many pairs of nodes, each direction counted.
    pub pairs: u32,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong, in words for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Finding {
    /// `FAULT` or `WARN`.
    pub severity: String,
    /// What was looked at, in one word, e.g. `paths`.
    pub check: String,
    /// Where: a host's name, or those of two with an arrow between.
    pub place: String,
    /// What failed.
    pub failed: String,
    /// Why, as far as it can be told.
    pub cause: String,
    /// What to do.
    pub fix: String,
    /// All of it in one line.
    pub line: String,
}

impl Finding {
    /// Whether something does not work, not just badly.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.severity == skep_model::Severity::Fault.to_string()
    }
}

impl From<skep_model::Finding> for Finding {
    fn from(finding: skep_model::Finding) -> Self {
        let line = finding.to_string();
        let skep_model::Finding { severity, check, place, failed, cause, fix } = finding;
        let (severity, check) = (severity.to_string(), check.to_string());
        Self { severity, check, place, failed, cause, fix, line }
    }
}

impl From<skep_model::Diagnosis> for Diagnosis {
    fn from(diagnosis: skep_model::Diagnosis) -> Self {
        let skep_model::Diagnosis { checks, nodes, pairs, took, findings } = diagnosis;
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self { checks, nodes, pairs, took_ms, findings: findings.into_iter().map(Finding::from).collect() }
    }
}
