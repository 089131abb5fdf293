//! What happens to packets on their way between hosts: the lab's client forwards them.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::{Lab, Node, inside};
use crate::host::links;
use crate::netlink::{Message, NetlinkSocket};

/// `IFLA_MTU`.
const MTU: u16 = 4;

impl Lab {
    /// Sets how big packets may be on the link between the client and a host, in both directions.
    pub(crate) fn set_wire_mtu(&self, node: &Node, mtu: u32) {
        let far = if node.number == 1 { "up0".to_owned() } else { format!("up{}", node.number) };
        let set = |name: &str| {
            let mut socket = NetlinkSocket::route().unwrap();
            let index = links::find(&mut socket, name).unwrap().unwrap();
            let mut message =
                Message::new(links::NEW_LINK, 0, &links::link_header(index, 0, 0), "set an MTU");
            message.ne32(MTU, mtu);
            socket.all(&[message], &[]).unwrap();
        };
        inside(&self.client, || set(&far));
        inside(&node.namespace, || set("up0"));
    }

    /// These rules for all that is forwarded between hosts, in place of others.
    pub(crate) fn set_wire_rules(&self, rules: &str) {
        set_rules(&self.client, "forward", rules);
    }
}

/// These rules at a hook of a namespace, in place of others of this function.
pub(crate) fn set_rules(namespace: &OwnedFd, hook: &str, rules: &str) {
    let text = format!(
        "table ip wire {{}}\ndelete table ip wire\ntable ip wire {{ chain lost {{ type filter hook {hook} priority -400; policy \
         accept;\n{rules}\n}}\n}}\n"
    );
    inside(namespace, || {
        let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        nft.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(nft.wait().unwrap().success(), "{text}");
    });
}
