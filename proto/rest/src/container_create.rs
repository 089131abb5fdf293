use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model::{self as model, PlainSpec};

use crate::container_host::HostConfig;
use crate::container_networks::{NetworkingConfig, network};
use crate::error::{Others, Unsupported, refuse_others};

/// The body of `POST /containers/create`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerCreate {
    /// The image.
    pub image: String,
    /// Replaces the image's command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Words>,
    /// Replaces the image's entrypoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Words>,
    /// `NAME=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// Its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// The host name.
    pub hostname: String,
    /// `user[:group]`.
    pub user: String,
    /// Where the process starts.
    pub working_dir: String,
    /// The signal that asks it to stop.
    pub stop_signal: String,
    /// Seconds between that signal and SIGKILL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u64>,
    /// True for a terminal.
    pub tty: bool,
    /// True for a standard input.
    pub open_stdin: bool,
    /// Whether the input ends with the first client's: it always does.
    pub stdin_once: bool,
    /// Says what its client will do, and asks for nothing.
    pub attach_stdin: bool,
    /// Says what its client will do, and asks for nothing.
    pub attach_stdout: bool,
    /// Says what its client will do, and asks for nothing.
    pub attach_stderr: bool,
    /// Says which ports it serves, and opens none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    /// Paths that get a volume of the container's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<BTreeMap<String, serde_json::Value>>,
    /// What of its node it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_config: Option<HostConfig>,
    /// Its places on networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networking_config: Option<NetworkingConfig>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A command: its words, or one text that is one word, as Docker reads both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// Word by word.
    Many(Vec<String>),
    /// A single one.
    One(String),
}

/// The answer to a container's creation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerCreated {
    /// Its id.
    pub id: String,
    /// What its owner should know.
    pub warnings: Vec<String>,
}

/// The answer to `POST /containers/prune`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainersPruned {
    /// The ids of the containers that were removed.
    pub containers_deleted: Option<Vec<String>>,
    /// Bytes that are free again; not counted.
    pub space_reclaimed: u64,
}

impl Words {
    fn list(self) -> Vec<String> {
        match self {
            Self::Many(words) => words,
            Self::One(word) => vec![word],
        }
    }
}

impl TryFrom<ContainerCreate> for PlainSpec {
    type Error = Unsupported;

    fn try_from(create: ContainerCreate) -> Result<Self, Unsupported> {
        create.refuse_unknown()?;
        let host = create.host_config.unwrap_or_default();
        let network = network(&host.network_mode, create.networking_config.unwrap_or_default())?;
        let list = |words: Option<Words>| words.map(Words::list).unwrap_or_default();
        let own = create.volumes.unwrap_or_default().into_keys().map(|target| model::Mount {
            target,
            kind: model::MountKind::Volume(model::VolumeMount::default()),
            read_only: false,
        });
        // An empty entrypoint takes the image's away, which an image that has none does not need.
        let container = model::ContainerSpec {
            image: create.image,
            entrypoint: list(create.entrypoint).into_iter().filter(|word| !word.is_empty()).collect(),
            command: list(create.cmd),
            environment: create.env.unwrap_or_default(),
            hostname: create.hostname,
            user: create.user,
            working_directory: create.working_dir,
            labels: create.labels.unwrap_or_default(),
            mounts: host.mounts()?.into_iter().chain(own).collect(),
            stop_signal: create.stop_signal,
            stop_grace: create.stop_timeout.map(Duration::from_secs),
            ..model::ContainerSpec::default()
        };
        let (resources, ports, auto_remove) = (host.resources()?, host.ports()?, host.auto_remove);
        let (terminal, stdin) = (create.tty, create.open_stdin);
        Ok(Self { container, resources, ports, network, terminal, stdin, auto_remove })
    }
}

impl ContainerCreate {
    fn refuse_unknown(&self) -> Result<(), Unsupported> {
        let refused = |field: &str, reason: &str| Err(Unsupported::value(field, reason));
        if self.entrypoint.is_some()
            && self.entrypoint.clone().map(Words::list).is_some_and(|words| words == [""])
        {
            let reason =
                "this version of Skep cannot take an image's entrypoint away: name the program to run";
            return refused("Entrypoint", reason);
        }
        refuse_others("ContainerCreate", &self.others)
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{MountKind, PlainNetwork, PlainPlace};

    use super::*;

    fn read(text: &str) -> Result<PlainSpec, String> {
        let create: ContainerCreate = serde_json::from_str(text).unwrap();
        create.try_into().map_err(|error: Unsupported| error.to_string())
    }

    #[test]
    fn what_dockers_client_sends_is_read() {
        let sent = r#"{"Hostname":"","Domainname":"","User":"1","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,
            "Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["A=1"],"Cmd":["echo","hi"],"Image":"web","Volumes":{},
            "WorkingDir":"/w","Entrypoint":null,"OnBuild":null,"Labels":{"a":"b"},"StopTimeout":3,
            "ExposedPorts":{"80/tcp":{}},"HostConfig":{"Binds":["/a:/b:ro"],"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},
            "NetworkMode":"net","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},
            "RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":true,"VolumeDriver":"","VolumesFrom":null,
            "ConsoleSize":[24,80],"CapAdd":null,"Dns":[],"Memory":8388608,"NanoCpus":500000000,"MemorySwappiness":-1,
            "PidsLimit":0,"Privileged":false,"Mounts":[{"Type":"tmpfs","Target":"/t"}],"Ulimits":[],"MaskedPaths":null},
            "NetworkingConfig":{"EndpointsConfig":{"net":{"IPAMConfig":null,"Links":null,"Aliases":["db"],"MacAddress":""},
            "other":{}}}}"#;
        let spec = read(sent).unwrap();
        let container = &spec.container;
        assert_eq!((container.command.join(" ").as_str(), container.user.as_str()), ("echo hi", "1"));
        assert_eq!(container.stop_grace, Some(Duration::from_secs(3)));
        assert_eq!(container.mounts.len(), 2);
        assert_eq!(container.mounts[0].kind, MountKind::bind("/a"));
        assert!(container.mounts[0].read_only && spec.auto_remove);
        assert_eq!(
            (spec.resources.limits.memory_bytes, spec.resources.limits.nano_cpus),
            (8 << 20, 500_000_000)
        );
        let port = spec.ports[0];
        assert_eq!((port.target, port.published, port.address), (80, 8080, None));
        let place = |network: &str, aliases: &[&str]| PlainPlace {
            network: network.into(),
            aliases: aliases.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(spec.network, PlainNetwork::Swarm(vec![place("net", &["db"]), place("other", &[])]));
        let text = read(r#"{"Image":"web","Cmd":"date","Entrypoint":["/x"]}"#).unwrap();
        assert_eq!((text.container.command, text.network), (vec!["date".to_owned()], PlainNetwork::Bridge));
        let volumes = read(
            r#"{"Image":"web","Volumes":{"/own":{}},"HostConfig":{"Binds":["data:/d:ro,nocopy","/a:/b:rslave"]}}"#,
        );
        let mounts = volumes.unwrap().container.mounts;
        let MountKind::Volume(data) = &mounts[0].kind else { panic!("{mounts:?}") };
        assert!(data.name == "data" && data.no_copy && mounts[0].read_only);
        assert!(matches!(&mounts[1].kind, MountKind::Bind { propagation: model::Propagation::RSlave, .. }));
        assert_eq!(mounts[2].kind, MountKind::Volume(model::VolumeMount::default()));
        let shell =
            read(r#"{"Image":"web","Tty":true,"OpenStdin":true,"StdinOnce":true,"AttachStdin":true}"#)
                .unwrap();
        assert!(shell.terminal && shell.stdin && !spec.terminal && !spec.stdin);
    }

    #[test]
    fn what_is_not_known_is_refused_by_name_with_the_reason() {
        for (fields, told) in [
            (r#""Entrypoint":[""]"#, "Entrypoint: "),
            (r#""Domainname":"x""#, "ContainerCreate.Domainname is not supported"),
            (r#""HostConfig":{"Privileged":true}"#, "HostConfig.Privileged is not supported"),
            (r#""HostConfig":{"RestartPolicy":{"Name":"always"}}"#, "HostConfig.RestartPolicy: 'always'"),
            (r#""HostConfig":{"Binds":["data:/b:shared"]}"#, "HostConfig.Binds: 'data:/b:shared': "),
            (r#""HostConfig":{"Binds":["/a:/b:nocopy"]}"#, "HostConfig.Binds: '/a:/b:nocopy': "),
            (r#""HostConfig":{"Tmpfs":{"/run":""}}"#, "HostConfig.Tmpfs: "),
            (r#""HostConfig":{"LogConfig":{"Type":"syslog"}}"#, "HostConfig.LogConfig: 'syslog'"),
            (r#""HostConfig":{"MemorySwappiness":5}"#, "HostConfig.MemorySwappiness: "),
            (r#""HostConfig":{"PortBindings":{"80/sctp":[{}]}}"#, "HostConfig.PortBindings: '80/sctp': "),
            (
                r#""HostConfig":{"PortBindings":{"80":[{"HostPort":"1-5"}]}}"#,
                "HostConfig.PortBindings: '1-5' ",
            ),
            (
                r#""HostConfig":{"PortBindings":{"80":[{"HostIp":"eth0"}]}}"#,
                "HostConfig.PortBindings: 'eth0' ",
            ),
            (r#""HostConfig":{"NetworkMode":"container:x"}"#, "HostConfig.NetworkMode: 'container:x'"),
            (
                r#""HostConfig":{"NetworkMode":"none"},"NetworkingConfig":{"EndpointsConfig":{"net":{}}}"#,
                "HostConfig.NetworkMode: 'none' and ",
            ),
            (
                r#""NetworkingConfig":{"EndpointsConfig":{"net":{"IPAMConfig":{"IPv4Address":"10.0.0.9"}}}}"#,
                "NetworkingConfig.EndpointsConfig.IPAMConfig is not supported",
            ),
        ] {
            let refused = read(&format!(r#"{{"Image":"web",{fields}}}"#)).unwrap_err();
            assert!(refused.starts_with(told), "{fields}: {refused}");
        }
    }
}
