use std::time::{Duration, Instant};

use anyhow::Result;
use skep_harness::{Namespaces, Place};

use super::client::{ask, line};
use super::field::Field;
use super::row::Row;
use crate::patience::until;
use crate::samples::Samples;

const HOSTS: u8 = 3;
const PORT: u16 = 8133;
const SECONDS_MAX: f64 = 5.0;
const PAUSE: Duration = Duration::from_millis(10);
/// How long a single answer is waited for: one that is lost is asked again.
const PATIENCE: Duration = Duration::from_secs(1);

/// All daemons killed with their keepers and containers, and started at once: from the moment when the last node is ready until
/// every virtual address, name and published port answers from every node.
pub(crate) fn measure(rounds: u32) -> Result<Row> {
    let mut field = Field::new(1, HOSTS - 1);
    let soon = "restart_policy: {delay: 100ms}";
    field.deploy(
        "s",
        &format!(
            "services:\n  front: {{image: skep/whoami, ports: [\"{PORT}:80\"], deploy: {{replicas: {HOSTS}, {soon}}}}}\n  \
             back: {{image: skep/whoami, deploy: {{replicas: 2, {soon}}}}}\n  \
             ask: {{image: skep/whoami, deploy: {{replicas: {HOSTS}, {soon}}}}}\n"
        ),
    )?;
    until("all answers", PAUSE, || Ok(all_answer(&field).ok()))?;
    let mut times = Samples::default();
    let mut longest = Samples::default();
    for round in 1..=rounds {
        field.until_spread("s_ask")?;
        field.cluster.each_at_once(skep_harness::Host::kill_everything);
        let begun = Instant::now();
        field.cluster.each_at_once(skep_harness::Host::start);
        field.cluster.until_whole(1);
        let ready = Instant::now();
        let mut wrong = String::new();
        let answered = until("all answers", PAUSE, || match all_answer(&field) {
            Ok(()) => Ok(Some(())),
            Err(what) => {
                wrong = what;
                Ok(None)
            }
        });
        answered.map_err(|error| error.context(wrong.clone()))?;
        times.push(ready.elapsed().as_secs_f64());
        longest.push(begun.elapsed().as_secs_f64());
        eprintln!(
            "start {round}/{rounds}: {:.2} s after all were ready; last wrong: {wrong}",
            times.all().last().unwrap_or(&0.0)
        );
    }
    let before = field.brought_back();
    let mut row =
        Row::new(format!("starts: {rounds} times everything killed, {HOSTS} hosts started at once"));
    row.say(format!(
        "last node ready until all answers: p50 {:.2} s, p99 {:.2} s, max {:.2} s; from the start of the daemons: max {:.2} s",
        times.median(),
        times.quantile(0.99),
        times.max(),
        longest.max()
    ));
    row.judge(times.max() < SECONDS_MAX, format!("max below {SECONDS_MAX} s"));
    let after = field.audit_since(before.len())?;
    row.judge(after.is_empty(), "what is programmed equals what is desired when all has settled");
    row.say(format!("{} things were brought back by audits meanwhile", before.len()));
    row.faults.extend(after);
    before.iter().take(5).for_each(|line| row.say(format!("brought back: {line}")));
    Ok(row)
}

/// Every port, name and virtual address, from every node.
fn all_answer(field: &Field) -> Result<(), String> {
    let client = field.client();
    for address in field.entries(PORT) {
        let asked = Namespaces::inside(&client, || ask(address, PATIENCE));
        asked.map_err(|error| format!("{address}: {error}"))?;
    }
    let askers = Place::of_service(&field.cluster, 0, "s_ask")?;
    if askers.len() != usize::from(HOSTS) {
        return Err(format!("{} of {HOSTS} run that ask", askers.len()));
    }
    let vip = |name: &str| field.virtual_address(name, "s_default").map_err(|error| format!("{error:#}"));
    let ways =
        ["back".to_owned(), "front".to_owned(), vip("s_back")?.to_string(), vip("s_front")?.to_string()];
    for asker in &askers {
        for way in &ways {
            called(asker, way)?;
        }
    }
    Ok(())
}

/// Lets a task ask a service, by what it is called there.
fn called(place: &Place, way: &str) -> Result<(), String> {
    let namespace = place.namespace();
    let Ok(file) = std::fs::File::open(&namespace) else { return Err(format!("{place:?} is gone")) };
    drop(file);
    let body = Namespaces::inside(&namespace, || {
        super::client::ask_path(([127, 0, 0, 1], 80).into(), &format!("/call?url=http://{way}/"), PATIENCE)
    });
    let body = body.map_err(|error| format!("host{} calls {way}: {error}", place.host))?;
    match line(&body, "Status") {
        "200" => Ok(()),
        _ => Err(format!("host{} calls {way}: {body}", place.host)),
    }
}
