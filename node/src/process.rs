//! What the daemon's process is set to before anything else, and the memory that it gives back.
#![expect(unsafe_code, reason = "glibc's allocator is steered by calls of C's")]

use std::time::Duration;

use nix::sys::signal::SigSet;
use skep_runtime::Env;

/// Blocks of this size and above are given back to the kernel when they are freed.
const MMAP_THRESHOLD_BYTES: i32 = 64 * 1024;
/// Heaps that threads share; each keeps what was freed in it.
const ARENAS_MAX: i32 = 2;
/// How often it is looked whether memory became free.
const LOOK: Duration = Duration::from_secs(3);
/// So much has to have changed since the last time, in bytes: giving back costs a millisecond or two.
const CHANGE_BYTES: i32 = 512 * 1024;

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

/// Gives free memory back to the kernel after a burst of work; glibc keeps what lies between blocks in use, which was as much
/// as the blocks themselves after 10,000 tasks.
pub(crate) async fn give_back(env: Env) {
    let mut last = 0;
    loop {
        env.sleep(LOOK).await;
        let free = free_bytes();
        if free.wrapping_sub(last).wrapping_abs() > CHANGE_BYTES {
            trim();
            last = free_bytes();
        }
    }
}

/// Bytes that the allocator holds and that are not in use; wraps around, so only differences mean something.
fn free_bytes() -> i32 {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallinfo reads counters under the allocator's own locks.
    unsafe {
        libc::mallinfo().fordblks
    }
    #[cfg(not(target_env = "gnu"))]
    0
}

fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim works under the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}
