//! Partial tables, and what services say of how they are balanced.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use skep_model::{EndpointService, EndpointTable, PublishedPort, ServiceId};

use crate::lab::{CLIENT, Cell, HOST, Node, ask, in_lab, on, published, refused, service, table, web};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

fn partial(version: u64, services: Vec<EndpointService>, gone: &[u128]) -> EndpointTable {
    let services_gone = gone.iter().map(|id| ServiceId::new(*id)).collect();
    EndpointTable { partial: true, version, services, services_gone, ..EndpointTable::default() }
}

#[test]
fn a_partial_table_changes_what_it_names_and_nothing_else() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let error = network.apply(&partial(1, Vec::new(), &[])).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no endpoint table that version 1 could change");
        let mut cells = Vec::new();
        for part in [11, 12] {
            let cell = Cell::attached(&network, &format!("c{part}"), vec![on(1, part)]).await;
            cell.serve(80);
            cells.push(cell);
        }
        let [one, two] = [&cells[0], &cells[1]];
        let whole = vec![
            published(service("app_front", 100, &[one]), 8080, 80),
            published(service("app_back", 101, &[two]), 8081, 80),
        ];
        network.apply(&table(1, whole)).await.unwrap();
        let front = || ask(&lab.client, HOST, 8080);
        let back = || ask(&lab.client, HOST, 8081);
        assert_eq!((front().unwrap(), back().unwrap()), (format!("c11 {CLIENT}"), format!("c12 {CLIENT}")));

        // The service of port 8080 has another task and another port; the other service is not named.
        let change = partial(2, vec![published(service("app_front", 100, &[two]), 8082, 80)], &[]);
        assert_eq!(network.apply(&change).await.unwrap().version, 2);
        assert!(refused(&front()));
        assert_eq!(ask(&lab.client, HOST, 8082).unwrap(), format!("c12 {CLIENT}"));
        assert_eq!(back().unwrap(), format!("c12 {CLIENT}"));
        assert_eq!(one.ask(VIP, 80).unwrap(), "c12 10.0.1.11");

        network.apply(&partial(3, vec![service("new", 102, &[one])], &[100])).await.unwrap();
        assert!(refused(&ask(&lab.client, HOST, 8082)));
        assert!(refused(&one.ask(VIP, 80)), "its virtual address is nobody's");
        assert_eq!(two.ask(Ipv4Addr::new(10, 0, 1, 102), 80).unwrap(), "c11 10.0.1.12");
        assert_eq!(back().unwrap(), format!("c12 {CLIENT}"));
        let chains = network.observed().await.unwrap().leads;
        assert_eq!(chains, ["port-tcp-8081", "vip-10.0.1.101", "vip-10.0.1.102"]);
    });
}

#[test]
fn a_port_may_be_published_on_one_address() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on(1, 5)]).await;
        cell.serve(80);
        let at = |address: Option<Ipv4Addr>| {
            let mut web = published(service("web", 100, &[&cell]), 8080, 80);
            web.published
                .iter_mut()
                .for_each(|port: &mut PublishedPort| port.address = address.map(IpAddr::from));
            table(1, vec![web])
        };
        network.apply(&at(Some(Ipv4Addr::LOCALHOST))).await.unwrap();
        assert!(refused(&ask(&lab.client, HOST, 8080)), "it is open to the host alone");
        assert!(ask(&lab.host, Ipv4Addr::LOCALHOST, 8080).unwrap().starts_with("web "));
        // One that the host does not have opens nothing, and is no fault: other nodes may have it.
        let applied = network.apply(&at(Some(Ipv4Addr::new(198, 51, 100, 1)))).await.unwrap();
        assert_eq!(applied.ports_in_use, []);
        assert!(refused(&ask(&lab.host, Ipv4Addr::LOCALHOST, 8080)));
        for address in [Some(HOST), None] {
            assert_eq!(network.apply(&at(address)).await.unwrap().ports_in_use, []);
            assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("web {CLIENT}"));
        }
    });
}

#[test]
fn connections_of_one_source_may_go_to_one_task() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let mut cells = Vec::new();
        for part in 11..16 {
            let cell = Cell::attached(&network, &format!("c{part}"), vec![on(1, part)]).await;
            cell.serve(80);
            cells.push(cell);
        }
        let mut sticky = published(service("web", 100, &cells.iter().collect::<Vec<_>>()), 8080, 80);
        sticky.by_source = true;
        network.apply(&table(1, vec![sticky])).await.unwrap();
        let by_client: BTreeSet<_> = (0..10).map(|_| ask(&lab.client, HOST, 8080).unwrap()).collect();
        assert_eq!(by_client.len(), 1, "{by_client:?}");
        let mut all = BTreeSet::new();
        for cell in &cells {
            let answers: BTreeSet<_> = (0..5).map(|_| cell.ask(VIP, 80).unwrap()[..3].to_owned()).collect();
            assert_eq!(answers.len(), 1, "{answers:?}");
            all.extend(answers);
        }
        assert!(all.len() > 1, "five sources do not all have one hash: {all:?}");
    });
}

#[test]
fn connections_may_stay_on_the_node_while_it_has_a_task() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let nodes = [&one, &two];
        let (here, there) = (one.cell("here", vec![on(1, 5)]).await, two.cell("there", vec![on(1, 6)]).await);
        here.serve(80);
        there.serve(80);
        let mut local = web(&[&here, &there]);
        local.prefer_local = true;
        for node in nodes {
            node.follow(1, &nodes, std::slice::from_ref(&local)).await;
        }
        let ask_eight = |node: &Node| {
            (0..8).map(|_| ask(&lab.client, node.address, 8080).unwrap()).collect::<BTreeSet<_>>()
        };
        assert_eq!(ask_eight(&one), BTreeSet::from([format!("here {CLIENT}")]));
        assert_eq!(ask_eight(&two), BTreeSet::from([format!("there {CLIENT}")]));
        local.backends.remove(0);
        one.follow(2, &nodes, std::slice::from_ref(&local)).await;
        assert_eq!(ask_eight(&one), BTreeSet::from([format!("there {CLIENT}")]));
    });
}
