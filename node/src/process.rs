//! What the daemon's process is set to before anything else.
#![expect(unsafe_code, reason = "glibc's allocator is set by a call of C's")]

use nix::sys::signal::SigSet;

/// Blocks of this size and above are given back to the kernel when they are freed.
const MMAP_THRESHOLD_BYTES: i32 = 64 * 1024;
/// Heaps that threads share; each keeps what was freed in it.
const ARENAS_MAX: i32 = 2;

/// Takes signals whatever the parent blocked, and keeps little of the memory that is free.
pub(crate) fn prepare() {
    if let Err(error) = SigSet::empty().thread_set_mask() {
        tracing::warn!(%error, "signals that the parent blocked stay blocked");
    }
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt only sets numbers of the allocator, here before there are other threads.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
        libc::mallopt(libc::M_ARENA_MAX, ARENAS_MAX);
    }
}
