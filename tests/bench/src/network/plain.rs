use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use skep_harness::skep_binary;

/// The same server in a namespace behind a host that nothing of ours has made, with one veth pair; both go when this is dropped.
#[derive(Debug)]
pub(crate) struct Plain {
    namespace: String,
    server: Child,
    address: Ipv4Addr,
}

impl Plain {
    /// Starts it behind a host's namespace; `net` is the third number of its addresses.
    pub(crate) fn behind(host: &Path, net: u8) -> Result<Self> {
        let namespace = format!("skplain{:x}n{net}", std::process::id());
        let address = Ipv4Addr::new(10, 77, net, 2);
        ip(&["netns", "add", &namespace])?;
        let server =
            serve(host, &namespace, net).inspect_err(|_| drop(ip(&["netns", "delete", &namespace])))?;
        Ok(Self { namespace, server, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (self.address, 80).into()
    }

    /// Its network.
    pub(crate) fn subnet(&self) -> String {
        let [a, b, c, _] = self.address.octets();
        format!("{a}.{b}.{c}.0/24")
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.server.id()
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
        if let Err(error) = ip(&["netns", "delete", &self.namespace]) {
            eprintln!("{error:#}");
        }
    }
}

fn serve(host: &Path, namespace: &str, net: u8) -> Result<Child> {
    let (host, link) = (name(host)?, format!("plain{net}"));
    let gateway = format!("10.77.{net}.1");
    for words in [
        format!("-n {host} link add {link} type veth peer name eth0 netns {namespace}"),
        format!("-n {host} address add {gateway}/24 dev {link}"),
        format!("-n {host} link set {link} up"),
        format!("-n {namespace} address add 10.77.{net}.2/24 dev eth0"),
        format!("-n {namespace} link set lo up"),
        format!("-n {namespace} link set eth0 up"),
        format!("-n {namespace} route add default via {gateway}"),
    ] {
        ip(&words.split(' ').collect::<Vec<_>>())?;
    }
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace]).arg(skep_binary()).arg("whoami");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().context("start the plain server")
}

/// Leads from one host to the plain server behind another by a VXLAN link made by hand, and back the same way, as ours does.
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

/// Leads the client to the plain server's network by a host.
pub(crate) fn lead(client: &Path, plain: &Plain, host: Ipv4Addr) -> Result<()> {
    ip(&["-n", &name(client)?, "route", "add", &plain.subnet(), "via", &host.to_string()])
}

fn name(namespace: &Path) -> Result<String> {
    Ok(PathBuf::from(namespace).file_name().context("a namespace has a name")?.to_string_lossy().into_owned())
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().context("run ip (Debian: iproute2)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {}: {said}", arguments.join(" "));
    Ok(())
}
