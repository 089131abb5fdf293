//! What the command line can do: `<noun>/<verb>.rs`.

mod confirm;
mod container;
mod content;
mod daemon;
mod doctor;
mod down;
mod image;
mod inspect;
mod log_flags;
mod mount_flag;
mod network;
mod node;
mod service;
mod service_lines;
mod shortcuts;
mod stack;
mod swarm;
mod swarm_warnings;
mod system;
mod tasks;
mod up;
mod why;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring a compose file up on this host: start a daemon and a swarm if there are none, deploy, wait.
    Up(up::Up),
    /// Take a stack down and wait until its tasks are gone.
    Down(down::Down),
    /// Run the daemon in the foreground.
    Daemon(Box<daemon::Daemon>),
    /// Manage stacks.
    #[command(subcommand)]
    Stack(stack::Command),
    /// Manage services.
    #[command(subcommand)]
    Service(service::Command),
    /// Manage the swarm.
    #[command(subcommand)]
    Swarm(swarm::Command),
    /// Manage nodes.
    #[command(subcommand)]
    Node(node::Command),
    /// Manage secrets.
    #[command(subcommand)]
    Secret(content::Command),
    /// Manage configs.
    #[command(subcommand)]
    Config(content::Command),
    /// Manage this node's containers.
    #[command(subcommand)]
    Container(container::Command),
    /// Manage this node's images.
    #[command(subcommand)]
    Image(image::Command),
    /// Manage networks.
    #[command(subcommand)]
    Network(network::Command),
    #[command(flatten)]
    Shortcut(shortcuts::Shortcut),
    /// Fetch the logs of a container, or of a service when no container has that name.
    Logs(container::logs::Logs),
    /// Show everything that is known of objects of any kind.
    Inspect(inspect::Inspect),
    /// List images.
    Images(image::ls::Ls),
    /// Load images from a tar archive or standard input.
    Load(image::load::Load),
    /// Make an image of a root file system's tar archive.
    Import(image::import::Import),
    /// Remove images.
    Rmi(image::rm::Rm),
    /// Test the swarm: every fault with its cause and what to do.
    Doctor(doctor::Doctor),
    /// Explain why a task, service or stack is as it is.
    Why(why::Why),
    /// Show the versions of client and daemon.
    Version(system::version::Version),
    /// Show what is known of the daemon and its host.
    Info(system::info::Info),
    /// Get events as they happen.
    Events(system::events::Events),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Up(up) => up.run(client).await,
            Self::Down(down) => down.run(client).await,
            Self::Daemon(_) => Err(Failure::Asked("the daemon is not a client".to_owned())),
            Self::Stack(command) => command.run(client).await,
            Self::Service(command) => command.run(client).await,
            Self::Swarm(command) => command.run(client).await,
            Self::Node(command) => command.run(client).await,
            Self::Secret(command) => command.run(content::Noun::Secret, client).await,
            Self::Config(command) => command.run(content::Noun::Config, client).await,
            Self::Container(command) => command.run(client).await,
            Self::Image(command) => command.run(client).await,
            Self::Network(command) => command.run(client).await,
            Self::Shortcut(shortcut) => shortcut.run(client).await,
            Self::Logs(logs) => logs.run_anywhere(client).await,
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Images(ls) => ls.run(client).await,
            Self::Load(load) => load.run(client).await,
            Self::Import(import) => import.run(client).await,
            Self::Rmi(rm) => rm.run(client).await,
            Self::Doctor(doctor) => doctor.run(client).await,
            Self::Why(why) => why.run(client).await,
            Self::Version(version) => version.run(client).await,
            Self::Info(info) => info.run(client).await,
            Self::Events(events) => events.run(client).await,
        }
    }
}

pub(crate) use daemon::{data_root, exec_root};

/// Does something with each name; goes on after a failure, and fails then if one did.
pub(crate) async fn each(
    names: &[String],
    mut work: impl AsyncFnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut last = Ok(());
    for name in names {
        let done = work(name).await;
        if let Err(earlier) = std::mem::replace(&mut last, Ok(())) {
            last = Err(earlier);
        }
        match (done, &last) {
            (Ok(()), _) => {}
            (Err(failure), Ok(())) => last = Err(failure),
            (Err(failure), Err(_)) => crate::output::failure(&failure),
        }
    }
    last
}

/// Reads a duration that cannot be zero: to managers that would mean that nothing was said.
pub(crate) fn some_time(text: &str) -> Result<std::time::Duration, String> {
    match duration(text)? {
        std::time::Duration::ZERO => Err("it has to be longer than nothing".into()),
        time => Ok(time),
    }
}

/// Reads a duration of a flag.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    skep_compose::parse_duration(text)
}
