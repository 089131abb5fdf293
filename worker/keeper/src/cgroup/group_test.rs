//! Version 1 alone, as on a node without a cgroup2 tree. (With one, tests/containers uses both.)

use std::process::{Child, Command};

use super::*;

/// A process in a group of its own; killed and removed whatever happens.
struct Held {
    hierarchies: Hierarchies,
    path: String,
    child: Child,
}

impl Held {
    /// `None` on a node without version 1.
    fn new(name: &str) -> Option<Self> {
        let mut hierarchies = Hierarchies::detect().unwrap();
        hierarchies.unified = None;
        hierarchies.v1_root("freezer")?;
        let child = Command::new("/bin/busybox").args(["sleep", "1000"]).spawn().unwrap();
        // A parent for each test: what is in it is removed at the end.
        let path = format!("skep-group-test-{}-{name}/held", std::process::id());
        let held = Self { hierarchies, path, child };
        let resources = Resources { memory_bytes: Some(64 << 20), pids_max: Some(9), ..Resources::default() };
        held.group().create_v1(&resources, &[]).unwrap();
        for hierarchy in &held.hierarchies.v1 {
            let file = hierarchy.root.join(&held.path).join("cgroup.procs");
            write_file(&file, &held.child.id().to_string()).unwrap();
        }
        Some(held)
    }

    fn group(&self) -> Group<'_> {
        Group::new(&self.hierarchies, &self.path)
    }

    fn file(&self, controller: &str, file: &str) -> String {
        let root = self.hierarchies.v1_root(controller).unwrap();
        fs::read_to_string(root.join(&self.path).join(file)).unwrap().trim().to_owned()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.group().freeze(false);
        let _ = self.child.kill();
        let _ = self.child.wait();
        let (parent, _) = self.path.split_once('/').unwrap();
        let left = tree::remove_children(&self.hierarchies, parent, Duration::from_secs(20));
        for root in self.hierarchies.roots() {
            let _ = fs::remove_dir(root.join(parent));
        }
        assert!(left.is_empty() || std::thread::panicking(), "{left:?}");
    }
}

#[test]
fn limits_devices_and_freezing() {
    let Some(held) = Held::new("limits") else { return };
    assert_eq!(held.file("memory", "memory.limit_in_bytes"), (64 << 20).to_string());
    assert_eq!(held.file("pids", "pids.max"), "9");
    assert!(held.file("devices", "devices.list").lines().any(|line| line == "c 1:3 rwm"));
    assert!(!held.file("devices", "devices.list").contains("a *:*"));
    held.group().freeze(true).unwrap();
    assert_eq!(held.file("freezer", "freezer.state"), "FROZEN");
    held.group().freeze(false).unwrap();
    assert_eq!(held.file("freezer", "freezer.state"), "THAWED");
}

#[test]
fn a_frozen_group_is_killed_and_removed() {
    let Some(mut held) = Held::new("frozen") else { return };
    held.group().freeze(true).unwrap();
    assert!(held.group().kill());
    held.child.wait().unwrap();
    for _ in 0..2000 {
        if held.group().remove().is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(held.hierarchies.roots().all(|root| !root.join(&held.path).exists()));
}

#[test]
fn a_limit_without_its_controller_is_refused_and_no_limit_is_not() {
    let nothing = Hierarchies::default();
    let group = Group::new(&nothing, "skep-none/x");
    let wanted = Resources { pids_max: Some(5), ..Resources::default() };
    let refusal = group.update(&Resources::default(), &wanted).unwrap_err();
    assert_eq!(refusal.kind, FailureKind::Limit);
    assert!(refusal.message.contains("pids"), "{refusal}");
    group.update(&Resources::default(), &Resources::default()).unwrap();
    assert_eq!(group.freeze(true).unwrap_err().kind, FailureKind::Limit);
}
