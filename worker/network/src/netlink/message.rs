//! Encoding and decoding of netlink messages and their attributes.

use std::net::IpAddr;

use crate::family::octets;

/// `NLA_F_NESTED` of linux/netlink.h.
const NESTED: u16 = 0x8000;
/// The bits of an attribute's type that are its number.
const TYPE_MASK: u16 = 0x3fff;

/// One request to the kernel, with a word on what it does for the error text.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) action: String,
}

impl Message {
    /// A message with the fixed header of its family.
    pub(crate) fn new(kind: u16, flags: u16, header: &[u8], action: impl Into<String>) -> Self {
        Self { kind, flags, body: header.to_vec(), action: action.into() }
    }

    /// Appends an attribute, padded to four bytes.
    pub(crate) fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.body.extend_from_slice(&length.to_ne_bytes());
        self.body.extend_from_slice(&kind.to_ne_bytes());
        self.body.extend_from_slice(value);
        self.pad();
        self
    }

    /// Appends a number in network order, as nftables wants all of its numbers.
    pub(crate) fn be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Appends a number in host order.
    pub(crate) fn ne32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// Appends an address.
    pub(crate) fn address(&mut self, kind: u16, value: impl Into<IpAddr>) -> &mut Self {
        self.bytes(kind, &octets(value.into()))
    }

    /// Appends a text that ends with a zero byte.
    pub(crate) fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// Appends an attribute whose value is what `fill` appends.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.body.len();
        self.body.extend_from_slice(&[0; 4]);
        fill(self);
        let length = u16::try_from(self.body.len() - start).unwrap_or(u16::MAX);
        self.body[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.body[start + 2..start + 4].copy_from_slice(&(kind | NESTED).to_ne_bytes());
        self
    }

    fn pad(&mut self) {
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }
}

/// The attributes in `bytes`: number and value each; ends at the first broken one.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let header = rest.get(..4)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & TYPE_MASK;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The value of the first attribute with this number.
pub(crate) fn first_attribute(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}

/// A text attribute's value without its zero byte.
pub(crate) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// The first four bytes as a number in network order.
pub(crate) fn read_be32(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Four bytes at `offset` as a number in host order.
pub(crate) fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    let value = bytes.get(offset..offset + 4)?;
    value.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_read_back_as_written() {
        let mut message = Message::new(1, 0, &[], "test");
        message.text(3, "lo").nest(5, |inner| {
            inner.be32(1, 7);
        });
        let found: Vec<_> = attributes(&message.body).collect();
        assert_eq!(found[0], (3, &b"lo\0"[..]));
        assert_eq!(found[1].0, 5);
        assert_eq!(first_attribute(found[1].1, 1), Some(&[0, 0, 0, 7][..]));
        assert_eq!(message.body.len() % 4, 0);
    }

    #[test]
    fn broken_attributes_end_the_walk() {
        for bytes in [&[1][..], &[3, 0, 1, 0], &[200, 0, 1, 0, 1, 2, 3, 4], &[0, 0, 0, 0]] {
            assert_eq!(attributes(bytes).count(), 0);
        }
    }
}
