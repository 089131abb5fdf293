use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::counts::{count, memory};
use super::field::Field;
use super::row::Row;
use crate::patience::rest;

const HOSTS: u8 = 2;
const PORT: u16 = 8134;
/// So many stacks come and go before the first count: what a daemon opens once is no growth.
const WARM_UP: u32 = 5;
/// Longer than the period of the daemons' audits: what the first one opens is no growth.
const SETTLE: Duration = Duration::from_secs(25);
/// So many connections to its keeper a daemon keeps once it needed them at one time (`CONNECTIONS_KEPT` in worker/engine).
const KEEPER_CONNECTIONS: usize = 8;
/// A daemon may keep something for a moment, such as a connection between managers and agents.
const LOOKS: u32 = 60;
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// A small stack created and removed again and again: nothing may be left of it.
pub(crate) fn measure(cycles: u32) -> Result<Row> {
    let field = Field::new(1, HOSTS - 1);
    for _ in 0..WARM_UP {
        cycle(&field)?;
    }
    rest(SETTLE)?;
    let hosts = || (0..HOSTS).map(|number| field.cluster.host(number));
    let before = hosts().map(count).collect::<Result<Vec<_>>>()?;
    let memory_before = hosts().map(memory).collect::<Result<Vec<_>>>()?;
    let begun = Instant::now();
    for number in 1..=cycles {
        cycle(&field)?;
        if number.is_multiple_of(50) {
            let now = hosts().map(memory).collect::<Result<Vec<_>>>()?;
            eprintln!("cycle {number}/{cycles}: memory {now:.0?} KiB");
        }
    }
    let took = begun.elapsed();
    let mut after = hosts().map(count).collect::<Result<Vec<_>>>()?;
    for _ in 0..LOOKS {
        if after == before {
            break;
        }
        rest(LOOK_PAUSE)?;
        after = hosts().map(count).collect::<Result<Vec<_>>>()?;
    }
    let mut row = Row::new(format!(
        "cycles: {cycles} times a stack of two services created and removed, {HOSTS} hosts"
    ));
    row.say(format!("{:.2} s each", took.as_secs_f64() / f64::from(cycles.max(1))));
    for (number, host) in hosts().enumerate() {
        let (before, after) = (&before[number], &after[number]);
        row.say(format!("host{number} before: {before:?}"));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let [had, has] = [before, after].map(|counts| counts.get(name).copied().unwrap_or_default());
            let kept = if name == "descriptors of socket" { KEEPER_CONNECTIONS } else { 0 };
            if has < had || has > had + kept {
                row.faults.push(format!("host{number}: {name}: {had} before, {has} after"));
            }
        }
        let (had, has) = (memory_before[number], memory(host)?);
        row.say(format!("host{number} memory: {had:.0} KiB before, {has:.0} KiB after ({:+.0})", has - had));
    }
    let equal = row.faults.is_empty();
    row.say(if equal { "nothing is left" } else { "counts differ" });
    Ok(row)
}

fn cycle(field: &Field) -> Result<()> {
    field.deploy(
        "c",
        &format!(
            "services:\n  one: {{image: skep/whoami, ports: [\"{PORT}:80\"]}}\n  two: {{image: skep/whoami}}\n"
        ),
    )?;
    field.until_running("c_one", 1)?;
    field.until_running("c_two", 1)?;
    field.remove("c")
}
