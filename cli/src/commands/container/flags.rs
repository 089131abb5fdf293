use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use skep_model::PortConfig;
use skep_rest::{
    ContainerCreate, EndpointSettings, HostConfig, NetworkingConfig, PortBinding, RestartPolicyName, Words,
};

use super::attached::Session;
use crate::client::{Client, Query};
use crate::commands::mount_flag;
use crate::failure::Failure;
use crate::output;

/// What a new container is to be.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Assign a name to the container.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Set environment variables; without a value, as they are here.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read in a file of environment variables.
    #[arg(long, value_name = "FILE")]
    env_file: Vec<String>,
    /// Set meta data on the container.
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    label: Vec<String>,
    /// Bind mount a file or folder of the host, which must exist.
    #[arg(short, long, value_name = "SOURCE:TARGET[:ro]")]
    volume: Vec<String>,
    /// Attach a mount: type=bind,source=PATH,target=PATH[,readonly] or type=tmpfs,target=PATH[,tmpfs-size=SIZE].
    #[arg(long, value_name = "FIELDS", value_parser = mount_flag::parse)]
    mount: Vec<skep_rest::Mount>,
    /// Publish a port of the container on this host.
    #[arg(short, long, value_name = "[[ADDRESS:]PORT:]TARGET[/udp]", value_parser = skep_compose::parse_ports)]
    publish: Vec<Vec<PortConfig>>,
    /// Working directory inside the container.
    #[arg(short, long, value_name = "PATH")]
    workdir: Option<String>,
    /// Username or UID (format: NAME|UID[:GROUP|GID]).
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Container host name.
    // `-h` is Docker's word for it; help has the long one alone here.
    #[arg(short = 'h', long, value_name = "NAME")]
    hostname: Option<String>,
    /// Overwrite the entrypoint of the image.
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Connect the container to an attachable network, or to bridge (the default), none or host; several by repeating.
    #[arg(long, visible_alias = "net", value_name = "NETWORK")]
    network: Vec<String>,
    /// Add a further name of the container on its networks.
    #[arg(long, visible_alias = "net-alias", value_name = "NAME")]
    network_alias: Vec<String>,
    /// Memory limit.
    #[arg(short, long, value_name = "BYTES", value_parser = skep_compose::parse_bytes)]
    memory: Option<u64>,
    /// Number of CPUs.
    #[arg(long, value_name = "NUMBER", value_parser = skep_compose::parse_cpus)]
    cpus: Option<u64>,
    /// Most processes and threads.
    #[arg(long, value_name = "COUNT")]
    pids_limit: Option<i64>,
    /// Signal to stop the container.
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<String>,
    /// Seconds between that signal and SIGKILL.
    #[arg(long, value_name = "SECONDS")]
    stop_timeout: Option<u64>,
    /// Restart policy: no is the only one; what has to go on is a service.
    #[arg(long, value_name = "POLICY")]
    restart: Option<String>,
    /// Automatically remove the container when it ends.
    #[arg(long)]
    rm: bool,
    /// Keep the container's standard input open, and type into it from here.
    #[arg(short, long)]
    interactive: bool,
    /// Give the container a terminal.
    #[arg(short, long)]
    tty: bool,
    /// Print usage.
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// The image.
    image: String,
    /// What to run in it, with its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Flags {
    /// How the container is attached to.
    pub(super) fn session(&self) -> Session {
        Session { removes: self.rm, terminal: self.tty, types: self.interactive }
    }

    /// Has the daemon make the container; gives its id.
    pub(super) async fn create(&self, client: &Client) -> Result<String, Failure> {
        let query = Query::new("/containers/create").with_some("name", self.name.as_deref());
        let created: skep_rest::ContainerCreated = client.post(query.as_str(), &self.body()?).await?;
        created.warnings.iter().for_each(|warning| output::warning(&format!("WARNING: {warning}")));
        Ok(created.id)
    }

    fn body(&self) -> Result<ContainerCreate, Failure> {
        let words = |words: Vec<String>| (!words.is_empty()).then_some(Words::Many(words));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Ok(ContainerCreate {
            image: self.image.clone(),
            cmd: words(self.command.clone()),
            entrypoint: self.entrypoint.clone().map(|program| Words::Many(vec![program])),
            env: Some(self.environment()?),
            labels: Some(pairs(&self.label)),
            hostname: text(&self.hostname),
            user: text(&self.user),
            working_dir: text(&self.workdir),
            stop_signal: text(&self.stop_signal).to_ascii_uppercase(),
            stop_timeout: self.stop_timeout,
            tty: self.tty,
            open_stdin: self.interactive,
            stdin_once: self.interactive,
            host_config: Some(self.host()?),
            networking_config: Some(self.networks()),
            ..ContainerCreate::default()
        })
    }

    fn host(&self) -> Result<HostConfig, Failure> {
        let binds: Result<Vec<String>, Failure> = self.volume.iter().map(|text| absolute(text)).collect();
        let mut ports: BTreeMap<String, Option<Vec<PortBinding>>> = BTreeMap::new();
        for port in self.publish.iter().flatten() {
            let place = PortBinding {
                host_ip: port.address.map(|address| address.to_string()).unwrap_or_default(),
                host_port: if port.published == 0 { String::new() } else { port.published.to_string() },
            };
            let key = format!("{}/{}", port.target, port.protocol);
            ports.entry(key).or_default().get_or_insert_default().push(place);
        }
        Ok(HostConfig {
            binds: Some(binds?),
            mounts: Some(self.mount.clone()),
            network_mode: self.network.first().cloned().unwrap_or_else(|| "default".into()),
            port_bindings: Some(ports),
            auto_remove: self.rm,
            restart_policy: self
                .restart
                .clone()
                .map(|name| RestartPolicyName { name, maximum_retry_count: 0 }),
            memory: self.memory.unwrap_or_default(),
            nano_cpus: self.cpus.unwrap_or_default(),
            pids_limit: self.pids_limit,
            ..HostConfig::default()
        })
    }

    fn networks(&self) -> NetworkingConfig {
        let aliases = (!self.network_alias.is_empty()).then(|| self.network_alias.clone());
        let settings = || Some(EndpointSettings { aliases: aliases.clone(), ..EndpointSettings::default() });
        let places = self.network.iter().map(|network| (network.clone(), settings()));
        NetworkingConfig { endpoints_config: Some(places.collect()) }
    }

    /// Files first: what stands on the command line wins.
    fn environment(&self) -> Result<Vec<String>, Failure> {
        let mut entries = Vec::new();
        for file in &self.env_file {
            let path = Path::new(file);
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
            let lines = text.lines().map(str::trim_start);
            entries
                .extend(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned));
        }
        entries.extend(self.env.iter().cloned());
        // A name alone is the variable of here; one that is not there is left out, as with Docker.
        let filled = |entry: String| match entry.contains('=') {
            true => Some(entry),
            false => std::env::var(&entry).ok().map(|value| format!("{entry}={value}")),
        };
        Ok(entries.into_iter().filter_map(filled).collect())
    }
}

fn pairs(texts: &[String]) -> BTreeMap<String, String> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (text.clone(), String::new()),
    };
    texts.iter().map(pair).collect()
}

/// A bind whose source is seen from here, as the daemon sees it.
fn absolute(text: &str) -> Result<String, Failure> {
    if !text.starts_with('.') && !text.starts_with('~') {
        return Ok(text.to_owned());
    }
    let (source, rest) = text.split_once(':').unwrap_or((text, ""));
    let path = std::path::absolute(source).map_err(|error| Failure::file(Path::new(source), error))?;
    Ok(format!("{}:{rest}", path.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use skep_model::{PlainNetwork, PlainSpec};

    use super::*;

    #[derive(Debug, Parser)]
    #[command(disable_help_flag = true)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    fn spec(words: &str) -> PlainSpec {
        let line = Line::try_parse_from(std::iter::once("run").chain(words.split(' '))).unwrap();
        line.flags.body().unwrap().try_into().unwrap()
    }

    #[test]
    fn flags_become_a_spec_that_the_daemon_reads() {
        let spec = spec(
            "-e A=1 -l x=y -l z -v /a:/b:ro --mount type=tmpfs,target=/t -p 127.0.0.1:8080:80 -p 53/udp -w /w -u 1:2 -h box \
             --entrypoint /e --network one --network two --network-alias db --memory 64m --cpus 0.5 --rm --stop-timeout 3 \
             web:1 serve -v --rm",
        );
        let container = &spec.container;
        assert_eq!(container.command, ["serve", "-v", "--rm"]);
        assert_eq!((container.hostname.as_str(), container.entrypoint.join(" ").as_str()), ("box", "/e"));
        assert_eq!((container.labels["x"].as_str(), container.labels["z"].as_str()), ("y", ""));
        assert_eq!(container.mounts.len(), 2);
        assert_eq!(
            spec.ports.iter().map(|port| (port.target, port.published)).collect::<Vec<_>>(),
            [(53, 0), (80, 8080)]
        );
        assert_eq!(
            (spec.resources.limits.memory_bytes, spec.resources.limits.nano_cpus),
            (64 << 20, 500_000_000)
        );
        assert!(spec.auto_remove);
        let PlainNetwork::Swarm(places) = &spec.network else { panic!("{spec:?}") };
        assert_eq!(places.iter().map(|place| place.network.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        assert!(places.iter().all(|place| place.aliases == ["db"]));
    }

    #[test]
    fn a_terminal_and_an_input_are_asked_for() {
        let shell = spec("-it --rm web sh");
        assert!(shell.terminal && shell.stdin && shell.auto_remove);
    }

    #[test]
    fn paths_from_here_become_absolute() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(absolute("./x:/y:ro").unwrap(), format!("{}/x:/y:ro", here.display()));
        assert_eq!(absolute("/x:/y").unwrap(), "/x:/y");
    }
}
