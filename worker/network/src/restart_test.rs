//! Daemons that die, come back, and leave for good.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::family::Family;
use crate::lab::{Cell, HOST, Load, TABLE, ask, in_lab, inside, on, published, service, table};
use crate::netlink::NetlinkSocket;
use crate::nft::{Batch, Table, table_there};
use crate::{Network, NetworkError};

const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

fn ids(cells: &[&Cell]) -> BTreeSet<String> {
    cells.iter().map(|cell| cell.id.clone()).collect()
}

#[test]
fn closing_leaves_the_host_as_it_was() {
    in_lab(|lab| async move {
        let before = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap().lines().count();
        let forwarding = std::fs::read_to_string(FORWARDING).unwrap();
        let network = lab.open().await;
        assert_eq!(std::fs::read_to_string(FORWARDING).unwrap().trim(), "1");
        let cell = Cell::attached(&network, "web", vec![on(1, 5)]).await;
        let web = published(service("web", 100, &[&cell]), 8080, 80);
        network.apply(&table(1, vec![web])).await.unwrap();
        let seen = network.observed().await.unwrap();
        assert!(seen.table && seen.links.len() == 1);
        assert_eq!(seen.leads, ["port-tcp-8080", "vip-10.0.1.100"]);
        network.close().await.unwrap();
        assert_eq!(std::fs::read_to_string("/proc/thread-self/net/dev").unwrap().lines().count(), before);
        assert_eq!(std::fs::read_to_string(FORWARDING).unwrap(), forwarding);
        for family in Family::ALL {
            let table = Table { family, ..TABLE };
            assert!(!table_there(&mut NetlinkSocket::netfilter().unwrap(), table).unwrap());
        }
        assert!(lab.store.names().is_empty());
        let left = std::fs::read_dir(lab.state().join("containers")).unwrap().count();
        assert_eq!(left, 0);
    });
}

#[test]
fn a_restart_under_traffic_loses_nothing() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cells = [
            Cell::attached(&network, "a", vec![on(1, 11)]).await,
            Cell::attached(&network, "b", vec![on(1, 12)]).await,
        ];
        cells.iter().for_each(|cell| cell.serve(80));
        let web = || published(service("web", 100, &[&cells[0], &cells[1]]), 8080, 80);
        network.apply(&table(1, vec![web()])).await.unwrap();
        let load = Load::start(&lab, 8080);
        let mut network = network;
        let mut version = 1;
        while !load.failed() && (version < 8 || load.done() < 50) {
            version += 1;
            drop::<Network>(network);
            network = lab.open().await;
            for cell in &cells {
                network.readopt(cell.attachment()).await.unwrap();
            }
            network.collect(&ids(&[&cells[0], &cells[1]])).await.unwrap();
            network.apply(&table(version, vec![web()])).await.unwrap();
        }
        load.end();
        assert_eq!(cells[0].ask(Ipv4Addr::new(10, 0, 1, 12), 80).unwrap(), "b 10.0.1.11");
    });
}

#[test]
fn what_is_left_of_dead_containers_is_collected() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let kept = Cell::attached(&network, "kept", vec![on(1, 5)]).await;
        let lost = Cell::attached(&network, "lost", vec![on(1, 6)]).await;
        drop(network);
        let network = lab.open().await;
        network.readopt(kept.attachment()).await.unwrap();
        network.collect(&ids(&[&kept])).await.unwrap();
        assert_eq!(network.observed().await.unwrap().links.len(), 1);
        assert_eq!(lab.store.names(), ["dns-kept"]);
        inside(&lost.namespace, || {
            let mut socket = NetlinkSocket::route().unwrap();
            assert_eq!(crate::host::links::find(&mut socket, "eth0").unwrap(), None);
        });
    });
}

#[test]
fn a_flushed_ruleset_is_made_again() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on(1, 5)]).await;
        let other = Cell::attached(&network, "other", vec![on(1, 6)]).await;
        cell.serve(80);
        let web = || published(service("web", 100, &[&cell]), 8080, 80);
        network.apply(&table(1, vec![web()])).await.unwrap();
        let mut batch = Batch::new(TABLE);
        batch.delete_table();
        batch.commit(&mut NetlinkSocket::netfilter().unwrap()).unwrap();
        network.apply(&table(2, vec![web()])).await.unwrap();
        assert!(ask(&lab.client, HOST, 8080).is_ok());
        assert!(other.ask(Ipv4Addr::new(10, 0, 1, 100), 80).is_ok());
    });
}

#[test]
fn a_failed_attachment_leaves_nothing() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let taken = std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).unwrap();
        let mut cell = Cell::new("web", vec![on(1, 5)]);
        let protocol = skep_model::Protocol::Tcp;
        cell.published.push(skep_model::PublishedPort {
            protocol,
            published: 8080,
            target: 80,
            address: None,
        });
        let error = network.attach(cell.attachment()).await.unwrap_err();
        assert!(matches!(error, NetworkError::Port(_)), "{error}");
        drop(taken);
        assert!(network.observed().await.unwrap().links.is_empty());
        assert!(lab.store.names().is_empty());
        cell.id = "../etc".into();
        assert!(matches!(network.attach(cell.attachment()).await, Err(NetworkError::Container(_))));
        cell.id = "web".into();
        network.attach(cell.attachment()).await.unwrap();
    });
}

#[test]
fn a_hundred_attachments_cost_the_same_each() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let mut cells = Vec::new();
        let mut times = Vec::new();
        for part in 1..=100 {
            let cell = Cell::new(&format!("cell{part}"), vec![on(1, part)]);
            let start = std::time::Instant::now();
            network.attach(cell.attachment()).await.unwrap();
            times.push(start.elapsed());
            cells.push(cell);
        }
        let mean = |times: &[std::time::Duration]| times.iter().sum::<std::time::Duration>() / 20;
        println!("attach: first twenty {:?}, last twenty {:?} each", mean(&times[..20]), mean(&times[80..]));
        cells[99].serve(80);
        assert_eq!(cells[0].ask(cells[99].address(), 80).unwrap(), "cell100 10.0.1.1");
        assert_eq!(network.observed().await.unwrap().links.len(), 100);
        let start = std::time::Instant::now();
        for cell in &cells {
            network.detach(&cell.id).await.unwrap();
        }
        println!("detach: {:?} each", start.elapsed() / 100);
    });
}

#[test]
fn a_container_that_starts_again_gets_a_new_link() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let other = Cell::attached(&network, "other", vec![on(1, 6)]).await;
        for round in 0..5 {
            let cell = Cell::attached(&network, "web", vec![on(1, 5)]).await;
            cell.serve(80);
            assert_eq!(other.ask(cell.address(), 80).unwrap(), "web 10.0.1.6", "round {round}");
            if round % 2 == 0 {
                network.detach("web").await.unwrap();
            }
            // Its namespace dies behind our back, perhaps after the next start.
            drop(cell);
        }
    });
}

#[test]
fn the_first_packet_to_a_new_container_arrives() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
        for part in 1..=30 {
            let cell = Cell::new(&format!("cell{part}"), vec![on(1, part)]);
            crate::lab::echo(&cell.namespace, 9, "here");
            network.attach(cell.attachment()).await.unwrap();
            socket.send_to(b"?", (cell.address(), 9)).unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 4, "container {part}");
        }
    });
}

#[test]
fn containers_may_come_and_go_at_the_same_time() {
    in_lab(|lab| async move {
        let network = std::sync::Arc::new(lab.open().await);
        let start = |part: u8| {
            let network = std::sync::Arc::clone(&network);
            tokio::spawn(async move {
                let cell = Cell::new(&format!("cell{part}"), vec![on(1, part)]);
                network.attach(cell.attachment()).await.unwrap();
                if part.is_multiple_of(2) {
                    network.detach(&cell.id).await.unwrap();
                }
                cell
            })
        };
        let tasks: Vec<_> = (1..=20).map(start).collect();
        let mut cells = Vec::new();
        for task in tasks {
            cells.push(task.await.unwrap());
        }
        cells[0].serve(80);
        assert_eq!(cells[2].ask(cells[0].address(), 80).unwrap(), "cell1 10.0.1.3");
        assert_eq!(lab.store.names().len(), 10);
    });
}
