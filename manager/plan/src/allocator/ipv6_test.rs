//! Networks with IPv6.

use std::net::Ipv4Addr;

use skep_model::{Change, Network, NetworkId, NetworkSpec};

use super::address_test::{World, asked};

#[test]
fn networks_with_ipv6_get_the_subnet_beside_their_own() {
    let mut world = World::new("10.0.0.0/16", 24);
    let subnet6 = |world: &World, id| {
        let network = world.view().network(NetworkId::new(id)).cloned().unwrap();
        network.subnet6.map(|subnet| subnet.to_string())
    };
    world.network(1, asked("", "", ""));
    world.network(2, NetworkSpec { ipv6: true, ..asked("", "", "") });
    world.network(3, NetworkSpec { ipv6: true, subnet6: "fd00:1::/64".parse().ok(), ..asked("", "", "") });
    assert_eq!(
        [1, 2, 3].map(|id| subnet6(&world, id)),
        [None, Some("fd00:0:1::a00:100/120".to_owned()), Some("fd00:1::/64".to_owned()),]
    );
    // The ingress network has one, also when it was made without.
    world.network(4, NetworkSpec { ingress: true, ..asked("10.9.0.0/16", "", "") });
    let ingress = world.view().network(NetworkId::new(4)).cloned().unwrap();
    assert_eq!(ingress.subnet6.map(|subnet| subnet.to_string()).as_deref(), Some("fd00:0:1::a09:0/112"));
    world.write(vec![Change::Update(Network { subnet6: None, ..Network::clone(&ingress) }.into())]);
    world.allocate();
    assert_eq!(subnet6(&world, 4).as_deref(), Some("fd00:0:1::a09:0/112"));
    let six = ingress.ipv6_of(Ipv4Addr::new(10, 9, 1, 2)).map(|address| address.to_string());
    assert_eq!(six.as_deref(), Some("fd00:0:1::a09:102"));
}
