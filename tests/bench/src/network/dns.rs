use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use skep_harness::{Namespaces, Place};

use super::field::Field;
use super::names::addresses;
use super::row::Row;
use crate::patience::until;
use crate::samples::Samples;

const HOSTS: u8 = 3;
/// Between these two numbers of tasks the service changes.
const REPLICAS: [u32; 2] = [3, 6];
const SECONDS_MAX: f64 = 0.1;
/// How often each node's server is asked.
const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// From a change until `tasks.web` names the right tasks on every node: fewer ones from the answer to the call on, more from when
/// the manager first says that the last of them runs.
pub(crate) fn measure(changes: u32) -> Result<Row> {
    let field = Field::new(1, HOSTS - 1);
    field.deploy(
        "d",
        &format!(
            "services:\n  ask: {{image: skep/whoami, deploy: {{replicas: {HOSTS}}}}}\n  \
             web: {{image: skep/whoami, deploy: {{replicas: {}}}}}\n",
            REPLICAS[0]
        ),
    )?;
    let askers = field.until_spread("d_ask")?;
    let places = field.until_running("d_web", REPLICAS[0] as usize)?;
    let network = field.api().get("/networks/d_default")?["Id"].as_str().context("no network")?.to_owned();
    let of = |places: &[Place]| places.iter().filter_map(|place| place.address_on(&network)).collect();
    let first: BTreeSet<Ipv4Addr> = of(&places);
    last_of(&watch(&askers, first.len(), Some(first)), HOSTS)?;
    let mut samples = [Samples::default(), Samples::default()];
    for change in 0..changes {
        let (fewer, wanted) = (change % 2 == 1, REPLICAS[usize::from(change % 2 == 0)]);
        // They ask before the change is made: they do not begin late.
        let right = watch(&askers, wanted as usize, None);
        scale(&field, wanted)?;
        let mut committed = Instant::now();
        if !fewer {
            until("all tasks run", PAUSE, || Ok(running(&field, wanted)?.then_some(())))?;
            committed = Instant::now();
        }
        let seen = last_of(&right, HOSTS)?;
        samples[usize::from(fewer)].push(seen.saturating_duration_since(committed).as_secs_f64());
        // Those of the right number have to be the right ones.
        let now: BTreeSet<Ipv4Addr> = of(&field.until_running("d_web", wanted as usize)?);
        last_of(&watch(&askers, now.len(), Some(now)), HOSTS)?;
    }
    let mut row = Row::new(format!("dns: {changes} changes of a service's tasks, {HOSTS} hosts"));
    for (what, samples) in
        ["more tasks, from when the last one is known to run", "fewer tasks, from the call's answer"]
            .iter()
            .zip(&samples)
    {
        let of = |part: f64| samples.quantile(part) * 1000.0;
        row.say(format!("{what}: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", of(0.5), of(0.99), of(1.0)));
    }
    let all: Samples =
        samples.iter().flat_map(Samples::all).map(|time| Duration::from_secs_f64(*time)).collect();
    row.judge(all.quantile(0.99) < SECONDS_MAX, format!("p99 below {:.0} ms", SECONDS_MAX * 1000.0));
    Ok(row)
}

fn scale(field: &Field, replicas: u32) -> Result<()> {
    let api = field.api();
    let shown = api.get("/services/d_web")?;
    let mut spec = shown["Spec"].clone();
    spec["Mode"]["Replicated"]["Replicas"] = replicas.into();
    let version: &Value = &shown["Version"]["Index"];
    api.post(&format!("/services/d_web/update?version={version}"), &spec).map(drop)
}

fn running(field: &Field, wanted: u32) -> Result<bool> {
    let services = field.api().list("/services?status=true", &json!({ "name": ["d_web"] }))?;
    let service = services.iter().find(|service| service["Spec"]["Name"] == "d_web");
    Ok(service.is_some_and(|service| service["ServiceStatus"]["RunningTasks"] == wanted))
}

/// Asks on every node until so many addresses, or exactly these, are answered; each node's moment comes from the receiver.
fn watch(askers: &[Place], count: usize, exactly: Option<BTreeSet<Ipv4Addr>>) -> Receiver<Instant> {
    let (sender, receiver) = channel();
    for asker in askers {
        let (sender, namespace, exactly) = (sender.clone(), asker.namespace(), exactly.clone());
        std::thread::spawn(move || {
            Namespaces::inside(&namespace, || {
                let end = Instant::now() + PATIENCE;
                while Instant::now() < end {
                    let found = addresses("tasks.web").unwrap_or_default();
                    let right = exactly.as_ref().is_none_or(|exactly| exactly.iter().eq(&found));
                    if found.len() == count && right {
                        // Nobody listens any more when the run was told to stop.
                        let _ = sender.send(Instant::now());
                        return;
                    }
                    std::thread::sleep(PAUSE);
                }
            });
        });
    }
    receiver
}

/// The moment of the last node.
fn last_of(right: &Receiver<Instant>, hosts: u8) -> Result<Instant> {
    let moments = (0..hosts).map(|_| right.recv_timeout(PATIENCE));
    let moments = moments.collect::<Result<Vec<_>, _>>().context("a node's name server stays wrong")?;
    moments.into_iter().max().context("no nodes")
}
