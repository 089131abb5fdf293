use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::scope;
use std::time::Instant;

use anyhow::Result;
use skep_harness::Namespaces;

use super::client::{ask, line};
use super::field::{Field, PATIENCE};
use super::row::Row;
use crate::interrupt;
use crate::patience::until;

const HOSTS: u8 = 5;
const THREADS: u32 = 16;
/// Stacks: the name of each one's service, which its tasks say, and its port.
const STACKS: [(&str, u16); 2] = [("red", 8131), ("blue", 8132)];

/// Many connections, each new, to two stacks in turn through all hosts in turn.
pub(crate) fn measure(count: u32) -> Result<Row> {
    let field = Field::new(1, HOSTS - 1);
    for (name, port) in STACKS {
        field.deploy(
            name,
            &format!(
                "services:\n  {name}:\n    image: skep/whoami\n    ports: [\"{port}:80\"]\n    deploy: {{replicas: {HOSTS}}}\n"
            ),
        )?;
        field.until_running(&format!("{name}_{name}"), usize::from(HOSTS))?;
    }
    let client = field.client();
    for address in STACKS.iter().flat_map(|(_, port)| field.entries(*port)) {
        until("every host leads to both", std::time::Duration::from_millis(50), || {
            Ok(Field::answer(&client, address).ok())
        })?;
    }
    let (next, faults) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    let work = || {
        while interrupt::check().is_ok() {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if turn >= count {
                return;
            }
            if let Err(fault) = once(&field, turn) {
                faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
            }
        }
    };
    scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| Namespaces::inside(&client, work));
        }
    });
    interrupt::check()?;
    let mut row = Row::new(format!("connections: {count} to two stacks in turn, through {HOSTS} hosts"));
    row.faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    let misdirected = row.faults.iter().filter(|fault| fault.contains("answers for")).count();
    let failed = row.faults.len() - misdirected;
    row.say(format!("{rate:.0} connections/s; {misdirected} misdirected, {failed} refused, reset or late"));
    Ok(row)
}

/// The answer has to be of the stack that was asked.
fn once(field: &Field, turn: u32) -> Result<(), String> {
    let (name, port) = if turn.is_multiple_of(2) { STACKS[0] } else { STACKS[1] };
    let host = u8::try_from(turn / 2 % u32::from(HOSTS)).unwrap_or_default();
    let address = field.entry(host, port);
    let body = ask(address, PATIENCE).map_err(|error| format!("connection {turn} to {address}: {error}"))?;
    let task = line(&body, "Task");
    match task.contains(name) {
        true => Ok(()),
        false => Err(format!("connection {turn} to {address}: '{task}' answers for {name}")),
    }
}
