use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::arguments::Arguments;
use super::field::Field;
use super::haproxy::Haproxy;
use super::plain::{Plain, lead, tunnel, without_pacing};
use super::rates::{Rate, Way};
use super::row::Row;
use crate::interrupt;
use crate::patience::until;
use crate::samples::Samples;

const NEAR: u16 = 8141;
const FAR: u16 = 8142;
const HAPROXY: u16 = 8188;
/// At least this part of the plain way's rate: over connections that are kept, over new ones.
const KEPT_MIN: f64 = 0.9;
const NEW_MIN: f64 = 0.8;
/// So many times haproxy's requests per second of CPU time.
const PEER_MIN: f64 = 1.5;
/// Which way is compared with which, by their places in the list of ways.
const PAIRS: [(usize, usize, &str); 4] = [
    (1, 0, "virtual address, against the container's own"),
    (2, 0, "published port from a container, against the container's own address"),
    (4, 3, "published port from outside, against a plain forwarded veth"),
    (6, 5, "published port, task on the other host, against a plain VXLAN"),
];
const INGRESS: usize = 4;
const PEER: usize = 7;

/// Requests and connections per second by several ways, in turns.
pub(crate) fn measure(arguments: &Arguments) -> Result<Row> {
    let field = Field::new(1, 1);
    let compose = format!(
        "services:\n  near: {{image: skep/whoami, ports: [\"{NEAR}:80\"]}}\n  far: {{image: skep/whoami, ports: [\"{FAR}:80\"]}}\n  \
         caller: {{image: skep/whoami, deploy: {{replicas: 2}}}}\n"
    );
    field.deploy("t", &compose)?;
    let one = |name: &str| field.until_running(name, 1)?.pop().context("no task");
    let (near, far) = (one("t_near")?, one("t_far")?);
    ensure!(near.host != far.host, "both tasks are on one host: tasks are no longer spread over the nodes");
    let callers = field.until_spread("t_caller")?;
    let caller = callers.into_iter().find(|place| place.host == near.host).context("no caller there")?;
    let host = |number: u8| {
        let spaces = field.cluster.host(number).namespaces();
        (spaces.host(), spaces.address())
    };
    let ((here, here_at), (there, there_at)) = (host(near.host), host(far.host));
    let (plain, beyond) = (Plain::to(near.process, &here, 1)?, Plain::to(far.process, &there, 2)?);
    tunnel((&here, here_at), (&there, there_at), &beyond)?;
    lead(&field.client(), &plain, here_at)?;
    lead(&field.client(), &beyond, here_at)?;
    let network = field.api().get("/networks/t_default")?["Id"].as_str().context("no network")?.to_owned();
    let near_at = near.address_on(&network).context("no address")?;
    let vip = field.virtual_address("t_near", "t_default")?;
    let way = |name, from: &std::path::Path, address, process: u32| Way {
        name,
        from: from.to_owned(),
        address,
        processes: vec![process],
    };
    let (inside, client) = (caller.namespace(), field.client());
    for namespace in [&inside, &client, &here, &near.namespace(), &far.namespace()] {
        without_pacing(namespace)?;
    }
    let mut ways = vec![
        way("container's own address", &inside, (near_at, 80).into(), near.process),
        way("virtual address", &inside, (vip, 80).into(), near.process),
        way("published, from a container", &inside, field.entry(near.host, NEAR), near.process),
        way("plain forwarded veth", &client, plain.address(), near.process),
        way("published, from outside", &client, field.entry(near.host, NEAR), near.process),
        way("plain VXLAN", &client, beyond.address(), far.process),
        way("published, task on the other host", &client, field.entry(near.host, FAR), far.process),
    ];
    let mut peer = None;
    if !arguments.no_peers {
        let listen = field.entry(near.host, HAPROXY);
        let haproxy = peer.insert(Haproxy::start(&here, listen, plain.address())?);
        let mut own = way("haproxy (TCP mode)", &client, listen, near.process);
        own.processes.push(haproxy.process());
        ways.push(own);
    }
    compare(&ways, arguments)
}

/// All ways in turn, again and again; ratios are those of the middle.
fn compare(ways: &[Way], arguments: &Arguments) -> Result<Row> {
    for way in ways {
        until(&format!("{} answers", way.name), Duration::from_millis(50), || {
            Ok(Field::answer(&way.from, way.address).ok())
        })?;
    }
    let time = Duration::from_secs_f64(arguments.seconds);
    let mut row =
        Row::new(format!("throughput: {} rounds of {} s each way", arguments.turns, arguments.seconds));
    for (kept, what, least) in [(true, "keep-alive", KEPT_MIN), (false, "new connections", NEW_MIN)] {
        let mut rates: Vec<Vec<Rate>> = Vec::new();
        for turn in 1..=arguments.turns {
            interrupt::check()?;
            rates.push(ways.iter().map(|way| way.rate(kept, time)).collect::<Result<_>>()?);
            eprintln!("throughput, {what}: {turn}/{}", arguments.turns);
        }
        for (number, way) in ways.iter().enumerate() {
            let of = |value: fn(&Rate) -> f64| samples(&rates, |turn| turn.get(number).map(value)).median();
            row.say(format!(
                "{what:16} {:36} {:8.0} requests/s {:8.0} per CPU-second",
                way.name,
                of(|rate| rate.per_second),
                of(|rate| rate.per_cpu_second)
            ));
        }
        let ratio = |one: usize, other: usize, value: fn(&Rate) -> f64| {
            samples(&rates, |turn| Some(value(turn.get(one)?) / value(turn.get(other)?))).median()
        };
        for (one, other, name) in PAIRS {
            let found = ratio(one, other, |rate| rate.per_second);
            // Other programs on the machine slow down the one more than the other, but leave the CPU time as it is.
            let by_cpu = ratio(one, other, |rate| rate.per_cpu_second);
            let line = format!("{what}: {name}: {found:.2} (per CPU-second {by_cpu:.2}), at least {least}");
            row.judge(found >= least, line);
        }
        if ways.len() > PEER {
            let found = ratio(INGRESS, PEER, |rate| rate.per_cpu_second);
            row.judge(
                found >= PEER_MIN,
                format!("{what}: requests per CPU-second against haproxy's: {found:.2}, at least {PEER_MIN}"),
            );
        }
    }
    Ok(row)
}

fn samples(rates: &[Vec<Rate>], value: impl Fn(&[Rate]) -> Option<f64>) -> Samples {
    let mut found = Samples::default();
    rates.iter().filter_map(|turn| value(turn)).for_each(|one| found.push(one));
    found
}
