//! What a stack is reached by from outside, and what of it is new.

use std::time::Duration;

use skep_rest::{PortConfig, Service};

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output;

/// How often it is looked whether ports were given to all services.
const PAUSE: Duration = Duration::from_millis(50);
/// That often at most: a port that cannot be given is told by `service ps`.
const LOOKS: u32 = 60;

/// The stack's services.
pub(super) async fn read(client: &Client, stack: &str) -> Result<Vec<Service>, Failure> {
    let filters = Filters::default().with_stack(stack);
    let query = Query::new("/services").with_some("filters", filters.json().as_deref());
    Ok(client.get::<Option<Vec<Service>>>(query.as_str()).await?.unwrap_or_default())
}

/// Says which ports are exposed that were not before.
pub(super) async fn announce(client: &Client, stack: &str, before: &[Service]) -> Result<(), Failure> {
    let mut after = read(client, stack).await?;
    for _ in 0..LOOKS {
        if after.iter().all(has_its_ports) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        after = read(client, stack).await?;
    }
    news(stack, before, &after).iter().try_for_each(output::line)
}

/// Whether every port that is asked for was given; those left open get a number a little later.
fn has_its_ports(service: &Service) -> bool {
    let asked = service.endpoint.spec.ports.iter().flatten();
    let given = |asked: &PortConfig| {
        service.endpoint.ports.iter().any(|port| {
            let same = (port.target_port, &port.protocol) == (asked.target_port, &asked.protocol);
            same && (asked.published_port == 0 || asked.published_port == port.published_port)
        })
    };
    asked.into_iter().all(given)
}

/// A line for each port that no service of the stack had before in this way, in the order of ports.
fn news(stack: &str, before: &[Service], after: &[Service]) -> Vec<String> {
    let old = lines(stack, before);
    let mut new = lines(stack, after);
    new.retain(|line| !old.contains(line));
    new.sort_unstable();
    new.into_iter().map(|(_, line)| line).collect()
}

fn lines(stack: &str, services: &[Service]) -> Vec<(u16, String)> {
    let prefix = format!("{stack}_");
    let ports = services.iter().flat_map(|service| {
        let full = service.spec.name.as_str();
        let name = full.strip_prefix(&prefix).unwrap_or(full);
        // One that its node chooses is known with its task.
        service.endpoint.ports.iter().filter(|port| port.published_port != 0).map(move |port| (name, port))
    });
    let line = |(name, port): (&str, &PortConfig)| {
        let (published, target, protocol) = (port.published_port, port.target_port, &port.protocol);
        let address = output::shown_address(&port.host_ip, "0.0.0.0");
        (published, format!("published {address}:{published}/{protocol} -> {name}:{target}"))
    };
    ports.map(line).collect()
}

#[cfg(test)]
mod tests {
    use skep_rest::EndpointSpec;

    use super::*;

    fn service(name: &str, asked: &[u16], given: &[u16]) -> Service {
        let port = |number: &u16| PortConfig {
            protocol: "tcp".into(),
            target_port: 80,
            published_port: *number,
            ..PortConfig::default()
        };
        let mut service = Service::default();
        service.spec.name = name.into();
        service.endpoint.spec =
            EndpointSpec { ports: Some(asked.iter().map(port).collect()), ..EndpointSpec::default() };
        service.endpoint.ports = given.iter().map(port).collect();
        service
    }

    #[test]
    fn only_what_is_new_is_said() {
        let before = [service("app_web", &[8080], &[8080])];
        let after = [service("app_web", &[8080, 9000], &[8080, 9000]), service("app_api", &[0], &[30_000])];
        assert_eq!(
            news("app", &before, &after),
            ["published 0.0.0.0:9000/tcp -> web:80", "published 0.0.0.0:30000/tcp -> api:80"]
        );
        assert_eq!(news("app", &[], &before), ["published 0.0.0.0:8080/tcp -> web:80"]);
        assert!(news("app", &before, &before).is_empty());
    }

    #[test]
    fn a_port_that_is_left_open_is_waited_for() {
        assert!(has_its_ports(&service("web", &[], &[])) && has_its_ports(&service("web", &[0], &[30_000])));
        assert!(!has_its_ports(&service("web", &[0], &[])) && !has_its_ports(&service("web", &[1], &[2])));
    }
}
