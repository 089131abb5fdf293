//! Plain containers: those that somebody asked this node for, and that are no service's task.
//!
//! Unlike a task's, such a container stays until it is removed, and may be started again and again: its record, with all that
//! the keeper needs to make it, is on disk before it is answered for. The keeper has it only from a start to the next end.
//!
//! ```text
//! create.rs   name, image -> record          recipe.rs (pure)
//! start.rs    places on networks, the keeper's part, the process
//! console.rs  standard input and terminals
//! end.rs      stop, kill, restart, wait, and what is done after an end
//! remove.rs   one, or all that do not run
//! ```

mod attachments;
mod console;
mod create;
mod end;
mod local_addresses;
mod recipe;
mod record;
mod remove;
mod start;

pub use attachments::{AttachError, AttachWish, Attachments, Granted};
pub use console::Console;
pub(crate) use console::Waiting;
pub use end::WaitFor;
pub(crate) use local_addresses::LocalAddresses;
pub use record::{Plain, StoredNetwork};
