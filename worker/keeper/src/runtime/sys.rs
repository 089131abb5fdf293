//! Kernel calls that no crate wraps safely.
#![expect(unsafe_code, reason = "system calls without safe wrappers")]

use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// What clone3 gives: the same process twice.
pub(super) enum Side {
    /// In the new process.
    Child,
    /// In the calling one: process id and, with CLONE_PIDFD, a handle.
    Parent(i32, Option<OwnedFd>),
}

/// clone3(2) without shared memory: the child runs on with a copy of everything. `group`: CLONE_INTO_CGROUP.
pub(super) fn clone3(flags: libc::c_int, group: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let mut pidfd: libc::c_int = -1;
    let mut flags = u64::from(flags.cast_unsigned());
    let parent = u64::from(libc::CLONE_PARENT.cast_unsigned());
    let with_pidfd = flags & u64::from(libc::CLONE_PIDFD.cast_unsigned()) != 0;
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    if group.is_some() {
        flags |= CLONE_INTO_CGROUP;
    }
    // SAFETY: clone_args is plain numbers; zero is a valid value of each.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags;
    args.pidfd = std::ptr::from_mut(&mut pidfd) as u64;
    // With CLONE_PARENT the signal is that of the caller's own end.
    args.exit_signal = if flags & parent == 0 { libc::SIGCHLD as u64 } else { 0 };
    args.cgroup = group.map_or(0, |fd| u64::from(fd.as_raw_fd().cast_unsigned()));
    // SAFETY: without CLONE_VM the child has its own copy of this single-threaded process, as after fork(2).
    let answer = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<libc::clone_args>()) };
    match answer {
        0 => Ok(Side::Child),
        pid if pid > 0 => {
            // SAFETY: with CLONE_PIDFD the kernel has just made this descriptor for us.
            let handle = with_pidfd.then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
            Ok(Side::Parent(i32::try_from(pid).map_err(io::Error::other)?, handle))
        }
        _ => Err(io::Error::last_os_error()),
    }
}

/// Ends the process at once, running nothing of ours.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Makes `descriptors` the numbers from 0 on and closes all others. Numbers from 3 on close at exec.
pub(super) fn arrange_descriptors(descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut high = Vec::with_capacity(descriptors.len());
    for fd in descriptors {
        high.push(rustix::io::fcntl_dupfd_cloexec(fd, 100)?);
    }
    for (number, fd) in high.iter().enumerate() {
        let number = i32::try_from(number).map_err(io::Error::other)?;
        let flags = if number < 3 { 0 } else { libc::O_CLOEXEC };
        // SAFETY: dup3 takes numbers; what it replaces is owned by nobody in this process, which will only exec or
        // exit and runs no destructor of the keeper's objects.
        if unsafe { libc::dup3(fd.as_raw_fd(), number, flags) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    let first = u32::try_from(high.len()).map_err(io::Error::other)?;
    std::mem::forget(high);
    close_range(first, 0)
}

/// Makes `fd` standard input, output and error.
pub(super) fn replace_stdio(fd: impl AsFd) -> io::Result<()> {
    for number in 0..3 {
        // SAFETY: dup2 takes numbers; the standard descriptors of a child belong to nobody.
        if unsafe { libc::dup2(fd.as_fd().as_raw_fd(), number) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Owns the descriptor `number` after [`arrange_descriptors`].
pub(super) fn arranged(number: i32) -> OwnedFd {
    // SAFETY: arrange_descriptors has put a descriptor there that nobody else owns.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Marks everything from `first` on to be closed at exec.
pub(super) fn close_at_exec(first: u32) -> io::Result<()> {
    close_range(first, libc::CLOSE_RANGE_CLOEXEC)
}

fn close_range(first: u32, flags: u32) -> io::Result<()> {
    // SAFETY: takes numbers only; see the callers for who owns what is closed.
    let answer = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// mount_setattr(2) on a mount given by a descriptor of its root.
pub(super) fn set_mount(mount: impl AsFd, set: u64, propagation: u64, recursive: bool) -> io::Result<()> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: 0, propagation, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes live during the call and have the sizes given.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes a mount given by a descriptor of its root read-only.
pub(crate) fn make_mount_readonly(mount: impl AsFd) -> io::Result<()> {
    set_mount(mount, libc::MOUNT_ATTR_RDONLY, 0, false)
}

/// unshare(2).
pub(super) fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: single-threaded process; only namespaces are unshared, no memory.
    if unsafe { libc::unshare(flags) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Enters namespaces of the process behind a pidfd.
pub(super) fn enter(pidfd: impl AsFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: setns takes numbers only.
    let answer = unsafe { libc::setns(pidfd.as_fd().as_raw_fd(), flags) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// prctl(2) with numeric arguments.
pub(super) fn prctl(option: libc::c_int, argument: libc::c_ulong) -> io::Result<()> {
    // SAFETY: only options whose arguments are numbers are used in this crate.
    let answer = unsafe { libc::prctl(option, argument, 0, 0, 0) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Gives all signals their default action and unblocks them, as a new program expects.
pub(crate) fn reset_signals() {
    // The kernel's sigaction (handler, flags, restorer, mask), all zero: the default. The C library's own function
    // would leave out the signals that it keeps for itself, and a new program must not find them ignored.
    let default = [0_u64; 4];
    for signal in 1..=64 {
        let none = std::ptr::null_mut::<u64>();
        // SAFETY: the structure is read during the call only and has the kernel's size; the call fails harmlessly
        // for SIGKILL and SIGSTOP.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, 8) };
    }
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

/// Lets all signals wait until they are unblocked or asked for, also beyond exec.
pub(super) fn block_signals() {
    let _ = nix::sys::signal::SigSet::all().thread_set_mask();
}

/// Makes the terminal `fd` the controlling one of this session.
pub(super) fn set_controlling_terminal(fd: impl AsFd) -> io::Result<()> {
    // SAFETY: TIOCSCTTY takes a number.
    let answer = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCSCTTY, 0) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Opens the process's side of a terminal from the keeper's side, without a path.
pub(super) fn terminal_peer(master: impl AsFd) -> io::Result<OwnedFd> {
    let unlocked: libc::c_int = 0;
    // SAFETY: TIOCSPTLCK reads one int.
    let answer = unsafe { libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCSPTLCK, &raw const unlocked) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: TIOCGPTPEER takes open flags and answers a new descriptor, ours alone.
    unsafe {
        match libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCGPTPEER, flags) {
            fd if fd < 0 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Number of a terminal in its devpts.
pub(super) fn terminal_number(master: impl AsFd) -> io::Result<u32> {
    let mut number: libc::c_uint = 0;
    // SAFETY: TIOCGPTN writes one unsigned int.
    let answer = unsafe { libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCGPTN, &raw mut number) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(number) }
}

/// Brings up `lo` in the network namespace of this process.
pub(super) fn loopback_up() -> io::Result<()> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: ifreq is plain data; zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo\0") {
        *to = from.cast_signed() as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or(1);
    // SAFETY: SIOCSIFFLAGS reads one ifreq.
    let answer = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// execve(2); returns only if it failed.
pub(super) fn execute(path: &CString, args: &[CString], env: &[CString]) -> io::Error {
    match nix::unistd::execve(path, args, env) {
        Ok(never) => match never as Infallible {},
        Err(errno) => errno.into(),
    }
}

/// execveat(2) of an open file; returns only if it failed.
pub(super) fn execute_open(file: impl AsFd, args: &[CString], env: &[CString]) -> io::Error {
    let flags = nix::fcntl::AtFlags::AT_EMPTY_PATH;
    match nix::unistd::execveat(file.as_fd(), c"", args, env, flags) {
        Ok(never) => match never as Infallible {},
        Err(errno) => errno.into(),
    }
}
