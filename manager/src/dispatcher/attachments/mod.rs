//! Plain containers' places on networks. A container's node asks the leader for them, and says from time to time which it still has:
//! the others are forgotten, so that nothing has to be told twice or just at the right time.
//!
//! | file        | what it is                                                     |
//! |-------------|----------------------------------------------------------------|
//! | `wish.rs`   | what a container asks for                                      |
//! | `grant.rs`  | what it gets, and when that goes                               |
//! | `client.rs` | asks the leader, from any member                               |

#[cfg(test)]
mod attachments_test;
mod client;
mod error;
mod grant;
mod wish;

pub use client::{Attached, AttachmentCallError, attach, keep};
pub use error::AttachmentError;
pub(crate) use grant::gone;
pub use wish::AttachmentWish;
