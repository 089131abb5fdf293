use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::field::Field;
use super::row::Row;
use super::steady::Steady;
use crate::patience::{rest, until};

const MANAGERS: u8 = 3;
const HOSTS: u8 = 5;
const PORT: u16 = 8136;
/// Of a service with as many tasks as there are hosts, to see that everything leads everywhere again.
const EVERYWHERE: u16 = 8137;
/// The host that suffers: a worker without tasks of the service that is asked meanwhile.
const VICTIM: u8 = HOSTS - 1;
const PERIOD: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
/// Tasks that are changed one by one, and how late each listens: the change takes some seconds.
const REPLICAS: usize = 6;
const START_DELAY_MS: u32 = 1000;
const CHANGED: &str = "CHANGED=1";
/// How long the host that suffers is waited for, each time.
const OWN_PATIENCE: Duration = Duration::from_secs(1);
/// The one that it moves to.
const NEW_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 214);
/// Until everything answers from everywhere after a fault has healed.
const HEALED_SECONDS_MAX: f64 = 10.0;
const CUT_FOR: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(2);

/// One node cut off, rebooted, the leader killed in the middle of a rolling change: requests by the others to the others go on.
pub(crate) fn measure() -> Result<Row> {
    let mut field = Field::new(MANAGERS, HOSTS - MANAGERS);
    let web = format!(
        "  web:\n    image: skep/whoami\n    environment: {{WHOAMI_START_DELAY_MS: {START_DELAY_MS}}}\n    \
         ports: [\"{PORT}:80\"]\n    deploy: {{replicas: {REPLICAS}}}\n"
    );
    let all = format!(
        "  all: {{image: skep/whoami, ports: [\"{EVERYWHERE}:80\"], deploy: {{replicas: {HOSTS}}}}}\n"
    );
    // What is asked meanwhile is to be elsewhere: a task on a host that is cut off is asked until the host counts as down.
    availability(&field, "pause")?;
    field.deploy("f", &format!("services:\n{web}"))?;
    field.until_running("f_web", REPLICAS)?;
    availability(&field, "active")?;
    field.deploy("f", &format!("services:\n{web}{all}"))?;
    field.until_running("f_all", usize::from(HOSTS))?;
    until("all answers", Duration::from_millis(50), || Ok(heals(&field).ok()))?;
    let brought_back = field.brought_back().len();
    let mut row = Row::new(format!("faults: {HOSTS} hosts, {MANAGERS} of them managers"));
    under(&mut field, &mut row, "a worker rebooted", VICTIM, |field| {
        field.cluster.host_mut(VICTIM).kill_everything();
        rest(CALM)?;
        field.cluster.host_mut(VICTIM).start();
        Ok(())
    })?;
    under(&mut field, &mut row, "a worker cut off for 30 s", VICTIM, |field| {
        field.cluster.set_cut(VICTIM, true);
        let rested = rest(CUT_FOR);
        field.cluster.set_cut(VICTIM, false);
        rested
    })?;
    under(&mut field, &mut row, "a worker with a new address", VICTIM, |field| {
        field.move_host(VICTIM, NEW_ADDRESS)
    })?;
    let leader = field.cluster.leader();
    let what = "the leader killed in the middle of a rolling change";
    under(&mut field, &mut row, what, leader, |field| roll(field, leader))?;
    let found = field.audit_since(brought_back)?;
    row.judge(found.is_empty(), "audits find nothing to bring back");
    row.faults.extend(found);
    Ok(row)
}

/// Whether the host that suffers takes tasks.
fn availability(field: &Field, word: &str) -> Result<()> {
    let name = format!("host{VICTIM}");
    let ran = field.cluster.host(0).skep(&["node", "update", "--availability", word, &name]);
    ensure!(ran.code == 0, "{ran:?}");
    Ok(())
}

/// Asks the other hosts steadily meanwhile, then waits until everything answers from everywhere. The host that suffers is asked, too,
/// which is shown: while its daemon is away it hears of no change.
fn under(
    field: &mut Field,
    row: &mut Row,
    what: &str,
    victim: u8,
    fault: impl FnOnce(&mut Field) -> Result<()>,
) -> Result<()> {
    eprintln!("faults: {what}");
    let targets: Vec<SocketAddr> =
        (0..HOSTS).filter(|host| *host != victim).map(|host| field.entry(host, PORT)).collect();
    let steady = Steady::start(&field.client(), &targets, PERIOD, PATIENCE);
    let own = Steady::start(&field.client(), &[field.entry(victim, PORT)], PERIOD, OWN_PATIENCE);
    rest(CALM)?;
    fault(field)?;
    let healed = Instant::now();
    let mut wrong = String::new();
    let heal =
        until("everything answers from everywhere", Duration::from_millis(50), || match heals(field) {
            Ok(()) => Ok(Some(())),
            Err(what) => {
                wrong = what;
                Ok(None)
            }
        });
    heal.map_err(|error| error.context(wrong.clone()))?;
    let took = healed.elapsed().as_secs_f64();
    rest(CALM)?;
    let (went, own) = (steady.stop(), own.stop());
    row.say(format!(
        "{what}: {} requests by the other hosts answered, {} failed, the slowest took {:.2} s; by the host itself {}, {} failed",
        went.answered,
        went.failures.len(),
        went.slowest.as_secs_f64(),
        own.answered,
        own.failures.len()
    ));
    row.judge(took < HEALED_SECONDS_MAX, format!("{what}: all answered {took:.1} s after it healed"));
    if !wrong.is_empty() {
        row.say(format!("{what}: last wrong until then: {wrong}"));
    }
    row.faults.extend(went.failures.into_iter().map(|failure| format!("{what}: {failure}")));
    Ok(())
}

/// Changes all tasks of the service one by one, kills the leader when some are changed, and starts it again.
fn roll(field: &mut Field, leader: u8) -> Result<()> {
    let asked = (leader + 1) % MANAGERS;
    let api = field.cluster.api(asked);
    let shown = api.get("/services/f_web")?;
    let mut spec = shown["Spec"].clone();
    let environment = json!([CHANGED, format!("WHOAMI_START_DELAY_MS={START_DELAY_MS}")]);
    spec["TaskTemplate"]["ContainerSpec"]["Env"] = environment;
    let version = &shown["Version"]["Index"];
    api.post(&format!("/services/f_web/update?version={version}"), &spec)?;
    let count = until("two tasks are changed", Duration::from_millis(50), || {
        Ok(changed(field, asked).filter(|changed| *changed >= 2))
    })?;
    ensure!(count < REPLICAS, "the change was over before the leader was killed");
    field.cluster.host_mut(leader).kill_daemon();
    rest(CALM)?;
    field.cluster.host_mut(leader).start();
    until("all tasks are changed", Duration::from_millis(100), || {
        Ok(changed(field, asked).filter(|changed| *changed == REPLICAS))
    })?;
    Ok(())
}

/// How many tasks run that are changed.
fn changed(field: &Field, asked: u8) -> Option<usize> {
    let filters = json!({ "service": ["f_web"], "desired-state": ["running"] });
    let tasks = field.cluster.api(asked).list("/tasks", &filters).ok()?;
    let is_changed = |task: &&Value| {
        let environment = task["Spec"]["ContainerSpec"]["Env"].as_array();
        task["Status"]["State"] == "running" && environment.is_some_and(|all| all.contains(&CHANGED.into()))
    };
    Some(tasks.iter().filter(is_changed).count())
}

/// Every host leads to the task of every host: asked so often in turn, all answer.
fn heals(field: &Field) -> Result<(), String> {
    let client = field.client();
    for address in field.entries(EVERYWHERE) {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..usize::from(HOSTS) * 3 {
            seen.insert(Field::task_at(&client, address)?);
        }
        if seen.len() != usize::from(HOSTS) {
            return Err(format!("{address} leads to {} tasks of {HOSTS}", seen.len()));
        }
    }
    for address in field.entries(PORT) {
        Field::answer(&client, address)?;
    }
    Ok(())
}
