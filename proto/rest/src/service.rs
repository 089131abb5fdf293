use serde::{Deserialize, Serialize};

use crate::spec::{PortConfig, ServiceSpec};
use crate::{EndpointSpec, JobStatus, UpdateStatus, Version, rfc3339};

/// `GET /services/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Service {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its version.
    pub version: Version,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What is wanted.
    pub spec: ServiceSpec,
    /// What was wanted before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_spec: Option<ServiceSpec>,
    /// How it is reached.
    pub endpoint: Endpoint,
    /// How far its latest update is; none before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_status: Option<UpdateStatus>,
    /// Of a job: its present run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_status: Option<JobStatus>,
    /// How many tasks run; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_status: Option<ServiceStatus>,
}

/// How a service is reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Endpoint {
    /// What was asked for.
    pub spec: EndpointSpec,
    /// Its published ports, dynamic ones filled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortConfig>,
    /// Its virtual addresses.
    #[serde(rename = "VirtualIPs", skip_serializing_if = "Vec::is_empty")]
    pub virtual_ips: Vec<VirtualIp>,
}

/// A virtual address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VirtualIp {
    /// The network.
    #[serde(rename = "NetworkID")]
    pub network_id: String,
    /// The address with the network's prefix length.
    pub addr: String,
}

/// How many tasks of a service run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceStatus {
    /// Running ones.
    pub running_tasks: u64,
    /// Wanted ones.
    pub desired_tasks: u64,
    /// Finished ones, of jobs.
    pub completed_tasks: u64,
}

/// The answer to a service's creation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceCreated {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// What its owner should know.
    pub warnings: Vec<String>,
}

/// The answer to a service's update.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceUpdated {
    /// What its owner should know.
    pub warnings: Vec<String>,
}

impl From<&skep_model::Service> for Service {
    /// Everything but the status. Prefix lengths of virtual addresses are left to the caller, who knows the networks.
    fn from(service: &skep_model::Service) -> Self {
        let spec = ServiceSpec::from(&*service.spec);
        let virtual_ips = service.endpoint.vips.iter();
        Self {
            id: service.id.to_string(),
            version: Version { index: service.meta.version },
            created_at: rfc3339(service.meta.created_at),
            updated_at: rfc3339(service.meta.updated_at),
            endpoint: Endpoint {
                spec: spec.endpoint_spec.clone().unwrap_or_default(),
                ports: service.endpoint.ports.iter().map(PortConfig::from).collect(),
                virtual_ips: virtual_ips
                    .map(|(network, address)| VirtualIp {
                        network_id: network.to_string(),
                        addr: address.to_string(),
                    })
                    .collect(),
            },
            spec,
            previous_spec: service.previous_spec.as_deref().map(ServiceSpec::from),
            update_status: service.update.as_deref().map(UpdateStatus::from),
            job_status: service.job.as_ref().map(JobStatus::from),
            service_status: None,
        }
    }
}
