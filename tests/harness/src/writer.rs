use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::api::Api;
use crate::record::{Acknowledged, Record};

/// One write is begun so long after the one before, or at once when that one took longer.
const PERIOD: Duration = Duration::from_millis(10);
/// Wait before another manager is tried.
const RETRY_PAUSE: Duration = Duration::from_millis(10);
/// A manager that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// A client that writes all the time: services without replicas, one after the other, each at the next manager in turn.
///
/// A write whose outcome is unknown is looked up before it is repeated, at any manager that answers. It ends when this is
/// dropped.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    acknowledged: Mutex<Vec<Acknowledged>>,
}

impl Writer {
    /// Begins to write at the managers behind these sockets, names that start with `prefix`.
    pub fn start(sockets: Vec<PathBuf>, prefix: &str) -> Self {
        let shared = Arc::new(Shared::default());
        let client = Client {
            apis: sockets.into_iter().map(|socket| Api::new(socket).with_timeout(PATIENCE)).collect(),
            turn: 0,
            prefix: prefix.to_owned(),
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::spawn(move || client.run());
        Self { shared, thread: Some(thread) }
    }

    /// How many writes were acknowledged so far.
    pub fn count(&self) -> usize {
        self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Ends it; what it did.
    pub fn stop(mut self) -> Record {
        self.end();
        let mut acknowledged = self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        Record::new(std::mem::take(&mut *acknowledged))
    }

    fn end(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread's own.
struct Client {
    apis: Vec<Api>,
    turn: usize,
    prefix: String,
    shared: Arc<Shared>,
}

impl Client {
    fn run(mut self) {
        for number in 0_u64.. {
            let begun = Instant::now();
            let name = format!("{}{number}", self.prefix);
            // Told to stop: what became of this one does not count.
            let Some(at) = self.write(&name) else { return };
            let acknowledged = Acknowledged { name, at };
            self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(acknowledged);
            std::thread::sleep(PERIOD.saturating_sub(begun.elapsed()));
        }
    }

    /// When it was acknowledged.
    fn write(&mut self, name: &str) -> Option<Instant> {
        let spec = json!({
            "Name": name,
            "TaskTemplate": { "ContainerSpec": { "Image": "skep/whoami" } },
            "Mode": { "Replicated": { "Replicas": 0 } },
        });
        let body = spec.to_string();
        loop {
            let answer = self.next()?.answer("POST", "/services/create", "application/json", body.as_bytes());
            let done = match answer {
                Ok(answer) if answer.status / 100 == 2 => true,
                Err(error) if was_not_sent(&error) => false,
                Ok(_) | Err(_) => self.exists(name)?,
            };
            if done {
                return Some(Instant::now());
            }
            std::thread::sleep(RETRY_PAUSE);
        }
    }

    /// Asks until a manager knows.
    fn exists(&mut self, name: &str) -> Option<bool> {
        loop {
            let found = self.next()?.answer("GET", &format!("/services/{name}"), "application/json", b"");
            match found.map(|answer| answer.status) {
                Ok(200) => return Some(true),
                Ok(404) => return Some(false),
                Ok(_) | Err(_) => std::thread::sleep(RETRY_PAUSE),
            }
        }
    }

    /// The manager whose turn it is; none when it is time to stop.
    fn next(&mut self) -> Option<&Api> {
        self.turn = (self.turn + 1) % self.apis.len().max(1);
        if self.shared.stopped.load(Ordering::Relaxed) { None } else { self.apis.get(self.turn) }
    }
}

/// Whether nobody listened.
fn was_not_sent(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound))
}
