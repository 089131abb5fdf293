//! A link whose frames come to us (`/dev/net/tun`).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::libc;

use crate::{NetworkError, Result};

const PATH: &str = "/dev/net/tun";

/// The calls of linux/if_tun.h.
#[expect(unsafe_code, reason = "ioctls without safe wrappers")]
mod calls {
    use nix::libc;

    nix::ioctl_write_ptr_bad!(set_interface, nix::request_code_write!(b'T', 202, 4), libc::ifreq);
    nix::ioctl_write_int_bad!(set_persistent, nix::request_code_write!(b'T', 203, 4));

    /// A request for an interface of this name.
    pub(super) fn request(name: &str, flags: i32) -> libc::ifreq {
        // SAFETY: all of its fields are numbers and arrays of them, for which zero is a value.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_flags = i16::try_from(flags).unwrap_or_default();
        request
    }
}

/// The link, open; the kernel's end stays when it is closed, once it was told to [`Self::stay`].
#[derive(Debug)]
pub(crate) struct Tap(File);

impl Tap {
    /// Opens the link of this name, which is made when there is none, in the calling thread's network namespace.
    ///
    /// # Errors
    /// When there is no `/dev/net/tun`, another program has the link open, or a link of another kind has the name.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let failure = |action, source| NetworkError::File { action, path: PATH.into(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open(PATH).map_err(|source| failure("open", source))?;
        let request = calls::request(name, libc::IFF_TAP | libc::IFF_NO_PI);
        #[expect(unsafe_code, reason = "an ioctl without a safe wrapper")]
        // SAFETY: the descriptor is open, and the request lives as long as the call.
        let made = unsafe { calls::set_interface(file.as_raw_fd(), &raw const request) };
        made.map_err(|source| refused(name, source))?;
        Ok(Self(file))
    }

    /// Lets the link stay when it is closed.
    pub(crate) fn stay(&self) -> Result<()> {
        #[expect(unsafe_code, reason = "an ioctl without a safe wrapper")]
        // SAFETY: the descriptor is open; there is no pointer.
        let kept = unsafe { calls::set_persistent(self.0.as_raw_fd(), 1) };
        kept.map(drop).map_err(|source| refused("that stays", source))
    }

    /// Takes a frame that the kernel sends.
    pub(super) fn read(&self, frame: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.0, frame)
    }

    /// Gives the kernel a frame.
    pub(super) fn write(&self, frame: &[u8]) -> io::Result<()> {
        io::Write::write(&mut &self.0, frame).map(drop)
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn refused(name: &str, source: Errno) -> NetworkError {
    NetworkError::Refused { action: format!("open a TAP link {name}"), source }
}
