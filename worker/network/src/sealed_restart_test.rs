//! Daemons of encrypted networks that come back, and nodes that come and go.

use std::net::Ipv4Addr;

use crate::Observed;
use crate::family::Family;
use crate::host::tunnel::{Entry, Kind};
use crate::lab::{
    HOST, Line, Node, Wire, connected, follow_sealed, in_lab, line_service, on, table, to_port, web,
};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

#[test]
fn daemons_that_come_back_keep_open_sealed_connections() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        let services = [line_service(&task)];
        follow_sealed(1, &[&one, &two], &services).await;
        connected(&[&one, &two]).await;
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&task, 7));
        let mut inner = Line::open(&asker.namespace, (task.address(), 8), (&task, 8));
        let mut exchange = || {
            assert_eq!(outer.exchange().unwrap(), "task hello\n");
            assert_eq!(inner.exchange().unwrap(), "task hello\n");
        };
        exchange();
        let state = |one: &Node, two: &Node| {
            [one, two].map(|node| (node.entries(), node.entries_of(Kind::Sealed), node.counts()))
        };
        let before = state(&one, &two);
        let wire = Wire::tap(&lab);
        let keys = [&one, &two].map(|node| *node.network.tunnel_key().borrow());
        // While a daemon is away nothing is sent; what it kept on disk lets it go on without managers.
        let one = one.restart(&[&asker]).await;
        assert_eq!(state(&one, &two), before);
        one.network.apply(&one.sealed_table(1, &[&one, &two], &services)).await.unwrap();
        connected(&[&one, &two]).await;
        exchange();
        let two = two.restart(&[&task]).await;
        two.network.apply(&two.sealed_table(1, &[&one, &two], &services)).await.unwrap();
        connected(&[&one, &two]).await;
        exchange();
        assert_eq!([&one, &two].map(|node| *node.network.tunnel_key().borrow()), keys);
        assert_eq!(state(&one, &two), before);
        assert_eq!(to_port(&wire.end(), 4789), 0);
        let again = Line::open(&asker.namespace, (VIP, 7), (&task, 7)).exchange();
        assert_eq!(again.unwrap(), "task hello\n");
    });
}

#[test]
fn two_hundred_comings_and_goings_of_sealed_peers_leave_nothing() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let tasks = [two.cell("a", vec![on(1, 6), on(2, 6)]).await, three.cell("b", vec![on(1, 7)]).await];
        one.network.apply(&table(1, vec![])).await.unwrap();
        let before = (one.observed().await, one.counts());
        let services = [web(&[&tasks[0], &tasks[1]])];
        let threads = one.seal_threads();
        for round in 0..200 {
            let nodes: &[_] = if round % 2 == 0 { &[&one, &two, &three] } else { &[&one, &two] };
            let wanted = one.sealed_table(round * 3 + 2, nodes, &services);
            one.network.apply(&wanted).await.unwrap();
            let sealed = if round % 2 == 0 { 2 } else { 1 };
            assert_eq!(one.entries_of(Kind::Sealed).len(), (nodes.len() - 1) * 3 + 1 + sealed);
            assert_eq!(one.network.tunnel_report().await.unwrap().sealed.len(), nodes.len() - 1);
            one.network.apply(&one.sealed_table(round * 3 + 3, &[&one], &[])).await.unwrap();
            assert_eq!(one.entries_of(Kind::Sealed), [Entry::Gate(Family::V4)].into());
            assert!(one.observed().await.sealed_link);
            if round % 8 == 7 {
                one.network.apply(&table(round * 3 + 4, vec![])).await.unwrap();
                assert!(!one.observed().await.sealed_link);
                assert_eq!(one.seal_threads(), threads);
            }
        }
        assert_eq!((one.observed().await, one.counts()), before);
        one.network.apply(&one.sealed_table(1000, &[&one, &two, &three], &services)).await.unwrap();
        one.network.close().await.unwrap();
        assert_eq!(one.observed().await, Observed::default());
        assert_eq!(one.counts(), before.1);
        assert_eq!(one.seal_threads(), threads);
    });
}
