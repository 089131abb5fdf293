//! Talking to a keeper: a blocking client with time limits, event streams, and starting a keeper.

mod attached;
mod attached_input;
mod calls;
mod events;
mod link;
mod spawn;

pub use attached::{Attached, AttachedEvent};
pub use attached_input::AttachedInput;
pub use calls::{Client, StartedExec};
pub use events::Events;
pub use spawn::spawn;
