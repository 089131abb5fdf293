/// A program that is run in a container after its start, or before it is asked to stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Hook {
    /// The program with its arguments.
    pub command: Vec<String>,
    /// `user[:group]`; the container's when empty.
    pub user: String,
    /// Where it starts; the container's when empty.
    pub working_directory: String,
    /// `NAME=value`, beside the container's.
    pub environment: Vec<String>,
}
