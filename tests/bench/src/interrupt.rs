use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

static TOLD_TO_STOP: AtomicBool = AtomicBool::new(false);

/// From here on SIGINT, SIGTERM and SIGHUP end the run at its next wait, so that all that it started goes. Signals are not
/// blocked for it: programs that are started would inherit that.
///
/// # Errors
/// When the kernel refuses.
#[expect(unsafe_code, reason = "what is done on a signal has to be safe there")]
pub fn listen() -> Result<()> {
    let action = SigAction::new(SigHandler::Handler(tell), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: `tell` only stores to an atomic, which is safe on a signal.
        unsafe { sigaction(signal, &action) }.context("listen to signals")?;
    }
    Ok(())
}

extern "C" fn tell(_signal: i32) {
    TOLD_TO_STOP.store(true, Ordering::Relaxed);
}

/// Fails once the run was told to stop.
pub(crate) fn check() -> Result<()> {
    ensure!(!TOLD_TO_STOP.load(Ordering::Relaxed), "told to stop");
    Ok(())
}
