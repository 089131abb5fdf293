use std::path::Path;
use std::process::Command;

use anyhow::Result;
use skep_harness::Namespaces;

use crate::daemon::{Daemon, Start};
use crate::group::Group;

/// Where Debian's docker.io has its daemon.
const DOCKERD: &str = "/usr/sbin/dockerd";
/// Not `ip netns exec`: that mounts /sys anew and so hides control groups. In mount and UTS namespaces of its own, so that no
/// mount is left behind whatever happens, and the key that it writes to /etc/docker goes, too.
const ENTER: &str = "hostname \"$1\" && shift && mkdir -p /etc/docker && mount -t tmpfs none /etc/docker && \
                     exec nsenter --net=\"$0\" \"$@\"";

/// Whether it is here.
pub(crate) fn installed() -> bool {
    Path::new(DOCKERD).exists()
}

/// Docker's daemon with a containerd of its own, in namespaces like those of ours.
pub(crate) fn start() -> Result<Daemon> {
    let directory = tempfile::Builder::new().prefix("skep-bench-docker-").tempdir()?;
    let namespaces = Namespaces::new();
    let group = Group::new("docker")?;
    let path = |name: &str| directory.path().join(name);
    let (socket, log) = (path("docker.sock"), path("daemon.log"));
    let command = command("skep-bench-docker", &namespaces.host(), directory.path(), &group.containers());
    let place = Box::new((RunDirectory, namespaces, directory));
    Daemon::start(Start { name: "Docker", command, socket, log, group, place })
}

/// dockerd on a host of this name, in this network namespace, with all that is its own below a directory; its socket is
/// `docker.sock` there. Its containers are below a control group.
pub(crate) fn command(name: &str, namespace: &Path, directory: &Path, containers: &str) -> Command {
    let path = |name: &str| directory.join(name);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--uts", "sh", "-c", ENTER]).arg(namespace).arg(name).arg(DOCKERD);
    command.arg("--data-root").arg(path("data")).arg("--exec-root").arg(path("exec"));
    command.arg("--pidfile").arg(path("docker.pid"));
    command.arg("--host").arg(format!("unix://{}", path("docker.sock").display()));
    command.arg("--cgroup-parent").arg(containers);
    // Without it every task first asks a registry that is not there.
    command.env("DOCKER_SERVICE_PREFER_OFFLINE_IMAGE", "1");
    command
}

/// dockerd makes an empty /run/docker/plugins wherever its own directories are; removed when this is dropped, if nobody has
/// anything there.
#[derive(Debug)]
pub(crate) struct RunDirectory;

impl Drop for RunDirectory {
    fn drop(&mut self) {
        for path in ["/run/docker/plugins", "/run/docker"] {
            drop(std::fs::remove_dir(path));
        }
    }
}
