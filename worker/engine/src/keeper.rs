//! Calls to the keeper process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use skep_keeper::client::{self, Client};
use skep_keeper::keeper::Options;
use skep_keeper::{Error, Result};

use crate::error::EngineError;

/// How long a call may take; a start that is slow for its image's sake is the child's business, not the keeper's.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections that are kept for the next calls.
const CONNECTIONS_KEPT: usize = 8;

/// How the keeper of this daemon is found and started.
#[derive(Clone, Debug)]
pub(crate) struct KeeperOptions {
    pub(crate) binary: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) cgroup_parent: String,
}

/// Connections to the keeper.
#[derive(Debug)]
pub(crate) struct Keeper {
    options: KeeperOptions,
    idle: Mutex<Vec<Client>>,
    /// Nobody needs a keeper any more: none is started again.
    retired: AtomicBool,
    /// Held while the keeper is started, so that it is started once.
    starting: Mutex<()>,
}

impl Keeper {
    pub(crate) fn new(options: KeeperOptions) -> Self {
        Self { options, idle: Mutex::default(), retired: AtomicBool::new(false), starting: Mutex::default() }
    }

    /// Makes a call from an async task.
    pub(crate) async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&mut Client) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, EngineError> {
        let keeper = Arc::clone(self);
        let called = tokio::task::spawn_blocking(move || keeper.blocking(call));
        Ok(called.await.map_err(|_| EngineError::Stopped)??)
    }

    /// Makes a call; starts the keeper when there is none.
    pub(crate) fn blocking<T>(&self, call: impl FnOnce(&mut Client) -> Result<T>) -> Result<T> {
        let idle = self.idle().pop();
        let mut client = match idle {
            Some(client) => client,
            None => self.connect()?,
        };
        let result = call(&mut client);
        // After anything but an answer it is not known what the next answer on the connection belongs to.
        if matches!(&result, Ok(_) | Err(Error::Refused(_))) {
            let mut idle = self.idle();
            if idle.len() < CONNECTIONS_KEPT {
                idle.push(client);
            }
        } else {
            self.idle().clear();
        }
        result
    }

    /// A new connection, to a keeper that is started if there is none.
    pub(crate) fn connect(&self) -> Result<Client> {
        let socket = self.socket();
        if let Ok(client) = Client::connect(&socket, CALL_TIMEOUT) {
            return Ok(client);
        }
        if self.is_retired() {
            return Err(Error::Protocol("the keeper was ended with all of its containers".into()));
        }
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let options = Options {
            socket: socket.clone(),
            pid_file: Some(self.options.directory.join("keeper.pid")),
            cgroup_parents: vec![self.options.cgroup_parent.clone()],
        };
        let args = std::iter::once("keeper".into()).chain(options.to_args());
        let log = self.options.directory.join("keeper.log");
        client::spawn(&self.options.binary, args, &socket, Some(&log), CALL_TIMEOUT)
    }

    /// Ends the keeper and what it still has, for good.
    pub(crate) async fn retire(self: &Arc<Self>) -> std::result::Result<(), EngineError> {
        self.retired.store(true, Ordering::Relaxed);
        let socket = self.socket();
        let ended = tokio::task::spawn_blocking(move || match Client::connect(&socket, CALL_TIMEOUT) {
            Ok(mut client) => client.shutdown(true),
            Err(error @ Error::Version { .. }) => Err(error),
            // None runs.
            Err(_) => Ok(()),
        });
        Ok(ended.await.map_err(|_| EngineError::Stopped)??)
    }

    /// Whether the keeper was ended for good.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    fn socket(&self) -> PathBuf {
        self.options.directory.join("keeper.sock")
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
