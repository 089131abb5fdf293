//! The programs that are run in a container beside its own: health checks and hooks. Pure.

use serde::{Deserialize, Serialize};
use skep_image::{Config, Healthcheck};
use skep_keeper::config::ProcessConfig;
use skep_model::{ContainerSpec, HealthTest, Hook};

use crate::health::HealthPlan;

/// What is run in a container beside its own process, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// What they have if nothing else is said: what the container's own process has.
    pub base: ProcessConfig,
    /// How it is found out whether it works.
    pub health: Option<HealthPlan>,
    /// After its start, one after the other.
    pub post_start: Vec<ProcessConfig>,
    /// Before its stop signal.
    pub pre_stop: Vec<ProcessConfig>,
}

/// The programs for a container whose own process is `process`.
pub(crate) fn programs(spec: &ContainerSpec, image: &Config, process: &ProcessConfig) -> Programs {
    // Limits and rights are the container's; a terminal and a first process are its own's alone.
    let base = ProcessConfig { terminal: false, stdin_open: false, init: false, ..process.clone() };
    let hooks = |hooks: &[Hook]| hooks.iter().map(|hook| hook_process(hook, &base)).collect();
    Programs {
        health: health(spec, image.healthcheck.as_ref(), &base),
        post_start: hooks(&spec.post_start),
        pre_stop: hooks(&spec.pre_stop),
        base,
    }
}

/// A program that a container runs beside its own process.
pub(crate) fn hook_process(hook: &Hook, base: &ProcessConfig) -> ProcessConfig {
    let filled = |own: &String, inherited: &String| if own.is_empty() { inherited } else { own }.clone();
    ProcessConfig {
        args: hook.command.clone(),
        env: base.env.iter().chain(&hook.environment).cloned().collect(),
        user: filled(&hook.user, &base.user),
        cwd: filled(&hook.working_directory, &base.cwd),
        ..base.clone()
    }
}

fn health(spec: &ContainerSpec, image: Option<&Healthcheck>, base: &ProcessConfig) -> Option<HealthPlan> {
    let own = spec.health.clone().unwrap_or_default();
    let inherited = image.cloned().unwrap_or_default();
    let shell = |line: &str| ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
    let args = match &own.test {
        HealthTest::Disabled => return None,
        HealthTest::Command(words) => words.clone(),
        HealthTest::Shell(line) => shell(line),
        HealthTest::Inherit => match inherited.test.as_deref().unwrap_or_default() {
            [kind, words @ ..] if kind == "CMD" && !words.is_empty() => words.to_vec(),
            [kind, line] if kind == "CMD-SHELL" => shell(line),
            _ => return None,
        },
    };
    Some(HealthPlan::new(ProcessConfig { args, ..base.clone() }, &own, &inherited))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skep_model::HealthCheck;

    use super::*;

    fn image(test: &[&str]) -> Config {
        let test = Some(test.iter().map(ToString::to_string).collect());
        let check = Healthcheck { test, interval: 7_000_000_000, retries: 9, ..Healthcheck::default() };
        Config { healthcheck: Some(check), ..Config::default() }
    }

    fn plan(test: Option<HealthTest>, image: &Config) -> Option<HealthPlan> {
        let health = test.map(|test| HealthCheck { test, retries: 2, ..HealthCheck::default() });
        let spec = ContainerSpec { health, ..ContainerSpec::default() };
        let process =
            ProcessConfig { user: "web".into(), terminal: true, init: true, ..ProcessConfig::new(["serve"]) };
        programs(&spec, image, &process).health
    }

    #[test]
    fn the_check_is_the_specs_or_the_images() {
        let none = Config::default();
        assert_eq!(plan(None, &none), None);
        assert_eq!(plan(Some(HealthTest::Inherit), &none), None);
        assert_eq!(plan(Some(HealthTest::Disabled), &image(&["CMD", "x"])), None);
        assert_eq!(plan(None, &image(&["NONE"])), None);
        let inherited = plan(None, &image(&["CMD-SHELL", "a b"])).unwrap();
        assert_eq!(inherited.process.args, ["/bin/sh", "-c", "a b"]);
        assert_eq!((inherited.interval, inherited.retries), (Duration::from_secs(7), 9));
        let own = plan(Some(HealthTest::Command(vec!["own".into()])), &image(&["CMD", "x"])).unwrap();
        assert_eq!(
            (own.process.args.as_slice(), own.process.user.as_str()),
            (&["own".to_owned()][..], "web")
        );
        assert!(!own.process.terminal && !own.process.init);
        assert_eq!(
            (own.interval, own.retries),
            (Duration::from_secs(7), 2),
            "what it leaves open is the image's"
        );
    }

    #[test]
    fn a_hook_has_what_the_container_has_unless_it_says_otherwise() {
        let hook = Hook { command: vec!["warm".into()], environment: vec!["B=2".into()], ..Hook::default() };
        let root = Hook { user: "root".into(), working_directory: "/w".into(), ..hook.clone() };
        let spec = ContainerSpec { post_start: vec![hook], pre_stop: vec![root], ..ContainerSpec::default() };
        let process = ProcessConfig {
            user: "web".into(),
            env: vec!["A=1".into()],
            cwd: "/srv".into(),
            ..ProcessConfig::new(["serve"])
        };
        let made = programs(&spec, &Config::default(), &process);
        let start = &made.post_start[0];
        assert_eq!(
            (start.args[0].as_str(), start.user.as_str(), start.cwd.as_str()),
            ("warm", "web", "/srv")
        );
        assert_eq!(start.env, ["A=1", "B=2"]);
        assert_eq!((made.pre_stop[0].user.as_str(), made.pre_stop[0].cwd.as_str()), ("root", "/w"));
    }
}
