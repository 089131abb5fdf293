use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::unistd::{SysconfVar, sysconf};
use skep_harness::Namespaces;

use super::client::{ask_again, ask_and_reset, connect};
use super::field::PATIENCE;

/// Clients that ask at the same time.
const CLIENTS: u32 = 4;

/// A way to a server.
#[derive(Debug)]
pub(crate) struct Way {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    /// The namespace of who asks.
    pub(crate) from: PathBuf,
    /// Who is asked.
    pub(crate) address: SocketAddr,
    /// Processes that answer or pass on.
    pub(crate) processes: Vec<u32>,
}

/// What a way carried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Requests per second.
    pub(crate) per_second: f64,
    /// Requests per second of CPU time of client, server and what is between. What the kernel does for packets between namespaces, it
    /// does in the time of the process that sends, so it is counted.
    pub(crate) per_cpu_second: f64,
}

impl Way {
    /// Asks for so long; over connections that are kept, or over a new one each time.
    pub(crate) fn rate(&self, kept: bool, time: Duration) -> Result<Rate> {
        let answered = AtomicU64::new(0);
        let (begun, cpu) = (Instant::now(), self.used()?);
        let work = || {
            let mut stream = if kept { Some(connect(self.address, PATIENCE)?) } else { None };
            while begun.elapsed() < time {
                match &mut stream {
                    Some(stream) => ask_again(stream)?,
                    None => ask_and_reset(self.address, PATIENCE)?,
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
            std::io::Result::Ok(())
        };
        let failed = scope(|scope| {
            let clients: Vec<_> =
                (0..CLIENTS).map(|_| scope.spawn(|| Namespaces::inside(&self.from, work))).collect();
            clients.into_iter().find_map(|client| client.join().ok()?.err())
        });
        if let Some(error) = failed {
            return Err(error).with_context(|| format!("{} ({})", self.name, self.address));
        }
        let answered = answered.into_inner() as f64;
        let (took, cpu) = (begun.elapsed(), self.used()?.saturating_sub(cpu));
        ensure!(answered > 0.0 && !cpu.is_zero(), "{}: nothing was answered", self.name);
        Ok(Rate { per_second: answered / took.as_secs_f64(), per_cpu_second: answered / cpu.as_secs_f64() })
    }

    /// CPU time of this program, which is the client, and of the way's processes.
    fn used(&self) -> Result<Duration> {
        let all = self.processes.iter().copied().chain([std::process::id()]);
        all.map(used_by).sum()
    }
}

/// CPU time of a process with its ended threads (proc(5): utime and stime).
fn used_by(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    // The name before may have blanks; utime is the 12th word behind it.
    let (_, words) = text.rsplit_once(") ").context(path)?;
    let words = words.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = words.sum::<Result<u64, _>>()?;
    let per_second = sysconf(SysconfVar::CLK_TCK)?.context("the kernel has no tick")?;
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}
