use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::Value;

use crate::image;
use crate::samples::Samples;
use crate::unit::Unit;

/// crun 1.8 refuses machines that have control groups of version 2 with a controller beside those of version 1.
const UNIFIED: &str = "/sys/fs/cgroup/unified";

/// What a container costs the runtimes alone, without image, network and orchestrator: how far down one could get.
pub(crate) fn floor(rounds: u32) -> Result<Vec<String>> {
    let directory = tempfile::Builder::new().prefix("skep-bench-floor-").tempdir()?;
    tar::Archive::new(&*image::archive()?).unpack(directory.path().join("rootfs"))?;
    ["runc", "crun"].iter().map(|runtime| line(runtime, directory.path(), rounds)).collect()
}

fn line(runtime: &str, bundle: &Path, rounds: u32) -> Result<String> {
    if command(runtime, bundle).arg("--version").stdout(Stdio::null()).status().is_err() {
        return Ok(format!("floor: {runtime} is not installed"));
    }
    write_configuration(runtime, bundle)?;
    let (mut wall, mut cpu) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        let (started, used) = (Instant::now(), children_used()?);
        run(runtime, bundle)?;
        wall.push(started.elapsed().as_secs_f64());
        cpu.push(children_used()?.saturating_sub(used).as_secs_f64());
    }
    let shown = |samples: &Samples| Unit::Milliseconds.number(samples.median());
    Ok(format!(
        "floor: {runtime} run of 'true': {} ms wall, {} ms CPU, medians of {rounds}",
        shown(&wall),
        shown(&cpu)
    ))
}

fn run(runtime: &str, bundle: &Path) -> Result<()> {
    let name = format!("skep-bench-{}", std::process::id());
    let ran = command(runtime, bundle).args(["run", &name]).output()?;
    ensure!(ran.status.success(), "{runtime} run: {}", String::from_utf8_lossy(&ran.stderr));
    Ok(())
}

/// The runtime's own default, but for what it runs.
fn write_configuration(runtime: &str, bundle: &Path) -> Result<()> {
    let path = bundle.join("config.json");
    drop(std::fs::remove_file(&path));
    let made = command(runtime, bundle).arg("spec").output()?;
    ensure!(made.status.success(), "{runtime} spec: {}", String::from_utf8_lossy(&made.stderr));
    let mut configuration: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    let process = configuration.get_mut("process").context("config.json has no process")?;
    process["terminal"] = false.into();
    process["args"] = ["/bin/true"].as_slice().into();
    Ok(std::fs::write(&path, configuration.to_string())?)
}

/// The runtime in a mount namespace that only has control groups of one version.
#[expect(unsafe_code, reason = "a hook between fork and exec")]
fn command(runtime: &str, bundle: &Path) -> Command {
    let mut command = Command::new(runtime);
    command.current_dir(bundle).stdin(Stdio::null());
    let hybrid = Path::new("/sys/fs/cgroup/cpuacct").exists() && Path::new(UNIFIED).exists();
    // SAFETY: between fork and exec only system calls are made, which is safe there.
    unsafe {
        command.pre_exec(move || {
            if hybrid {
                unshare(CloneFlags::CLONE_NEWNS)?;
                mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
                umount2(UNIFIED, MntFlags::MNT_DETACH)?;
            }
            Ok(())
        });
    }
    command
}

/// CPU time of all children that were waited for.
fn children_used() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: TimeVal| time.tv_sec().unsigned_abs() * 1_000_000 + time.tv_usec().unsigned_abs();
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}
