//! What there is.

use skep_model::{CertIssuer, Object, ObjectKey, RootCa, UnlockKey};

use super::{Wire, message, words};
use crate::{WireError, v1};

words!(NodeState { Unknown, Down, Ready, Disconnected });

message!(Meta { version, created_at, updated_at });
message!(Cluster { id, epoch, root_rotation, cross_certificates, unlock_key } nested { meta, spec, root_ca, join_tokens });
message!(RootRotation { cross_certificate_pem } nested { root_ca, join_tokens });
message!(NodeCertificate { trust_root_pem, renewal_asked_at } nested { issuer });
message!(JoinTokens { worker, manager });
message!(Node { id, role, manager, key_digest, certificate, number } nested { meta, spec, description, status });
message!(NodeDescription {
    hostname,
    architecture,
    os,
    nano_cpus,
    memory_bytes,
    engine_version,
    engine_labels,
    tunnel_key,
    data_path_address,
    ipv6,
    generic,
    volumes,
});
message!(NodeStatus { state, message, address, since, clock_ahead_ms });
message!(ManagerStatus { raft_id, address });
message!(Stack { id, revision, previous } nested { meta, spec });
message!(StackRevision { revision, deployed_at } nested { spec });
message!(Network { id, subnet, subnet6, address_cursor, removing } nested { meta, spec });
message!(Service { id, spec_version, previous_spec, update, job, rebalance } nested { meta, spec, endpoint });
message!(ServiceEndpoint { spec_version, ports, vips, error });
message!(ServiceRevision { service, spec_version } nested { meta, spec });
message!(Task { id, service, spec_version, slot, node, desired, networks, restarts, generic, timeline, dismissed } nested { meta, status });
message!(Dismissal { at, why });
message!(TaskStatus { state, at, message, error, container });
message!(ContainerStatus { id, pid, exit_code, oom_killed, ports, log_tail });
message!(Attachment { id, node, container, name, places, error } nested { meta });
message!(AttachedPlace { network, aliases, address });
words!(UpdateState { Updating, Paused, Completed, RollbackStarted, RollbackPaused, RollbackCompleted });
message!(UpdateStatus { state, started_at, completed_at, message, slots, failures, first_failure });
message!(UpdateFailure { task, error, log_tail });
message!(JobRun { iteration, since_spec_version, started_at });
message!(ContentVersion { number, created_at, content });
message!(TaskRecord {
    id, made_at, service, service_name, spec_version, image, slot, node, node_name, desired, timeline,
    dismissed,
} nested { meta, status });
message!(RestartHistory { attempts, recent, replaces, not_before });

impl Wire for RootCa {
    type Form = v1::RootCa;
    fn to_wire(&self) -> v1::RootCa {
        let Self { certificate_pem, key_pem, issuer } = self.clone();
        v1::RootCa { certificate_pem, key_pem, issuer: Some(issuer.to_wire()) }
    }
    fn from_wire(form: v1::RootCa) -> Result<Self, WireError> {
        let v1::RootCa { certificate_pem, key_pem, issuer } = form;
        // Older versions did not write it down.
        Ok(Self { certificate_pem, key_pem, issuer: Wire::from_wire(issuer.unwrap_or_default())? })
    }
}

impl Wire for CertIssuer {
    type Form = v1::CertIssuer;
    fn to_wire(&self) -> v1::CertIssuer {
        let Self { subject, public_key } = self.clone();
        v1::CertIssuer { subject, public_key }
    }
    fn from_wire(form: v1::CertIssuer) -> Result<Self, WireError> {
        let v1::CertIssuer { subject, public_key } = form;
        Ok(Self { subject, public_key })
    }
}

impl Wire for UnlockKey {
    type Form = String;
    fn to_wire(&self) -> String {
        self.0.clone()
    }
    fn from_wire(form: String) -> Result<Self, WireError> {
        Ok(Self(form))
    }
}

impl Wire for Object {
    type Form = v1::Object;
    fn to_wire(&self) -> v1::Object {
        use v1::object::Object as Form;
        let object = match self {
            Self::Cluster(object) => Form::Cluster(object.to_wire()),
            Self::Node(object) => Form::Node(object.to_wire()),
            Self::Stack(object) => Form::Stack(object.to_wire()),
            Self::Network(object) => Form::Network(object.to_wire()),
            Self::Service(object) => Form::Service(object.to_wire()),
            Self::ServiceRevision(object) => Form::ServiceRevision(object.to_wire()),
            Self::Task(object) => Form::Task(object.to_wire()),
            Self::Attachment(object) => Form::Attachment(object.to_wire()),
            Self::Secret(object) => Form::Secret(object.to_wire()),
            Self::Config(object) => Form::Config(object.to_wire()),
            Self::TaskRecord(object) => Form::TaskRecord(object.to_wire()),
        };
        v1::Object { object: Some(object) }
    }
    fn from_wire(form: v1::Object) -> Result<Self, WireError> {
        use v1::object::Object as Form;
        Ok(match form.object.ok_or(WireError::Missing { field: "Object.object" })? {
            Form::Cluster(object) => Self::Cluster(Wire::from_wire(object)?),
            Form::Node(object) => Self::Node(Wire::from_wire(object)?),
            Form::Stack(object) => Self::Stack(Wire::from_wire(object)?),
            Form::Network(object) => Self::Network(Wire::from_wire(object)?),
            Form::Service(object) => Self::Service(Wire::from_wire(object)?),
            Form::ServiceRevision(object) => Self::ServiceRevision(Wire::from_wire(object)?),
            Form::Task(object) => Self::Task(Wire::from_wire(object)?),
            Form::Attachment(object) => Self::Attachment(Wire::from_wire(object)?),
            Form::Secret(object) => Self::Secret(Wire::from_wire(object)?),
            Form::Config(object) => Self::Config(Wire::from_wire(object)?),
            Form::TaskRecord(object) => Self::TaskRecord(Wire::from_wire(object)?),
        })
    }
}

impl Wire for ObjectKey {
    type Form = v1::ObjectKey;
    fn to_wire(&self) -> v1::ObjectKey {
        use v1::object_key::{Key, ServiceRevisionKey};
        let key = match self {
            Self::Cluster(id) => Key::Cluster(id.to_wire()),
            Self::Node(id) => Key::Node(id.to_wire()),
            Self::Stack(id) => Key::Stack(id.to_wire()),
            Self::Network(id) => Key::Network(id.to_wire()),
            Self::Service(id) => Key::Service(id.to_wire()),
            Self::ServiceRevision((service, spec_version)) => Key::ServiceRevision(ServiceRevisionKey {
                service: service.to_wire(),
                spec_version: *spec_version,
            }),
            Self::Task(id) => Key::Task(id.to_wire()),
            Self::Attachment(id) => Key::Attachment(id.to_wire()),
            Self::Secret(id) => Key::Secret(id.to_wire()),
            Self::Config(id) => Key::Config(id.to_wire()),
            Self::TaskRecord(id) => Key::TaskRecord(id.to_wire()),
        };
        v1::ObjectKey { key: Some(key) }
    }
    fn from_wire(form: v1::ObjectKey) -> Result<Self, WireError> {
        use v1::object_key::Key;
        Ok(match form.key.ok_or(WireError::Missing { field: "ObjectKey.key" })? {
            Key::Cluster(id) => Self::Cluster(Wire::from_wire(id)?),
            Key::Node(id) => Self::Node(Wire::from_wire(id)?),
            Key::Stack(id) => Self::Stack(Wire::from_wire(id)?),
            Key::Network(id) => Self::Network(Wire::from_wire(id)?),
            Key::Service(id) => Self::Service(Wire::from_wire(id)?),
            Key::ServiceRevision(key) => {
                Self::ServiceRevision((Wire::from_wire(key.service)?, key.spec_version))
            }
            Key::Task(id) => Self::Task(Wire::from_wire(id)?),
            Key::Attachment(id) => Self::Attachment(Wire::from_wire(id)?),
            Key::Secret(id) => Self::Secret(Wire::from_wire(id)?),
            Key::Config(id) => Self::Config(Wire::from_wire(id)?),
            Key::TaskRecord(id) => Self::TaskRecord(Wire::from_wire(id)?),
        })
    }
}
