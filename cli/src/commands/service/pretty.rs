//! A service for people, as Docker's `inspect --pretty` has it.

use skep_rest::{
    ContainerSpec, Mount, Placement, ResourceRequirements, Service, ServiceMode, TaskSpec, UpdateConfig,
    UpdateStatus,
};

use crate::output::{ago, binary_size, go_duration};

/// Billionths of a CPU in one.
const NANO: f64 = 1e9;

/// The service line by line.
pub(super) fn lines(service: &Service) -> Vec<String> {
    let spec = &service.spec;
    let task = &spec.task_template;
    let mut lines = vec![format!("ID:\t\t{}", service.id), format!("Name:\t\t{}", spec.name)];
    let labels = spec.labels.iter().flatten().map(|(key, value)| format!(" {key}={value}"));
    titled(&mut lines, "Labels:", labels.collect());
    lines.extend(mode(spec.mode.as_ref()));
    titled(&mut lines, "UpdateStatus:", service.update_status.as_ref().map(update).unwrap_or_default());
    titled(&mut lines, "Placement:", task.placement.as_ref().map(placement).unwrap_or_default());
    titled(&mut lines, "UpdateConfig:", rollout(spec.update_config.as_ref(), "Update"));
    titled(&mut lines, "RollbackConfig:", rollout(spec.rollback_config.as_ref(), "Rollback"));
    titled(&mut lines, "ContainerSpec:", container(&task.container_spec));
    titled(&mut lines, "Mounts:", task.container_spec.mounts.iter().flatten().flat_map(mount).collect());
    titled(&mut lines, "Configs:", configs(&task.container_spec));
    titled(&mut lines, "Secrets:", secrets(&task.container_spec));
    titled(&mut lines, "Log Driver:", log_driver(task));
    titled(&mut lines, "Healthcheck:", health(&task.container_spec));
    titled(&mut lines, "Resources:", task.resources.as_ref().map(resources).unwrap_or_default());
    let networks: Vec<&str> = task.networks.iter().flatten().map(|network| network.target.as_str()).collect();
    if !networks.is_empty() {
        lines.push(format!("Networks: {}", networks.join(" ")));
    }
    lines.push(format!("Endpoint Mode:\t{}", service.endpoint.spec.mode));
    let ports = service.endpoint.ports.iter().flat_map(|port| {
        [
            format!(" PublishedPort = {}", port.published_port),
            format!("  Protocol = {}", port.protocol),
            format!("  TargetPort = {}", port.target_port),
            format!("  PublishMode = {}", port.publish_mode),
        ]
    });
    titled(&mut lines, "Ports:", ports.collect());
    lines
}

fn titled(lines: &mut Vec<String>, title: &str, content: Vec<String>) {
    if !content.is_empty() {
        lines.push(title.to_owned());
        lines.extend(content);
    }
}

/// The words of a mode, as tables have them.
pub(super) fn mode_word(mode: Option<&ServiceMode>) -> &'static str {
    match mode {
        Some(mode) if mode.global.is_some() => "global",
        Some(mode) if mode.replicated_job.is_some() => "replicated job",
        Some(mode) if mode.global_job.is_some() => "global job",
        _ => "replicated",
    }
}

fn mode(mode: Option<&ServiceMode>) -> Vec<String> {
    let title = match mode_word(mode) {
        "global" => "Global",
        "replicated job" => "ReplicatedJob",
        "global job" => "GlobalJob",
        _ => "Replicated",
    };
    let mut lines = vec![format!("Service Mode:\t{title}")];
    if let Some(job) = mode.and_then(|mode| mode.replicated_job.as_ref()) {
        lines.push(format!(" Max Concurrent:\t{}", job.max_concurrent.unwrap_or(1)));
        lines.push(format!(" Total Completions:\t{}", job.total_completions.unwrap_or(1)));
    } else if title == "Replicated" {
        let replicated = mode.and_then(|mode| mode.replicated.as_ref());
        lines.push(format!(" Replicas:\t{}", replicated.and_then(|mode| mode.replicas).unwrap_or(1)));
    }
    lines
}

fn placement(placement: &Placement) -> Vec<String> {
    let mut lines = Vec::new();
    let list = |words: &[String]| format!("[{}]", words.join(" "));
    if let Some(constraints) = placement.constraints.as_ref().filter(|words| !words.is_empty()) {
        lines.push(format!(" Constraints:\t{}", list(constraints)));
    }
    let spread = placement.preferences.iter().flatten().filter_map(|preference| preference.spread.as_ref());
    let spread: Vec<String> = spread.map(|over| format!("spread={}", over.spread_descriptor)).collect();
    if !spread.is_empty() {
        lines.push(format!(" Preferences:\t{}", list(&spread)));
    }
    if placement.max_replicas != 0 {
        lines.push(format!(" Max Replicas Per Node:\t{}", placement.max_replicas));
    }
    lines
}

/// How far an update is, with the first task that failed, which Docker does not have.
fn update(status: &UpdateStatus) -> Vec<String> {
    let mut lines =
        vec![format!(" State:\t\t{}", status.state), format!(" Started:\t{}", ago(&status.started_at))];
    if !status.completed_at.is_empty() {
        lines.push(format!(" Completed:\t{}", ago(&status.completed_at)));
    }
    lines.push(format!(" Message:\t{}", status.message));
    if let Some(first) = &status.first_failure {
        lines.push(" First failure:".to_owned());
        lines.push(format!("  Task:\t\t{}", first.task_id));
        lines.push(format!("  Error:\t{}", first.error));
        titled(
            &mut lines,
            "  Last lines:",
            first.log_tail.iter().map(|line| format!("   | {line}")).collect(),
        );
    }
    lines
}

fn rollout(config: Option<&UpdateConfig>, what: &str) -> Vec<String> {
    let Some(config) = config else { return Vec::new() };
    let mut lines = vec![format!(" Parallelism:\t{}", config.parallelism)];
    if config.delay != 0 {
        lines.push(format!(" Delay:\t\t{}", go_duration(config.delay)));
    }
    lines.push(format!(" On failure:\t{}", config.failure_action));
    if let Some(monitor) = config.monitor.filter(|nanos| *nanos != 0) {
        lines.push(format!(" Monitoring Period: {}", go_duration(monitor)));
    }
    lines.push(format!(" Max failure ratio: {}", config.max_failure_ratio));
    lines.push(format!(" {what} order:      {}", config.order));
    lines
}

fn container(spec: &ContainerSpec) -> Vec<String> {
    let mut lines = vec![format!(" Image:\t\t{}", spec.image)];
    let lists = [
        ("Command:\t", &spec.command),
        ("Args:\t\t", &spec.args),
        ("Env:\t\t", &spec.env),
        ("Capabilities added:\t", &spec.capability_add),
        ("Capabilities dropped:\t", &spec.capability_drop),
    ];
    for (name, words) in lists {
        let words = words.as_ref().filter(|words| !words.is_empty());
        lines.extend(words.map(|words| format!(" {name}{}", words.join(" "))));
    }
    for (name, text) in [("Dir:\t\t", &spec.dir), ("User:\t\t", &spec.user), ("Hostname:\t", &spec.hostname)]
    {
        if !text.is_empty() {
            lines.push(format!(" {name}{text}"));
        }
    }
    lines.extend(spec.init.map(|init| format!(" Init:\t\t{init}")));
    let sysctls = spec.sysctls.iter().flatten().map(|(key, value)| format!("  {key}: {value}"));
    titled(&mut lines, " SysCtls:", sysctls.collect());
    let limits = spec.ulimits.iter().flatten();
    let limits = limits.map(|limit| format!("  {}: {}:{}", limit.name, limit.soft, limit.hard));
    titled(&mut lines, " Ulimits:", limits.collect());
    for (name, hooks) in [("After the start:", &spec.post_start), ("Before the stop:", &spec.pre_stop)] {
        let hooks = hooks.iter().flatten().map(|hook| format!("  {}", hook.command.join(" ")));
        titled(&mut lines, &format!(" {name}"), hooks.collect());
    }
    lines
}

fn mount(mount: &Mount) -> Vec<String> {
    vec![
        format!(" Target:\t{}", mount.target),
        format!("  Source:\t{}", mount.source),
        format!("  ReadOnly:\t{}", mount.read_only),
        format!("  Type:\t\t{}", mount.kind),
    ]
}

fn configs(spec: &ContainerSpec) -> Vec<String> {
    let all = spec.configs.iter().flatten();
    all.flat_map(|own| file(own.file.as_ref().map(|file| file.name.as_str()), &own.config_name, own.version))
        .collect()
}

fn secrets(spec: &ContainerSpec) -> Vec<String> {
    let all = spec.secrets.iter().flatten();
    all.flat_map(|own| file(own.file.as_ref().map(|file| file.name.as_str()), &own.secret_name, own.version))
        .collect()
}

fn file(target: Option<&str>, source: &str, version: u64) -> [String; 3] {
    [
        format!(" Target:\t{}", target.unwrap_or(source)),
        format!("  Source:\t{source}"),
        format!("  Version:\t{version}"),
    ]
}

fn log_driver(task: &TaskSpec) -> Vec<String> {
    let Some(driver) = &task.log_driver else { return Vec::new() };
    let mut lines = vec![format!(" Name:\t\t{}", driver.name)];
    let options = driver.options.iter().flatten().map(|(key, value)| format!("  {key}: {value}"));
    titled(&mut lines, " LogOpts:", options.collect());
    lines
}

fn health(spec: &ContainerSpec) -> Vec<String> {
    let Some(check) = &spec.healthcheck else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(test) = check.test.as_ref().filter(|test| !test.is_empty()) {
        lines.push(format!(" Test = {}", test.join(" ")));
    }
    for (name, nanos) in [
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    ] {
        if nanos != 0 {
            lines.push(format!(" {name} = {}", go_duration(nanos)));
        }
    }
    if check.retries != 0 {
        lines.push(format!(" Retries = {}", check.retries));
    }
    lines
}

fn resources(resources: &ResourceRequirements) -> Vec<String> {
    let amounts = |nano_cpus: u64, memory: u64| {
        let cpu = (nano_cpus != 0).then(|| format!("  CPU:\t\t{}", nano_cpus as f64 / NANO));
        let memory = (memory != 0).then(|| format!("  Memory:\t{}", binary_size(memory)));
        cpu.into_iter().chain(memory).collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    if let Some(reserved) = &resources.reservations {
        let mut own = amounts(reserved.nano_cpus, reserved.memory_bytes);
        let generic = reserved.generic_resources.iter().flatten();
        own.extend(generic.filter_map(|each| {
            let wanted = each.discrete_resource_spec.as_ref()?;
            Some(format!("  {}:\t\t{}", wanted.kind, wanted.value))
        }));
        titled(&mut lines, " Reservations:", own);
    }
    if let Some(limits) = &resources.limits {
        let mut own = amounts(limits.nano_cpus, limits.memory_bytes);
        if limits.pids != 0 {
            own.push(format!("  Pids:\t\t{}", limits.pids));
        }
        titled(&mut lines, " Limits:", own);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_shown_and_nothing_else() {
        let mut spec = skep_model::ServiceSpec { name: "web".into(), ..skep_model::ServiceSpec::default() };
        spec.task.container.image = "web:1".into();
        let shown = |spec: &skep_model::ServiceSpec| {
            let mut service = Service { id: "abc".into(), ..Service::default() };
            service.spec = skep_rest::ServiceSpec::from(spec);
            service.endpoint.spec.mode = "vip".into();
            lines(&service)
        };
        assert_eq!(
            shown(&spec),
            [
                "ID:\t\tabc",
                "Name:\t\tweb",
                "Service Mode:\tReplicated",
                " Replicas:\t1",
                "ContainerSpec:",
                " Image:\t\tweb:1",
                "Endpoint Mode:\tvip",
            ]
        );
        spec.mode = skep_model::ServiceMode::ReplicatedJob { max_concurrent: 2, total_completions: 9 };
        spec.task.placement.constraints = vec!["node.role==worker".into()];
        spec.update = Some(skep_model::UpdateConfig::default());
        spec.task.resources.reservations.nano_cpus = 500_000_000;
        let text = shown(&spec).join("\n");
        for part in [
            "ReplicatedJob\n Max Concurrent:\t2\n Total Completions:\t9",
            "Placement:\n Constraints:\t[node.role==worker]",
            " On failure:\tpause\n Monitoring Period: 5s\n Max failure ratio: 0\n Update order:      stop-first",
            " Reservations:\n  CPU:\t\t0.5",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn an_update_is_shown_with_its_first_failure() {
        let mut service = Service::default();
        let first = skep_rest::UpdateFailure {
            task_id: "t1".into(),
            error: "task: non-zero exit (3)".into(),
            log_tail: vec!["no such thing".into()],
        };
        let status = UpdateStatus {
            state: "paused".into(),
            started_at: "2020-01-01T00:00:00Z".into(),
            message: "update paused".into(),
            first_failure: Some(first),
            ..UpdateStatus::default()
        };
        service.update_status = Some(status.clone());
        let text = lines(&service).join("\n");
        let before = "UpdateStatus:\n State:\t\tpaused\n Started:\t";
        let after = " years ago\n Message:\tupdate paused\n First failure:\n  Task:\t\tt1\n  Error:\ttask: non-zero exit \
                     (3)\n  Last lines:\n   | no such thing\n";
        assert!(text.contains(before) && text.contains(after), "{text}");
        let ended = UpdateStatus { completed_at: "2020-01-01T00:00:01Z".into(), ..status };
        service.update_status = Some(ended);
        assert!(lines(&service).iter().any(|line| line.starts_with(" Completed:\t")));
    }
}
