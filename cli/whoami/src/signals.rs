use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::ending::Ending;

/// Ends the process with code 0 on SIGTERM or SIGINT, when its clients have had their last answers: process 1 of a container dies of no
/// signal that it does not wait for. `ignored` is looked at when SIGTERM comes.
///
/// # Errors
/// When the thread that waits cannot be started.
pub(crate) fn end_on_request(ignored: Arc<AtomicBool>, ending: Arc<Ending>) -> Result<(), String> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    signals.add(Signal::SIGINT);
    signals.thread_block().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let wait = move || {
        while let Ok(signal) = signals.wait() {
            if signal != Signal::SIGTERM || !ignored.load(Ordering::Relaxed) {
                ending.wait();
                crate::trouble::end(0);
            }
            crate::server::say("skep/whoami: SIGTERM is ignored");
        }
    };
    let started = thread::Builder::new().name("signals".into()).stack_size(64 << 10).spawn(wait);
    started.map(drop).map_err(|error| format!("cannot start a thread: {error}"))
}
