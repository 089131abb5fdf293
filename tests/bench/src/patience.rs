use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::interrupt;

/// How long anything may take: a hundred containers or ten thousand tasks of Docker on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Asks `probe` every `pause` until it answers something.
pub(crate) fn until<T>(
    what: &str,
    pause: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        interrupt::check()?;
        ensure!(Instant::now() < end, "after {} s still waiting: {what}", PATIENCE.as_secs());
        std::thread::sleep(pause);
    }
}

/// Lets a side come to rest.
pub(crate) fn rest(duration: Duration) -> Result<()> {
    let end = Instant::now() + duration;
    until("rest", Duration::from_millis(50), || Ok((Instant::now() >= end).then_some(())))
}
