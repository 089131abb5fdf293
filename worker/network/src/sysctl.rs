//! The host's settings that containers need, and their way back.
//!
//! Only forwarding is the whole host's; what concerns a link alone is set with the link.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{NetworkError, Result};

const FORWARD: (&str, &str) = ("net/ipv4/ip_forward", "1");
const FORWARD6: (&str, &str) = ("net/ipv6/conf/all/forwarding", "1");
/// Where each link's IPv6 settings are.
const LINKS6: &str = "net/ipv6/conf";

/// A link's `rp_filter`: a source needs a way back, but by any link. The bigger one of this and the host's value for all
/// links counts, so it wins over a strict 1 there.
pub(crate) const LOOSE: u32 = 2;

/// The tunnel's `rp_filter`. Clients of other nodes come out of it, to whom this host may have no way at all: it is off
/// where that is in a link's power, and loose where the host's value for all links would make it strict.
pub(crate) fn source_check_of_tunnel() -> u32 {
    let all = fs::read_to_string(setting("net/ipv4/conf/all/rp_filter")).unwrap_or_default();
    if all.trim() == "0" { 0 } else { LOOSE }
}

/// The settings of the calling thread's network namespace; former values are kept in a file.
#[derive(Debug)]
pub(crate) struct Sysctls {
    memory: PathBuf,
}

impl Sysctls {
    /// Settings whose former values are remembered below `directory`.
    pub(crate) fn new(directory: &Path) -> Self {
        Self { memory: directory.join("sysctls") }
    }

    /// Sets what differs; the values of before the first daemon are remembered.
    pub(crate) fn set(&self) -> Result<()> {
        self.set_all(&[(FORWARD.0.to_owned(), FORWARD.1)])
    }

    /// The same for IPv6, where the host has it.
    pub(crate) fn set_ipv6(&self) -> Result<()> {
        if !has_ipv6() || read(FORWARD6.0).as_deref() == Some(FORWARD6.1) {
            return Ok(());
        }
        // A host that forwards no longer listens to routers, by which its own way out may have come, unless it is told to.
        let mut wanted: Vec<_> = links_of_routers().into_iter().map(|name| (name, "2")).collect();
        wanted.push((FORWARD6.0.to_owned(), FORWARD6.1));
        self.set_all(&wanted)
    }

    fn set_all(&self, wanted: &[(String, &str)]) -> Result<()> {
        let mut former = if self.memory.exists() { read_file(&self.memory)? } else { String::new() };
        let mut changes = Vec::new();
        for (name, wanted) in wanted {
            let current = read_file(&setting(name))?;
            if current.trim() != *wanted {
                if !former.lines().any(|line| line.split_once(' ').is_some_and(|(known, _)| known == name)) {
                    former.push_str(&format!("{name} {}\n", current.trim()));
                }
                changes.push((name, wanted));
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        write_file(&self.memory, &former)?;
        changes.into_iter().try_for_each(|(name, wanted)| write(name, wanted))
    }

    /// The settings that are not as they should be, by name and value; those of IPv6 where containers have it.
    pub(crate) fn wrong(ipv6: bool) -> Vec<(&'static str, String)> {
        let wanted = [FORWARD].into_iter().chain(ipv6.then_some(FORWARD6));
        let current = |name| read(name).unwrap_or_default();
        let found = wanted.map(|(name, wanted)| (name, wanted, current(name)));
        found
            .filter(|(_, wanted, current)| wanted != current)
            .map(|(name, _, current)| (name, current))
            .collect()
    }

    /// Brings the former values back and forgets them.
    pub(crate) fn restore(&self) -> Result<()> {
        if !self.memory.exists() {
            return Ok(());
        }
        // In the opposite order: a host that does not forward listens to routers as before.
        for line in read_file(&self.memory)?.lines().rev() {
            let Some((name, value)) = line.split_once(' ') else { continue };
            // A link may be gone.
            let of_link = is_accept_ra(name) && setting(name).exists();
            if [FORWARD.0, FORWARD6.0].contains(&name) || of_link {
                write(name, value)?;
            }
        }
        fs::remove_file(&self.memory).map_err(|source| failure("remove", &self.memory, source))
    }
}

/// Whether this host has IPv6, and links that are made get it.
pub(crate) fn has_ipv6() -> bool {
    let on = |links: &str| read(&format!("{LINKS6}/{links}/disable_ipv6")).as_deref() == Some("0");
    on("all") && on("default")
}

/// The settings of the links that listen to routers as long as the host does not forward.
fn links_of_routers() -> Vec<String> {
    let Ok(links) = fs::read_dir(setting(LINKS6)) else { return Vec::new() };
    let mut found = Vec::new();
    for link in links.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let is = |name: &str, value: &str| {
            read(&format!("{LINKS6}/{link}/{name}")).is_some_and(|current| current == value)
        };
        // The first two are no links, and what stands there is for those that come later.
        if !["all", "default", "lo"].contains(&link.as_str()) && is("accept_ra", "1") && is("forwarding", "0")
        {
            found.push(format!("{LINKS6}/{link}/accept_ra"));
        }
    }
    found.sort();
    found
}

fn is_accept_ra(name: &str) -> bool {
    let link = name.strip_prefix(LINKS6).and_then(|rest| rest.strip_prefix('/')?.strip_suffix("/accept_ra"));
    link.is_some_and(|link| !link.contains('/') && link != "..")
}

/// Writes a setting, in the calling thread's network namespace.
pub(crate) fn write(name: &str, value: &str) -> Result<()> {
    write_file(&setting(name), value)
}

/// Reads a setting, without spaces around it; none when the kernel has none of this name.
pub(crate) fn read(name: &str) -> Option<String> {
    Some(fs::read_to_string(setting(name)).ok()?.trim().to_owned())
}

fn setting(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}

fn failure(action: &'static str, path: &Path, source: std::io::Error) -> NetworkError {
    NetworkError::File { action, path: path.display().to_string(), source }
}

fn read_file(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| failure("read", path, source))
}

fn write_file(path: &Path, value: &str) -> Result<()> {
    fs::write(path, value).map_err(|source| failure("write", path, source))
}

#[cfg(test)]
mod tests {
    use crate::lab::in_lab;

    use super::*;

    #[test]
    fn routers_are_listened_to_as_before_and_all_is_brought_back() {
        in_lab(|lab| async move {
            if !has_ipv6() {
                return;
            }
            fs::create_dir_all(lab.state()).unwrap();
            let (listens, not) = ("net/ipv6/conf/up0/accept_ra", "net/ipv6/conf/lo/accept_ra");
            let settings = [FORWARD.0, FORWARD6.0, listens, not];
            settings.iter().for_each(|name| write(name, "0").unwrap());
            write(listens, "1").unwrap();
            let values = || settings.map(|name| read(name).unwrap());
            let before = values();
            let sysctls = Sysctls::new(&lab.state());
            // As a daemon without IPv6 left it.
            sysctls.set().unwrap();
            sysctls.set_ipv6().unwrap();
            assert_eq!(
                (values(), Sysctls::wrong(true)),
                (["1", "1", "2", "0"].map(String::from), Vec::new())
            );
            write(FORWARD6.0, "0").unwrap();
            assert_eq!(Sysctls::wrong(true), [(FORWARD6.0, "0".to_owned())]);
            Sysctls::new(&lab.state()).set_ipv6().unwrap();
            assert_eq!(Sysctls::wrong(true), []);
            sysctls.restore().unwrap();
            assert_eq!(values(), before);
        });
    }

    #[test]
    fn only_settings_of_ours_are_written_back() {
        assert!(is_accept_ra("net/ipv6/conf/eth0.7/accept_ra"));
        for name in ["net/ipv6/conf/../accept_ra", "net/ipv6/conf/a/b/accept_ra", "net/ipv6/conf/a/autoconf"]
        {
            assert!(!is_accept_ra(name), "{name}");
        }
    }
}
