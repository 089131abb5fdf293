use crate::{Content, NetworkSpec, SecretSpec, ServiceSpec};

/// The label by which Docker's tools find what belongs to a stack.
pub const STACK_LABEL: &str = "com.docker.stack.namespace";

/// Services and networks that are deployed together.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct StackSpec {
    /// Its name, which starts the names of all that is in it.
    pub name: String,
    /// Its services, by full name (`stack_service`), in the order of names.
    pub services: Vec<ServiceSpec>,
    /// Its own networks, by full name, in the order of names.
    pub networks: Vec<NetworkSpec>,
    /// Its own secrets, by full name, in the order of names.
    pub secrets: Vec<StackContent>,
    /// Its own configs, by full name, in the order of names.
    pub configs: Vec<StackContent>,
}

/// A secret or config that comes with a stack.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct StackContent {
    /// What it is called.
    pub spec: SecretSpec,
    /// What it holds.
    pub content: Content,
}
