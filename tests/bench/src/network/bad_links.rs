use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::field::Field;
use super::row::Row;
use super::steady::Steady;
use crate::patience::{rest, until};

const HOSTS: u8 = 3;
const PORT: u16 = 8135;
/// Each entry is asked so often.
const PERIOD: Duration = Duration::from_millis(100);
/// What fails after so long fails for good: TCP has sent it six times.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between hosts only: the client's packets are not lost.
const LOSSY: &str = "table inet skep_bench_loss { chain lost { type filter hook prerouting priority -400; \
                     iifname eth0 ip saddr 10.98.0.10-10.98.0.255 numgen random mod 100 < 5 drop\n}\n}\n";

/// Links that lose packets, and links that are slow: nodes stay, tasks stay, every request is answered.
pub(crate) fn measure(minutes: f64) -> Result<Row> {
    let field = Field::new(1, HOSTS - 1);
    field.deploy(
        "l",
        &format!(
            "services:\n  web: {{image: skep/whoami, ports: [\"{PORT}:80\"], deploy: {{replicas: 6}}}}\n"
        ),
    )?;
    field.until_running("l_web", 6)?;
    let client = field.client();
    for address in field.entries(PORT) {
        until("every host answers", Duration::from_millis(50), || Ok(Field::answer(&client, address).ok()))?;
    }
    let mut row = Row::new(format!("bad-links: {minutes} minutes each, {HOSTS} hosts"));
    for host in 0..HOSTS {
        let namespace = field.cluster.host(host).namespaces().host();
        in_namespace(&namespace, &["nft", LOSSY])?;
    }
    under(&field, "5 % of the packets between hosts lost", minutes, &mut row)?;
    for host in 0..HOSTS {
        let namespace = field.cluster.host(host).namespaces().host();
        in_namespace(&namespace, &["nft", "delete table inet skep_bench_loss"])?;
        let slow = "tc qdisc add dev eth0 root tbf rate 10mbit burst 32kbit latency 400ms";
        in_namespace(&namespace, &slow.split(' ').collect::<Vec<_>>())?;
    }
    under(&field, "10 Mbit/s out of each host", minutes, &mut row)?;
    Ok(row)
}

/// Asks steadily while it is so.
fn under(field: &Field, what: &str, minutes: f64, row: &mut Row) -> Result<()> {
    let before = field.tasks()?;
    let steady = Steady::start(&field.client(), &field.entries(PORT), PERIOD, PATIENCE);
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut unready = Vec::new();
    while Instant::now() < end {
        unready.extend(field.unready());
        rest(Duration::from_millis(250))?;
    }
    let went = steady.stop();
    let after = field.tasks()?;
    row.say(format!(
        "{what}: {} requests answered, {} failed, the slowest took {:.1} s; nodes were seen as not ready {} times",
        went.answered,
        went.failures.len(),
        went.slowest.as_secs_f64(),
        unready.len()
    ));
    row.judge(before == after, format!("{what}: no task is replaced"));
    row.faults.extend(unready.into_iter().chain(went.failures));
    Ok(())
}

/// Runs a program there; what `nft` is told is one argument.
fn in_namespace(namespace: &Path, program: &[&str]) -> Result<()> {
    let name = namespace.file_name().unwrap_or_default();
    let output = Command::new("ip").args(["netns", "exec"]).arg(name).args(program).output()?;
    ensure!(output.status.success(), "{program:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
