//! What many services cost: how long a change of one takes, and a connection to one; only measured. See tests/bench/README.md.

use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use skep_model::{EndpointService, EndpointTable, NetworkId, ServiceId, Subnet, TaskId};

use crate::lab::{CLIENT, Cell, HOST, Node, in_lab, inside, on, published, service};

/// How many services there are, unless `SKEP_SERVICES` says it.
const SERVICES: u32 = 200;
/// How many changes and connections are measured.
const ROUNDS: usize = 200;

/// Service `number` of many: its virtual address and, with the first cell, tasks on the second node.
fn one_of_many(number: u32, cell: &Cell, tasks: u32) -> EndpointService {
    let mut one = service(&format!("s{number}"), 1, &[cell; 2]);
    one.id = ServiceId::new(u128::from(number) + 1);
    let address = |part: u32| Ipv4Addr::from_bits(Ipv4Addr::new(10, 64, 0, 0).to_bits() + part);
    one.vips[0].network = NetworkId::new(9);
    one.vips[0].address = Some(address(number * 4 + 1));
    one.backends.truncate(tasks as usize);
    for (at, backend) in (2..).zip(&mut one.backends) {
        backend.task = TaskId::new(u128::from(number) * 8 + u128::from(at));
        backend.addresses = vec![(NetworkId::new(9), address(number * 4 + at))];
    }
    one
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// Milliseconds of a connection to the published port.
fn connect(client: &std::os::fd::OwnedFd) -> f64 {
    let one = || {
        let start = Instant::now();
        drop(TcpStream::connect((HOST, 8080)).unwrap());
        start.elapsed()
    };
    median(inside(client, || (0..ROUNDS).map(|_| one()).collect()))
}

#[test]
fn many_services() {
    in_lab(|lab| async move {
        let said = std::env::var("SKEP_SERVICES").ok().and_then(|text| text.parse().ok());
        let count: u32 = said.unwrap_or(SERVICES);
        let [one, two] = Node::several(&lab).await;
        let (here, there) = (one.cell("here", vec![on(1, 5)]).await, two.cell("there", vec![on(1, 6)]).await);
        here.serve(80);
        let web = published(service("web", 100, &[&here]), 8080, 80);
        let with = |version, services: Vec<EndpointService>| {
            let mut table = one.table(version, &[&one, &two], services);
            table.networks[2].id = NetworkId::new(9);
            table.networks[2].subnet = Subnet { address: Ipv4Addr::new(10, 64, 0, 0), prefix_bits: 10 };
            table
        };
        one.network.apply(&with(1, vec![web.clone()])).await.unwrap();
        let alone = connect(&lab.client);
        let mut services: Vec<_> = (0..count).map(|number| one_of_many(number, &there, 2)).collect();
        services.push(web);
        let start = Instant::now();
        one.network.apply(&with(2, services)).await.unwrap();
        let whole = start.elapsed();
        let among = connect(&lab.client);
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let number = (round as u32 * 37) % count;
            let change = EndpointTable {
                partial: true,
                networks: Vec::new(),
                peers: Vec::new(),
                ..with(3 + round as u64, vec![one_of_many(number, &there, 1 + round as u32 % 2)])
            };
            let start = Instant::now();
            one.network.apply(&change).await.unwrap();
            times.push(start.elapsed());
        }
        let start = Instant::now();
        assert_eq!(one.network.audit(false).await.unwrap(), []);
        let audit = start.elapsed();
        println!(
            "{count} services: all at once {whole:?}, a change {:.2} ms, an audit {audit:?}; a connection {among:.3} ms, with one \
             service {alone:.3} ms ({CLIENT})",
            median(times)
        );
    });
}
