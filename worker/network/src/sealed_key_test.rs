//! Keys of encrypted networks that change.

use std::net::Ipv4Addr;

use crate::lab::{
    Line, Load, Node, connected, connected_by, eventually, follow_sealed, in_lab, on, published, serve,
    service, web,
};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

#[test]
fn keys_change_under_load_and_no_connection_is_lost() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let task = two.cell("task", vec![on(1, 6)]).await;
        let asker = three.cell("asker", vec![on(1, 5)]).await;
        serve(&task);
        let services = [web(&[&task]), published(service("line", 101, &[&task]), 8081, 7)];
        follow_sealed(1, &nodes, &services).await;
        connected(&nodes).await;
        let mut line = Line::open(&asker.namespace, (task.address(), 7), (&task, 7));
        let load = Load::start(&lab, 8080);
        // Each node in turn, then two at once; the others hear of it one after the other.
        for (version, turning) in (2..).zip([&[&one][..], &[&two], &[&three], &[&one, &two]]) {
            let before: Vec<_> = nodes.iter().map(|node| *node.network.tunnel_key().borrow()).collect();
            for node in turning {
                node.network.rotate_tunnel_key().await.unwrap();
                assert!(!before.contains(&*node.network.tunnel_key().borrow()));
            }
            // Until managers have heard of it all goes on with the former key.
            assert_eq!(line.exchange().unwrap(), "task hello\n");
            for node in nodes {
                node.network.apply(&node.sealed_table(version, &nodes, &services)).await.unwrap();
                assert_eq!(line.exchange().unwrap(), "task hello\n");
                let done = load.done();
                eventually(async || load.done() > done + 5 || load.failed()).await;
            }
            connected_by(&nodes, true).await;
        }
        load.end();
        assert_eq!(line.exchange().unwrap(), "task hello\n");
        // The keys that were replaced are forgotten; that takes some seconds, so that nothing on its way is lost.
        for node in nodes {
            eventually(async || node.keys_on_disk() == 1).await;
        }
        assert_eq!(line.exchange().unwrap(), "task hello\n");
    });
}

#[test]
fn a_key_that_nobody_has_heard_of_disturbs_nobody() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let nodes = [&one, &two];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        let services = [web(&[&task])];
        let former = [&one, &two].map(|node| node.sealed_table(1, &nodes, &services));
        one.network.rotate_tunnel_key().await.unwrap();
        // Managers still tell the former key; sessions begin with it.
        for (node, table) in nodes.iter().zip(&former) {
            node.network.apply(table).await.unwrap();
        }
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task 10.0.1.5");
        let seen = one.network.tunnel_report().await.unwrap().sealed;
        assert!(seen[0].connected && !seen[0].newest);
        assert_eq!(one.keys_on_disk(), 2);
        follow_sealed(2, &nodes, &services).await;
        connected_by(&nodes, true).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task 10.0.1.5");
    });
}
