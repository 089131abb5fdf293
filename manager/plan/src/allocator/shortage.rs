use skep_model::{Timestamp, limits};

use crate::reconciler::Plan;

/// Why a network has no address to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortage {
    /// It was removed.
    NoNetwork,
    /// No subnet could be found for it so far.
    NoSubnet,
    /// Every address is in use.
    Full,
    /// The free ones were in use a moment ago; the first of them may be given out at this time.
    Resting(Timestamp),
}

impl Shortage {
    /// What its owner is told; `network` is its name. It names no time: a text that changed would be written again and again.
    pub(super) fn text(self, network: &str) -> String {
        match self {
            Self::NoNetwork => format!("the network {network} is not there any more"),
            Self::NoSubnet => format!(
                "the network {network} has no subnet: none of the swarm's address pools is free, or the one it asks for \
                 is another network's; remove networks that are not needed, or create it with another --subnet"
            ),
            Self::Full => format!("the network {network} has no free address: give it a larger subnet"),
            Self::Resting(_) => format!(
                "the network {network} has no free address that was not in use less than {} s ago: waiting for one",
                limits::ADDRESS_REST_MIN.as_secs()
            ),
        }
    }

    /// Has the plan looked at again when waiting helps.
    pub(super) fn wake(self, plan: &mut Plan) {
        if let Self::Resting(end) = self {
            plan.wake(end);
        }
    }
}
