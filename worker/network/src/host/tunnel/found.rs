use nix::errno::Errno;

use super::device::{GROUP, IFNAME};
use super::{Device, Kind};
use crate::host::links::{GET_LINK, UP, link_header};
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32};
use crate::{NetworkError, Result};

/// A link to other nodes as it is in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) index: u32,
    /// None when the link is not such as we make them, or is down.
    pub(crate) device: Option<Device>,
}

impl Found {
    /// Looks for the link; one of its name that is somebody else's is none.
    pub(crate) fn look(socket: &mut NetlinkSocket, kind: Kind) -> Result<Option<Self>> {
        let name = kind.name();
        let mut message = Message::new(GET_LINK, 0, &link_header(0, 0, 0), format!("find the link {name}"));
        message.text(IFNAME, name);
        let answers = match socket.ask(message) {
            Err(NetworkError::Refused { source: Errno::ENODEV, .. }) => return Ok(None),
            answers => answers?,
        };
        Ok(answers.first().and_then(|body| {
            let attributes = body.get(16..)?;
            let group = first_attribute(attributes, GROUP).and_then(|value| read_u32(value, 0))?;
            // `ifi_flags` of linux/rtnetlink.h.
            let up = read_u32(body, 8)? & UP != 0;
            let device = Device::read(kind, attributes).filter(|_| up);
            (group == kind.group()).then_some(Self { index: read_u32(body, 4)?, device })
        }))
    }
}
