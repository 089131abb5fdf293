use clap::Args;
use skep_rest::{ConfigReference, Ipam, IpamConfig, NetworkCreate, NetworkCreated};

use crate::client::Client;
use crate::commands::pairs;
use crate::failure::Failure;
use crate::output;

/// Create a network. What Docker has and Skep has not is refused with the reason.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Enable manual container attachment.
    #[arg(long)]
    attachable: bool,
    /// Not supported: addresses are left out with --ip-range.
    #[arg(long, value_name = "NAME=ADDRESS")]
    aux_address: Vec<String>,
    /// Not supported: a network is configured in one place.
    #[arg(long, value_name = "NETWORK")]
    config_from: Option<String>,
    /// Not supported: a network is configured in one place.
    #[arg(long)]
    config_only: bool,
    /// Driver of the network: overlay.
    #[arg(short, long, default_value = "overlay")]
    driver: String,
    /// Address of the subnet that is never given out [default: its first one].
    #[arg(long, value_name = "ADDRESS")]
    gateway: Vec<String>,
    /// Not supported: the swarm makes its ingress network itself.
    #[arg(long)]
    ingress: bool,
    /// Restrict external access to the network.
    #[arg(long)]
    internal: bool,
    /// Part of the subnet that addresses are given out from, in CIDR form.
    #[arg(long, value_name = "CIDR")]
    ip_range: Vec<String>,
    /// Who gives out addresses: default.
    #[arg(long, value_name = "DRIVER", default_value = "default")]
    ipam_driver: String,
    /// Not supported: the driver default has no options.
    #[arg(long, value_name = "KEY=VALUE")]
    ipam_opt: Vec<String>,
    /// IPv4 addresses; always on.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = clap::ArgAction::Set)]
    ipv4: bool,
    /// IPv6 addresses beside the IPv4 ones.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", action = clap::ArgAction::Set)]
    ipv6: bool,
    /// Set metadata on the network.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Set driver specific options: encrypted[=true|false].
    #[arg(short = 'o', long = "opt", value_name = "KEY[=VALUE]")]
    opt: Vec<String>,
    /// Where the network is known: swarm.
    #[arg(long, default_value = "swarm")]
    scope: String,
    /// Subnet in CIDR form, one of each family [default: a free one of the swarm's address pools, and one beside it].
    #[arg(long, value_name = "CIDR")]
    subnet: Vec<String>,
    /// The network's name.
    name: String,
}

impl Create {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let created: NetworkCreated = client.post("/networks/create", &self.request()?).await?;
        if !created.warning.is_empty() {
            output::warning(&created.warning);
        }
        output::line(created.id)
    }

    /// The body in Docker's shape; the daemon says what it cannot do.
    fn request(self) -> Result<NetworkCreate, Failure> {
        let ipam = Ipam {
            driver: self.ipam_driver,
            options: Some(pairs(&self.ipam_opt)).filter(|options| !options.is_empty()),
            config: config(self.subnet, self.ip_range, self.gateway, &self.aux_address)?,
        };
        Ok(NetworkCreate {
            name: self.name,
            driver: self.driver,
            internal: self.internal,
            attachable: self.attachable,
            ingress: self.ingress,
            labels: Some(pairs(&self.label)),
            options: Some(pairs(&self.opt)).filter(|options| !options.is_empty()),
            scope: self.scope,
            enable_ipv4: Some(self.ipv4),
            enable_ipv6: Some(self.ipv6),
            ipam: Some(ipam),
            config_only: self.config_only,
            config_from: self.config_from.map(|network| ConfigReference { network }),
            ..NetworkCreate::default()
        })
    }
}

/// One subnet each, with what belongs to it; as Docker's client, ranges and gateways need one, of their family.
fn config(
    subnets: Vec<String>,
    ranges: Vec<String>,
    gateways: Vec<String>,
    kept: &[String],
) -> Result<Option<Vec<IpamConfig>>, Failure> {
    let (mut ranges, mut gateways) = (ranges, gateways);
    let next = |words: &mut Vec<String>, subnet: &str| {
        let same = |word: &String| word.contains(':') == subnet.contains(':');
        words.iter().position(same).map(|at| words.remove(at)).unwrap_or_default()
    };
    let kept = Some(pairs(kept)).filter(|kept| !kept.is_empty());
    let mut config: Vec<IpamConfig> = subnets
        .into_iter()
        .map(|subnet| IpamConfig {
            ip_range: next(&mut ranges, &subnet),
            gateway: next(&mut gateways, &subnet),
            subnet,
            auxiliary_addresses: kept.clone(),
        })
        .collect();
    if !ranges.is_empty() || !gateways.is_empty() {
        let text = "every ip-range or gateway must have a corresponding subnet";
        return Err(Failure::Asked(text.into()));
    }
    if config.is_empty() && kept.is_some() {
        config.push(IpamConfig { auxiliary_addresses: kept, ..IpamConfig::default() });
    }
    Ok(Some(config).filter(|config| !config.is_empty()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        create: Create,
    }

    fn asked(words: &str) -> Result<NetworkCreate, Failure> {
        Line::parse_from(std::iter::once("create").chain(words.split(' '))).create.request()
    }

    #[test]
    fn flags_become_dockers_body() {
        let create = asked(
            "--attachable --internal --label a=b --label c -o encrypted --subnet 10.5.0.0/16 --ip-range 10.5.1.0/24 \
             --gateway 10.5.0.9 app",
        );
        let create = create.unwrap_or_default();
        assert_eq!(
            (create.name.as_str(), create.driver.as_str(), create.scope.as_str()),
            ("app", "overlay", "swarm")
        );
        assert!(create.attachable && create.internal && create.enable_ipv4 == Some(true));
        let config = create.ipam.unwrap().config.unwrap();
        assert_eq!(
            [&config[0].subnet, &config[0].ip_range, &config[0].gateway],
            ["10.5.0.0/16", "10.5.1.0/24", "10.5.0.9"]
        );
        assert_eq!(create.options.unwrap()["encrypted"], "");
        assert_eq!(create.labels.unwrap(), pairs(&["a=b".into(), "c".into()]));
        assert_eq!(asked("app").unwrap_or_default().ipam.unwrap().config.map(|config| config.len()), None);
    }

    #[test]
    fn what_is_said_of_a_subnet_goes_to_that_of_its_family() {
        let create = asked("--ipv6 --subnet fd00:1::/64 --subnet 10.5.0.0/16 --gateway 10.5.0.9 app");
        let create = create.unwrap_or_default();
        assert_eq!(create.enable_ipv6, Some(true));
        let config = create.ipam.unwrap().config.unwrap();
        let shown: Vec<_> = config.iter().map(|it| (it.subnet.as_str(), it.gateway.as_str())).collect();
        assert_eq!(shown, [("fd00:1::/64", ""), ("10.5.0.0/16", "10.5.0.9")]);
    }

    #[test]
    fn what_the_daemon_refuses_reaches_it() {
        let create =
            asked("--ipv6 --ipv4=false --config-only --config-from x --ingress --aux-address a=10.0.0.1 app");
        let create = create.unwrap_or_default();
        assert_eq!((create.enable_ipv6, create.enable_ipv4), (Some(true), Some(false)));
        assert!(create.config_only && create.ingress && create.config_from.is_some());
        assert!(create.ipam.unwrap().config.unwrap()[0].auxiliary_addresses.is_some());
        let told = asked("--gateway 10.0.0.1 app").unwrap_err().to_string();
        assert!(told.contains("every ip-range or gateway must have a corresponding subnet"), "{told}");
    }
}
