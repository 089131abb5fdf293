use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// The addresses from which clients of this program asked before.
static BEFORE: Mutex<BTreeSet<SocketAddr>> = Mutex::new(BTreeSet::new());

/// Whether a task saw the client as it is: with its address, and its port. A port from which this client asked before, by another
/// host, may have been changed on the way: the task's host cannot tell the two apart otherwise, as it remembers the first for a while.
pub fn sees_client(seen: &str, local: SocketAddr) -> bool {
    let is_new = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).insert(local);
    let same_address = || seen.parse::<SocketAddr>().is_ok_and(|seen| seen.ip() == local.ip());
    seen == local.to_string() || (!is_new && same_address())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_port_that_was_used_before_may_be_another() {
        let local: SocketAddr = "192.0.2.1:1000".parse().unwrap();
        assert!(!sees_client("192.0.2.1:7", local), "it is new");
        assert!(sees_client("192.0.2.1:7", local) && sees_client("192.0.2.1:1000", local));
        assert!(!sees_client("192.0.2.2:1000", local) && !sees_client("", local));
    }
}
