//! Whole files in; specs or problems out.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use skep_model::{
    EndpointMode, MountKind, NetworkTarget, Protocol, RestartCondition, ServiceMode, StackSpec,
};

use super::{load, normalise_project};

fn read(text: &str) -> Result<StackSpec, String> {
    let env = |name: &str| (name == "TAG").then(|| "1.29".to_owned());
    let told = |problems: Vec<crate::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    load(text, "compose.yml", "app", &env, Path::new("/srv/app")).map_err(told)
}

const WHOLE: &str = r#"
services:
  web:
    image: nginx:${TAG}
    command: ["nginx", "-g", "daemon off;"]
    environment: {A: "1", B: two}
    ports: ["8080:80", "53:53/udp"]
    user: "33"
    working_dir: /srv
    hostname: front
    stop_signal: SIGQUIT
    stop_grace_period: 1m30s
    labels: {x: y}
    volumes:
      - ./html:/usr/share/nginx/html:ro
      - {type: tmpfs, target: /tmp}
    networks:
      default: {}
      back: {aliases: [www]}
    deploy:
      mode: replicated
      replicas: 3
      endpoint_mode: vip
      resources:
        limits: {cpus: "0.5", memory: 64M, pids: 20}
        reservations: {memory: 32M}
      restart_policy: {condition: on-failure, delay: 1s, max_attempts: 4, window: 2m}
networks:
  back: {internal: true, driver: overlay, driver_opts: {encrypted: "true"}}
"#;

#[test]
fn a_whole_file_becomes_a_spec() {
    let spec = read(WHOLE).unwrap();
    skep_model::validate_stack(&spec).unwrap();
    let [web] = spec.services.as_slice() else { panic!("one service") };
    let container = &web.task.container;
    assert_eq!((web.name.as_str(), container.image.as_str()), ("app_web", "nginx:1.29"));
    assert_eq!(container.command, ["nginx", "-g", "daemon off;"]);
    assert_eq!(container.stop_grace, Some(Duration::from_secs(90)));
    assert_eq!(web.mode, ServiceMode::Replicated { replicas: 3 });
    assert_eq!(web.endpoint.mode, EndpointMode::Vip);
    let ports: Vec<_> =
        web.endpoint.ports.iter().map(|port| (port.published, port.target, port.protocol)).collect();
    assert_eq!(ports, [(8080, 80, Protocol::Tcp), (53, 53, Protocol::Udp)]);
    assert_eq!(container.mounts[0].kind, MountKind::bind("/srv/app/html"));
    assert!(container.mounts[0].read_only);
    assert_eq!(web.task.resources.limits.nano_cpus, 500_000_000);
    assert_eq!(web.task.resources.reservations.memory_bytes, 32 << 20);
    assert_eq!(web.task.restart.condition, RestartCondition::OnFailure);
    let back = web.task.networks.iter().find(|place| place.target == NetworkTarget::Name("app_back".into()));
    let aliases = &back.unwrap().aliases;
    assert!(aliases.contains(&"www".to_owned()) && aliases.contains(&"web".to_owned()), "{aliases:?}");
    let networks: Vec<_> = spec
        .networks
        .iter()
        .map(|network| (network.name.as_str(), network.internal, network.encrypted))
        .collect();
    assert_eq!(networks, [("app_back", true, true), ("app_default", false, false)]);
    assert_eq!(web.labels.get(skep_model::STACK_LABEL).map(String::as_str), Some("app"));
}

#[test]
fn a_network_is_encrypted_by_dockers_word() {
    let with = |options: &str| {
        read(&format!(
            "services: {{a: {{image: a, networks: [n]}}}}\nnetworks:\n  n:\n    driver_opts: {options}\n"
        ))
    };
    for (options, encrypted) in [
        (r#"{encrypted: ""}"#, true),
        ("{encrypted: \"true\"}", true),
        ("{encrypted: \"false\"}", false),
        ("{}", false),
    ] {
        assert_eq!(with(options).unwrap().networks[0].encrypted, encrypted, "{options}");
    }
    let told = with("{encrypted: perhaps}").unwrap_err();
    assert!(
        told.contains("networks.n.driver_opts.encrypted") && told.contains("neither true nor false"),
        "{told}"
    );
    assert!(with("{mtu: 1400}").unwrap_err().contains("networks.n.driver_opts.mtu"));
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = "services:\n  web:\n    image: a\n    build: .\n    deploy:\n      replicas: many\n  db:\n    privileged: true\n";
    let told = read(text).unwrap_err();
    for part in
        ["compose.yml:4:5: services.web.build", "services.web.deploy.replicas", "services.db.privileged"]
    {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(read("services: [").unwrap_err().starts_with("compose.yml:"));
    assert!(read("").is_err());
}

#[test]
fn networks_say_what_they_are() {
    let text = "
services: {web: {image: a, networks: [app, shared]}}
networks:
  app:
    driver: overlay
    attachable: true
    internal: true
    labels: [a=b]
    driver_opts: {encrypted: \"true\"}
    enable_ipv6: true
    ipam:
      driver: default
      config: [{subnet: \"fd00:1::/64\"}, {subnet: 10.5.0.0/16, ip_range: 10.5.1.0/24, gateway: 10.5.0.9}]
  shared: {external: true, name: common}
";
    let spec = read(text).unwrap();
    let [app] = spec.networks.as_slice() else { panic!("one network of its own") };
    assert!(app.attachable && app.internal && app.encrypted);
    assert_eq!((app.ipv6, app.subnet6), (true, "fd00:1::/64".parse().ok()));
    assert_eq!((app.subnet, app.ip_range), ("10.5.0.0/16".parse().ok(), "10.5.1.0/24".parse().ok()));
    assert_eq!((app.gateway, app.labels["a"].as_str()), ("10.5.0.9".parse().ok(), "b"));
    let targets = spec.services[0].task.networks.iter().map(|place| place.target.clone());
    assert!(targets.into_iter().any(|target| target == NetworkTarget::Name("common".into())));
}

#[test]
fn what_a_network_cannot_be_is_told_with_its_place() {
    for (network, told) in [
        ("{driver: bridge}", "networks.app.driver"),
        ("{driver_opts: {mtu: \"1\"}}", "networks.app.driver_opts.mtu"),
        ("{driver_opts: {encrypted: maybe}}", "networks.app.driver_opts.encrypted"),
        ("{enable_ipv6: maybe}", "networks.app.enable_ipv6"),
        ("{ipam: {config: [{subnet: \"fd00:1::/64\"}]}}", "enable IPv6 for the network"),
        ("{enable_ipv6: true, ipam: {config: [{subnet: \"ff02::/64\"}]}}", "is not for hosts"),
        (
            "{enable_ipv6: true, ipam: {config: [{subnet: \"fd00:1::/64\", gateway: \"fd00:1::9\"}]}}",
            "networks.app.ipam.config[0].gateway",
        ),
        ("{ipam: {driver: other}}", "networks.app.ipam.driver"),
        ("{ipam: {options: {a: b}}}", "networks.app.ipam.options"),
        ("{ipam: {config: [{subnet: x}]}}", "networks.app.ipam.config[0].subnet"),
        (
            "{ipam: {config: [{subnet: 10.5.0.1/24}]}}",
            "networks.app.ipam.config: 10.5.0.1/24 has host bits set",
        ),
        (
            "{ipam: {config: [{subnet: 10.5.0.0/24, gateway: 10.6.0.1}]}}",
            "networks.app.ipam.config: no matching subnet",
        ),
        ("{ipam: {config: [{gateway: 10.5.0.1}]}}", "must have a corresponding subnet"),
        ("{ipam: {config: [{gateway: here}]}}", "networks.app.ipam.config[0].gateway"),
        ("{ipam: {config: [{aux_addresses: {a: 10.0.0.1}}]}}", "networks.app.ipam.config[0].aux_addresses"),
        ("{ipam: {config: [{subnet: 10.5.0.0/24}, {subnet: 10.6.0.0/24}]}}", "networks.app.ipam.config[1]"),
        (
            "{external: true, attachable: true}",
            "networks.app.attachable: an external network is made elsewhere",
        ),
    ] {
        let text =
            format!("services: {{web: {{image: a, networks: [app]}}}}\nnetworks: {{app: {network}}}\n");
        let refused = read(&text).unwrap_err();
        assert!(refused.starts_with("compose.yml:2:") && refused.contains(told), "{network}: {refused}");
    }
}

#[test]
fn folders_make_names() {
    assert_eq!(normalise_project("My App.2"), "myapp2");
    assert_eq!(normalise_project("_x_"), "x");
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z:{}\\[\\]\"$ \\-\n]{0,200}") {
        let _ = read(&format!("services:\n  web:\n    {text}"));
        let _ = read(&text);
    }
}
