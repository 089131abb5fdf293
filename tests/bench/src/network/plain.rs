use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Another way to a container's server: a veth pair of its own between the host and the container, nothing of it made by us.
/// What differs is the way alone: the server is the same process, with the same confinement and in the same control groups.
#[derive(Debug)]
pub(crate) struct Plain {
    host: String,
    link: String,
    address: Ipv4Addr,
}

impl Plain {
    /// Makes it, to the container of this process on the host of this namespace; `net` is the third number of its addresses.
    pub(crate) fn to(process: u32, host: &Path, net: u8) -> Result<Self> {
        let address = Ipv4Addr::new(10, 77, net, 2);
        let plain = Self { host: name(host)?, link: format!("plain{net}"), address };
        plain.link(process, net)?;
        Ok(plain)
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (self.address, 80).into()
    }

    /// Its network.
    pub(crate) fn subnet(&self) -> String {
        let [a, b, c, _] = self.address.octets();
        format!("{a}.{b}.{c}.0/24")
    }

    fn link(&self, process: u32, net: u8) -> Result<()> {
        let (host, link) = (&self.host, &self.link);
        let inside = format!("/proc/{process}/ns/net");
        let gateway = format!("10.77.{net}.1");
        for words in [
            format!("-n {host} link add {link} type veth peer name plain0 netns {process}"),
            format!("-n {host} address add {gateway}/24 dev {link}"),
            format!("-n {host} link set {link} up"),
        ] {
            ip(&words.split(' ').collect::<Vec<_>>())?;
        }
        for words in [
            format!("address add {}/24 dev plain0", self.address),
            "link set plain0 up".to_owned(),
            format!("route add default via {gateway} table 777"),
            format!("rule add from {} lookup 777", self.address),
        ] {
            run(Command::new("nsenter").arg(format!("--net={inside}")).arg("ip").args(words.split(' ')))?;
        }
        Ok(())
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        // Gone with the container, if that was first.
        drop(ip(&["-n", &self.host, "link", "delete", &self.link]));
    }
}

/// Has connections from and to this namespace send when they may: a machine's BBR spreads packets over time by what it believes of
/// the way, so that the same way takes three quarters as many requests in one round as in the next.
pub(crate) fn without_pacing(namespace: &Path) -> Result<()> {
    let set = "echo reno > /proc/sys/net/ipv4/tcp_congestion_control";
    run(Command::new("nsenter").arg(format!("--net={}", namespace.display())).args(["sh", "-c", set]))
}

/// Leads from one host to the server behind another by a VXLAN link made by hand, and back the same way, as ours does.
pub(crate) fn tunnel(from: (&Path, Ipv4Addr), to: (&Path, Ipv4Addr), plain: &Plain) -> Result<()> {
    let subnet = plain.subnet();
    for ((host, local), remote, number) in [(from, to.1, 1), (to, from.1, 2)] {
        let host = name(host)?;
        for words in [
            format!(
                "-n {host} link add plainvx type vxlan id 99 local {local} remote {remote} dstport 4799 dev eth0"
            ),
            format!("-n {host} address add 10.79.0.{number}/24 dev plainvx"),
            format!("-n {host} link set plainvx up"),
        ] {
            ip(&words.split(' ').collect::<Vec<_>>())?;
        }
    }
    let (from, to) = (name(from.0)?, name(to.0)?);
    for words in [
        format!("-n {from} route add {subnet} via 10.79.0.2"),
        format!("-n {to} route add default via 10.79.0.1 table 779"),
        format!("-n {to} rule add from {subnet} lookup 779"),
    ] {
        ip(&words.split(' ').collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Leads the client to the server's network by a host.
pub(crate) fn lead(client: &Path, plain: &Plain, host: Ipv4Addr) -> Result<()> {
    ip(&["-n", &name(client)?, "route", "add", &plain.subnet(), "via", &host.to_string()])
}

fn name(namespace: &Path) -> Result<String> {
    Ok(PathBuf::from(namespace).file_name().context("a namespace has a name")?.to_string_lossy().into_owned())
}

fn ip(arguments: &[&str]) -> Result<()> {
    run(Command::new("ip").args(arguments))
}

fn run(command: &mut Command) -> Result<()> {
    let output =
        command.output().with_context(|| format!("run {command:?} (Debian: iproute2, util-linux)"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    Ok(())
}
