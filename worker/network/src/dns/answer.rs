//! From a query's bytes to what becomes of it: pure but for the directory's turns.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, PTR};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::{Asker, Directory, TTL_SECONDS};

/// The biggest answer that a query without EDNS takes by UDP (RFC 1035).
const PLAIN_BYTES: u16 = 512;
/// The biggest answer that we give by UDP.
const MOST_BYTES: u16 = 4096;

/// What becomes of a query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send these bytes.
    Reply(Vec<u8>),
    /// Ask the host's servers; when none answers, send these bytes.
    Forward { failure: Vec<u8> },
    /// Not a query: be silent.
    Ignore,
}

/// Decides on a query that came by UDP or TCP.
pub(crate) fn decide(bytes: &[u8], tcp: bool, asker: &Asker, directory: &Directory) -> Decision {
    let Ok(query) = Message::from_vec(bytes) else { return malformed(bytes) };
    if query.metadata.message_type != MessageType::Query {
        return Decision::Ignore;
    }
    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_queries(query.queries.clone());
    if query.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(MOST_BYTES);
        reply.set_edns(edns);
    }
    if query.metadata.op_code != OpCode::Query {
        reply.metadata.response_code = ResponseCode::NotImp;
        return send(reply, &query, tcp);
    }
    let [question] = query.queries.as_slice() else {
        reply.metadata.response_code = ResponseCode::FormErr;
        return send(reply, &query, tcp);
    };
    let found = match question.query_class() {
        DNSClass::IN => look_up(question.name(), question.query_type(), asker, directory),
        _ => None,
    };
    match found {
        Some(Found::Records(records)) => {
            reply.add_answers(records);
            send(reply, &query, tcp)
        }
        Some(Found::Nothing) => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            send(reply, &query, tcp)
        }
        // Who may not reach outside learns nothing from there, and nothing of it gets there.
        None if !asker.egress => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            send(reply, &query, tcp)
        }
        None => {
            reply.metadata.response_code = ResponseCode::ServFail;
            match send(reply, &query, tcp) {
                Decision::Reply(failure) => Decision::Forward { failure },
                other => other,
            }
        }
    }
}

/// What we know ourselves.
enum Found {
    /// The name is ours; perhaps without records of this type.
    Records(Vec<Record>),
    /// The name would be ours and does not exist.
    Nothing,
}

fn look_up(name: &Name, kind: RecordType, asker: &Asker, directory: &Directory) -> Option<Found> {
    if let Some(address) = reverse_address(name) {
        let pointer = match address {
            IpAddr::V4(address) => directory.pointer(asker, address)?,
            IpAddr::V6(address) => directory.pointer6(asker, address)?,
        };
        let Some(pointer) = pointer.and_then(|text| Name::from_ascii(format!("{text}.")).ok()) else {
            return Some(Found::Nothing);
        };
        let wanted = matches!(kind, RecordType::PTR | RecordType::ANY);
        let record = || Record::from_rdata(name.clone(), TTL_SECONDS, RData::PTR(PTR(pointer)));
        return Some(Found::Records(wanted.then(record).into_iter().collect()));
    }
    let text = plain(name);
    let text = text.trim_end_matches('.');
    let record = |data| Record::from_rdata(name.clone(), TTL_SECONDS, data);
    let records = match kind {
        RecordType::AAAA => {
            let addresses = directory.addresses6(asker, text)?;
            addresses.into_iter().map(|address| record(RData::AAAA(AAAA(address)))).collect()
        }
        kind => {
            let addresses = directory.addresses(asker, text)?;
            let wanted = matches!(kind, RecordType::A | RecordType::ANY);
            addresses.into_iter().filter(|_| wanted).map(|address| record(RData::A(A(address)))).collect()
        }
    };
    Some(Found::Records(records))
}

/// The name as people write it, without escapes.
fn plain(name: &Name) -> String {
    let labels: Vec<_> = name.iter().map(|label| String::from_utf8_lossy(label).into_owned()).collect();
    labels.join(".")
}

/// The address in `4.3.2.1.in-addr.arpa`, or in 32 digits before `.ip6.arpa`.
fn reverse_address(name: &Name) -> Option<IpAddr> {
    let text = plain(name).to_lowercase();
    let text = text.trim_end_matches('.');
    if let Some(digits) = text.strip_suffix(".ip6.arpa") {
        return reverse_address6(digits).map(IpAddr::V6);
    }
    let address: Ipv4Addr = text.strip_suffix(".in-addr.arpa")?.parse().ok()?;
    Some(Ipv4Addr::from_bits(address.to_bits().swap_bytes()).into())
}

/// From 32 hexadecimal digits with dots between them, the last one first.
fn reverse_address6(digits: &str) -> Option<Ipv6Addr> {
    let digit = |text: &str| match text.as_bytes() {
        [byte] => char::from(*byte).to_digit(16),
        _ => None,
    };
    let digits = digits.split('.').map(digit).collect::<Option<Vec<u32>>>()?;
    let value = digits.iter().rev().fold(0, |value, digit| (value << 4) | u128::from(*digit));
    (digits.len() == 32).then(|| Ipv6Addr::from_bits(value))
}

fn send(reply: Message, query: &Message, tcp: bool) -> Decision {
    let room =
        query.edns.as_ref().map_or(PLAIN_BYTES, |edns| edns.max_payload().clamp(PLAIN_BYTES, MOST_BYTES));
    let Ok(bytes) = reply.to_vec() else { return Decision::Ignore };
    if tcp || bytes.len() <= usize::from(room) {
        return Decision::Reply(bytes);
    }
    reply.truncate().to_vec().map_or(Decision::Ignore, Decision::Reply)
}

/// "Format error", when there is at least a header to answer to.
fn malformed(bytes: &[u8]) -> Decision {
    let Some(&[high, low, flags]) = bytes.get(..3).and_then(|start| start.first_chunk::<3>()) else {
        return Decision::Ignore;
    };
    if bytes.len() < 12 || flags & 0x80 != 0 {
        return Decision::Ignore;
    }
    let reply = Message::error_msg(u16::from_be_bytes([high, low]), OpCode::Query, ResponseCode::FormErr);
    reply.to_vec().map_or(Decision::Ignore, Decision::Reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_panic_and_broken_queries_are_told_so() {
        let directory = Directory::new(true);
        let asker = Asker::default();
        let mut query = vec![0x12, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, b'a', b'b', b'c', 0, 0, 1, 0, 1];
        assert!(matches!(decide(&query, false, &asker, &directory), Decision::Reply(_)));
        for length in 0..query.len() {
            let decision = decide(&query[..length], false, &asker, &directory);
            match length {
                0..12 => assert_eq!(decision, Decision::Ignore, "{length}"),
                _ => assert!(
                    matches!(&decision, Decision::Reply(reply) if reply[..2] == query[..2]),
                    "{length}"
                ),
            }
        }
        for at in 0..query.len() {
            for value in [0, 1, 63, 64, 192, 255] {
                let former = std::mem::replace(&mut query[at], value);
                let _ = decide(&query, false, &asker, &directory);
                query[at] = former;
            }
        }
        // A response is not answered, or two servers could talk for ever.
        query[2] |= 0x80;
        assert_eq!(decide(&query, false, &asker, &directory), Decision::Ignore);
    }

    #[test]
    fn reverse_names_are_read_backwards() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        assert_eq!(reverse_address(&name("4.3.2.1.IN-ADDR.arpa.")), Some(Ipv4Addr::new(1, 2, 3, 4).into()));
        let zeros = "0.".repeat(23);
        let six = reverse_address(&name(&format!("5.0.1.0.{zeros}0.0.0.D.F.IP6.arpa.")));
        assert_eq!(six.map(|address| address.to_string()).as_deref(), Some("fd00::105"));
        for wrong in ["5.ip6.arpa.", &format!("55.{zeros}0.0.0.0.0.0.d.f.ip6.arpa."), "x.ip6.arpa."] {
            assert_eq!(reverse_address(&name(wrong)), None, "{wrong}");
        }
        assert_eq!(reverse_address(&name("3.2.1.in-addr.arpa.")), None);
        assert_eq!(reverse_address(&name("example.com.")), None);
    }
}
