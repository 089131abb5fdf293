//! From a plain container's spec and its image to its record. Pure.

use std::path::{Path, PathBuf};

use skep_image::Image;
use skep_keeper::config::Network as KeeperNetwork;
use skep_model::{ContainerSpec, LogFiles, PlainNetwork, PlainSpec, PortConfig};

use super::record::{Plain, StoredNetwork};
use crate::container::{ContainerInfo, HostPort};
use crate::directory::Directory;
use crate::recipe::{Wanted, configuration, made_of};

/// Where and as what a container is made.
pub(super) struct Place<'a> {
    pub(super) directory: &'a Directory,
    pub(super) cgroup_parent: &'a str,
    pub(super) volumes: &'a Path,
    /// The host name of the host.
    pub(super) host: String,
    pub(super) created_ns: u64,
}

/// What is known of the container, and of how it is started.
pub(super) fn record(
    (id, name): (String, String),
    spec: &PlainSpec,
    (image, layers): (&Image, Vec<PathBuf>),
    place: Place<'_>,
) -> ContainerInfo {
    let container = ContainerSpec { tty: spec.terminal, open_stdin: spec.stdin, ..spec.container.clone() };
    let wanted = Wanted {
        container: &container,
        resources: &spec.resources,
        log: LogFiles::default(),
        volumes: place.volumes,
    };
    let mut info = made_of(id, None, wanted, image);
    info.name = name;
    info.created_ns = place.created_ns;
    let labels = image.config.labels.clone().into_iter().chain(info.labels);
    info.labels = labels.collect();
    info.egress = matches!(spec.network, PlainNetwork::Bridge | PlainNetwork::Swarm(_));
    let on_host = spec.network == PlainNetwork::Host;
    if on_host && spec.container.hostname.is_empty() {
        info.hostname = place.host.chars().take(63).collect();
    }
    let mut config = configuration(wanted, &info, layers, place.directory, place.cgroup_parent);
    if on_host {
        config.network = KeeperNetwork::Host;
    }
    let plain = Plain {
        config,
        network: StoredNetwork::from(&spec.network),
        ports: spec.ports.iter().map(port).collect(),
        auto_remove: spec.auto_remove,
        started: false,
        attachment: None,
    };
    ContainerInfo { plain: Some(Box::new(plain)), ..info }
}

fn port(port: &PortConfig) -> HostPort {
    HostPort {
        protocol: port.protocol.to_string(),
        target: port.target,
        published: port.published,
        address: port.address,
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{PlainPlace, Protocol};

    use super::*;
    use crate::directory::Directories;

    fn made(spec: &PlainSpec) -> ContainerInfo {
        let image = Image {
            config: skep_image::Config {
                entrypoint: vec!["/entry".into()],
                cmd: vec!["serve".into()],
                env: vec!["A=1".into(), "B=2".into()],
                ..skep_image::Config::default()
            },
            ..Image::default()
        };
        let root = tempfile::tempdir().unwrap();
        let directory = Directories::open(root.path().to_owned()).unwrap().of("one");
        let place = Place {
            directory: &directory,
            cgroup_parent: "skep/x",
            volumes: Path::new("/v"),
            host: "box".into(),
            created_ns: 7,
        };
        record(("0123456789abcdef".into(), "db".into()), spec, (&image, Vec::new()), place)
    }

    #[test]
    fn the_spec_wins_over_the_image() {
        let container = ContainerSpec {
            image: "web:1".into(),
            command: vec!["migrate".into()],
            environment: vec!["B=3".into()],
            ..ContainerSpec::default()
        };
        let port = PortConfig {
            protocol: Protocol::Udp,
            target: 53,
            published: 0,
            mode: skep_model::PortMode::Host,
            address: None,
        };
        let spec = PlainSpec { container, ports: vec![port], ..PlainSpec::default() };
        let info = made(&spec);
        assert_eq!(
            (info.command.as_slice(), info.task.clone()),
            (&["/entry".into(), "migrate".into()][..], None)
        );
        assert_eq!(info.environment, ["A=1", "B=3"], "no task's name in it");
        assert_eq!((info.hostname.as_str(), info.egress, info.ports.len()), ("0123456789ab", true, 0));
        let plain = info.plain.unwrap();
        assert_eq!((plain.ports[0].protocol.as_str(), plain.started), ("udp", false));
        assert_eq!(plain.config.process.args, ["/entry", "migrate"]);
        assert_eq!(plain.network.word(), "bridge");
    }

    #[test]
    fn networks_decide_on_namespace_and_way_out() {
        let on = |network| made(&PlainSpec { network, ..PlainSpec::default() });
        let host = on(PlainNetwork::Host);
        assert_eq!((host.hostname.as_str(), host.egress), ("box", false));
        assert_eq!(host.plain.unwrap().config.network, KeeperNetwork::Host);
        assert!(!on(PlainNetwork::None).egress);
        let places = vec![PlainPlace { network: "net".into(), aliases: vec!["a".into()] }];
        let swarm = on(PlainNetwork::Swarm(places.clone()));
        assert!(swarm.egress);
        let network = swarm.plain.unwrap().network;
        assert_eq!((network.word(), network.places()), ("net", places));
    }
}
