//! The control API over a store without Raft.

use std::net::Ipv4Addr;

use skep_model::{
    Change, Meta, NetworkAttachment, NetworkSpec, NetworkTarget, PortConfig, PortMode, Protocol,
    RestartCondition, STACK_LABEL, ServiceMode, ServiceSpec, StackSpec, Task, TaskId, TaskNetwork, TaskState,
    TaskStatus, Transaction,
};
use skep_runtime::Env;
use skep_store::testing::DirectProposer;

use super::{ControlApi, ControlError};

fn api() -> ControlApi {
    let env = Env::real();
    ControlApi::new(env.clone(), DirectProposer::door(env))
}

fn service(name: &str, port: u16) -> ServiceSpec {
    let mut spec = ServiceSpec { name: name.into(), ..ServiceSpec::default() };
    spec.task.container.image = "web:1".into();
    if port != 0 {
        let port = PortConfig {
            protocol: Protocol::Tcp,
            target: 80,
            published: port,
            mode: PortMode::Ingress,
            address: None,
        };
        spec.endpoint.ports = vec![port];
    }
    spec
}

fn stack(services: Vec<ServiceSpec>) -> StackSpec {
    let label = |name: &str| [(STACK_LABEL.to_owned(), name.to_owned())].into();
    let network = NetworkSpec { name: "app_default".into(), labels: label("app"), ..NetworkSpec::default() };
    let attach = |mut spec: ServiceSpec| {
        spec.labels = label("app");
        let target = NetworkTarget::Name("app_default".into());
        spec.task.networks = vec![NetworkAttachment { target, aliases: vec!["x".into()] }];
        spec
    };
    StackSpec {
        name: "app".into(),
        services: services.into_iter().map(attach).collect(),
        networks: vec![network],
        ..StackSpec::default()
    }
}

#[tokio::test]
async fn a_service_without_a_name_gets_one() {
    let api = api();
    let mut names = std::collections::BTreeSet::new();
    // More than there are plain names would be slow; that a taken one is not used again is tested where names are made.
    for _ in 0..50 {
        let id = api.create_service(service("", 0)).await.unwrap();
        names.insert(api.view().service(id).unwrap().spec.name.clone());
    }
    assert!(names.len() == 50 && !names.contains(""), "{names:?}");
}

#[tokio::test]
async fn a_stack_is_deployed_changed_and_removed_as_a_whole() {
    let api = api();
    let first = stack(vec![service("app_a", 8080), service("app_b", 0)]);
    let done = api.deploy_stack(first.clone(), false).await.unwrap();
    assert_eq!((done.revision, done.created.len(), done.networks.len()), (1, 2, 1));
    let version = api.view().version();
    let again = api.deploy_stack(first, false).await.unwrap();
    assert_eq!((again.revision, again.unchanged.len()), (1, 2));
    assert_eq!(api.view().version(), version, "the same file changes nothing");

    let second = stack(vec![service("app_a", 8081)]);
    let done = api.deploy_stack(second, true).await.unwrap();
    assert_eq!(
        (done.revision, done.updated, done.removed),
        (2, vec!["app_a".to_owned()], vec!["app_b".to_owned()])
    );
    assert_eq!(api.view().stack_named("app").unwrap().previous.len(), 1);

    let gone = api.remove_stack("app").await.unwrap();
    assert_eq!((gone.services.len(), gone.networks.len()), (1, 1));
    assert!(api.view().network_named("app_default").unwrap().removing);
    let missing = api.remove_stack("other").await.unwrap_err();
    assert_eq!(missing, ControlError::NotFound("nothing found in stack: other".into()));
}

#[tokio::test]
async fn what_clashes_changes_nothing() {
    let api = api();
    api.create_service(service("web", 8080)).await.unwrap();
    let version = api.view().version();
    let taken = api.create_service(service("web", 0)).await.unwrap_err();
    assert!(matches!(taken, ControlError::NameTaken { .. }));
    let port =
        api.deploy_stack(stack(vec![service("app_a", 0), service("app_b", 8080)]), false).await.unwrap_err();
    assert!(port.to_string().contains("port '8080' is already in use by service 'web'"), "{port}");
    let mut foreign = stack(vec![service("app_a", 0)]);
    foreign.networks.clear();
    let network = api.deploy_stack(foreign, false).await.unwrap_err();
    assert!(network.to_string().contains("network \"app_default\" is declared as external"), "{network}");
    assert_eq!(api.view().version(), version);
}

#[tokio::test]
async fn a_stale_update_is_refused() {
    let api = api();
    api.create_service(service("web", 0)).await.unwrap();
    let read = api.view().service_named("web").unwrap().meta.version;
    api.scale_service("web", 3).await.unwrap();
    let stale = api.update_service("web", Some(read), service("web", 0)).await.unwrap_err();
    assert_eq!(stale, ControlError::OutOfSequence);
    assert!(matches!(api.scale_service("nothing", 1).await, Err(ControlError::NotFound(_))));
}

#[tokio::test]
async fn only_services_with_a_number_are_scaled() {
    let api = api();
    let of_mode = |name: &str, mode| {
        let mut spec = ServiceSpec { mode, ..service(name, 0) };
        spec.task.restart.condition = RestartCondition::OnFailure;
        spec
    };
    let job = ServiceMode::ReplicatedJob { max_concurrent: 2, total_completions: 4 };
    api.create_service(of_mode("job", job)).await.unwrap();
    api.create_service(of_mode("all", ServiceMode::Global)).await.unwrap();
    api.scale_service("job", 9).await.unwrap();
    let view = api.view();
    let job = view.service_named("job").unwrap();
    assert_eq!(job.spec.mode, ServiceMode::ReplicatedJob { max_concurrent: 2, total_completions: 9 });
    assert_eq!(job.job.unwrap().iteration, 0, "more of the same run");
    let refused = api.scale_service("all", 9).await.unwrap_err().to_string();
    assert_eq!(refused, "scale can only be used with replicated or replicated-job mode");
}

#[tokio::test]
async fn a_stack_does_not_change_a_services_mode() {
    let api = api();
    api.deploy_stack(stack(vec![service("app_a", 0)]), false).await.unwrap();
    let global = ServiceSpec { mode: ServiceMode::Global, ..service("app_a", 0) };
    let refused = api.deploy_stack(stack(vec![global]), false).await.unwrap_err();
    assert!(matches!(refused, ControlError::Unsupported(_)), "{refused}");
}

fn network(name: &str, subnet: &str) -> NetworkSpec {
    NetworkSpec { name: name.into(), subnet: subnet.parse().ok(), ..NetworkSpec::default() }
}

#[tokio::test]
async fn networks_that_overlap_are_refused_by_the_others_name() {
    let api = api();
    api.create_network(network("one", "10.5.0.0/16")).await.unwrap();
    let refused = api.create_network(network("two", "10.5.1.0/24")).await.unwrap_err().to_string();
    assert!(refused.contains("10.5.0.0/16 of network one"), "{refused}");
    let mut deployed = stack(vec![service("app_a", 0)]);
    deployed.networks[0].subnet = "10.5.1.0/24".parse().ok();
    let refused = api.deploy_stack(deployed.clone(), false).await.unwrap_err().to_string();
    assert!(refused.contains("of network one"), "{refused}");
    let within = StackSpec {
        networks: vec![network("a", "10.6.0.0/24"), network("b", "10.6.0.0/25")],
        ..deployed.clone()
    };
    let refused = api.deploy_stack(within, false).await.unwrap_err().to_string();
    assert!(refused.contains("networks.b.subnet") && refused.contains("of network a"), "{refused}");
    // What was removed is in nobody's way.
    api.remove_network("one").await.unwrap();
    api.deploy_stack(deployed, false).await.unwrap();
}

#[tokio::test]
async fn only_unused_networks_go() {
    let api = api();
    let used = api.create_network(network("used", "")).await.unwrap();
    api.create_network(network("unused", "")).await.unwrap();
    let labels = [("keep".to_owned(), "yes".to_owned())].into();
    api.create_network(NetworkSpec { labels, ..network("labelled", "") }).await.unwrap();
    let attach = |mut spec: ServiceSpec| {
        let target = NetworkTarget::Name("used".into());
        spec.task.networks = vec![NetworkAttachment { target, aliases: Vec::new() }];
        spec
    };
    api.create_service(attach(service("web", 0))).await.unwrap();
    api.deploy_stack(stack(vec![service("app_a", 0)]), false).await.unwrap();
    let in_use = api.remove_network("used").await.unwrap_err().to_string();
    assert_eq!(in_use, "network used is in use by service web");
    let gone = api.prune_networks(|network| network.spec.labels.is_empty()).await.unwrap();
    assert_eq!(gone, ["unused"]);
    // A task that still runs keeps it, too.
    let service = api.remove_service("web").await.unwrap();
    let place = TaskNetwork { network: used, address: Ipv4Addr::new(10, 0, 0, 2) };
    let task = Task {
        id: TaskId::new(1),
        meta: Meta::default(),
        service,
        spec_version: 1,
        slot: 1,
        node: None,
        desired: TaskState::Remove,
        status: TaskStatus { state: TaskState::Running, ..TaskStatus::default() },
        networks: [place].into(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
    };
    let created = Transaction { changes: vec![Change::Create(task.into())] };
    api.door.write(created).await.unwrap();
    let in_use = api.remove_network("used").await.unwrap_err().to_string();
    assert_eq!(in_use, format!("network used is in use by task {}", TaskId::new(1)));
    assert!(api.prune_networks(|network| network.spec.labels.is_empty()).await.unwrap().is_empty());
    assert_eq!(api.prune_networks(|_| true).await.unwrap(), ["labelled"]);
}
