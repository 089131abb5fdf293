//! The process itself.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, unshare};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

use crate::extract;

/// Runs the process that unpacks a layer: `arguments` are those after `unpack`. The layer is read from stdin; what became
/// of it is written to stdout. It must be called before any thread is made.
///
/// # Errors
/// When the arguments are wrong, the process cannot be confined, or stdout is closed. That a layer is bad is no error:
/// stdout says it.
pub fn unpack_main(arguments: &[String]) -> Result<(), String> {
    let root = root(arguments)?;
    let directory = extract::open_directory(&root).map_err(|error| error.to_string())?;
    confine(&root)?;
    let unpacked = extract::extract(&directory, io::stdin().lock()).map_err(|error| match error {
        crate::Error::Layer(reason) => reason,
        other => other.to_string(),
    });
    let text = serde_json::to_vec(&unpacked).map_err(|error| format!("cannot say the outcome: {error}"))?;
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(&text)
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("cannot say the outcome: {error}"))
}

fn root(arguments: &[String]) -> Result<PathBuf, String> {
    match arguments {
        [flag, root] if flag == "--root" => Ok(PathBuf::from(OsString::from(root))),
        _ => Err("it is started by the daemon alone, as: unpack --root DIRECTORY".to_owned()),
    }
}

/// Gives up what unpacking does not need.
fn confine(root: &Path) -> Result<(), String> {
    fn said<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> String {
        move |error| format!("{what}: {error}")
    }
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
        .map_err(said("ask to end with the daemon"))?;
    let apart = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC;
    unshare(apart).map_err(said("leave the network"))?;
    rustix::process::chroot(root).map_err(said("enter the layer"))?;
    rustix::process::chdir("/").map_err(said("enter the layer"))?;
    set_no_new_privs(true).map_err(said("give up privileges"))?;
    // Owners, modes, devices, file capabilities, and (SYS_ADMIN) overlayfs's attributes.
    let needed = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::MKNOD
        | CapabilitySet::SETFCAP
        | CapabilitySet::SYS_ADMIN;
    let sets = CapabilitySets { effective: needed, permitted: needed, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(said("give up capabilities"))
}
