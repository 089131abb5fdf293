use clap::Args;
use skep_model::{EndpointMode, NetworkAttachment, NetworkTarget, PortConfig, PortMode, ServiceSpec};

use super::lists::{add_words, put_items, remove_words};
use super::network_flag::{host, network, ports, removed_port};
use crate::client::{Client, Query};
use crate::failure::Failure;

/// How a new service is reached and reaches others.
#[derive(Debug, Args)]
pub(crate) struct Networks {
    /// Network attachments.
    #[arg(long, value_name = "NETWORK|name=NETWORK,alias=NAME", value_parser = network)]
    network: Vec<NetworkAttachment>,
    /// Publish a port as a node port.
    #[arg(short, long, value_name = "[[ADDRESS:]PORT:]TARGET[/udp]|target=PORT,published=PORT", value_parser = ports)]
    publish: Vec<Vec<PortConfig>>,
    /// Endpoint mode (vip or dnsrr).
    #[arg(long, value_name = "MODE", value_parser = ["vip", "dnsrr"])]
    endpoint_mode: Option<String>,
    /// Set custom DNS servers.
    #[arg(long, value_name = "ADDRESS")]
    dns: Vec<String>,
    /// Set DNS options.
    #[arg(long, value_name = "OPTION")]
    dns_option: Vec<String>,
    /// Set custom DNS search domains.
    #[arg(long, value_name = "DOMAIN")]
    dns_search: Vec<String>,
    /// Set one or more custom host-to-IP mappings (host:ip).
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = host)]
    host: Vec<String>,
}

/// Changes of the same.
#[derive(Debug, Args)]
pub(crate) struct NetworkChanges {
    /// Add a network.
    #[arg(long, value_name = "NETWORK|name=NETWORK,alias=NAME", value_parser = network)]
    network_add: Vec<NetworkAttachment>,
    /// Remove a network.
    #[arg(long, value_name = "NETWORK")]
    network_rm: Vec<String>,
    /// Add or update a published port.
    #[arg(long, value_name = "[[ADDRESS:]PORT:]TARGET[/udp]|target=PORT,published=PORT", value_parser = ports)]
    publish_add: Vec<Vec<PortConfig>>,
    /// Remove a published port by its target port.
    #[arg(long, value_name = "TARGET[/udp]", value_parser = removed_port)]
    publish_rm: Vec<PortConfig>,
    /// Endpoint mode (vip or dnsrr).
    #[arg(long, value_name = "MODE", value_parser = ["vip", "dnsrr"])]
    endpoint_mode: Option<String>,
    /// Add or update a custom DNS server.
    #[arg(long, value_name = "ADDRESS")]
    dns_add: Vec<String>,
    /// Remove a custom DNS server.
    #[arg(long, value_name = "ADDRESS")]
    dns_rm: Vec<String>,
    /// Add or update a DNS option.
    #[arg(long, value_name = "OPTION")]
    dns_option_add: Vec<String>,
    /// Remove a DNS option.
    #[arg(long, value_name = "OPTION")]
    dns_option_rm: Vec<String>,
    /// Add or update a custom DNS search domain.
    #[arg(long, value_name = "DOMAIN")]
    dns_search_add: Vec<String>,
    /// Remove a DNS search domain.
    #[arg(long, value_name = "DOMAIN")]
    dns_search_rm: Vec<String>,
    /// Add a custom host-to-IP mapping (host:ip).
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = host)]
    host_add: Vec<String>,
    /// Remove a custom host-to-IP mapping (host:ip).
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = host)]
    host_rm: Vec<String>,
}

impl Networks {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        spec.task.networks.extend(self.network.iter().cloned());
        spec.endpoint.ports.extend(self.publish.iter().flatten());
        set_mode(spec, self.endpoint_mode.as_deref());
        let container = &mut spec.task.container;
        add_words(&mut container.dns.nameservers, &self.dns);
        add_words(&mut container.dns.options, &self.dns_option);
        add_words(&mut container.dns.search, &self.dns_search);
        add_words(&mut container.hosts, &self.host);
    }
}

impl NetworkChanges {
    pub(crate) async fn apply(&self, client: &Client, spec: &mut ServiceSpec) -> Result<(), Failure> {
        for name in &self.network_rm {
            let network: skep_rest::Network =
                client.get(&format!("/networks/{}", Query::segment(name))).await?;
            let is = |target: &NetworkTarget| match target {
                NetworkTarget::Id(id) => id.to_string() == network.id,
                NetworkTarget::Name(name) => *name == network.name,
            };
            spec.task.networks.retain(|attachment| !is(&attachment.target));
        }
        spec.task.networks.extend(self.network_add.iter().cloned());
        self.ports(spec);
        set_mode(spec, self.endpoint_mode.as_deref());
        let container = &mut spec.task.container;
        for (list, gone, new) in [
            (&mut container.dns.nameservers, &self.dns_rm, &self.dns_add),
            (&mut container.dns.options, &self.dns_option_rm, &self.dns_option_add),
            (&mut container.dns.search, &self.dns_search_rm, &self.dns_search_add),
            (&mut container.hosts, &self.host_rm, &self.host_add),
        ] {
            remove_words(list, gone);
            add_words(list, new);
        }
        Ok(())
    }

    fn ports(&self, spec: &mut ServiceSpec) {
        let target = |port: &PortConfig| (port.target, port.protocol);
        let ports = &mut spec.endpoint.ports;
        ports.retain(|port| !self.publish_rm.iter().any(|gone| target(gone) == target(port)));
        let new: Vec<PortConfig> = self.publish_add.iter().flatten().copied().collect();
        put_items(ports, &new, |port| (target(port), port.published, port.mode == PortMode::Host));
    }
}

fn set_mode(spec: &mut ServiceSpec, mode: Option<&str>) {
    if let Some(mode) = mode {
        spec.endpoint.mode = if mode == "dnsrr" { EndpointMode::Dnsrr } else { EndpointMode::Vip };
    }
}
