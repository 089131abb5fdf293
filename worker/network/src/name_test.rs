//! Names, asked from inside containers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::lab::{CLIENT, Cell, in_lab, inside, on, on6, service, table, with_ipv6};

const RESOLVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11)), 53);

fn query(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), kind));
    message.to_vec().unwrap()
}

fn by_udp(cell: &Cell, name: &str, kind: RecordType) -> Message {
    let socket = inside(&cell.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
    socket.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    socket.connect(RESOLVER).unwrap();
    socket.send(&query(name, kind)).unwrap();
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer).unwrap();
    Message::from_vec(&answer[..length]).unwrap()
}

fn by_tcp(cell: &Cell, name: &str, kind: RecordType) -> Message {
    let mut stream = inside(&cell.namespace, || TcpStream::connect(RESOLVER).unwrap());
    stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let bytes = query(name, kind);
    stream.write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).unwrap();
    Message::from_vec(&answer).unwrap()
}

fn addresses(message: &Message) -> Vec<String> {
    let mut found: Vec<_> = message
        .answers
        .iter()
        .map(|record| match &record.data {
            RData::A(address) => address.0.to_string(),
            RData::AAAA(address) => address.0.to_string(),
            RData::PTR(name) => name.0.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    found.sort();
    found
}

fn code(message: &Message) -> ResponseCode {
    message.metadata.response_code
}

/// A DNS server in a namespace that knows 192.0.2.77 for every name.
fn upstream(namespace: &OwnedFd) {
    let socket = inside(namespace, || UdpSocket::bind((CLIENT, 53)).unwrap());
    socket.set_nonblocking(true).unwrap();
    let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut bytes).await {
            let query = Message::from_vec(&bytes[..length]).unwrap();
            let mut reply = Message::response(query.metadata.id, OpCode::Query);
            let name = query.queries[0].name().clone();
            reply.add_queries(query.queries.clone());
            let data = RData::A(hickory_proto::rr::rdata::A(Ipv4Addr::new(192, 0, 2, 77)));
            reply.add_answer(Record::from_rdata(name, 60, data));
            socket.send_to(&reply.to_vec().unwrap(), peer).await.unwrap();
        }
    });
}

#[test]
fn on_networks_with_ipv6_names_have_addresses_of_both_families() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on6(1, 5)]).await;
        // Attached before its network had IPv6.
        let old = Cell::attached(&network, "old", vec![on(1, 6)]).await;
        let elsewhere = Cell::attached(&network, "elsewhere", vec![on6(2, 5)]).await;
        let back = service("app_back", 100, &[&asker, &old]);
        network.apply(&with_ipv6(table(1, vec![back]))).await.unwrap();
        let six = |name: &str| addresses(&by_udp(&asker, name, RecordType::AAAA));
        assert_eq!(six("back"), ["fd00:1::64"]);
        assert_eq!(six("tasks.back"), ["fd00:1::5", "fd00:1::6"]);
        assert_eq!(six("asker-name"), ["fd00:1::5"]);
        assert_eq!(addresses(&by_tcp(&asker, "back", RecordType::A)), ["10.0.1.100"]);
        let digits = |end: &str| format!("{end}.{}1.0.0.0.0.0.d.f.ip6.arpa", "0.".repeat(22));
        let pointer = |cell: &Cell, end: &str| by_udp(cell, &digits(end), RecordType::PTR);
        assert_eq!(addresses(&pointer(&asker, "4.6")), ["app_back."]);
        assert_eq!(code(&pointer(&asker, "9.6")), ResponseCode::NXDomain);
        assert_eq!(code(&pointer(&elsewhere, "4.6")), ResponseCode::ServFail, "it is passed on");
        let none = by_udp(&old, "back", RecordType::AAAA);
        assert_eq!((code(&none), none.answers.len()), (ResponseCode::NoError, 0));
        network.apply(&table(2, vec![service("app_back", 100, &[&asker, &old])])).await.unwrap();
        assert_eq!(six("back"), Vec::<String>::new());
    });
}

#[test]
fn names_of_shared_networks_are_answered() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "0123456789abcdef", vec![on(1, 5)]).await;
        let first = Cell::attached(&network, "first", vec![on(1, 6)]).await;
        let second = Cell::attached(&network, "second", vec![on(1, 7)]).await;
        let stranger = Cell::attached(&network, "stranger", vec![on(2, 8)]).await;
        let mut back = service("app_back", 100, &[&first, &second]);
        let mut rr = service("app_rr", 101, &[&first, &second]);
        rr.vips[0].address = None;
        rr.backends[1].ready = false;
        back.vips[0].aliases.push("Data.Base".into());
        let task = back.backends[0].task.to_string();
        network.apply(&table(1, vec![back, rr])).await.unwrap();
        let ask = |name: &str| addresses(&by_udp(&asker, name, RecordType::A));
        for name in ["app_back", "back", "BACK", "data.base"] {
            assert_eq!(ask(name), ["10.0.1.100"], "{name}");
        }
        assert_eq!(ask("tasks.app_back"), ["10.0.1.6", "10.0.1.7"]);
        assert_eq!(ask("tasks.back"), ["10.0.1.6", "10.0.1.7"]);
        assert_eq!(ask("rr"), ["10.0.1.6"]);
        assert_eq!(ask("app_back.2"), ["10.0.1.7"]);
        assert_eq!(ask(&task), ["10.0.1.6"]);
        assert_eq!(ask("second-name"), ["10.0.1.7"]);
        assert_eq!(ask("0123456789ab"), ["10.0.1.5"]);
        let pointer = |name: &str| addresses(&by_udp(&asker, name, RecordType::PTR));
        assert_eq!(pointer("100.1.0.10.in-addr.arpa"), ["app_back."]);
        assert_eq!(pointer("7.1.0.10.in-addr.arpa"), ["app_rr.2."]);
        let none = by_udp(&asker, "back", RecordType::AAAA);
        assert_eq!((code(&none), none.answers.len()), (ResponseCode::NoError, 0));
        assert_eq!(addresses(&by_tcp(&asker, "back", RecordType::A)), ["10.0.1.100"]);
        // Others do not know; without servers to pass it on to the answer comes at once.
        assert_eq!(code(&by_udp(&stranger, "back", RecordType::A)), ResponseCode::ServFail);
        network.detach("second").await.unwrap();
        assert_eq!(code(&by_udp(&asker, "second-name", RecordType::A)), ResponseCode::ServFail);
    });
}

#[test]
fn other_names_go_to_the_hosts_servers() {
    in_lab(|mut lab| async move {
        // The first server is silent: nobody has its address.
        lab.upstreams = vec![(Ipv4Addr::new(192, 0, 2, 99), 53).into(), (CLIENT, 53).into()];
        upstream(&lab.client);
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on(1, 5)]).await;
        let mut internal = on(2, 5);
        internal.internal = true;
        let closed = Cell::attached(&network, "closed", vec![internal]).await;
        network.apply(&table(1, vec![])).await.unwrap();
        assert_eq!(addresses(&by_udp(&asker, "example.com", RecordType::A)), ["192.0.2.77"]);
        assert_eq!(code(&by_udp(&closed, "example.com", RecordType::A)), ResponseCode::NXDomain);
        // One that names servers of its own does not ask the host's.
        let mut own = Cell::new("own", vec![on(1, 6)]);
        own.nameservers = vec![Ipv4Addr::new(192, 0, 2, 99).into()];
        network.attach(own.attachment()).await.unwrap();
        assert_eq!(code(&by_udp(&own, "example.com", RecordType::A)), ResponseCode::ServFail);
        // Nobody listens by TCP there.
        assert_eq!(code(&by_tcp(&asker, "example.com", RecordType::A)), ResponseCode::ServFail);
    });
}

#[test]
fn long_answers_are_cut_by_udp_and_whole_by_tcp() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on(1, 250)]).await;
        let cells: Vec<_> = (1..=100).map(|part| Cell::new("none", vec![on(1, part)])).collect();
        network
            .apply(&table(1, vec![service("many", 200, &cells.iter().collect::<Vec<_>>())]))
            .await
            .unwrap();
        let cut = by_udp(&asker, "tasks.many", RecordType::A);
        assert!(cut.metadata.truncation);
        assert_eq!(by_tcp(&asker, "tasks.many", RecordType::A).answers.len(), 100);
    });
}

#[test]
fn queries_wait_while_the_daemon_is_away() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on(1, 5)]).await;
        let back = || table(1, vec![service("back", 100, &[])]);
        network.apply(&back()).await.unwrap();
        drop(network);
        let waiting = std::thread::scope(|scope| {
            let question = scope.spawn(|| by_udp(&asker, "back", RecordType::A));
            let again = async {
                let network = lab.open().await;
                network.readopt(asker.attachment()).await.unwrap();
                network.apply(&back()).await.unwrap();
                network
            };
            let handle = tokio::runtime::Handle::current();
            let network = tokio::task::block_in_place(|| handle.block_on(again));
            let answer = question.join().unwrap();
            (network, answer)
        });
        assert_eq!(addresses(&waiting.1), ["10.0.1.100"]);
        // And a program in the container may have port 53 for itself.
        inside(&asker.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 53)).unwrap());
    });
}
