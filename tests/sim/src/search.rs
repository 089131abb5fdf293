//! Runs seed after seed.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sim::{Options, Outcome, Tier};

use crate::arguments::Arguments;

/// What all jobs share.
struct Search<'a> {
    arguments: &'a Arguments,
    first: u64,
    began: Instant,
    taken: AtomicU64,
    failed: AtomicBool,
    sums: Mutex<Sums>,
}

#[derive(Default)]
struct Sums {
    seeds: u64,
    failures: Vec<u64>,
    simulated: Duration,
    acknowledged: u64,
    histories: u64,
    operations: u64,
}

/// Runs what is asked for; true when every seed holds.
#[expect(clippy::disallowed_methods, reason = "outside of the simulation time is real")]
pub(crate) fn search(arguments: &Arguments) -> io::Result<bool> {
    let drawn =
        || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros() as u64;
    let search = Search {
        arguments,
        first: arguments.seed.unwrap_or_else(drawn),
        began: Instant::now(),
        taken: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        sums: Mutex::default(),
    };
    let results: Vec<io::Result<()>> = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..arguments.jobs.max(1)).map(|_| scope.spawn(|| search.work())).collect();
        let gone = || Err(io::Error::other("a job panicked"));
        jobs.into_iter().map(|job| job.join().unwrap_or_else(|_| gone())).collect()
    });
    results.into_iter().collect::<io::Result<()>>()?;
    search.summary();
    Ok(!search.failed.load(Ordering::Relaxed))
}

impl Search<'_> {
    fn work(&self) -> io::Result<()> {
        while let Some(seed) = self.next() {
            let managers = self.arguments.nodes.saturating_sub(1).clamp(1, 3);
            let outcome = sim::run(&Options {
                seed,
                tier: if self.arguments.wire { Tier::Wire } else { Tier::Messages },
                steps: self.arguments.steps,
                managers,
                agents: self.arguments.nodes.saturating_sub(managers),
                plant: self.arguments.plant,
                keep_all: self.arguments.log,
            })?;
            self.tell(seed, &outcome);
        }
        Ok(())
    }

    fn next(&self) -> Option<u64> {
        if self.failed.load(Ordering::Relaxed) && !self.arguments.keep_going {
            return None;
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let more = match self.arguments.time {
            Some(limit) => self.began.elapsed() < limit,
            None => number < self.arguments.seeds,
        };
        more.then(|| self.first.wrapping_add(number))
    }

    fn tell(&self, seed: u64, outcome: &Outcome) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.seeds += 1;
        sums.simulated += outcome.simulated;
        sums.acknowledged += outcome.acknowledged;
        sums.histories += outcome.histories.0;
        sums.operations += outcome.histories.1;
        let single = self.arguments.time.is_none() && self.arguments.seeds == 1;
        if self.arguments.log || (outcome.violation.is_some() && !self.arguments.keep_going) {
            outcome.lines.iter().for_each(|line| println!("{line}"));
        }
        if single || outcome.violation.is_some() {
            println!(
                "seed {seed}: {} events, hash {:016x}, {:.1} simulated s, {} writes acknowledged",
                outcome.events,
                outcome.hash,
                outcome.simulated.as_secs_f64(),
                outcome.acknowledged
            );
        }
        if let Some(violation) = &outcome.violation {
            self.failed.store(true, Ordering::Relaxed);
            sums.failures.push(seed);
            println!("seed {seed} FAILS: {violation}");
            let tier = if self.arguments.wire { "--wire " } else { "" };
            println!("again: cargo sim {tier}--seed {seed} --steps {} --log", self.arguments.steps);
        }
    }

    fn summary(&self) {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, simulated) = (self.began.elapsed().as_secs_f64(), sums.simulated.as_secs_f64());
        println!(
            "{} seeds, {} failed; {simulated:.0} simulated s in {wall:.1} s ({:.0} times real time), {} writes acknowledged, {} histories of \
             {} operations",
            sums.seeds,
            sums.failures.len(),
            simulated / wall.max(0.001),
            sums.acknowledged,
            sums.histories,
            sums.operations
        );
    }
}
