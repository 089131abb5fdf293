//! Becoming a new binary while everything runs: the state goes through a memory file, the descriptors stay open over
//! execve, and the children stay children.
#![expect(unsafe_code, reason = "descriptors arrive as numbers")]

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::sys::epoll::EpollFlags;
use rustix::io::FdFlags;
use serde::{Deserialize, Serialize};

use super::connection::{Connection, Mode};
use super::container::{Container, Input, Output};
use super::execs;
use super::server::Keeper;
use super::sources::Source;
use super::{Options, seal};
use crate::config::LogConfig;
use crate::error::Step;
use crate::log::{LogWriter, Splitter, Stream};
use crate::protocol::{Answer, ExecExit, Record};
use crate::runtime::{Channel, LinuxRuntime, Place};
use crate::{Error, Failure, FailureKind, Result};

/// Environment variable with the number of the memory file.
const VARIABLE: &str = "SKEP_KEEPER_STATE";

/// All that outlives the binary. Only ever add fields at the end, with a new variable name if one must change: it is
/// read by the next version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    lock: RawFd,
    listener: RawFd,
    containers: Vec<SavedContainer>,
    execs: Vec<(u64, String, i32)>,
    ended_execs: Vec<ExecExit>,
    held: Vec<(String, Vec<RawFd>)>,
    number: u64,
    open_files: Option<(u64, u64)>,
    /// The connection that asked, to be answered by the new binary.
    asker: RawFd,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedContainer {
    record: Record,
    place: Place,
    log: LogConfig,
    pidfd: Option<RawFd>,
    channel: Option<RawFd>,
    stdout: Option<(RawFd, Vec<u8>)>,
    stderr: Option<(RawFd, Vec<u8>)>,
    input: Option<RawFd>,
    terminal: Option<RawFd>,
}

/// Replaces this process by `binary`; returns only if that fails, with everything as it was.
pub(super) fn upgrade(keeper: &mut Keeper, number: u64, binary: &Path) -> std::result::Result<(), Failure> {
    let busy = keeper
        .containers
        .values()
        .any(|c| c.waiting.is_some() || c.deleting || c.starting && c.channel.is_some())
        || keeper.execs.values().any(|exec| exec.pid.is_none())
        || !keeper.removals.is_empty()
        || keeper.ending.is_some();
    if busy {
        return Err(Failure::state("a container is being started or removed; try again"));
    }
    let system = FailureKind::System;
    let mut kept = Vec::new();
    let asker = keeper.connections.get(&number).map(|c| c.stream.as_raw_fd()).unwrap_or(-1);
    let saved = save(keeper, asker, &mut kept);
    let state = postcard::to_stdvec(&saved).map_err(|e| Failure::new(system, e.to_string()))?;
    let memory = rustix::fs::memfd_create("skep-keeper", rustix::fs::MemfdFlags::CLOEXEC);
    let mut memory = File::from(memory.step(system, || "memory file")?);
    memory.write_all(&state).and_then(|()| memory.rewind()).step(system, || "memory file")?;
    kept.extend([asker, memory.as_raw_fd()]);
    set_close_on_exec(&kept, false);
    let error = execute(binary, memory.as_raw_fd());
    set_close_on_exec(&kept, true);
    Err(error).step(system, || format!("running {}", binary.display()))
}

fn save(keeper: &Keeper, asker: RawFd, kept: &mut Vec<RawFd>) -> Saved {
    let mut keep = |fd: &dyn AsRawFd| {
        kept.push(fd.as_raw_fd());
        fd.as_raw_fd()
    };
    let containers = keeper.containers.values().map(|c| SavedContainer {
        record: c.record(),
        place: c.place.clone(),
        log: c.log.config().clone(),
        pidfd: c.pidfd.as_ref().map(|fd| keep(fd)),
        channel: c.channel.as_ref().map(|(channel, _)| keep(&channel.as_fd())),
        stdout: c.stdout.as_ref().map(|o| (keep(&o.fd), o.splitter.pending().to_vec())),
        stderr: c.stderr.as_ref().map(|o| (keep(&o.fd), o.splitter.pending().to_vec())),
        input: c.input.as_ref().map(|input| keep(&input.fd)),
        terminal: c.terminal.as_ref().map(|fd| keep(fd)),
    });
    Saved {
        containers: containers.collect(),
        execs: keeper.execs.iter().filter_map(|(n, e)| Some((*n, e.id.clone(), e.pid?))).collect(),
        ended_execs: keeper.ended_execs.iter().cloned().collect(),
        held: keeper
            .held
            .iter()
            .map(|(n, fds)| (n.clone(), fds.iter().map(|fd| keep(fd)).collect()))
            .collect(),
        lock: keep(&keeper.lock),
        listener: keep(&keeper.listener),
        number: keeper.number,
        open_files: keeper.runtime.open_files(),
        asker,
    }
}

fn set_close_on_exec(numbers: &[RawFd], close: bool) {
    for number in numbers.iter().filter(|number| **number >= 0) {
        // SAFETY: the numbers were taken from descriptors that the keeper still holds.
        let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(*number) };
        let _ = rustix::io::fcntl_setfd(fd, if close { FdFlags::CLOEXEC } else { FdFlags::empty() });
    }
}

/// execve with this process's own arguments; returns only if it failed.
fn execute(binary: &Path, memory: RawFd) -> std::io::Error {
    let texts = |items: Vec<Vec<u8>>| -> Vec<CString> {
        items.into_iter().filter_map(|i| CString::new(i).ok()).collect()
    };
    let args = texts(std::env::args_os().map(|arg| arg.as_bytes().to_vec()).collect());
    let mut env: Vec<Vec<u8>> = std::env::vars_os()
        .filter(|(name, _)| name != VARIABLE && name != seal::VARIABLE)
        .map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat())
        .collect();
    env.push(format!("{VARIABLE}={memory}").into_bytes());
    let Ok(path) = CString::new(binary.as_os_str().as_bytes()) else {
        return std::io::ErrorKind::InvalidInput.into();
    };
    match nix::unistd::execve(&path, &args, &texts(env)) {
        Ok(never) => match never {},
        Err(errno) => errno.into(),
    }
}

/// Whether a keeper before this one became this one.
pub(super) fn is_successor() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// The state that the binary before this one left, if this process is such a successor.
pub(super) fn inherited() -> Result<Option<Saved>> {
    let Some(number) = std::env::var(VARIABLE).ok().and_then(|text| text.parse::<RawFd>().ok()) else {
        return Ok(None);
    };
    let mut state = Vec::new();
    File::from(adopt(number))
        .read_to_end(&mut state)
        .map_err(|e| Error::io("state of the keeper before", e))?;
    let unreadable = |e| Error::Protocol(format!("state of the keeper before: {e}"));
    postcard::from_bytes(&state).map(Some).map_err(unreadable)
}

fn adopt(number: RawFd) -> OwnedFd {
    set_close_on_exec(&[number], true);
    // SAFETY: the binary before left this number open for us alone; each number is adopted once.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Goes on where the binary before stopped.
pub(super) fn restore(options: Options, saved: Saved) -> Result<Keeper> {
    let failed = |e| Error::io("taking over from the keeper before", e);
    let mut runtime = LinuxRuntime::new().map_err(failed)?;
    runtime.set_open_files(saved.open_files);
    let mut keeper = Keeper::with(options, runtime, adopt(saved.lock).into(), adopt(saved.listener).into())?;
    keeper.number = saved.number;
    keeper.ended_execs = saved.ended_execs.into();
    keeper.held =
        saved.held.into_iter().map(|(name, fds)| (name, fds.into_iter().map(adopt).collect())).collect();
    keeper.execs = saved.execs.into_iter().map(|(n, id, pid)| (n, execs::inherited(id, pid))).collect();
    for container in saved.containers {
        restore_container(&mut keeper, container).map_err(failed)?;
    }
    if saved.asker >= 0 {
        let stream = UnixStream::from(adopt(saved.asker));
        let number = keeper.next_number();
        let input = EpollFlags::EPOLLIN;
        let token = keeper.sources.add(&stream, input, Source::Connection(number)).map_err(failed)?;
        let mut connection = Connection::new(stream, token);
        connection.mode = Mode::Requests;
        keeper.connections.insert(number, connection);
        keeper.answer(number, &Answer::Done, Vec::new());
    }
    // Children that ended between the two binaries left a signal that nobody took.
    keeper.reap();
    Ok(keeper)
}

fn restore_container(keeper: &mut Keeper, saved: SavedContainer) -> std::io::Result<()> {
    let id = saved.record.id.clone();
    let log = LogWriter::open(saved.log)?;
    let mut container = Container::restored(saved.record, saved.place, log);
    container.pidfd = saved.pidfd.map(adopt);
    container.terminal = saved.terminal.map(adopt);
    container.input =
        saved.input.map(|fd| Input { fd: adopt(fd), pending: Vec::new(), token: None, closing: false });
    if let Some(fd) = saved.channel {
        let fd = adopt(fd);
        let token = keeper.sources.add(&fd, EpollFlags::EPOLLIN, Source::Report(id.clone()))?;
        container.channel = Some((Channel::from_fd(fd), token));
    }
    let mut output = |stream, saved: Option<(RawFd, Vec<u8>)>| -> std::io::Result<Option<Output>> {
        let Some((fd, pending)) = saved else { return Ok(None) };
        let mut output = keeper.output(&id, stream, Some(adopt(fd)))?;
        if let Some(output) = &mut output {
            output.splitter = Splitter::with_pending(pending);
        }
        Ok(output)
    };
    container.stdout = output(Stream::Stdout, saved.stdout)?;
    container.stderr = output(Stream::Stderr, saved.stderr)?;
    keeper.containers.insert(id, container);
    Ok(())
}
