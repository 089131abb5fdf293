//! What users want.

use skep_model::{Mount, MountKind, NetworkAttachment, NetworkTarget, PortConfig, ServiceMode};

use super::common::{node_address_from_wire, node_address_to_wire};
use super::{Wire, message, words};
use crate::{WireError, v1};

words!(RestartCondition { None, OnFailure, Any });
words!(EndpointMode { Vip, Dnsrr });
words!(PortMode { Ingress, Host });
words!(NodeRole { Worker, Manager });
words!(Availability { Active, Pause, Drain });

message!(ServiceSpec { name, labels } nested { task, mode, endpoint });
message!(TaskSpec { networks, force_update } nested { container, resources, restart });
message!(ContainerSpec {
    image,
    entrypoint,
    command,
    environment,
    hostname,
    user,
    working_directory,
    labels,
    mounts,
    stop_signal,
    stop_grace,
});
message!(Resources {} nested { limits, reservations });
message!(Limits { nano_cpus, memory_bytes, pids });
message!(Reservations { nano_cpus, memory_bytes });
message!(RestartPolicy { condition, attempts_max } nested { delay, window });
message!(EndpointSpec { mode, ports });
message!(NetworkSpec {
    name,
    labels,
    internal,
    ingress,
    subnet,
    encrypted,
    ip_range,
    gateway,
    attachable,
    options,
    ipv6,
    subnet6,
});
message!(StackSpec { name, services, networks });
message!(NodeSpec { labels, role, availability });
message!(ClusterSpec { task_history_per_slot, address_pools, subnet_prefix_bits, force_rotate, autolock, snapshot_interval_entries, encrypt_networks, data_path_port } nested {
    heartbeat_period, node_certificate_validity,
});

impl Wire for PortConfig {
    type Form = v1::PortConfig;
    fn to_wire(&self) -> v1::PortConfig {
        let (address, address6) = node_address_to_wire(self.address);
        v1::PortConfig {
            protocol: self.protocol.to_wire(),
            target: self.target.to_wire(),
            published: self.published.to_wire(),
            mode: self.mode.to_wire(),
            address,
            address6,
        }
    }
    fn from_wire(form: v1::PortConfig) -> Result<Self, WireError> {
        Ok(Self {
            protocol: Wire::from_wire(form.protocol)?,
            target: Wire::from_wire(form.target)?,
            published: Wire::from_wire(form.published)?,
            mode: Wire::from_wire(form.mode)?,
            address: node_address_from_wire(form.address, form.address6)?,
        })
    }
}

impl Wire for ServiceMode {
    type Form = v1::ServiceMode;
    fn to_wire(&self) -> v1::ServiceMode {
        let Self::Replicated { replicas } = *self;
        let replicated = v1::service_mode::Replicated { replicas };
        v1::ServiceMode { mode: Some(v1::service_mode::Mode::Replicated(replicated)) }
    }
    fn from_wire(form: v1::ServiceMode) -> Result<Self, WireError> {
        let v1::service_mode::Mode::Replicated(replicated) =
            form.mode.ok_or(WireError::Missing { field: "ServiceMode.mode" })?;
        Ok(Self::Replicated { replicas: replicated.replicas })
    }
}

impl Wire for Mount {
    type Form = v1::Mount;
    fn to_wire(&self) -> v1::Mount {
        let kind = match &self.kind {
            MountKind::Bind { source } => v1::mount::Kind::Bind(v1::mount::Bind { source: source.clone() }),
            MountKind::Tmpfs { size_bytes, mode } => {
                v1::mount::Kind::Tmpfs(v1::mount::Tmpfs { size_bytes: *size_bytes, mode: *mode })
            }
        };
        v1::Mount { target: self.target.clone(), read_only: self.read_only, kind: Some(kind) }
    }
    fn from_wire(form: v1::Mount) -> Result<Self, WireError> {
        let kind = match form.kind.ok_or(WireError::Missing { field: "Mount.kind" })? {
            v1::mount::Kind::Bind(bind) => MountKind::Bind { source: bind.source },
            v1::mount::Kind::Tmpfs(tmpfs) => {
                MountKind::Tmpfs { size_bytes: tmpfs.size_bytes, mode: tmpfs.mode }
            }
        };
        Ok(Self { target: form.target, kind, read_only: form.read_only })
    }
}

impl Wire for NetworkAttachment {
    type Form = v1::NetworkAttachment;
    fn to_wire(&self) -> v1::NetworkAttachment {
        let target = match &self.target {
            NetworkTarget::Name(name) => v1::network_attachment::Target::Name(name.clone()),
            NetworkTarget::Id(id) => v1::network_attachment::Target::Id(id.to_wire()),
        };
        v1::NetworkAttachment { target: Some(target), aliases: self.aliases.clone() }
    }
    fn from_wire(form: v1::NetworkAttachment) -> Result<Self, WireError> {
        let target = match form.target.ok_or(WireError::Missing { field: "NetworkAttachment.target" })? {
            v1::network_attachment::Target::Name(name) => NetworkTarget::Name(name),
            v1::network_attachment::Target::Id(id) => NetworkTarget::Id(Wire::from_wire(id)?),
        };
        Ok(Self { target, aliases: form.aliases })
    }
}
