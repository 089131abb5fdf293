use std::time::Duration;

/// How it is found out whether a container works. What is zero or empty is the image's, or else the default
/// (`limits::HEALTH_*`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct HealthCheck {
    /// What is run in the container.
    pub test: HealthTest,
    /// Between the end of one check and the start of the next.
    pub interval: Duration,
    /// A check that takes longer failed.
    pub timeout: Duration,
    /// Failures in a row that make the container unhealthy.
    pub retries: u32,
    /// From the container's start on, how long failures do not count.
    pub start_period: Duration,
    /// Between checks within the start period, until the first success.
    pub start_interval: Duration,
}

/// The check itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum HealthTest {
    /// The image's check.
    #[default]
    Inherit,
    /// None, whatever the image says.
    Disabled,
    /// A program with its arguments (`CMD`).
    Command(Vec<String>),
    /// A line for the container's shell (`CMD-SHELL`).
    Shell(String),
}
