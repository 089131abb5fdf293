use std::time::{Duration, Instant};

/// Generous: the machine may be busy, and a test that fails waits this long only once.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(30);

/// Waits until `probe` answers something.
///
/// # Panics
/// When it does not within a minute.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < end, "it does not happen: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Waits until `probe` finds nothing wrong any more.
///
/// # Panics
/// With what is still wrong after a minute.
pub fn eventually(mut probe: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + PATIENCE;
    while let Err(wrong) = probe() {
        assert!(Instant::now() < end, "it stays so: {wrong}");
        std::thread::sleep(PAUSE);
    }
}
