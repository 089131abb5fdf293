//! What services ask beyond the plain: placement, updates, health, data.

use std::path::Path;

use skep_model::{HealthTest, MountKind, ServiceMode, ServiceSpec, UpdateOrder};

use super::load;

fn read(text: &str) -> Result<Vec<ServiceSpec>, String> {
    let told = |problems: Vec<crate::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    load(text, "compose.yml", "app", &|_| None, Path::new("/srv/app")).map(|spec| spec.services).map_err(told)
}

const FULL: &str = r#"
services:
  web:
    image: web:1
    healthcheck: {test: ["CMD", "/check"], interval: 5s, retries: 2, start_period: 1m}
    init: true
    read_only: true
    cap_add: [net_admin]
    cap_drop: [ALL]
    sysctls: {net.core.somaxconn: "10"}
    ulimits: {nofile: {soft: 10, hard: 20}, nproc: 5}
    oom_score_adj: -5
    extra_hosts: ["db:10.0.0.1"]
    dns: 1.1.1.1
    group_add: ["7"]
    logging: {driver: local, options: {max-size: 1m}}
    post_start: [{command: [/warm, up]}]
    pre_stop: [{command: sync, user: "1"}]
    secrets: [key, {source: key, target: /etc/key, uid: "3", mode: 0400}]
    configs: [{source: site, target: /site}]
    volumes: ["data:/data:nocopy", "/cache", {type: volume, source: kept, target: /kept, volume: {subpath: a}}]
    deploy:
      replicas: 4
      placement:
        constraints: ["node.labels.disk == ssd"]
        preferences: [{spread: node.labels.zone}]
        max_replicas_per_node: 2
      update_config: {parallelism: 2, order: start-first, failure_action: rollback, max_failure_ratio: 0.5, monitor: 1s}
      rollback_config: {parallelism: 0}
      resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: GPU, value: 2}}]}}
  job:
    image: job:1
    deploy: {mode: replicated-job, replicas: 3}
  agent:
    image: agent:1
    deploy: {mode: global}
volumes:
  data: {driver_opts: {type: tmpfs, device: tmpfs}}
  kept: {external: true, name: precious}
secrets:
  key: {external: true, name: app_key}
configs:
  site: {external: true}
"#;

#[test]
fn all_that_a_service_can_ask_is_read() {
    let [agent, job, web] = <[ServiceSpec; 3]>::try_from(read(FULL).unwrap()).unwrap();
    assert_eq!(agent.mode, ServiceMode::Global);
    assert_eq!(job.mode, ServiceMode::ReplicatedJob { max_concurrent: 3, total_completions: 3 });
    let container = &web.task.container;
    let health = container.health.as_ref().unwrap();
    assert_eq!((&health.test, health.retries), (&HealthTest::Command(vec!["/check".into()]), 2));
    assert_eq!((container.init, container.read_only, container.oom_score_adj), (Some(true), true, -5));
    assert_eq!(
        (container.capability_add[0].as_str(), container.capability_drop[0].as_str()),
        ("CAP_NET_ADMIN", "ALL")
    );
    assert_eq!((container.ulimits[0].hard, container.ulimits[1].soft), (20, 5));
    assert_eq!(
        (container.hosts[0].as_str(), container.dns.nameservers[0].as_str()),
        ("10.0.0.1 db", "1.1.1.1")
    );
    assert_eq!(
        (container.post_start[0].command.join(" ").as_str(), container.pre_stop[0].user.as_str()),
        ("/warm up", "1")
    );
    assert_eq!(
        (container.secrets[0].name.as_str(), container.secrets[0].file.path.as_str()),
        ("app_key", "key")
    );
    assert_eq!((container.secrets[1].file.mode, container.secrets[1].file.uid.as_str()), (0o400, "3"));
    assert_eq!(container.configs[0].name, "site");
    let volume = |mount: &skep_model::Mount| match &mount.kind {
        MountKind::Volume(volume) => volume.clone(),
        other => panic!("{other:?}"),
    };
    let volumes: Vec<_> = container.mounts.iter().map(volume).collect();
    let names: Vec<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
    assert_eq!(names, ["app_data", "", "precious"]);
    assert!(volumes[0].no_copy && volumes[0].options["type"] == "tmpfs" && volumes[2].subpath == "a");
    let placement = &web.task.placement;
    assert_eq!((placement.spread[0].as_str(), placement.max_replicas_per_node), ("node.labels.zone", 2));
    let update = web.update.unwrap();
    assert_eq!(
        (update.order, update.max_failure_ppm, update.parallelism),
        (UpdateOrder::StartFirst, 500_000, 2)
    );
    assert_eq!((web.rollback.unwrap().parallelism, web.task.resources.reservations.generic[0].count), (0, 2));
    assert_eq!(web.task.log_driver.unwrap().name, "local");
    for spec in [&agent, &job] {
        skep_model::validate_service(spec).unwrap();
    }
}

#[test]
fn what_cannot_be_is_told_where_it_stands() {
    let service = |body: &str| read(&format!("services: {{web: {{image: a, {body}}}}}")).unwrap_err();
    for (body, told) in [
        ("secrets: [none]", "'none' is not declared"),
        ("volumes: [\"none:/x\"]", "volume 'none' is not declared"),
        ("healthcheck: {test: [RUN, x]}", "starts with CMD"),
        ("healthcheck: {test: x, disable: true}", "remove either"),
        ("ulimits: {nofile: many}", "'many' is not a whole number"),
        ("extra_hosts: [db]", "'db' is not NAME:ADDRESS"),
        ("deploy: {mode: global, replicas: 2}", "is for services that are not global"),
        ("deploy: {mode: odd}", "'odd' is not a mode"),
        ("deploy: {placement: {constraints: [\"node.id\"]}}", "expected one operator"),
        ("deploy: {update_config: {max_failure_ratio: 2}}", "not a share"),
        ("deploy: {rollback_config: {failure_action: rollback}}", "a rollback is not rolled back"),
        ("volumes: [{type: bind, source: /a, target: /b, volume: {nocopy: true}}]", "for type volume only"),
    ] {
        let error = service(body);
        assert!(error.contains(told), "{body}: {error}");
    }
    let file = read("services: {web: {image: a, secrets: [s]}}\nsecrets: {s: {file: ./s}}").unwrap_err();
    assert!(file.contains("skep secret create"), "{file}");
    let nowhere = read("services: {web: {image: a}}\nconfigs: {c: {}}").unwrap_err();
    assert!(nowhere.contains("external: true"), "{nowhere}");
}
