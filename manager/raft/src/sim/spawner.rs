use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use skep_runtime::sim::{Gate, Life, spawn};

use crate::spawner::Spawner;

/// Shortest wait for the disk, in microseconds.
const WAIT_SHORTEST: u64 = 200;
/// Longest one, in microseconds.
const WAIT_LONGEST: u64 = 8_000;

/// Runs blocking work as tasks of the present life. Before each turn of dedicated work the disk takes a random time, so that
/// what waits comes together and a crash may find it undone.
#[derive(Clone, Debug, Default)]
pub struct Inline {
    room: Gate,
}

impl Inline {
    /// On a disk that has room while the gate is open; work on a full disk waits.
    pub fn new(room: Gate) -> Self {
        Self { room }
    }
}

impl Spawner for Inline {
    fn dedicated(&self, _name: &str, mut work: Pin<Box<dyn Future<Output = ()> + Send>>) -> io::Result<()> {
        let room = self.room.clone();
        drop(spawn(async move {
            let mut wait: Option<Pin<Box<tokio::time::Sleep>>> = None;
            std::future::poll_fn(|context| {
                let slept = wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(disk_wait())));
                std::task::ready!(slept.as_mut().poll(context));
                std::task::ready!(room.poll_pass(context));
                wait = None;
                work.as_mut().poll(context)
            })
            .await;
        }));
        Ok(())
    }

    fn blocking(&self, _name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        let room = self.room.clone();
        drop(spawn(async move {
            tokio::time::sleep(disk_wait()).await;
            std::future::poll_fn(|context| room.poll_pass(context)).await;
            work();
        }));
        Ok(())
    }
}

fn disk_wait() -> Duration {
    let drawn = Life::present().map_or(0, |life| life.random().number());
    Duration::from_micros(WAIT_SHORTEST + drawn % (WAIT_LONGEST - WAIT_SHORTEST))
}
