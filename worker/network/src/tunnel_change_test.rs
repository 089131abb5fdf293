//! Hosts of a swarm whose daemons, addresses, tasks and neighbours change.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use skep_model::{EndpointTable, NodeId, Peer};

use crate::host::links;
use crate::host::tunnel::Entry;
use crate::lab::{
    CLIENT, Cell, HOST, Line, Node, ask, echo, follow, in_lab, inside, on, published, serve, service, table,
    web,
};
use crate::netlink::{Message, NetlinkSocket};
use crate::nft::Batch;

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

/// A service that a [`Line`] can be opened to, by the VIP or port 8081.
fn line(task: &Cell) -> skep_model::EndpointService {
    published(service("line", 100, &[task]), 8081, 7)
}

/// How many routes, fixed neighbours, forwarding entries and routing rules there are on a host, ours or not.
fn counts(node: &Node) -> Vec<usize> {
    inside(&node.namespace, || {
        let mut socket = NetlinkSocket::route().unwrap();
        // RTM_GETROUTE, RTM_GETNEIGH of both families, RTM_GETRULE of linux/rtnetlink.h.
        let kinds = [(26, 2), (30, 2), (30, 7), (34, 2)];
        let count = |(kind, family): (u16, u8)| {
            let header = [family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let found = socket.dump(Message::new(kind, 0, &header, "count")).unwrap();
            // NUD_PERMANENT: the outside's neighbours come and go by themselves.
            found.iter().filter(|body| kind != 30 || body[8] & 0x80 != 0).count()
        };
        kinds.map(count).to_vec()
    })
}

#[test]
fn daemons_that_come_back_keep_open_connections() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line(&task)]).await;
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&task, 7));
        let mut exchange = || assert_eq!(outer.exchange().unwrap(), "task hello\n");
        exchange();
        let before = (one.entries(), two.entries(), counts(&one), counts(&two));
        let one = one.restart(&[&asker]).await;
        exchange();
        let two = two.restart(&[&task]).await;
        exchange();
        follow(2, &[&one, &two], &[line(&task)]).await;
        exchange();
        assert_eq!((one.entries(), two.entries(), counts(&one), counts(&two)), before);
        let inner = Line::open(&asker.namespace, (VIP, 7), (&task, 7)).exchange();
        assert_eq!(inner.unwrap(), "task hello\n");
    });
}

#[test]
fn what_a_former_daemon_left_goes_with_the_first_table() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two, &three], &[web(&[&task])]).await;
        let one = one.restart(&[]).await;
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("task {CLIENT}"));
        one.follow(2, &[&one, &three], &[web(&[])]).await;
        let seen = one.observed().await;
        assert_eq!((seen.peers, seen.rules, seen.remote), (vec![(3, three.address)], vec![3], vec![]));
        assert_eq!(one.entries().len(), 5);
        let one = one.restart(&[]).await;
        one.network.apply(&table(3, vec![])).await.unwrap();
        let seen = one.observed().await;
        assert!(!seen.tunnel && one.entries().is_empty());
    });
}

#[test]
fn a_peer_that_leaves_leaves_no_entry() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let [first, second] =
            [two.cell("first", vec![on(1, 6)]).await, three.cell("second", vec![on(1, 7)]).await];
        serve(&first);
        serve(&second);
        follow(1, &[&one, &two, &three], &[web(&[&second])]).await;
        let before = (one.observed().await, one.entries(), counts(&one));
        follow(2, &[&one, &two, &three], &[web(&[&first, &second])]).await;
        assert_eq!(one.observed().await.remote, [first.address(), second.address()]);
        follow(3, &[&one, &three], &[web(&[&second])]).await;
        let seen = one.observed().await;
        assert_eq!((seen.peers, seen.rules), (vec![(3, three.address)], vec![3]));
        assert!(one.entries().is_subset(&before.1));
        assert_eq!(asker.ask(VIP, 80).unwrap(), "second 10.0.1.5");
        follow(4, &[&one, &two, &three], &[web(&[&second])]).await;
        assert_eq!((one.observed().await, one.entries(), counts(&one)), before);
    });
}

#[test]
fn a_peers_address_changes_and_traffic_goes_on() {
    in_lab(|lab| async move {
        let [one, mut two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line(&task)]).await;
        let mut inner = Line::open(&asker.namespace, (VIP, 7), (&task, 7));
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
        let before = one.entries();
        two.address = Ipv4Addr::new(192, 0, 2, 200);
        let change = |namespace, name: &'static str, message: fn(u32, Ipv4Addr) -> Message| {
            inside(namespace, || {
                let mut socket = NetlinkSocket::route().unwrap();
                let index = links::find(&mut socket, name).unwrap().unwrap();
                socket.all(&[message(index, two.address)], &[]).unwrap();
            });
        };
        change(&two.namespace, "up0", links::address);
        change(&lab.client, "up2", |index, address| links::route(index, &links::host_route(address)));
        follow(2, &[&one, &two], &[line(&task)]).await;
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
        let after = one.entries();
        let changed: Vec<_> = after.symmetric_difference(&before).collect();
        assert!(changed.iter().all(|entry| matches!(entry, Entry::Forward(..))), "{changed:?}");
        assert_eq!((one.observed().await.peers, after.len()), (vec![(2, two.address)], before.len()));
        // So may the port, when it does for all.
        for node in [&one, &two] {
            let mut table = node.table(3, &[&one, &two], vec![line(&task)]);
            table.tunnel_port = 4790;
            node.network.apply(&table).await.unwrap();
        }
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
    });
}

#[test]
fn an_address_moves_between_hosts() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let reaches = |name: &str| assert_eq!(asker.ask(VIP, 80).unwrap(), format!("{name} 10.0.1.5"));
        let there = two.cell("there", vec![on(1, 6)]).await;
        serve(&there);
        follow(1, &nodes, &[web(&[&there])]).await;
        reaches("there");
        // It comes here before the table says so, and leaves.
        let brief = one.cell("brief", vec![on(1, 6)]).await;
        serve(&brief);
        reaches("brief");
        one.network.detach("brief").await.unwrap();
        reaches("there");
        let here = one.cell("here", vec![on(1, 6)]).await;
        serve(&here);
        reaches("here");
        two.network.detach("there").await.unwrap();
        follow(2, &nodes, &[web(&[&here])]).await;
        reaches("here");
        assert!(one.observed().await.remote.is_empty());
        // It is here still when the table has it elsewhere.
        let yonder = three.cell("yonder", vec![on(1, 6)]).await;
        serve(&yonder);
        follow(3, &nodes, &[web(&[&yonder])]).await;
        reaches("here");
        one.network.detach("here").await.unwrap();
        reaches("yonder");
        // And from one other host to the next.
        three.network.detach("yonder").await.unwrap();
        let again = two.cell("again", vec![on(1, 6)]).await;
        serve(&again);
        follow(4, &nodes, &[web(&[&again])]).await;
        reaches("again");
        assert_eq!(one.observed().await.remote, [again.address()]);
    });
}

#[test]
fn a_drained_task_elsewhere_keeps_its_connections() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let old = two.cell("old", vec![on(1, 6)]).await;
        let new = three.cell("new", vec![on(1, 7)]).await;
        new.serve(7);
        follow(1, &nodes, &[line(&old)]).await;
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&old, 7));
        let mut both = published(service("line", 100, &[&old, &new]), 8081, 7);
        both.backends[0].ready = false;
        follow(2, &nodes, &[both]).await;
        assert_eq!(outer.exchange().unwrap(), "old hello\n");
        assert_eq!(ask(&lab.client, HOST, 8081).unwrap(), format!("new {CLIENT}"));
    });
}

#[test]
fn a_udp_client_is_led_to_a_backend_on_another_host() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let [first, second] =
            [two.cell("first", vec![on(1, 6)]).await, three.cell("second", vec![on(1, 7)]).await];
        echo(&first.namespace, 53, "first");
        echo(&second.namespace, 53, "second");
        follow(1, &nodes, &[service("dns", 100, &[&first])]).await;
        let socket = inside(&asker.namespace, || UdpSocket::bind((asker.address(), 0)).unwrap());
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let question = || {
            socket.send_to(b"?", (VIP, 53)).unwrap();
            let mut answer = [0; 64];
            let length = socket.recv(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..length]).into_owned()
        };
        assert_eq!(question(), "first");
        follow(2, &nodes, &[service("dns", 100, &[&second])]).await;
        assert_eq!(question(), "second");
    });
}

#[test]
fn what_others_deleted_is_made_again() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let nodes = [&one, &two];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        let reaches = || {
            assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("task {CLIENT}"));
            assert_eq!(asker.ask(VIP, 80).unwrap(), "task 10.0.1.5");
        };
        follow(1, &nodes, &[web(&[&task])]).await;
        reaches();
        let before = [one.entries(), two.entries()];
        for (version, node) in (2..).zip(nodes) {
            inside(&node.namespace, || {
                let mut socket = NetlinkSocket::route().unwrap();
                let index = links::find(&mut socket, "skep-vx").unwrap().unwrap();
                socket.all(&[links::delete(index), Entry::Gate.remove(index)], &[]).unwrap();
                let mut batch = Batch::new("skep");
                batch.delete_table();
                batch.commit(&mut NetlinkSocket::netfilter().unwrap()).unwrap();
            });
            follow(version, &nodes, &[web(&[&task])]).await;
            reaches();
        }
        assert_eq!([one.entries(), two.entries()], before);
    });
}

#[test]
fn many_tasks_elsewhere_cost_little() {
    in_lab(|lab| async move {
        let one = Node::first(&lab).await;
        let [some] = [on(1, 5)].map(|address| Cell::new("none", vec![address]));
        let services: Vec<_> = (0..250_u16)
            .map(|number| {
                let [high, low] = number.to_be_bytes();
                let mut many = service("s", 100, &[&some, &some, &some, &some]);
                many.vips[0].address = Some(Ipv4Addr::new(10, 0, 2 + high, low));
                for (part, backend) in (0..).zip(&mut many.backends) {
                    backend.node = NodeId::new(2 + u128::from(number + part) % 50);
                    backend.addresses[0].1 = Ipv4Addr::new(10, 0, 4 * (1 + high) + part as u8, low);
                }
                many
            })
            .collect();
        let peer = |number: u16| Peer { node: NodeId::new(number.into()), number, address: CLIENT };
        let with = |version, count: usize| EndpointTable {
            own: Some(one.peer()),
            peers: (2..52).map(peer).collect(),
            ..table(version, services[..count].to_vec())
        };
        for (version, count) in [(1, 250), (2, 249), (3, 250), (4, 250)] {
            let wanted = with(version, count);
            let start = Instant::now();
            one.network.apply(&wanted).await.unwrap();
            println!("{count} services with four tasks each elsewhere: {:?}", start.elapsed());
            assert_eq!(one.observed().await.remote.len(), count * 4);
        }
    });
}

#[test]
fn two_hundred_comings_and_goings_leave_nothing() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let tasks = [two.cell("a", vec![on(1, 6), on(2, 6)]).await, three.cell("b", vec![on(1, 7)]).await];
        one.network.apply(&table(1, vec![])).await.unwrap();
        let before = (one.observed().await, counts(&one));
        for round in 0..200 {
            let nodes: &[_] = if round % 2 == 0 { &[&one, &two, &three] } else { &[&one, &two] };
            one.follow(round * 3 + 2, nodes, &[web(&[&tasks[0], &tasks[1]])]).await;
            let routes = if round % 2 == 0 { 3 } else { 2 };
            assert_eq!(one.entries().len(), (nodes.len() - 1) * 4 + 1 + routes);
            one.follow(round * 3 + 3, &[&one], &[]).await;
            assert_eq!(one.entries(), [Entry::Gate].into());
            assert!(one.observed().await.tunnel);
            // The link itself goes less often: that takes the kernel some 40 ms.
            if round % 4 == 3 {
                one.network.apply(&table(round * 3 + 4, vec![])).await.unwrap();
                assert!(!one.observed().await.tunnel);
            }
        }
        assert_eq!((one.observed().await, counts(&one)), before);
        one.follow(1000, &[&one, &two, &three], &[web(&[&tasks[0], &tasks[1]])]).await;
        one.network.close().await.unwrap();
        assert_eq!(one.observed().await, crate::Observed::default());
        assert_eq!(counts(&one), before.1);
    });
}
