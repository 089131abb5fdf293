use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::{Meta, NetworkId, PortConfig, ServiceId, ServiceSpec, TaskId, Timestamp, UpdateStatus};

/// A service.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Version and times.
    pub meta: Meta,
    /// What is wanted.
    pub spec: Arc<ServiceSpec>,
    /// The version of the service at which the spec last changed; tasks name it.
    pub spec_version: u64,
    /// What was wanted before.
    pub previous_spec: Option<Arc<ServiceSpec>>,
    /// What the allocator gave it.
    pub endpoint: ServiceEndpoint,
    /// How far the latest update is; none before the first one.
    pub update: Option<Box<UpdateStatus>>,
    /// Of a job: its present run.
    pub job: Option<JobRun>,
    /// Tasks that are to move to other nodes, in this order, so that the service is spread again.
    pub rebalance: Vec<TaskId>,
}

impl Service {
    /// A new service, and the revision that its tasks will name.
    #[must_use]
    pub fn new(id: ServiceId, spec: Arc<ServiceSpec>, now: Timestamp) -> (Self, ServiceRevision) {
        let job = JobRun { iteration: 0, since_spec_version: 1, started_at: now };
        let service = Self {
            id,
            meta: Meta::default(),
            spec: Arc::clone(&spec),
            spec_version: 1,
            previous_spec: None,
            endpoint: ServiceEndpoint::default(),
            update: None,
            job: spec.mode.is_job().then_some(job),
            rebalance: Vec::new(),
        };
        (service, ServiceRevision { service: id, spec_version: 1, meta: Meta::default(), spec })
    }

    /// The service with another spec, and the revision that its tasks will name. What was wanted before is kept; an update that
    /// was under way is none any more; a job whose tasks change runs all of them again.
    #[must_use]
    pub fn with_spec(&self, spec: Arc<ServiceSpec>, now: Timestamp) -> (Self, ServiceRevision) {
        let spec_version = self.spec_version + 1;
        let runs_again = spec.mode.is_job() && spec.task != self.spec.task;
        let job = if runs_again {
            let iteration = self.job.map_or(0, |run| run.iteration + 1);
            Some(JobRun { iteration, since_spec_version: spec_version, started_at: now })
        } else {
            self.job
        };
        let revision = ServiceRevision {
            service: self.id,
            spec_version,
            meta: Meta::default(),
            spec: Arc::clone(&spec),
        };
        let same = *spec == *self.spec;
        let previous_spec = if same { self.previous_spec.clone() } else { Some(Arc::clone(&self.spec)) };
        (Self { spec, spec_version, previous_spec, update: None, job, ..self.clone() }, revision)
    }
}

/// One run of a job: all its tasks to their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct JobRun {
    /// Counts the runs, from 0.
    pub iteration: u64,
    /// Tasks of older specs than this one were of earlier runs.
    pub since_spec_version: u64,
    /// When it was asked for.
    pub started_at: Timestamp,
}

/// How a service is really reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ServiceEndpoint {
    /// The spec version that this was allocated for; allocate again when the service's is higher.
    pub spec_version: u64,
    /// The published ports, dynamic ones filled in.
    pub ports: Vec<PortConfig>,
    /// The virtual address on each network.
    pub vips: Vec<(NetworkId, Ipv4Addr)>,
    /// Why something could not be allocated; empty when all is there.
    pub error: String,
}

impl ServiceEndpoint {
    /// The virtual address on a network.
    pub fn vip(&self, network: NetworkId) -> Option<Ipv4Addr> {
        self.vips.iter().find(|vip| vip.0 == network).map(|vip| vip.1)
    }
}

/// A spec that tasks still name: kept once, however many tasks there are.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ServiceRevision {
    /// The service, which may be gone already.
    pub service: ServiceId,
    /// Its `spec_version`.
    pub spec_version: u64,
    /// Version and times.
    pub meta: Meta,
    /// The spec.
    pub spec: Arc<ServiceSpec>,
}
