use std::net::Ipv4Addr;

use crate::host::tunnel::{Kind, Number, VNI};

/// What follows a UDP header when node `from` sends node `to` a datagram of one byte through the tunnel.
pub(crate) fn forged((from, to): (u16, u16), (source, target): (Ipv4Addr, Ipv4Addr), port: u16) -> Vec<u8> {
    let mac = |number| Number::new(number).unwrap().mac(Kind::Plain);
    let [_, vni @ ..] = VNI.to_be_bytes();
    let mut packet = vec![8, 0, 0, 0];
    packet.extend(vni);
    packet.push(0);
    packet.extend(mac(to));
    packet.extend(mac(from));
    packet.extend([8, 0]);
    let mut header = vec![0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0];
    header.extend(source.octets());
    header.extend(target.octets());
    let words = header.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum = words.sum::<u32>();
    let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend(header);
    // From port 1; without a checksum.
    packet.extend([0, 1]);
    packet.extend(port.to_be_bytes());
    packet.extend([0, 9, 0, 0, b'?']);
    packet
}
