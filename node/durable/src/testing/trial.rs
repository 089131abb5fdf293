//! One trial of a store: what the child does, what the parent checks, and how the child dies.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Duration;

use super::acks::Acks;
use super::child::{self, Writer};
use super::image::Image;

/// Size of the file system for a power cut, in MiB.
const IMAGE_MEBIBYTES: u64 = 96;

/// How a store is put to the test. Each test function that uses one must be named in `test` as the test runner names
/// it, because the child runs that same function.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The full name of the test function, such as `tests::kill`.
    pub test: &'static str,
    /// The child's work in a directory that may hold what earlier rounds left: write for ever, tell what is stored.
    pub write: fn(&Path, Acks),
    /// The parent's check: opens the directory and panics unless everything acknowledged (the last number of each
    /// stream) is there.
    pub check: fn(&Path, &BTreeMap<u64, u64>),
    /// How often the child is killed.
    pub rounds: u32,
    /// The child lives at most so long after its first acknowledgement.
    pub longest: Duration,
}

impl Trial {
    /// Kills the writer with SIGKILL, round after round on one directory.
    ///
    /// # Panics
    /// When something acknowledged is missing, or the child did not work.
    pub fn kill(self) {
        self.run_child();
        let scratch = scratch();
        let directory = scratch.path().join("store");
        let mut stored = BTreeMap::new();
        for round in 0..self.rounds {
            let acked = self.round(round, &directory);
            stored.extend(acked);
            (self.check)(&directory, &stored);
        }
    }

    /// Cuts the power of the disk that the writer uses, each round on a fresh file system. Needs root.
    ///
    /// # Panics
    /// When something acknowledged is missing, or the child or the file system did not work.
    pub fn power_cut(self) {
        self.run_child();
        for round in 0..self.rounds {
            let scratch = scratch();
            let image = Image::create(scratch.path(), IMAGE_MEBIBYTES);
            let image = image.unwrap_or_else(|error| panic!("no file system to cut the power of: {error}"));
            let acked = self.round(round, &image.root().join("store"));
            let after = image.cut_power().unwrap_or_else(|error| panic!("round {round}: {error}"));
            (self.check)(&after.root().join("store"), &acked);
        }
    }

    fn round(&self, round: u32, directory: &Path) -> BTreeMap<u64, u64> {
        let writer = Writer::start(self.test, directory);
        let writer = writer.unwrap_or_else(|error| panic!("round {round}: {error}"));
        // A random state is seeded by the operating system: good enough a moment to die.
        let drawn = RandomState::new().hash_one(round) % 1000;
        std::thread::sleep(self.longest.mul_f64(drawn as f64 / 1000.0));
        writer.kill().unwrap_or_else(|error| panic!("round {round}: {error}"))
    }

    /// In the child: writes until it is killed.
    fn run_child(&self) {
        if let Some(directory) = child::directory() {
            (self.write)(&directory, Acks::new());
            panic!("the child's work ended by itself");
        }
    }
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary directory: {error}"))
}
