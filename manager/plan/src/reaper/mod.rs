//! The task reaper: forgets what nobody needs to see any more.

mod records;
mod tasks;

use std::net::Ipv4Addr;

use skep_model::{Attachment, Change, Kind, ObjectKey, ServiceSpec, Timestamp};
use skep_store::View;

use crate::reconciler::{Plan, Reconciler};

/// Deletes tasks that were to be removed and have ended, the oldest ended tasks of a slot above the history limit, specs
/// that no task names any more, removed networks that nothing is on any more, and attachments of nodes that are gone. Of
/// each task that it deletes it keeps a record, of the newest in the whole swarm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reaper;

impl Reconciler for Reaper {
    fn name(&self) -> &'static str {
        "task reaper"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Task,
            Kind::Service,
            Kind::ServiceRevision,
            Kind::Network,
            Kind::Cluster,
            Kind::Node,
            Kind::Attachment,
        ]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        records::forget(view, now, &tasks::done_with(view), &mut plan);
        reap_revisions(view, &mut plan);
        reap_networks(view, &mut plan);
        let stray = view.attachments().filter(|attachment| view.node(attachment.node).is_none());
        stray.for_each(|attachment| plan.group([attachment_gone(attachment)]));
        plan
    }
}

fn reap_revisions(view: &View, plan: &mut Plan) {
    for revision in view.revisions() {
        let (service, version) = (revision.service, revision.spec_version);
        let current = view.service(service).is_some_and(|service| service.spec_version == version);
        if !current && !view.names_version(service, version) {
            let key = ObjectKey::ServiceRevision((service, version));
            plan.group([Change::Remove { key, version: revision.meta.version }]);
        }
    }
}

/// Networks that were given up go when nothing is on them any more.
fn reap_networks(view: &View, plan: &mut Plan) {
    for network in view.networks().filter(|network| network.removing) {
        let attached = |spec: &ServiceSpec| {
            spec.task.networks.iter().any(|attachment| attachment.target.id() == Some(network.id))
        };
        let in_use = view.services().any(|service| attached(&service.spec))
            || view.addresses_in_use(network.id, Ipv4Addr::UNSPECIFIED).next().is_some()
            || view.attachments().any(|attachment| attachment.is_on(network.id));
        if !in_use {
            plan.group([Change::Remove {
                key: ObjectKey::Network(network.id),
                version: network.meta.version,
            }]);
        }
    }
}

fn attachment_gone(attachment: &Attachment) -> Change {
    Change::Remove { key: ObjectKey::Attachment(attachment.id), version: attachment.meta.version }
}
