use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use skep_model::{Attachment, Network, Node, NodeId, Service, Task, TaskId};
use skep_rest::{NetworkContainer, NetworkPeer, NetworkService, NetworkTask};
use skep_store::View;

/// Who is on a network.
pub(super) struct Members<'a> {
    pub(super) view: &'a View,
    pub(super) network: &'a Network,
}

impl<'a> Members<'a> {
    /// The tasks that have an address there, with it.
    fn tasks(&self) -> impl Iterator<Item = (&'a Arc<Task>, Ipv4Addr)> {
        let id = self.network.id;
        let living = self.view.tasks().filter(|task| !task.status.state.is_ended());
        living.filter_map(move |task| Some((task, task.address_on(id)?)))
    }

    /// The plain containers that have an address there, with it.
    fn attachments(&self) -> impl Iterator<Item = (&'a Arc<Attachment>, Ipv4Addr)> {
        let id = self.network.id;
        self.view.attachments().filter_map(move |own| Some((own, own.address_on(id)?)))
    }

    /// The nodes that have tasks or plain containers there; of the ingress network all.
    pub(super) fn peers(&self) -> Vec<NetworkPeer> {
        let with_tasks = self.tasks().filter_map(|(task, _)| task.node);
        let there: BTreeSet<NodeId> = with_tasks.chain(self.attachments().map(|(own, _)| own.node)).collect();
        let on_it = |node: &&Arc<Node>| self.network.spec.ingress || there.contains(&node.id);
        let peer =
            |node: &Arc<Node>| NetworkPeer { name: node.description.hostname.clone(), ip: address(node) };
        self.view.nodes().filter(on_it).map(peer).collect()
    }

    /// This node's containers there, by id.
    pub(super) fn containers(
        &self,
        own: NodeId,
        container: impl Fn(TaskId) -> Option<String>,
    ) -> BTreeMap<String, NetworkContainer> {
        let bits = self.network.subnet.map_or(32, |subnet| subnet.prefix_bits);
        let here = self.tasks().filter(|(task, _)| task.node == Some(own));
        let entry = |(task, address): (&Arc<Task>, Ipv4Addr)| {
            let shown = NetworkContainer {
                name: self.name(task),
                endpoint_id: task.id.to_string(),
                ipv4_address: format!("{address}/{bits}"),
                ipv6_address: self.ipv6_shown(address),
                ..NetworkContainer::default()
            };
            Some((container(task.id)?, shown))
        };
        let plain = self.attachments().filter(|(attachment, _)| attachment.node == own);
        let plain = plain.map(|(attachment, address)| {
            let shown = NetworkContainer {
                name: attachment.name.clone(),
                endpoint_id: attachment.id.to_string(),
                ipv4_address: format!("{address}/{bits}"),
                ipv6_address: self.ipv6_shown(address),
                ..NetworkContainer::default()
            };
            (attachment.container.clone(), shown)
        });
        here.filter_map(entry).chain(plain).collect()
    }

    /// The IPv6 address beside this one, as it is shown; empty without IPv6.
    fn ipv6_shown(&self, address: Ipv4Addr) -> String {
        let shown = self.network.subnet6.zip(self.network.ipv6_of(address));
        shown.map(|(subnet, address)| format!("{address}/{}", subnet.prefix_bits)).unwrap_or_default()
    }

    /// The services there, by name, with their tasks.
    pub(super) fn services(&self) -> BTreeMap<String, NetworkService> {
        let on_it = |service: &&Arc<Service>| {
            let attached = &service.spec.task.networks;
            attached.iter().any(|place| place.target.id() == Some(self.network.id))
        };
        let entry = |service: &Arc<Service>| (service.spec.name.clone(), self.service(service));
        self.view.services().filter(on_it).map(entry).collect()
    }

    fn service(&self, service: &Service) -> NetworkService {
        let ports = service.endpoint.ports.iter();
        let here = self.tasks().filter(|(task, _)| task.service == service.id);
        NetworkService {
            vip: service.endpoint.vip(self.network.id).map(|vip| vip.to_string()).unwrap_or_default(),
            ports: ports
                .map(|port| format!("Target: {}, Publish: {}", port.target, port.published))
                .collect(),
            local_lb_index: 0,
            tasks: here.map(|(task, address)| self.task(task, address)).collect(),
        }
    }

    fn task(&self, task: &Task, at: Ipv4Addr) -> NetworkTask {
        let node = task.node.and_then(|id| self.view.node(id));
        NetworkTask {
            name: self.name(task),
            endpoint_id: task.id.to_string(),
            endpoint_ip: at.to_string(),
            info: node.map(|node| ("Host IP".to_owned(), address(node))).into_iter().collect(),
        }
    }

    fn name(&self, task: &Task) -> String {
        let service = self.view.task_spec(task).map(|spec| spec.name.as_str()).unwrap_or_default();
        format!("{service}.{}.{}", task.slot, task.id)
    }
}

/// Where a node's end of the tunnel is; empty while nobody knows.
fn address(node: &Node) -> String {
    node.data_path().map(|address| address.to_string()).unwrap_or_default()
}
