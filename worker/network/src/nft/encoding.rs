//! Expressions as the kernel reads them.

use super::{CtKey, Expression, Register};
use crate::family::Family;
use crate::netlink::Message;

impl Expression {
    fn name(&self) -> &'static str {
        match self {
            Self::Meta { .. } | Self::SetMeta { .. } => "meta",
            Self::Ct { .. }
            | Self::LeadsTo { .. }
            | Self::AskedFor { .. }
            | Self::SetCt { .. }
            | Self::SetOriginalZone { .. } => "ct",
            Self::Payload { .. } => "payload",
            Self::NextHop { .. } => "rt",
            Self::DestinationKind { .. } | Self::SourceKind { .. } => "fib",
            Self::Compare { .. } => "cmp",
            Self::Mask { .. } | Self::Flip { .. } => "bitwise",
            Self::Member { .. } | Self::Map { .. } | Self::VerdictMap { .. } => "lookup",
            Self::Immediate { .. } | Self::End(_) => "immediate",
            Self::Next { .. } => "numgen",
            Self::Hash { .. } => "hash",
            Self::Dnat { .. } | Self::Snat { .. } => "nat",
            Self::Masquerade => "masq",
            Self::NoTrack => "notrack",
            Self::RejectReset | Self::RejectPort => "reject",
        }
    }

    /// One `NFTA_LIST_ELEM` of a rule's expressions.
    pub(crate) fn encode(&self, family: Family, message: &mut Message) {
        message.nest(1, |element| {
            element.text(1, self.name());
            element.nest(2, |data| self.encode_data(family, data));
        });
    }

    fn encode_data(&self, family: Family, data: &mut Message) {
        match self {
            Self::Meta { key, to } => {
                data.be32(1, to.number()).be32(2, *key as u32);
            }
            Self::Ct { key, to } => {
                data.be32(1, to.number()).be32(2, *key as u32);
            }
            // With NFTA_CT_DIRECTION, IP_CT_DIR_REPLY.
            Self::LeadsTo { to } => {
                let source = match family {
                    Family::V4 => CtKey::SourceIpv4,
                    Family::V6 => CtKey::SourceIpv6,
                };
                data.be32(1, to.number()).be32(2, source as u32).bytes(3, &[1]);
            }
            // With IP_CT_DIR_ORIGINAL.
            Self::AskedFor { to } => {
                let destination = match family {
                    Family::V4 => CtKey::DestinationIpv4,
                    Family::V6 => CtKey::DestinationIpv6,
                };
                data.be32(1, to.number()).be32(2, destination as u32).bytes(3, &[0]);
            }
            Self::Payload { base, offset, length, to } => {
                data.be32(1, to.number()).be32(2, *base as u32).be32(3, *offset).be32(4, *length);
            }
            // NFT_RT_NEXTHOP4, NFT_RT_NEXTHOP6.
            Self::NextHop { to } => {
                data.be32(1, to.number()).be32(2, if family == Family::V4 { 1 } else { 2 });
            }
            // NFT_FIB_RESULT_ADDRTYPE of NFTA_FIB_F_DADDR or _SADDR.
            Self::DestinationKind { to } => {
                data.be32(1, to.number()).be32(2, 3).be32(3, 2);
            }
            Self::SourceKind { to } => {
                data.be32(1, to.number()).be32(2, 3).be32(3, 1);
            }
            Self::Compare { from, equal, value } => {
                data.be32(1, from.number()).be32(2, u32::from(!equal));
                data.nest(3, |inner| {
                    inner.bytes(1, value);
                });
            }
            Self::Mask { register, mask } => encode_bits(data, *register, mask, &vec![0; mask.len()]),
            Self::Flip { register, bits } => encode_bits(data, *register, &vec![0xff; bits.len()], bits),
            Self::Member { set, from, inverted } => {
                data.text(1, set).be32(2, from.number());
                if *inverted {
                    data.be32(5, 1);
                }
            }
            Self::Map { set, from, to } => {
                data.text(1, set).be32(2, from.number()).be32(3, to.number());
            }
            // Register zero takes verdicts.
            Self::VerdictMap { set, from } => {
                data.text(1, set).be32(2, from.number()).be32(3, 0);
            }
            Self::Immediate { to, value } => {
                data.be32(1, to.number()).nest(2, |inner| {
                    inner.bytes(1, value);
                });
            }
            Self::Next { modulus, to } => {
                data.be32(1, to.number()).be32(2, *modulus).be32(3, 0).be32(4, 0);
            }
            // NFTA_HASH_SREG, DREG, LEN, MODULUS, SEED; the kernel makes up a seed when it is not told one.
            Self::Hash { from, length, modulus, to } => {
                data.be32(1, from.number())
                    .be32(2, to.number())
                    .be32(3, *length)
                    .be32(4, *modulus)
                    .be32(5, 0);
            }
            _ => self.encode_statement(family, data),
        }
    }

    /// Those that do something to the packet.
    fn encode_statement(&self, family: Family, data: &mut Message) {
        match self {
            // NFTA_META_SREG.
            Self::SetMeta { key, from } => {
                data.be32(2, *key as u32).be32(3, from.number());
            }
            // NFTA_CT_SREG.
            Self::SetCt { key, from } => {
                data.be32(2, *key as u32).be32(4, from.number());
            }
            // With NFTA_CT_DIRECTION, IP_CT_DIR_ORIGINAL.
            Self::SetOriginalZone { from } => {
                data.be32(2, CtKey::Zone as u32).bytes(3, &[0]).be32(4, from.number());
            }
            Self::Dnat { address, port } => {
                data.be32(1, 1).be32(2, family.number().into()).be32(3, address.number());
                if let Some(port) = port {
                    data.be32(5, port.number());
                }
            }
            Self::Snat { address } => {
                data.be32(1, 0).be32(2, family.number().into()).be32(3, address.number());
            }
            Self::RejectReset => {
                data.be32(1, 1).bytes(2, &[0]);
            }
            // NFT_REJECT_ICMP_UNREACH, ICMP_PORT_UNREACH or ICMPV6_PORT_UNREACH.
            Self::RejectPort => {
                data.be32(1, 0).bytes(2, &[if family == Family::V4 { 3 } else { 4 }]);
            }
            Self::End(verdict) => {
                data.be32(1, 0).nest(2, |inner| verdict.encode(inner));
            }
            // The rest has no attributes.
            _ => {}
        }
    }
}

/// What is under the mask, with these bits of it turned over.
fn encode_bits(data: &mut Message, register: Register, mask: &[u8], flipped: &[u8]) {
    let length = u32::try_from(mask.len()).unwrap_or(0);
    data.be32(1, register.number()).be32(2, register.number()).be32(3, length);
    data.nest(4, |inner| {
        inner.bytes(1, mask);
    });
    data.nest(5, |inner| {
        inner.bytes(1, flipped);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::first_attribute;
    use crate::nft::Verdict;

    fn encoded(expression: &Expression) -> Vec<u8> {
        let mut message = Message::new(0, 0, &[], "test");
        expression.encode(Family::V4, &mut message);
        message.body
    }

    #[test]
    fn a_comparison_is_encoded_as_the_kernel_reads_it() {
        let body = encoded(&Expression::Compare { from: Register(1), equal: false, value: vec![6] });
        let element = first_attribute(&body, 1).unwrap();
        assert_eq!(first_attribute(element, 1), Some(&b"cmp\0"[..]));
        let data = first_attribute(element, 2).unwrap();
        assert_eq!(first_attribute(data, 1), Some(&[0, 0, 0, 9][..]));
        assert_eq!(first_attribute(data, 2), Some(&[0, 0, 0, 1][..]));
        assert_eq!(first_attribute(first_attribute(data, 3).unwrap(), 1), Some(&[6][..]));
    }

    #[test]
    fn a_goto_names_its_chain() {
        let body = encoded(&Expression::End(Verdict::Goto("refuse".into())));
        let data = first_attribute(first_attribute(&body, 1).unwrap(), 2).unwrap();
        let verdict = first_attribute(first_attribute(data, 2).unwrap(), 2).unwrap();
        assert_eq!(first_attribute(verdict, 1), Some(&[255, 255, 255, 252][..]));
        assert_eq!(first_attribute(verdict, 2), Some(&b"refuse\0"[..]));
    }
}
