use std::net::Ipv4Addr;

use nix::sched::{CloneFlags, unshare};
use skep_model::{Check, Finding, limits};
use tokio::sync::oneshot;

use crate::Result;
use crate::host::try_everything;

/// Makes all that a host's network consists of, in a namespace that is thrown away.
pub(super) async fn check() -> Option<Finding> {
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let tried = match unshare(CloneFlags::CLONE_NEWNET) {
            Ok(()) => try_all(),
            Err(error) => Err(format!("a network namespace cannot be made: {error}")),
        };
        // Whoever asked may have gone.
        let _ = sender.send(tried);
    };
    // A thread of its own, which ends with its namespace.
    let started = std::thread::Builder::new().name("skep-trial".into()).spawn(work);
    let tried = match started {
        Ok(_) => receiver.await.unwrap_or_else(|_| Err("its thread ended early".into())),
        Err(error) => Err(format!("no thread can be made: {error}")),
    };
    tried.err().map(judge)
}

fn try_all() -> std::result::Result<(), String> {
    let made: Result<()> = try_everything(Ipv4Addr::LOCALHOST, limits::TUNNEL_PORT_DEFAULT);
    made.map_err(|error| error.to_string())
}

fn judge(error: String) -> Finding {
    Finding::fault(Check::Kernel, format!("the kernel cannot do what the network of containers needs: {error}"))
        .cause("the kernel was built without vxlan, nf_tables, nft_nat, nft_numgen or veth, or its modules are not installed")
        .fix(
            "modprobe -a vxlan nf_tables nft_chain_nat nft_numgen nft_reject veth nf_conntrack; if a module is missing, install \
             the distribution's package of extra modules for the running kernel",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_kernel_can_do_all() {
        assert_eq!(check().await, None);
        let finding = judge("the kernel refused to make the tunnel's link: not supported".into());
        assert!(finding.to_string().contains("make the tunnel's link") && finding.fix.contains("modprobe"));
    }
}
