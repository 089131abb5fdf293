//! What users want.

use skep_model::{NetworkAttachment, NetworkTarget, PortConfig};

use super::common::{node_address_from_wire, node_address_to_wire};
use super::{Wire, message, words};
use crate::{WireError, v1};

words!(RestartCondition { None, OnFailure, Any });
words!(EndpointMode { Vip, Dnsrr });
words!(PortMode { Ingress, Host });
words!(FailureAction { Pause, Continue, Rollback });
words!(UpdateOrder { StopFirst, StartFirst });
words!(Propagation { RPrivate, Private, RShared, Shared, RSlave, Slave });
words!(Recursion { Enabled, Disabled, Writable, ReadOnly });
words!(NodeRole { Worker, Manager });
words!(Availability { Active, Pause, Drain });

message!(ServiceSpec { name, labels, update, rollback } nested { task, mode, endpoint });
message!(TaskSpec { networks, force_update, log_driver } nested { container, resources, restart, placement });
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
    groups,
    tty,
    open_stdin,
    init,
    read_only,
    hosts,
    capability_add,
    capability_drop,
    sysctls,
    ulimits,
    oom_score_adj,
    no_new_privileges,
    health,
    secrets,
    configs,
    post_start,
    pre_stop,
} nested { dns });
message!(UpdateConfig { parallelism, failure_action, max_failure_ppm, order } nested { delay, monitor });
message!(Placement { constraints, spread, max_replicas_per_node, platforms });
message!(Platform { architecture, os });
message!(LogDriver { name, options });
message!(DnsConfig { nameservers, search, options });
message!(Ulimit { name, soft, hard });
message!(HealthCheck { retries } nested { test, interval, timeout, start_period, start_interval });
message!(Hook { command, user, working_directory, environment });
message!(FileTarget { path, uid, gid, mode });
message!(SecretSpec { name, labels, templated });
message!(StackContent { content } nested { spec });
message!(VolumeMount { name, no_copy, subpath, labels, driver, options });
message!(GenericCount { kind, count });
message!(Resources {} nested { limits, reservations });
message!(Limits { nano_cpus, memory_bytes, pids });
message!(Reservations { nano_cpus, memory_bytes, generic });
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
message!(StackSpec { name, services, networks, secrets, configs });
message!(NodeSpec { labels, role, availability });
message!(ClusterSpec { task_history_per_slot, address_pools, subnet_prefix_bits, force_rotate, autolock, snapshot_interval_entries, encrypt_networks, data_path_port, rebalance_percent } nested {
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
