use crate::{NetworkSpec, ServiceSpec};

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
}
