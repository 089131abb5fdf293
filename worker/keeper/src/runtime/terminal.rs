//! A process's terminal, in the container's own devpts.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::mount::{OpenTreeFlags, open_tree};

use super::channel::{Channel, Report};
use super::mounts::put;
use super::root::Root;
use super::sys;

/// Both sides of a terminal.
pub(super) struct Terminal {
    keeper: OwnedFd,
    process: OwnedFd,
}

/// Makes a terminal; with `console` it is also `/dev/console`.
pub(super) fn open(root: &Root, console: bool) -> io::Result<Terminal> {
    let keeper = root.open("/dev/pts/ptmx", OFlags::RDWR | OFlags::NOCTTY)?;
    let process = sys::terminal_peer(&keeper)?;
    if console {
        let path = format!("/dev/pts/{}", sys::terminal_number(&keeper)?);
        let flags =
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
        let tree = open_tree(root.place(path)?, "", flags)?;
        put(&tree, &root.file(Path::new("/dev/console"))?)?;
    }
    Ok(Terminal { keeper, process })
}

/// Makes the terminal this session's and the standard descriptors, and hands the keeper its side.
pub(super) fn take(terminal: Terminal, channel: &Channel) -> io::Result<()> {
    sys::set_controlling_terminal(&terminal.process)?;
    sys::replace_stdio(&terminal.process)?;
    channel.send(&Report::Terminal, Some(terminal.keeper.as_fd()));
    Ok(())
}
