//! The host's settings that containers need, and their way back.
//!
//! Only forwarding is the whole host's; what concerns a link alone is set with the link.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{NetworkError, Result};

/// Setting and wanted value.
const WANTED: [(&str, &str); 1] = [("net/ipv4/ip_forward", "1")];

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
        let mut former = String::new();
        let mut changes = Vec::new();
        for (name, wanted) in WANTED {
            let current = read_file(&setting(name))?;
            if current.trim() != wanted {
                former.push_str(&format!("{name} {}\n", current.trim()));
                changes.push((name, wanted));
            }
        }
        if !changes.is_empty() && !self.memory.exists() {
            write_file(&self.memory, &former)?;
        }
        for (name, wanted) in changes {
            write(name, wanted)?;
        }
        Ok(())
    }

    /// The settings that are not as they should be, by name and value.
    pub(crate) fn wrong() -> Vec<(&'static str, String)> {
        let current = |name| fs::read_to_string(setting(name)).unwrap_or_default().trim().to_owned();
        let found = WANTED.iter().map(|(name, wanted)| (*name, *wanted, current(name)));
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
        for line in read_file(&self.memory)?.lines() {
            if let Some((name, value)) = line.split_once(' ')
                && WANTED.iter().any(|(known, _)| *known == name)
            {
                write(name, value)?;
            }
        }
        fs::remove_file(&self.memory).map_err(|source| failure("remove", &self.memory, source))
    }
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
