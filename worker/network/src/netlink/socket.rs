//! A netlink socket: batches out, answers in.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket, sockopt,
};

use super::Message;
use crate::{NetworkError, Result};

/// `NLM_F_*` of linux/netlink.h.
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const DUMP: u16 = 0x300;
/// Message types below the families' own.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// A batch of a thousand services is under 2 MiB.
const BUFFER_BYTES: usize = 64 << 20;
/// Several messages of a dump come in one read; the kernel never makes it longer than this.
const READ_BYTES: usize = 64 << 10;

/// One socket; it stays in the network namespace of the thread that made it.
#[derive(Debug)]
pub(crate) struct NetlinkSocket {
    fd: OwnedFd,
    sequence: u32,
    read: Vec<u8>,
}

/// What came back for a batch.
#[derive(Debug, Default)]
struct Answers {
    errors: Vec<(u32, Errno)>,
    acknowledged: u32,
    payloads: Vec<Vec<u8>>,
}

impl NetlinkSocket {
    /// A socket for links, addresses and routes.
    pub(crate) fn route() -> Result<Self> {
        Self::open(SockProtocol::NetlinkRoute)
    }

    /// A socket for nftables and connection tracking.
    pub(crate) fn netfilter() -> Result<Self> {
        Self::open(SockProtocol::NetlinkNetFilter)
    }

    /// A socket that tells of other sockets.
    pub(crate) fn diagnosis() -> Result<Self> {
        Self::open(SockProtocol::NetlinkSockDiag)
    }

    fn open(protocol: SockProtocol) -> Result<Self> {
        let fd = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)
            .map_err(|source| NetworkError::Netlink { action: "open a socket", source })?;
        // Without the right to force them the default sizes stay, which are enough for small batches.
        let _ = setsockopt(&fd, sockopt::SndBufForce, &BUFFER_BYTES);
        let _ = setsockopt(&fd, sockopt::RcvBufForce, &BUFFER_BYTES);
        Ok(Self { fd, sequence: 0, read: vec![0; READ_BYTES] })
    }

    /// Carries out each message on its own, in order; the answer has one entry per message.
    pub(crate) fn each(&mut self, messages: &[Message]) -> Result<Vec<std::result::Result<(), Errno>>> {
        let first = self.sequence + 1;
        let answers = self.exchange(messages, |_| ACKNOWLEDGE)?;
        let mut results = vec![Ok(()); messages.len()];
        for (sequence, errno) in answers.errors {
            if let Some(result) = results.get_mut(sequence.wrapping_sub(first) as usize) {
                *result = Err(errno);
            }
        }
        Ok(results)
    }

    /// Carries out each message, in order; the first that fails with anything but `tolerated` is the error.
    pub(crate) fn all(&mut self, messages: &[Message], tolerated: &[Errno]) -> Result<()> {
        let results = self.each(messages)?;
        for (message, result) in messages.iter().zip(results) {
            if let Err(source) = result
                && !tolerated.contains(&source)
            {
                return Err(NetworkError::Refused { action: message.action.clone(), source });
            }
        }
        Ok(())
    }

    /// Carries out a batch whose last message is acknowledged, and fails when any message failed.
    pub(crate) fn batch(&mut self, messages: &[Message], acknowledged: usize) -> Result<()> {
        let first = self.sequence + 1;
        let answers = self.exchange(messages, |at| if at == acknowledged { ACKNOWLEDGE } else { 0 })?;
        let refused = answers.errors.first().and_then(|(sequence, source)| {
            let message = messages.get(sequence.wrapping_sub(first) as usize)?;
            Some(NetworkError::Refused { action: message.action.clone(), source: *source })
        });
        match refused {
            Some(error) => Err(error),
            None if answers.acknowledged == 0 => {
                Err(NetworkError::Netlink { action: "commit a batch", source: Errno::ENODATA })
            }
            None => Ok(()),
        }
    }

    /// Asks one question and gives the bodies of the answers.
    pub(crate) fn ask(&mut self, message: Message) -> Result<Vec<Vec<u8>>> {
        let answers = self.exchange(std::slice::from_ref(&message), |_| ACKNOWLEDGE)?;
        match answers.errors.first() {
            Some((_, source)) => Err(NetworkError::Refused { action: message.action, source: *source }),
            None => Ok(answers.payloads),
        }
    }

    /// Asks for everything of a kind.
    pub(crate) fn dump(&mut self, message: Message) -> Result<Vec<Vec<u8>>> {
        let action = message.action.clone();
        self.write(std::slice::from_ref(&message), |_| DUMP)?;
        let mut answers = Answers::default();
        loop {
            let length = self.receive(MsgFlags::empty())?;
            let done = self.sort(length, &mut answers);
            if let Some((_, source)) = answers.errors.first() {
                return Err(NetworkError::Refused { action, source: *source });
            }
            if done {
                return Ok(answers.payloads);
            }
        }
    }

    fn exchange(&mut self, messages: &[Message], extra: impl Fn(usize) -> u16) -> Result<Answers> {
        let mut answers = Answers::default();
        if messages.is_empty() {
            return Ok(answers);
        }
        self.write(messages, extra)?;
        loop {
            match self.receive(MsgFlags::MSG_DONTWAIT) {
                Ok(length) => {
                    self.sort(length, &mut answers);
                }
                Err(NetworkError::Netlink { source: Errno::EAGAIN, .. }) => return Ok(answers),
                Err(error) => return Err(error),
            }
        }
    }

    fn write(&mut self, messages: &[Message], extra: impl Fn(usize) -> u16) -> Result<()> {
        let total: usize = messages.iter().map(|message| 16 + message.body.len()).sum();
        let mut bytes = Vec::with_capacity(total);
        for (at, message) in messages.iter().enumerate() {
            self.sequence = self.sequence.wrapping_add(1);
            let length = u32::try_from(16 + message.body.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_ne_bytes());
            bytes.extend_from_slice(&message.kind.to_ne_bytes());
            bytes.extend_from_slice(&(message.flags | REQUEST | extra(at)).to_ne_bytes());
            bytes.extend_from_slice(&self.sequence.to_ne_bytes());
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&message.body);
        }
        send(self.fd.as_raw_fd(), &bytes, MsgFlags::empty())
            .map_err(|source| NetworkError::Netlink { action: "send a request", source })?;
        Ok(())
    }

    fn receive(&mut self, flags: MsgFlags) -> Result<usize> {
        loop {
            match recv(self.fd.as_raw_fd(), &mut self.read, flags) {
                Err(Errno::EINTR) => {}
                Err(source) => return Err(NetworkError::Netlink { action: "read an answer", source }),
                Ok(length) => return Ok(length),
            }
        }
    }

    /// Sorts what was read into errors and payloads; true at the end of a dump.
    fn sort(&self, length: usize, answers: &mut Answers) -> bool {
        let mut rest = &self.read[..length];
        let mut done = false;
        while let Some(header) = rest.get(..16) {
            let size = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
            let kind = u16::from_ne_bytes([header[4], header[5]]);
            let sequence = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
            let Some(body) = rest.get(16..size) else { break };
            match kind {
                ERROR => {
                    let code = super::read_u32(body, 0).unwrap_or(0).cast_signed();
                    if code == 0 {
                        answers.acknowledged += 1;
                    } else {
                        answers.errors.push((sequence, Errno::from_raw(-code)));
                    }
                }
                DONE => done = true,
                _ => answers.payloads.push(body.to_vec()),
            }
            rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
        done
    }
}
