use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use skep_harness::Host;

use super::field::Field;
use super::row::Row;
use super::steady::Steady;
use crate::patience::{rest, until};

const MANAGERS: u8 = 3;
const HOSTS: u8 = 5;
const PORT: u16 = 8136;
/// Of a service that is everywhere, to see that everything leads everywhere again.
const EVERYWHERE: u16 = 8137;
/// The host that suffers: a worker without tasks of the service that is asked meanwhile.
const VICTIM: u8 = HOSTS - 1;
const PERIOD: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
/// Until everything answers from everywhere after a fault has healed.
const HEALED_SECONDS_MAX: f64 = 10.0;
const CUT_FOR: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(2);

/// One node cut off, rebooted, the leader killed in the middle of a rolling change: requests by the others to the others go on.
pub(crate) fn measure() -> Result<Row> {
    let mut field = Field::new(MANAGERS, HOSTS - MANAGERS);
    let update = "update_config: {parallelism: 1, delay: 1s, order: start-first}";
    field.deploy(
        "f",
        &format!(
            "services:\n  web:\n    image: skep/whoami\n    ports: [\"{PORT}:80\"]\n    deploy:\n      replicas: 6\n      \
             placement: {{constraints: [node.hostname != host{VICTIM}]}}\n      {update}\n  \
             all: {{image: skep/whoami, ports: [\"{EVERYWHERE}:80\"], deploy: {{mode: global}}}}\n"
        ),
    )?;
    field.until_running("f_web", 6)?;
    until("all answers", Duration::from_millis(50), || Ok(heals(&field).ok()))?;
    let brought_back = field.brought_back().len();
    let mut row = Row::new(format!("faults: {HOSTS} hosts, {MANAGERS} of them managers"));
    under(&mut field, &mut row, "a worker cut off for 30 s", |field| {
        field.cluster.set_cut(VICTIM, true);
        let rested = rest(CUT_FOR);
        field.cluster.set_cut(VICTIM, false);
        rested
    })?;
    under(&mut field, &mut row, "a worker rebooted", |field| {
        field.cluster.host_mut(VICTIM).kill_everything();
        rest(CALM)?;
        field.cluster.host_mut(VICTIM).start();
        Ok(())
    })?;
    under(&mut field, &mut row, "the leader killed in the middle of a rolling change", roll)?;
    let found = field.audit_since(brought_back)?;
    row.judge(found.is_empty(), "audits find nothing to bring back");
    row.faults.extend(found);
    Ok(row)
}

/// Asks the other hosts steadily meanwhile, then waits until everything answers from everywhere.
fn under(
    field: &mut Field,
    row: &mut Row,
    what: &str,
    fault: impl FnOnce(&mut Field) -> Result<()>,
) -> Result<()> {
    eprintln!("faults: {what}");
    let targets: Vec<SocketAddr> = (0..VICTIM).map(|host| field.entry(host, PORT)).collect();
    let steady = Steady::start(&field.client(), &targets, PERIOD, PATIENCE);
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
    let went = steady.stop();
    row.say(format!(
        "{what}: {} requests by the other hosts answered, {} failed, the slowest took {:.2} s",
        went.answered,
        went.failures.len(),
        went.slowest.as_secs_f64()
    ));
    row.judge(took < HEALED_SECONDS_MAX, format!("{what}: all answered {took:.1} s after it healed"));
    if !wrong.is_empty() {
        row.say(format!("{what}: last wrong until then: {wrong}"));
    }
    row.faults.extend(went.failures.into_iter().map(|failure| format!("{what}: {failure}")));
    Ok(())
}

/// Changes all tasks of the service one by one, kills the leader when some are changed, and starts it again.
fn roll(field: &mut Field) -> Result<()> {
    let leader = field.cluster.leader();
    let asked = (leader + 1) % MANAGERS;
    let api = field.cluster.api(asked);
    let shown = api.get("/services/f_web")?;
    let mut spec = shown["Spec"].clone();
    spec["TaskTemplate"]["ContainerSpec"]["Env"] = serde_json::json!(["CHANGED=1"]);
    let version = &shown["Version"]["Index"];
    api.post(&format!("/services/f_web/update?version={version}"), &spec)?;
    rest(CALM)?;
    ensure!(
        state(field, asked).as_deref() == Some("updating"),
        "the change was over before the leader was killed"
    );
    field.cluster.host_mut(leader).kill_daemon();
    rest(CALM * 2)?;
    Host::start(field.cluster.host_mut(leader));
    until("the change is complete", Duration::from_millis(100), || {
        Ok(state(field, asked).filter(|state| state == "completed"))
    })?;
    Ok(())
}

fn state(field: &Field, asked: u8) -> Option<String> {
    let shown = field.cluster.api(asked).get("/services/f_web").ok()?;
    shown["UpdateStatus"]["State"].as_str().map(str::to_owned)
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
