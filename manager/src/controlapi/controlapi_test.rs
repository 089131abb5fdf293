//! The control API over a store without Raft.

use std::net::Ipv4Addr;

use skep_model::{
    Change, ConfigId, ConfigReference, Content, FileTarget, Meta, NetworkAttachment, NetworkSpec,
    NetworkTarget, PortConfig, PortMode, Protocol, RestartCondition, STACK_LABEL, SecretId, SecretReference,
    SecretSpec, ServiceMode, ServiceSpec, StackSpec, Task, TaskId, TaskNetwork, TaskState, TaskStatus,
    Transaction,
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
async fn only_services_with_a_number_are_rebalanced_and_one_time_after_the_other() {
    let api = api();
    api.create_service(service("web", 0)).await.unwrap();
    api.create_service(ServiceSpec { mode: ServiceMode::Global, ..service("all", 0) }).await.unwrap();
    assert_eq!(api.rebalance_service("web", false).await.unwrap(), [], "there is nothing to move");
    let refused = api.rebalance_service("all", true).await.unwrap_err().to_string();
    assert_eq!(refused, "service all cannot be rebalanced: its mode is global, not replicated");
    let busy = skep_model::Service::clone(api.view().service_named("web").unwrap());
    let busy = skep_model::Service { rebalance: vec![TaskId::new(1)], ..busy };
    api.door.write(Transaction { changes: vec![Change::Update(busy.into())] }).await.unwrap();
    let refused = api.rebalance_service("web", false).await.unwrap_err().to_string();
    assert!(refused.contains("1 task has still to move"), "{refused}");
    assert!(api.rebalance_service("web", true).await.is_ok(), "to look is allowed");
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
        dismissed: None,
    };
    let created = Transaction { changes: vec![Change::Create(task.into())] };
    api.door.write(created).await.unwrap();
    let in_use = api.remove_network("used").await.unwrap_err().to_string();
    assert_eq!(in_use, format!("network used is in use by task {}", TaskId::new(1)));
    assert!(api.prune_networks(|network| network.spec.labels.is_empty()).await.unwrap().is_empty());
    assert_eq!(api.prune_networks(|_| true).await.unwrap(), ["labelled"]);
}

#[tokio::test]
async fn remove_used_secret_and_config() {
    let api = api();
    let named = |name: &str| SecretSpec { name: name.into(), ..SecretSpec::default() };
    let content = Content(b"hi".to_vec());
    api.create_content::<SecretId>(named("key"), content.clone()).await.unwrap();
    api.create_content::<ConfigId>(named("site"), content).await.unwrap();
    let mut both = service("web", 0);
    let file = |path: &str| FileTarget { path: path.into(), uid: "0".into(), gid: "0".into(), mode: 0o444 };
    let container = &mut both.task.container;
    let secret = |path: &str| SecretReference { id: None, name: "key".into(), version: 0, file: file(path) };
    container.secrets = vec![secret("key"), secret("again")];
    container.configs =
        vec![ConfigReference { id: None, name: "site".into(), version: 0, file: file("/site") }];
    api.create_service(both.clone()).await.unwrap();
    let made = api.view().service_named("web").unwrap().spec.task.container.secrets.clone();
    assert!(made.len() == 2 && made[0].id.is_some() && made[0].id == made[1].id, "{made:?}");
    let used = api.remove_content::<SecretId>("key").await.unwrap_err().to_string();
    assert_eq!(used, "secret 'key' is in use by the following service(s): web");
    let used = api.remove_content::<ConfigId>("site").await.unwrap_err().to_string();
    assert_eq!(used, "config 'site' is in use by the following service(s): web");
    // An update that names one of them no more frees it, and so does the end of the service.
    both.task.container.secrets.clear();
    api.update_service("web", None, both).await.unwrap();
    api.remove_content::<SecretId>("key").await.unwrap();
    api.remove_content::<ConfigId>("site").await.unwrap_err();
    api.remove_service("web").await.unwrap();
    api.remove_content::<ConfigId>("site").await.unwrap();
    assert!(matches!(api.remove_content::<ConfigId>("site").await, Err(ControlError::NotFound(_))));
}

#[tokio::test]
async fn secret_create_resolve() {
    let api = api();
    let make = async |name: &str| {
        let spec = SecretSpec { name: name.into(), ..SecretSpec::default() };
        api.create_content::<SecretId>(spec, Content(b"hi".to_vec())).await
    };
    let first = make("key").await.unwrap();
    // Others whose names are the first one's id, and its beginning.
    let id = first.to_string();
    let (whole, start) = (make(&id).await.unwrap(), make(&id[..12]).await.unwrap());
    assert!(matches!(make("key").await, Err(ControlError::NameTaken { .. })));
    let view = api.view();
    let found = |reference: &str| view.find_secret(reference).unwrap().id;
    assert_eq!((found("key"), found(&id)), (first, first), "an id comes before a name");
    assert_eq!(found(&id[..12]), start, "and a name before the beginning of an id");
    assert_eq!(found(&id[..13]), first);
    assert_eq!(found(&whole.to_string()), whole);
}

#[tokio::test]
async fn service_endpoint_spec_update() {
    let api = api();
    api.create_service(service("one", 8080)).await.unwrap();
    api.create_service(service("two", 8081)).await.unwrap();
    let mut more = service("one", 8080);
    more.endpoint.ports.push(PortConfig { published: 8082, ..more.endpoint.ports[0] });
    api.update_service("one", None, more.clone()).await.unwrap();
    more.endpoint.ports[1].published = 8081;
    let taken = api.update_service("one", None, more).await.unwrap_err().to_string();
    assert!(taken.contains("port '8081' is already in use by service 'two'"), "{taken}");
    // What one gives up is the other's to take.
    api.update_service("one", None, service("one", 8082)).await.unwrap();
    api.update_service("two", None, service("two", 8080)).await.unwrap();
    let on_hosts = |name: &str, port| {
        let mut spec = service(name, port);
        spec.endpoint.ports[0].mode = PortMode::Host;
        spec
    };
    let taken = api.update_service("two", None, on_hosts("two", 8082)).await.unwrap_err().to_string();
    assert!(taken.contains("as an ingress port"), "{taken}");
    api.create_service(on_hosts("three", 9000)).await.unwrap();
    api.create_service(on_hosts("four", 9000)).await.unwrap();
}

#[tokio::test]
async fn a_service_is_made_and_removed_many_times() {
    let api = api();
    let app = api.create_network(network("app", "")).await.unwrap();
    let mut spec = service("web", 8080);
    spec.task.networks =
        vec![NetworkAttachment { target: NetworkTarget::Name("app".into()), aliases: Vec::new() }];
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let id = api.create_service(spec.clone()).await.unwrap();
        assert!(ids.insert(id), "each is another service");
        let view = api.view();
        let target = &view.service(id).unwrap().spec.task.networks[0].target;
        assert_eq!(*target, NetworkTarget::Id(app));
        api.remove_service("web").await.unwrap();
    }
    api.remove_network("app").await.unwrap();
}
