//! What `service create` and `service update` can say, a file for each part of a spec. Each group of flags changes a spec; those
//! with the same name in both commands are one group.

mod data;
mod data_flag;
pub(in crate::commands) mod fields;
mod health;
mod identity;
pub(in crate::commands) mod lists;
mod logging;
mod network;
mod network_flag;
mod placement;
mod process;
mod process_lists;
mod resources;
mod restart;
mod rollout;
mod waiting;

pub(super) use data::{Data, DataChanges};
pub(super) use health::Health;
pub(super) use identity::{Identity, IdentityChanges};
pub(super) use logging::Logging;
pub(super) use network::{NetworkChanges, Networks};
pub(super) use placement::{Placing, PlacingChanges};
pub(super) use process::Process;
pub(super) use process_lists::{ProcessChanges, ProcessLists};
pub(super) use resources::{GenericChanges, Generics, Resources};
pub(super) use restart::Restart;
pub(super) use rollout::{Rollback, Rollout};
pub(in crate::commands) use waiting::Waiting;
