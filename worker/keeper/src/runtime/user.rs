//! Who a process runs as, looked up in the container's own passwd and group files.

use std::path::Path;

use super::root::Root;
use crate::{Failure, FailureKind};

/// Numbers of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
    /// Home directory; `/` if unknown.
    pub(crate) home: String,
}

/// Reads the files in `root` (missing ones are empty) and resolves `user` as [`find`] does.
pub(super) fn resolve(root: &Root, user: &str, more_groups: &[String]) -> Result<Identity, Failure> {
    let read = |path| root.read(path).unwrap_or_default();
    find(user, more_groups, &read("/etc/passwd"), &read("/etc/group"))
}

/// As [`resolve`], in the directory `root`.
pub(crate) fn resolve_user(
    root: &Path,
    user: &str,
    more_groups: &[String],
) -> std::io::Result<Result<Identity, Failure>> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = Root::from_fd(rustix::fs::open(root, flags, Mode::empty())?);
    Ok(resolve(&root, user, more_groups))
}

/// `name|uid[:group|gid]`; numbers need no entry. Without a group part the user's own group and all groups that list
/// the user by name apply; with one, only that.
fn find(user: &str, more_groups: &[String], passwd: &str, group: &str) -> Result<Identity, Failure> {
    let (name, group_part) = user.split_once(':').map_or((user, None), |(name, group)| (name, Some(group)));
    let name = if name.is_empty() { "0" } else { name };
    let entries = || passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).filter(|f| f.len() >= 6);
    let by_name = entries().find(|fields| fields[0] == name);
    let number: Option<u32> = name.parse().ok();
    let entry = by_name.or_else(|| entries().find(|f| number.is_some() && f[2].parse().ok() == number));
    let missing = |what: &str, name: &str, file: &str| {
        Failure::new(FailureKind::UserNotFound, format!("{what} {name:?} is not in the image's {file}"))
    };
    let (uid, own_gid, home) = match (&entry, number) {
        (Some(f), _) => (f[2].parse().ok(), f[3].parse().ok(), f[5].to_owned()),
        (None, number) => (number, Some(0), String::new()),
    };
    let uid = uid.ok_or_else(|| missing("user", name, "/etc/passwd"))?;
    let group_id = |wanted: &str| {
        let by_name = group.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f[0] == wanted);
        let id = by_name.and_then(|f| f.get(2)?.parse().ok()).or_else(|| wanted.parse().ok());
        id.ok_or_else(|| missing("group", wanted, "/etc/group"))
    };
    let gid = match group_part {
        Some(wanted) if !wanted.is_empty() => group_id(wanted)?,
        _ => own_gid.unwrap_or(0),
    };
    let mut groups: Vec<u32> = more_groups.iter().map(|g| group_id(g)).collect::<Result<_, _>>()?;
    if let (None, Some(fields)) = (group_part, &entry) {
        let member = |line: &str| {
            let f: Vec<&str> = line.split(':').collect();
            let listed = f.get(3)?.split(',').any(|m| m == fields[0]);
            if listed { f[2].parse::<u32>().ok() } else { None }
        };
        groups.extend(group.lines().filter_map(member));
    }
    groups.push(gid);
    groups.sort_unstable();
    groups.dedup();
    Ok(Identity { uid, gid, groups, home: if home.is_empty() { "/".into() } else { home } })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nwww:x:34:\nlogs:x:40:web,other\nadm:x:41:web\n";

    fn ids(user: &str) -> (u32, u32, Vec<u32>, String) {
        let found = find(user, &[], PASSWD, GROUP).unwrap();
        (found.uid, found.gid, found.groups, found.home)
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(ids(""), (0, 0, vec![0], "/root".into()));
        assert_eq!(ids("web"), (33, 34, vec![34, 40, 41], "/srv".into()));
        assert_eq!(ids("33"), (33, 34, vec![34, 40, 41], "/srv".into()));
        assert_eq!(ids("web:adm"), (33, 41, vec![41], "/srv".into()));
        assert_eq!(ids("1000"), (1000, 0, vec![0], "/".into()));
        assert_eq!(ids("1000:2000"), (1000, 2000, vec![2000], "/".into()));
    }

    #[test]
    fn unknown_names_are_refused() {
        for user in ["nobody", "web:nogroup", "-1"] {
            assert_eq!(find(user, &[], PASSWD, GROUP).unwrap_err().kind, FailureKind::UserNotFound, "{user}");
        }
        assert_eq!(find("web", &["logs".into(), "7".into()], PASSWD, GROUP).unwrap().groups, [7, 34, 40, 41]);
    }
}
