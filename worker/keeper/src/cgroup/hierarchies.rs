//! Which hierarchies the node has mounted, and where.

use std::fs;
use std::path::PathBuf;

/// The mounted hierarchies of control groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hierarchies {
    /// Version 1: one per controller or group of controllers.
    pub(crate) v1: Vec<V1>,
    /// The version 2 tree, if mounted (with or without controllers).
    pub(crate) unified: Option<PathBuf>,
    /// Controllers that the version 2 tree has.
    pub(crate) unified_controllers: Vec<String>,
}

/// A version 1 hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct V1 {
    /// Where it is mounted.
    pub(crate) root: PathBuf,
    /// Its controllers, or `name=systemd`.
    pub(crate) controllers: Vec<String>,
}

impl Hierarchies {
    /// Reads what is mounted now.
    pub(crate) fn detect() -> std::io::Result<Self> {
        let mut found = Self::parse(&fs::read_to_string("/proc/self/mountinfo")?);
        if let Some(root) = &found.unified {
            let text = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
            found.unified_controllers = text.split_whitespace().map(str::to_owned).collect();
        }
        Ok(found)
    }

    /// Finds the hierarchies in the text of `/proc/self/mountinfo` (proc(5)).
    pub(crate) fn parse(mountinfo: &str) -> Self {
        let mut found = Self::default();
        for line in mountinfo.lines() {
            let Some((before, after)) = line.split_once(" - ") else { continue };
            let Some(root) = before.split(' ').nth(4).map(unescape) else { continue };
            let mut after = after.split(' ');
            let (kind, options) = (after.next(), after.nth(1).unwrap_or_default());
            match kind {
                Some("cgroup2") if found.unified.is_none() => found.unified = Some(root),
                Some("cgroup") => {
                    let flags = ["rw", "ro", "xattr", "clone_children", "cpuset_v2_mode", "noprefix", "all"];
                    let controllers: Vec<String> = options
                        .split(',')
                        .filter(|o| !flags.contains(o) && !o.starts_with("release_agent="))
                        .map(str::to_owned)
                        .collect();
                    if !controllers.is_empty() && !found.v1.iter().any(|h| h.controllers == controllers) {
                        found.v1.push(V1 { root, controllers });
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Root of the version 1 hierarchy that has `controller`.
    pub(crate) fn v1_root(&self, controller: &str) -> Option<&PathBuf> {
        self.v1.iter().find(|h| h.controllers.iter().any(|c| c == controller)).map(|h| &h.root)
    }

    /// Whether limits are set in the version 2 tree.
    pub(crate) fn is_v2(&self) -> bool {
        self.v1.iter().all(|h| h.controllers.iter().all(|c| c.starts_with("name="))) && self.unified.is_some()
    }

    /// Roots of all hierarchies, the version 2 tree last.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &PathBuf> {
        self.v1.iter().map(|h| &h.root).chain(&self.unified)
    }
}

/// mountinfo writes blanks and backslashes as three octal digits.
fn unescape(text: &str) -> PathBuf {
    PathBuf::from(text.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd
35 31 0:32 / /sys/fs/cgroup/my\\040memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

    #[test]
    fn hybrid() {
        let found = Hierarchies::parse(HYBRID);
        assert_eq!(found.unified, Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(found.v1_root("cpuacct"), Some(&"/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(found.v1_root("memory"), Some(&"/sys/fs/cgroup/my memory".into()));
        assert_eq!(found.v1_root("name=systemd"), Some(&"/sys/fs/cgroup/systemd".into()));
        assert_eq!(found.v1_root("pids"), None);
        assert!(!found.is_v2());
    }

    #[test]
    fn unified_only() {
        let found =
            Hierarchies::parse("30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate");
        assert!(found.is_v2());
        assert!(!Hierarchies::parse("garbage\n - \n1 2 3 - cgroup").is_v2());
    }
}
