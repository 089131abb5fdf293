//! What a child tells the keeper on its way to its command, and the word "go" back. A packet socket that closes by
//! itself when the command begins.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg,
    socketpair,
};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// One report of a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The process id on the node of the process that will run the command (exec only).
    Process(i32),
    /// Something asked for that the node does not allow, and that the container can do without.
    Warning(String),
    /// The keeper's side of the terminal; comes with a descriptor.
    Terminal,
    /// All is prepared; the child waits for the word.
    Ready,
    /// The command will not run.
    Failed(Failure),
}

/// One end of the socket.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

/// What was received.
pub(crate) enum Received {
    /// A report, with the descriptor that came along.
    Report(Report, Option<OwnedFd>),
    /// Nothing yet.
    Nothing,
    /// The other end is closed.
    End,
}

const SIZE_MAX: usize = 16 * 1024;

impl Channel {
    /// The keeper's end (non-blocking) and the child's.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (keeper, child) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        rustix::fs::fcntl_setfl(&keeper, rustix::fs::OFlags::NONBLOCK)?;
        Ok((Self(keeper), Self(child)))
    }

    /// Takes an end that is already open.
    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Sends a report; a keeper that is gone is no concern of the child's.
    pub(crate) fn send(&self, report: &Report, descriptor: Option<BorrowedFd<'_>>) {
        let mut bytes = postcard::to_stdvec(report).unwrap_or_default();
        bytes.truncate(SIZE_MAX);
        let raw = descriptor.map(|fd| [fd.as_raw_fd()]);
        let control: Vec<ControlMessage<'_>> = raw.iter().map(|fds| ControlMessage::ScmRights(fds)).collect();
        let _ = sendmsg::<()>(
            self.0.as_raw_fd(),
            &[IoSlice::new(&bytes)],
            &control,
            MsgFlags::MSG_NOSIGNAL,
            None,
        );
    }

    /// The next report.
    #[expect(unsafe_code, reason = "descriptors arrive as numbers")]
    pub(crate) fn receive(&self) -> Received {
        let mut bytes = vec![0; SIZE_MAX];
        let mut space = nix::cmsg_space!([std::os::fd::RawFd; 1]);
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let answer = recvmsg::<()>(self.0.as_raw_fd(), &mut slices, Some(&mut space), flags);
        let (length, descriptor) = match answer {
            Ok(message) => {
                let mut descriptor = None;
                for control in message.cmsgs().into_iter().flatten() {
                    if let ControlMessageOwned::ScmRights(fds) = control {
                        // SAFETY: the kernel has just made these descriptors for us alone.
                        descriptor = fds.first().map(|fd| unsafe { OwnedFd::from_raw_fd(*fd) });
                    }
                }
                (message.bytes, descriptor)
            }
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => return Received::Nothing,
            Err(_) => return Received::End,
        };
        match bytes.get(..length) {
            Some([]) | None => Received::End,
            Some(packet) => match postcard::from_bytes(packet) {
                Ok(report) => Received::Report(report, descriptor),
                Err(_) => Received::Nothing,
            },
        }
    }

    /// Says "go" to a waiting child.
    pub(crate) fn go(&self) -> io::Result<()> {
        let flags = rustix::net::SendFlags::NOSIGNAL;
        rustix::net::send(&self.0, b"g", flags).map(drop).map_err(Into::into)
    }

    /// Waits for "go"; `false` when the keeper is gone.
    pub(crate) fn wait_for_go(&self) -> bool {
        let mut byte = [0];
        loop {
            match rustix::io::read(&self.0, &mut byte) {
                Err(rustix::io::Errno::INTR) => {}
                answer => return matches!(answer, Ok(1)),
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
