use serde::{Deserialize, Serialize};

/// Whether a container works, as its check says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// Failures since the last success.
    pub failing_streak: u32,
    /// The last results, oldest first.
    pub log: Vec<HealthcheckResult>,
}

/// The same in one line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthSummary {
    /// `none` without a check.
    pub status: String,
    /// Failures since the last success.
    pub failing_streak: u32,
}

impl Default for HealthSummary {
    fn default() -> Self {
        Self { status: "none".into(), failing_streak: 0 }
    }
}

/// How one check ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthcheckResult {
    /// When it began, RFC 3339.
    pub start: String,
    /// When it ended.
    pub end: String,
    /// 0 is success; -1 when it did not end by itself.
    pub exit_code: i32,
    /// What it wrote.
    pub output: String,
}
