//! From the endpoint table to where virtual addresses and published ports lead, and from that to the elements of maps.

mod balance;
mod chooser;
mod difference;
mod key;
mod kind;
mod part;
mod plan;
mod turn;

pub(crate) use balance::Balance;
pub(crate) use chooser::Chooser;
pub(crate) use difference::Difference;
pub(crate) use key::Key;
pub(crate) use kind::Kind;
pub(crate) use part::Part;
pub(crate) use plan::Plan;
pub(crate) use turn::Turn;
