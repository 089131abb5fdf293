use clap::{Args, ValueEnum};
use skep_rest::{Info, Swarm};

use crate::client::{Client, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Manage join tokens.
#[derive(Debug, Args)]
pub(crate) struct JoinToken {
    /// Only display the token.
    #[arg(short, long)]
    quiet: bool,
    /// Replace the token: the old one lets nobody in any more.
    #[arg(long)]
    rotate: bool,
    /// What the token lets a node become.
    role: Role,
}

/// What a token lets a node become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// A node that runs tasks.
    Worker,
    /// A node that also keeps the swarm's state.
    Manager,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Manager => "manager",
        }
    }
}

impl JoinToken {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let word = self.role.word();
        if self.rotate {
            rotate(client, self.role).await?;
            if !self.quiet {
                output::line(format!("Successfully rotated {word} join token.\n"))?;
            }
        }
        if self.quiet {
            return output::line(token(client, self.role).await?);
        }
        output::line(format!("To add a {word} to this swarm, run the following command:\n"))?;
        output::line(format!("    {}\n", join_command(client, self.role).await?))
    }
}

/// The command that lets another host join.
pub(crate) async fn join_command(client: &Client, role: Role) -> Result<String, Failure> {
    let token = token(client, role).await?;
    let swarm = client.get::<Info>("/info").await?.swarm;
    let managers = swarm.remote_managers.unwrap_or_default();
    let own = managers.iter().find(|manager| manager.node_id == swarm.node_id).or(managers.first());
    let address = own.map(|manager| manager.addr.as_str()).unwrap_or_default();
    Ok(format!("skep swarm join --token {token} {address}"))
}

async fn token(client: &Client, role: Role) -> Result<String, Failure> {
    let tokens = client.get::<Swarm>("/swarm").await?.join_tokens;
    Ok(match role {
        Role::Worker => tokens.worker,
        Role::Manager => tokens.manager,
    })
}

async fn rotate(client: &Client, role: Role) -> Result<(), Failure> {
    let swarm = client.get::<Swarm>("/swarm").await?.cluster;
    let flag = match role {
        Role::Worker => "rotateWorkerToken",
        Role::Manager => "rotateManagerToken",
    };
    let query = Query::new("/swarm/update").with("version", swarm.version.index.to_string());
    let query = query.with_flag(flag, true);
    let _: Nothing = client.post(query.as_str(), &swarm.spec).await?;
    Ok(())
}
