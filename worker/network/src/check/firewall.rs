use skep_model::limits::{PROBE_PORT, TUNNEL_PORT_DEFAULT};
use skep_model::{Check, Finding};

use crate::host::tunnel::Kind;
use crate::netlink::NetlinkSocket;
use crate::nft::{BaseChain, base_chains};
use crate::sysctl;

/// The link that nodes probe each other by.
const NAME: &str = Kind::Plain.name();
/// `NF_INET_LOCAL_IN` and `NF_INET_FORWARD` of linux/netfilter.h.
const INPUT: u32 = 1;
const FORWARD: u32 = 2;

/// Looks for rules of other programs that drop what they do not know on its way to containers.
pub(super) fn check_rules() -> Vec<Finding> {
    chains().iter().filter(|chain| chain.hook == FORWARD && chain.drops).map(forwards_nothing).collect()
}

/// The same on its way to this host.
pub(super) fn check_input() -> Vec<Finding> {
    // The packets around the tunnel's are of IPv4.
    let concerns = |chain: &&BaseChain| chain.hook == INPUT && chain.drops && chain.family != "ip6";
    chains().iter().filter(concerns).map(lets_nothing_in).collect()
}

fn chains() -> Vec<BaseChain> {
    let listed = NetlinkSocket::netfilter().and_then(|mut socket| base_chains(&mut socket));
    listed.unwrap_or_else(|error| {
        tracing::debug!(%error, "the rules of other programs cannot be listed");
        Vec::new()
    })
}

fn forwards_nothing(chain: &BaseChain) -> Finding {
    let BaseChain { family, table, name, .. } = chain;
    Finding::warning(Check::Firewall, format!("the firewall chain {family} {table} {name} drops what is forwarded unless a rule accepts it"))
        .cause("another firewall (Docker, ufw, firewalld) has set its policy to drop: packets of containers may be lost in it")
        .fix(format!(
            "with ufw: ufw default allow routed (containers stay closed to others but for published ports: skep's own rules see to \
             that); else nft insert rule {family} {table} {name} iifgroup 0x736b accept, and the same with oifgroup 0x736b, which is \
             kept over a restart only in that firewall's own settings"
        ))
}

fn lets_nothing_in(chain: &BaseChain) -> Finding {
    let BaseChain { family, table, name, .. } = chain;
    Finding::warning(Check::Firewall, format!("the firewall chain {family} {table} {name} drops what comes in unless a rule accepts it"))
        .cause("another firewall of this host; no packets of some other node arrive here")
        .fix(format!(
            "let in UDP port {TUNNEL_PORT_DEFAULT} from the other nodes (or the swarm's own tunnel port), and UDP port {PROBE_PORT} \
             on the link {NAME}; with ufw: ufw allow {TUNNEL_PORT_DEFAULT}/udp, ufw allow in on {NAME}"
        ))
}

/// Looks for settings that somebody changed since the daemon started, and that are not ours to bring back (see `host/audit`).
pub(super) fn check_settings() -> Option<Finding> {
    let setting = |name: &str| sysctl::read(name).unwrap_or_default();
    let strict = |link: &str| setting(&format!("net/ipv4/conf/{link}/rp_filter"));
    judge_settings(&strict("all"), &strict(NAME))
}

fn judge_settings(all: &str, tunnel: &str) -> Option<Finding> {
    // The bigger one counts: 1 is strict, 2 is loose.
    let strict = [all, tunnel].into_iter().max() == Some("1") && !tunnel.is_empty();
    strict.then(|| {
        Finding::fault(Check::Firewall, format!("this host drops packets of clients of other nodes (strict rp_filter on {NAME})"))
            .cause("another program set net.ipv4.conf.*.rp_filter after the daemon started")
            .fix(format!("sysctl -w net.ipv4.conf.{NAME}.rp_filter=2, and set net.ipv4.conf.all.rp_filter=2 in /etc/sysctl.d"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{in_lab, set_rules};

    #[test]
    fn settings_that_others_changed_are_found() {
        assert!(judge_settings("2", "2").is_none());
        assert!(judge_settings("0", "0").is_none());
        assert!(judge_settings("1", "2").is_none());
        assert!(judge_settings("1", "").is_none(), "there is no tunnel");
        let found = judge_settings("1", "0").unwrap().to_string();
        assert!(found.contains("rp_filter=2"), "{found}");
    }

    #[test]
    fn chains_that_drop_what_they_do_not_know_are_found() {
        in_lab(|lab| async move {
            let _network = lab.open().await;
            assert!(check_rules().is_empty() && check_settings().is_none());
            set_rules(&lab.host, "forward", "");
            assert!(check_rules().is_empty(), "it accepts");
            set_rules(
                &lab.host,
                "forward",
                "}\nchain strict { type filter hook forward priority 0; policy drop;",
            );
            set_rules(
                &lab.client,
                "forward",
                "}\nchain other { type filter hook forward priority 0; policy drop;",
            );
            let found = crate::lab::inside(&lab.host, check_rules);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].failed.contains("chain ip wire strict drops"), "{}", found[0]);
            assert!(check_input().is_empty());
        });
    }
}
