use proptest::prelude::*;
use skep_model as model;

use super::ServiceSpec;

/// A duration that fits Docker's nanoseconds.
fn cut(duration: &mut std::time::Duration) {
    *duration = std::time::Duration::from_nanos(duration.subsec_nanos().into());
}

/// What the API's form cannot tell from something else.
fn normal(mut spec: model::ServiceSpec) -> model::ServiceSpec {
    cut(&mut spec.task.restart.delay);
    cut(&mut spec.task.restart.window);
    if let Some(grace) = &mut spec.task.container.stop_grace {
        cut(grace);
    }
    for config in spec.update.iter_mut().chain(&mut spec.rollback) {
        cut(&mut config.delay);
        cut(&mut config.monitor);
    }
    if let Some(check) = &mut spec.task.container.health {
        for duration in
            [&mut check.interval, &mut check.timeout, &mut check.start_period, &mut check.start_interval]
        {
            cut(duration);
        }
    }
    for attachment in &mut spec.task.networks {
        if let model::NetworkTarget::Name(name) = &mut attachment.target {
            name.insert(0, '-');
        }
    }
    spec
}

proptest! {
    #[test]
    fn specs_read_back(spec: model::ServiceSpec) {
        let spec = normal(spec);
        let text = serde_json::to_string(&ServiceSpec::from(&spec)).unwrap();
        let read: ServiceSpec = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(model::ServiceSpec::try_from(read).unwrap(), spec);
    }
}

fn read(text: &str) -> Result<model::ServiceSpec, String> {
    let spec: ServiceSpec = serde_json::from_str(text).map_err(|error| error.to_string())?;
    spec.try_into().map_err(|error: crate::Unsupported| error.to_string())
}

#[test]
fn what_docker_sends_is_read_and_what_is_not_known_is_refused() {
    let sent = r#"{"Name":"web","Labels":null,"TaskTemplate":{"ContainerSpec":{"Image":"nginx","DNSConfig":{},
        "Init":false},"Placement":{},"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{}},
        "UpdateConfig":null,"EndpointSpec":{"Mode":"vip"}}"#;
    let spec = read(sent).unwrap();
    assert_eq!(spec.mode, model::ServiceMode::Replicated { replicas: 1 });
    assert_eq!(
        read(r#"{"TaskTemplate":{"Placement":{"Colour":["red"]}}}"#).unwrap_err(),
        "TaskTemplate.Placement.Colour is not supported by this version of Skep"
    );
    assert_eq!(read(r#"{"Mode":{"Global":{}}}"#).unwrap().mode, model::ServiceMode::Global);
    assert_eq!(
        read(r#"{"Mode":{"Other":{}}}"#).unwrap_err(),
        "Mode.Other is not supported by this version of Skep"
    );
}
