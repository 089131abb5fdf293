//! Networks with all that Docker shows of them.

use std::net::Ipv4Addr;

use serde_json::json;
use skep_model::{Network, Node, Service, Task, TaskNetwork};

use super::bench::{Bench, NODE, spec, update};

/// A network `app` with a subnet, as the allocator would give it.
async fn network(bench: &Bench) -> Network {
    let body = r#"{"Name":"app","Driver":"overlay","Attachable":true,"Internal":true,"Options":{"encrypted":""},
        "IPAM":{"Config":[{"Subnet":"10.5.0.0/24","IPRange":"10.5.0.128/25"}]},"Labels":{"a":"b"}}"#;
    assert_eq!(bench.post("/networks/create", body).await.status, 201);
    let made = Network::clone(bench.control.view().network_named("app").unwrap());
    let network = Network { subnet: made.spec.subnet, ..made };
    bench.write(vec![update(network.clone())]).await;
    network
}

#[tokio::test]
async fn a_network_shows_what_was_asked_for_and_who_is_on_it() {
    let bench = Bench::manager().await;
    let network = network(&bench).await;
    let attached =
        spec("web", 8080).replace(r#""ContainerSpec""#, r#""Networks":[{"Target":"app"}],"ContainerSpec""#);
    assert_eq!(bench.post("/services/create", &attached).await.status, 201);
    let id = bench.task("web", 1).await;
    let view = bench.control.view();
    let mut service = Service::clone(view.service_named("web").unwrap());
    service.endpoint.vips = vec![(network.id, Ipv4Addr::new(10, 5, 0, 128))];
    service.endpoint.ports = service.spec.endpoint.ports.clone();
    let place = TaskNetwork { network: network.id, address: Ipv4Addr::new(10, 5, 0, 129) };
    let task = Task { networks: [place].into(), ..Task::clone(view.task(id).unwrap()) };
    let mut node = Node::clone(view.node(NODE).unwrap());
    node.status.address = "10.1.1.1".into();
    node.description.data_path_address = "10.1.1.2".into();
    bench.write(vec![update(service), update(task), update(node)]).await;

    let shown = bench.get("/networks/app").await.json();
    assert_eq!(
        shown["IPAM"],
        json!({ "Driver": "default", "Options": null,
            "Config": [{ "Subnet": "10.5.0.0/24", "IPRange": "10.5.0.128/25", "Gateway": "10.5.0.1" }] })
    );
    for (field, wanted) in [
        ("Internal", json!(true)),
        ("Attachable", json!(true)),
        ("Ingress", json!(false)),
        ("ConfigOnly", json!(false)),
        ("ConfigFrom", json!({ "Network": "" })),
        ("Options", json!({ "encrypted": "" })),
        ("Labels", json!({ "a": "b" })),
        ("Peers", json!([{ "Name": "one", "IP": "10.1.1.2" }])),
        ("Services", json!(null)),
    ] {
        assert_eq!(shown[field], wanted, "{field}");
    }
    let name = format!("web.1.{id}");
    let container = &shown["Containers"]["c1"];
    assert_eq!((&container["Name"], &container["IPv4Address"]), (&json!(name), &json!("10.5.0.129/24")));

    let place = skep_model::AttachedPlace {
        network: network.id,
        aliases: Vec::new(),
        address: Some(Ipv4Addr::new(10, 5, 0, 130)),
    };
    let attachment = skep_model::Attachment {
        id: skep_model::AttachmentId::new(5),
        meta: skep_model::Meta::default(),
        node: NODE,
        container: "plain".into(),
        name: "db".into(),
        places: vec![place],
        error: String::new(),
    };
    bench.write(vec![skep_model::Change::Create(attachment.into())]).await;
    let plain = bench.get("/networks/app").await.json()["Containers"]["plain"].clone();
    assert_eq!((&plain["Name"], &plain["IPv4Address"]), (&json!("db"), &json!("10.5.0.130/24")));

    // With IPv6 there is an address beside each.
    let made = Network::clone(bench.control.view().network_named("app").unwrap());
    bench.write(vec![update(Network { subnet6: "fd00:5::/64".parse().ok(), ..made })]).await;
    let shown = bench.get("/networks/app").await.json();
    assert_eq!(
        (&shown["EnableIPv6"], &shown["IPAM"]["Config"][1]),
        (&json!(true), &json!({ "Subnet": "fd00:5::/64", "Gateway": "fd00:5::1" }))
    );
    assert_eq!(shown["Containers"]["c1"]["IPv6Address"], "fd00:5::81/64");

    let verbose = bench.get("/networks/app?verbose=true").await.json();
    let web = &verbose["Services"]["web"];
    assert_eq!((&web["VIP"], &web["Ports"]), (&json!("10.5.0.128"), &json!(["Target: 80, Publish: 8080"])));
    assert_eq!(web["Tasks"][0]["EndpointIP"], "10.5.0.129");
    assert_eq!(web["Tasks"][0]["Info"]["Host IP"], "10.1.1.2");
    let in_use = bench.ask("DELETE", "/networks/app", "").await.message();
    assert_eq!(in_use, (400, "network app is in use by service web".into()));
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_overlaps_are_named() {
    let bench = Bench::manager().await;
    network(&bench).await;
    for (body, status, told) in [
        (r#"{"Name":"x","IPAM":{"Config":[{"Subnet":"10.5.0.0/16"}]}}"#, 400, "10.5.0.0/24 of network app"),
        (r#"{"Name":"x","IPAM":{"Config":[{"Subnet":"10.6.0.1/24"}]}}"#, 400, "write 10.6.0.0/24"),
        (
            r#"{"Name":"x","IPAM":{"Config":[{"Gateway":"10.6.0.1"}]}}"#,
            400,
            "must have a corresponding subnet",
        ),
        (r#"{"Name":"x","Options":{"mtu":"9000"}}"#, 400, "known: encrypted"),
        (r#"{"Name":"x","Ingress":true}"#, 400, "Ingress: the ingress network is made with the swarm"),
        (r#"{"Name":"x","EnableIPv6":true,"IPAM":{"Config":[{"Subnet":"fd00:1::/126"}]}}"#, 400, "too small"),
        (r#"{"Name":"x","IPAM":{"Config":[{"Subnet":"fd00:1::/64"}]}}"#, 400, "--ipv6"),
        (r#"{"Name":"app"}"#, 409, "network with name app already exists"),
    ] {
        let (found, text) = bench.post("/networks/create", body).await.message();
        assert!(found == status && text.contains(told), "{body}: {found} {text}");
    }
}

#[tokio::test]
async fn unused_networks_are_pruned() {
    let bench = Bench::alone();
    assert_eq!(bench.post("/networks/prune", "").await.json(), json!({ "NetworksDeleted": null }));
    let bench = Bench::manager().await;
    network(&bench).await;
    bench.post("/networks/create", r#"{"Name":"other","Labels":{"keep":"yes"}}"#).await;
    let stack = r#"{"Name":"st_default","Labels":{"com.docker.stack.namespace":"st"}}"#;
    bench.post("/networks/create", stack).await;
    let kept = bench.post("/networks/prune?filters=%7B%22label!%22%3A%5B%22keep%22%5D%7D", "").await.json();
    assert_eq!(kept, json!({ "NetworksDeleted": ["app"] }));
    let rest = bench.post("/networks/prune", "").await.json();
    assert_eq!(rest, json!({ "NetworksDeleted": ["other"] }));
    assert_eq!(bench.get("/networks").await.json().as_array().map(Vec::len), Some(1), "the stack's stays");
    assert_eq!(
        bench.post("/networks/prune?filters=%7B%22until%22%3A%5B%221h%22%5D%7D", "").await.status,
        400
    );
}
