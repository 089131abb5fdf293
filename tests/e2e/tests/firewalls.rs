//! Beside another firewall: nothing of it is touched, nothing is opened behind its back, and what it takes to work is said.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::SocketAddr;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use skep_harness::{Cluster, Connection, eventually};

    /// ufw on a host, with settings of its own; they go when this is dropped.
    struct Ufw {
        namespace: String,
        settings: PathBuf,
    }

    impl Ufw {
        /// Enables it as it comes, but for what nodes need of each other.
        fn start(host: &Path) -> Self {
            let namespace = host.file_name().unwrap().to_str().unwrap().to_owned();
            // What is in there lies over /etc for what runs in the namespace.
            let settings = Path::new("/etc/netns").join(&namespace);
            std::fs::create_dir_all(&settings).unwrap();
            let ufw = Self { namespace, settings };
            for part in ["ufw", "default"] {
                let copied = Command::new("cp")
                    .arg("-a")
                    .arg(Path::new("/etc").join(part))
                    .arg(&ufw.settings)
                    .status();
                assert!(copied.unwrap().success(), "copy /etc/{part}");
            }
            for line in ["allow 2377/tcp", "allow 4789/udp", "allow in on skep-vx", "--force enable"] {
                ufw.run(line);
            }
            ufw
        }

        fn run(&self, line: &str) {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &self.namespace, "ufw"]).args(line.split(' '));
            let done = command.output().unwrap();
            assert!(done.status.success(), "ufw {line}: {}", String::from_utf8_lossy(&done.stderr));
        }

        /// Its rules as they are in the kernel, but for what they counted.
        fn rules(&self) -> String {
            let mut command = Command::new("ip");
            command.args([
                "netns",
                "exec",
                &self.namespace,
                "nft",
                "--stateless",
                "list",
                "table",
                "ip",
                "filter",
            ]);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        }
    }

    impl Drop for Ufw {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.settings);
        }
    }

    fn tasks_at(from: &Path, address: SocketAddr) -> Result<BTreeSet<String>, String> {
        let one = || {
            let answer = Connection::open(from, address).and_then(|mut connection| connection.get("/"));
            let answer = answer.map_err(|error| format!("{address}: {error}"))?;
            answer.line("Hostname").map(str::to_owned).ok_or_else(|| format!("{answer:?}"))
        };
        (0..4).map(|_| one()).collect()
    }

    #[test]
    fn ufw_stays_as_it_is_and_is_told_of() {
        let cluster = Cluster::new(1, 1);
        let client = cluster.switch().namespace();
        let hosts = || (0..2).map(|number| cluster.host(number));
        let firewalls: Vec<Ufw> = hosts().map(|host| Ufw::start(&host.namespaces().host())).collect();
        let before: Vec<String> = firewalls.iter().map(Ufw::rules).collect();
        assert!(before.iter().all(|rules| rules.contains("ufw-user-input")), "{before:?}");
        let file = cluster.host(0).path("compose.yml");
        let web = "{image: skep/whoami, ports: [\"8096:80\"], deploy: {replicas: 2}}";
        std::fs::write(&file, format!("services: {{web: {web}}}\n")).unwrap();
        cluster.host(0).skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "shop"]).ok();
        let entries: Vec<SocketAddr> =
            hosts().map(|host| (host.namespaces().address(), 8096).into()).collect();

        // ufw drops what is forwarded: so it is, and the doctor says what to do.
        assert!(tasks_at(&client, entries[0]).is_err(), "a port is open behind the firewall's back");
        let told = cluster.host(0).skep(&["doctor"]).out;
        for host in ["host0", "host1"] {
            let line = told.lines().find(|line| line.contains(host) && line.contains("ip filter FORWARD"));
            assert!(line.is_some_and(|line| line.contains("ufw default allow routed")), "{told}");
        }
        assert_eq!(firewalls.iter().map(Ufw::rules).collect::<Vec<_>>(), before);

        let until_all_answer = || {
            eventually(|| {
                let each = entries.iter().map(|entry| tasks_at(&client, *entry));
                let found = each.collect::<Result<Vec<_>, _>>()?;
                if found.iter().all(|tasks| tasks.len() == 2) { Ok(()) } else { Err(format!("{found:?}")) }
            });
        };
        for change in ["default allow routed", "reload", "disable", "--force enable"] {
            firewalls.iter().for_each(|ufw| ufw.run(change));
            until_all_answer();
        }
        // What was lost while the rules were loaded is forgotten soon.
        eventually(|| {
            let told = cluster.host(0).skep(&["doctor"]).out;
            if told.contains("firewall chain") || told.contains("nft") { Err(told) } else { Ok(()) }
        });
        cluster.host(0).skep(&["stack", "rm", "shop"]).ok();
    }
}
