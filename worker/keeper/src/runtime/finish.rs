//! The last steps of every process: limits, identity, capabilities, filter, command.

use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::fs::{Access, FileType, Mode, OFlags};
use rustix::thread::{CapabilitySet as Bits, CapabilitySets};

use super::channel::{Channel, Report};
use super::seccomp::Filters;
use super::sys;
use super::user::Identity;
use crate::config::{CapabilitySet, ProcessConfig, Rlimit};
use crate::error::{Step, plain};
use crate::{FIRST_PROCESS_ARGUMENT, Failure, FailureKind};

/// `PATH` of a process that brings none: Docker's.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command with the rights that it gets, decided before the child begins.
pub(super) struct Command<'a> {
    pub(super) process: &'a ProcessConfig,
    pub(super) hostname: &'a str,
    pub(super) capabilities: CapabilitySet,
    pub(super) filters: Option<&'a Filters>,
    /// Limit on open files that the keeper itself began with.
    pub(super) open_files: Option<(u64, u64)>,
}

/// This program, to be run as the command's parent.
#[derive(Debug)]
pub(super) struct Parent(OwnedFd);

impl Parent {
    /// Opens it; while `/proc` is still the node's.
    pub(super) fn open() -> rustix::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        rustix::fs::open("/proc/self/exe", flags, Mode::empty()).map(Self)
    }
}

/// Where the process begins.
pub(super) fn working_directory(process: &ProcessConfig) -> &str {
    if process.cwd.is_empty() { "/" } else { &process.cwd }
}

/// Sets the preference of the out-of-memory killer; while `/proc` is still the node's.
pub(super) fn set_oom_score(process: &ProcessConfig, channel: &Channel) {
    let Some(score) = process.oom_score_adj else { return };
    if let Err(error) = std::fs::write("/proc/self/oom_score_adj", score.to_string()) {
        channel.send(&Report::Warning(format!("oom_score_adj {score} not set: {}", plain(&error))), None);
    }
}

/// Turns this process into the command; returns only with the reason why not.
pub(super) fn become_command(
    command: &Command<'_>,
    identity: &Identity,
    parent: Option<&Parent>,
    channel: &Channel,
) -> Result<Infallible, Failure> {
    let process = command.process;
    let system = FailureKind::System;
    set_limits(command, channel)?;
    let cwd = working_directory(process);
    rustix::process::chdir(cwd).step(FailureKind::Config, || format!("working directory {cwd}"))?;
    rustix::process::umask(Mode::from_raw_mode(process.umask.unwrap_or(0o022)));
    give_stdio(identity);
    take_identity(command, identity)?;
    let env = environment(process, command.hostname, &identity.home);
    let env: Vec<CString> = env.iter().map(|entry| text(entry)).collect::<Result<_, _>>()?;
    let args: Vec<CString> = process.args.iter().map(|arg| text(arg)).collect::<Result<_, _>>()?;
    sys::close_at_exec(3).step(system, || "closing descriptors")?;
    // Changing identity has cleared it.
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)
        .step(system, || "parent death signal")?;
    if process.no_new_privileges {
        sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1).step(system, || "no_new_privileges")?;
        install(command)?;
    }
    match parent {
        Some(parent) => Err(execute_below(parent, &args, &env)),
        None => Err(execute_with(&args, &env)),
    }
}

/// Runs the command as the child of a small first process. One that cannot be run is told of as without it.
fn execute_below(parent: &Parent, args: &[CString], env: &[CString]) -> Failure {
    let name = args.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    let runnable = |file: &String| {
        Path::new(file).is_file() && rustix::fs::access(file.as_str(), Access::EXEC_OK).is_ok()
    };
    if !candidates(&name, path_of(env)).iter().any(runnable) {
        return execute_with(args, env);
    }
    let Ok(own) = CString::new(FIRST_PROCESS_ARGUMENT) else { return execute_with(args, env) };
    let args: Vec<CString> = [own.clone(), own].into_iter().chain(args.iter().cloned()).collect();
    // The container counts as started from here on. The kernel drops what comes to a process 1 that does not look for it yet, but
    // what is blocked waits.
    sys::block_signals();
    let error = sys::execute_open(&parent.0, &args, env);
    Failure::new(FailureKind::System, format!("running the first process: {}", plain(&error)))
}

/// Turns this process into a command, with its own environment; returns why it cannot.
pub(crate) fn execute(command: &[String]) -> Failure {
    let env: Vec<String> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    let texts = |items: &[String]| items.iter().map(|item| text(item)).collect::<Result<Vec<_>, _>>();
    match texts(command).and_then(|args| Ok((args, texts(&env)?))) {
        Ok((args, env)) => execute_with(&args, &env),
        Err(failure) => failure,
    }
}

fn install(command: &Command<'_>) -> Result<(), Failure> {
    command
        .filters
        .map_or(Ok(()), |filters| filters.install().step(FailureKind::System, || "system call filter"))
}

/// Groups, user, capabilities and, while there is still the right to, the filter.
fn take_identity(command: &Command<'_>, identity: &Identity) -> Result<(), Failure> {
    let system = FailureKind::System;
    let own = rustix::thread::capabilities(None).step(system, || "reading capabilities")?;
    let wanted = command.capabilities.0 & own.permitted.bits();
    for number in 0..64 {
        if wanted >> number & 1 == 0
            && let Err(error) = sys::prctl(libc::PR_CAPBSET_DROP, number)
        {
            if error.raw_os_error() == Some(libc::EINVAL) {
                break; // beyond the last capability of this kernel
            }
            return Err(error).step(system, || "dropping capabilities");
        }
    }
    sys::prctl(libc::PR_SET_KEEPCAPS, 1).step(system, || "prctl")?;
    let groups: Vec<Gid> = identity.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    setgroups(&groups).step(system, || "setting groups")?;
    let gid = Gid::from_raw(identity.gid);
    setresgid(gid, gid, gid).step(system, || "setting the group")?;
    if !command.process.no_new_privileges {
        install(command)?;
    }
    let uid = Uid::from_raw(identity.uid);
    setresuid(uid, uid, uid).step(system, || "setting the user")?;
    let bits = Bits::from_bits_retain(wanted);
    let sets = CapabilitySets { effective: bits, permitted: bits, inheritable: Bits::empty() };
    rustix::thread::set_capabilities(None, sets).step(system, || "setting capabilities")?;
    sys::prctl(libc::PR_SET_KEEPCAPS, 0).step(system, || "prctl")
}

/// Pipes and terminals become the user's own, so that `/dev/stdout` can be opened again.
fn give_stdio(identity: &Identity) {
    let (uid, gid) = (rustix::fs::Uid::from_raw(identity.uid), rustix::fs::Gid::from_raw(identity.gid));
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    for fd in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
        let pipe = rustix::fs::fstat(fd).is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::Fifo);
        if pipe {
            let _ = rustix::fs::fchown(fd, Some(uid), Some(gid));
        } else if rustix::termios::isatty(fd) {
            let _ = rustix::fs::fchown(fd, Some(uid), None);
        }
    }
}

fn set_limits(command: &Command<'_>, channel: &Channel) -> Result<(), Failure> {
    if let Some((soft, hard)) = command.open_files {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
    }
    command.process.rlimits.iter().try_for_each(|limit| set_limit(limit, channel))
}

fn set_limit(limit: &Rlimit, channel: &Channel) -> Result<(), Failure> {
    let resource = match limit.name.to_ascii_lowercase().trim_start_matches("rlimit_") {
        "as" => Resource::RLIMIT_AS,
        "core" => Resource::RLIMIT_CORE,
        "cpu" => Resource::RLIMIT_CPU,
        "data" => Resource::RLIMIT_DATA,
        "fsize" => Resource::RLIMIT_FSIZE,
        "locks" => Resource::RLIMIT_LOCKS,
        "memlock" => Resource::RLIMIT_MEMLOCK,
        "msgqueue" => Resource::RLIMIT_MSGQUEUE,
        "nice" => Resource::RLIMIT_NICE,
        "nofile" => Resource::RLIMIT_NOFILE,
        "nproc" => Resource::RLIMIT_NPROC,
        "rss" => Resource::RLIMIT_RSS,
        "rtprio" => Resource::RLIMIT_RTPRIO,
        "rttime" => Resource::RLIMIT_RTTIME,
        "sigpending" => Resource::RLIMIT_SIGPENDING,
        "stack" => Resource::RLIMIT_STACK,
        other => return Err(Failure::new(FailureKind::Config, format!("limit {other:?} does not exist"))),
    };
    let what = || format!("limit {} {}:{}", limit.name, limit.soft, limit.hard);
    match setrlimit(resource, limit.soft, limit.hard) {
        Err(nix::errno::Errno::EPERM) => {
            let (_, hard) = getrlimit(resource).step(FailureKind::Limit, what)?;
            setrlimit(resource, limit.soft.min(hard), hard).step(FailureKind::Limit, what)?;
            let message = format!("{} not allowed on this node: {hard} holds", what());
            channel.send(&Report::Warning(message), None);
            Ok(())
        }
        answer => answer.step(FailureKind::Limit, what),
    }
}

/// The process's environment with what Docker gives every process.
pub(crate) fn environment(process: &ProcessConfig, hostname: &str, home: &str) -> Vec<String> {
    let mut env = process.env.clone();
    let mut default = |name: &str, value: &str| {
        if !env.iter().any(|e| e.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))) {
            env.push(format!("{name}={value}"));
        }
    };
    default("PATH", DEFAULT_PATH);
    default("HOSTNAME", hostname);
    default("HOME", home);
    if process.terminal {
        default("TERM", "xterm");
    }
    env
}

fn text(value: &str) -> Result<CString, Failure> {
    CString::new(value)
        .map_err(|_| Failure::new(FailureKind::Config, format!("{value:?} contains a NUL byte")))
}

fn path_of(env: &[CString]) -> &str {
    env.iter().find_map(|entry| entry.to_str().ok()?.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH)
}

/// Where a command may be: in each directory of `PATH` if it names none.
fn candidates(name: &str, path: &str) -> Vec<String> {
    if name.contains('/') {
        return vec![name.to_owned()];
    }
    path.split(':').map(|dir| format!("{}/{name}", if dir.is_empty() { "." } else { dir })).collect()
}

/// Tries the command wherever it may be; returns why none worked.
fn execute_with(args: &[CString], env: &[CString]) -> Failure {
    let name = args.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    let path = path_of(env);
    let mut refused: Option<(String, io::Error)> = None;
    for candidate in candidates(&name, path) {
        let Ok(file) = text(&candidate) else { continue };
        let error = sys::execute(&file, args, env);
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) if !std::path::Path::new(&candidate).is_file() => {}
            _ => {
                refused.get_or_insert((candidate, error));
            }
        }
    }
    match refused {
        None => {
            let place = if name.contains('/') { "the image".into() } else { format!("PATH ({path})") };
            Failure::new(FailureKind::CommandNotFound, format!("command {name:?} not found in {place}"))
        }
        Some((file, error)) if error.kind() == io::ErrorKind::NotFound => {
            let message = format!("command {file}: its interpreter or loader is not in the image");
            Failure::new(FailureKind::CommandNotFound, message)
        }
        Some((file, error)) => {
            let hint = if error.raw_os_error() == Some(libc::ENOEXEC) {
                " (is the image for this machine's architecture? does the script begin with #! ?)"
            } else {
                ""
            };
            let message = format!("command {file} cannot be executed: {}{hint}", plain(&error));
            Failure::new(FailureKind::NotExecutable, message)
        }
    }
}
