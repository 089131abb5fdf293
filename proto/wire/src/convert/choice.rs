//! What is one of several things: messages with a `oneof`.

use skep_model::{GenericResource, GenericValue, HealthTest, Mount, MountKind, ServiceMode};

use super::Wire;
use crate::{WireError, v1};

impl Wire for ServiceMode {
    type Form = v1::ServiceMode;
    fn to_wire(&self) -> v1::ServiceMode {
        use v1::service_mode::{Global, Mode, Replicated, ReplicatedJob};
        let mode = match *self {
            Self::Replicated { replicas } => Mode::Replicated(Replicated { replicas }),
            Self::Global => Mode::Global(Global {}),
            Self::ReplicatedJob { max_concurrent, total_completions } => {
                Mode::ReplicatedJob(ReplicatedJob { max_concurrent, total_completions })
            }
            Self::GlobalJob => Mode::GlobalJob(Global {}),
        };
        v1::ServiceMode { mode: Some(mode) }
    }
    fn from_wire(form: v1::ServiceMode) -> Result<Self, WireError> {
        use v1::service_mode::Mode;
        Ok(match form.mode.ok_or(WireError::Missing { field: "ServiceMode.mode" })? {
            Mode::Replicated(replicated) => Self::Replicated { replicas: replicated.replicas },
            Mode::Global(_) => Self::Global,
            Mode::ReplicatedJob(job) => Self::ReplicatedJob {
                max_concurrent: job.max_concurrent,
                total_completions: job.total_completions,
            },
            Mode::GlobalJob(_) => Self::GlobalJob,
        })
    }
}

impl Wire for HealthTest {
    type Form = v1::HealthTest;
    fn to_wire(&self) -> v1::HealthTest {
        use v1::health_test::{Command, Empty, Test};
        let test = match self {
            Self::Inherit => Test::Inherit(Empty {}),
            Self::Disabled => Test::Disabled(Empty {}),
            Self::Command(words) => Test::Command(Command { words: words.clone() }),
            Self::Shell(line) => Test::Shell(line.clone()),
        };
        v1::HealthTest { test: Some(test) }
    }
    fn from_wire(form: v1::HealthTest) -> Result<Self, WireError> {
        use v1::health_test::Test;
        Ok(match form.test.ok_or(WireError::Missing { field: "HealthTest.test" })? {
            Test::Inherit(_) => Self::Inherit,
            Test::Disabled(_) => Self::Disabled,
            Test::Command(command) => Self::Command(command.words),
            Test::Shell(line) => Self::Shell(line),
        })
    }
}

impl Wire for GenericResource {
    type Form = v1::GenericResource;
    fn to_wire(&self) -> v1::GenericResource {
        use v1::generic_resource::Value;
        let value = match &self.value {
            GenericValue::Discrete(count) => Value::Discrete(*count),
            GenericValue::Named(name) => Value::Named(name.clone()),
        };
        v1::GenericResource { kind: self.kind.clone(), value: Some(value) }
    }
    fn from_wire(form: v1::GenericResource) -> Result<Self, WireError> {
        use v1::generic_resource::Value;
        let value = match form.value.ok_or(WireError::Missing { field: "GenericResource.value" })? {
            Value::Discrete(count) => GenericValue::Discrete(count),
            Value::Named(name) => GenericValue::Named(name),
        };
        Ok(Self { kind: form.kind, value })
    }
}

impl Wire for Mount {
    type Form = v1::Mount;
    fn to_wire(&self) -> v1::Mount {
        use v1::mount::{Bind, Kind, Tmpfs};
        let kind = match &self.kind {
            MountKind::Bind { source, propagation, recursion } => Kind::Bind(Bind {
                source: source.clone(),
                propagation: propagation.to_wire(),
                recursion: recursion.to_wire(),
            }),
            MountKind::Volume(volume) => Kind::Volume(volume.to_wire()),
            MountKind::Tmpfs { size_bytes, mode } => {
                Kind::Tmpfs(Tmpfs { size_bytes: *size_bytes, mode: *mode })
            }
        };
        v1::Mount { target: self.target.clone(), read_only: self.read_only, kind: Some(kind) }
    }
    fn from_wire(form: v1::Mount) -> Result<Self, WireError> {
        use v1::mount::Kind;
        let kind = match form.kind.ok_or(WireError::Missing { field: "Mount.kind" })? {
            Kind::Bind(bind) => MountKind::Bind {
                source: bind.source,
                propagation: Wire::from_wire(bind.propagation)?,
                recursion: Wire::from_wire(bind.recursion)?,
            },
            Kind::Volume(volume) => MountKind::Volume(Wire::from_wire(volume)?),
            Kind::Tmpfs(tmpfs) => MountKind::Tmpfs { size_bytes: tmpfs.size_bytes, mode: tmpfs.mode },
        };
        Ok(Self { target: form.target, kind, read_only: form.read_only })
    }
}
