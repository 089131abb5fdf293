//! Errors of the store as gRPC codes: the one place where they meet.

use tonic::{Code, Status};

/// How a failed write looks to a caller. `conflict` and `not_leader` are told apart because callers act on them.
pub fn status_of_write(message: &str, conflict: bool, not_leader: bool) -> Status {
    let code = match (conflict, not_leader) {
        (true, _) => Code::Aborted,
        (_, true) => Code::Unavailable,
        _ => Code::Internal,
    };
    Status::new(code, message)
}

/// How a failed look-up looks to a caller.
pub fn status_of_find(message: &str, ambiguous: bool) -> Status {
    Status::new(if ambiguous { Code::InvalidArgument } else { Code::NotFound }, message)
}
