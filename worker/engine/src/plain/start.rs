//! A plain container's way from its record to a process.

use std::sync::Arc;

use skep_keeper::config::Network as KeeperNetwork;
use skep_model::limits;
use skep_network::namespace_of;

use super::attachments::{AttachWish, Attachments};
use super::record::{Plain, StoredNetwork};
use crate::container::{Container, ContainerInfo, ContainerState, HostPort, NetworkPlace, Phase};
use crate::engine::{Engine, ignore_missing};
use crate::error::EngineError;
use crate::ports::chosen;
use crate::{places, recipe};

/// What it has from managers and from this node while it runs.
struct Places {
    networks: Vec<NetworkPlace>,
    attachment: Option<String>,
    /// Held until it is noted.
    _noting: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl Engine {
    /// Starts a plain container, its places on networks first; false when it ran already.
    ///
    /// # Errors
    /// When there is no such container, it has no place on a network, a port is taken, or its command cannot be run; it is as before
    /// then, or has ended.
    pub async fn start_plain(
        self: &Arc<Self>,
        reference: &str,
        attachments: &dyn Attachments,
    ) -> Result<bool, EngineError> {
        let id = self.plain(reference, "start")?.info.id.clone();
        let turn = Arc::clone(&self.registry.find(&id)?.turn);
        let _turn = turn.lock().await;
        let container = self.registry.find(&id)?;
        let before = container.state.get();
        if before.phase == Phase::Running {
            return Ok(false);
        }
        let Err(error) = self.bring_up(&container, attachments).await else { return Ok(true) };
        self.bring_down(&container, before, &error).await;
        Err(error)
    }

    async fn bring_up(
        self: &Arc<Self>,
        container: &Arc<Container>,
        attachments: &dyn Attachments,
    ) -> Result<(), EngineError> {
        let Some(plain) = container.info.plain.clone() else {
            return Err(EngineError::NoContainer(container.info.id.clone()));
        };
        self.forget_run(&container.info.id).await?;
        let Places { networks, attachment, _noting } =
            self.take_places(container, &plain, attachments).await?;
        let noted = Plain { started: true, attachment, ..*plain };
        let no_ipv6 = networks.iter().all(|place| place.subnet6.is_empty());
        let info = ContainerInfo { networks, plain: Some(Box::new(noted)), ..container.info.clone() };
        self.renote(info.clone(), None).await?;
        drop(_noting);
        let at_ipv6 = |port: &HostPort| port.address.is_some_and(|address| address.is_ipv6());
        if no_ipv6 && info.plain.as_ref().is_some_and(|plain| plain.ports.iter().any(at_ipv6)) {
            return Err(EngineError::State(
                "a port is open on an IPv6 address, but none of the container's networks has IPv6 on this node: name an \
                 IPv4 address, or a network made with --ipv6"
                    .into(),
            ));
        }
        let ports = match &info.plain {
            Some(plain) => chosen(plain.ports.iter().filter_map(HostPort::config))?,
            None => Vec::new(),
        };
        let info = ContainerInfo { ports, ..info };
        self.renote(info, None).await?;
        let container = self.registry.find(&container.info.id)?;
        container.state.set(ContainerState { phase: Phase::Created, ..ContainerState::default() });
        let pid = self.make_plain(&container).await?;
        container.state.update(|state| {
            // It may have been killed already.
            if state.phase == Phase::Created {
                state.pid = u32::try_from(pid).ok();
            }
        });
        self.plug_plain(&container, pid).await?;
        self.attach_waiting(&container.waiting, &container.info.id).await?;
        self.run_process(&container).await.map_err(EngineError::of_start)
    }

    /// What a former run left, if its end was not tidied up yet.
    async fn forget_run(&self, id: &str) -> Result<(), EngineError> {
        let name = id.to_owned();
        ignore_missing(self.keeper.call(move |client| client.delete(&name, true)).await)?;
        Ok(self.network.detach(id).await?)
    }

    async fn take_places(
        &self,
        container: &Container,
        plain: &Plain,
        attachments: &dyn Attachments,
    ) -> Result<Places, EngineError> {
        let (networks, attachment, noting) = match &plain.network {
            StoredNetwork::None | StoredNetwork::Host => (Vec::new(), None, None),
            StoredNetwork::Bridge => (vec![self.local_place()?], None, None),
            network @ StoredNetwork::Swarm(_) => {
                let granted = attachments.attach(AttachWish {
                    container: container.info.id.clone(),
                    name: container.info.name.clone(),
                    places: network.places(),
                });
                let granted = granted.await?;
                (granted.networks, Some(granted.attachment), Some(granted.noting))
            }
        };
        Ok(Places { networks, attachment, _noting: noting })
    }

    fn local_place(&self) -> Result<NetworkPlace, EngineError> {
        // Only networks that are older than this rule can be there.
        if let Some(known) =
            self.networks().values().find(|known| known.subnet.overlaps(limits::LOCAL_SUBNET))
        {
            return Err(EngineError::State(format!(
                "the network {} has addresses of {}, which containers without a network get: name a network with \
                 --network, or use --network none or host",
                known.name,
                limits::LOCAL_SUBNET
            )));
        }
        self.local_addresses().take().ok_or_else(|| {
            EngineError::State(format!("no address of {} is free on this node", limits::LOCAL_SUBNET))
        })
    }

    /// The keeper's part; the process waits to be started.
    async fn make_plain(self: &Arc<Self>, container: &Arc<Container>) -> Result<i32, EngineError> {
        let (engine, container) = (Arc::clone(self), Arc::clone(container));
        let made = tokio::task::spawn_blocking(move || {
            let info = &container.info;
            let Some(plain) = &info.plain else { return Err(EngineError::NoContainer(info.id.clone())) };
            let files = match plain.config.network {
                KeeperNetwork::Host => host_files(info),
                KeeperNetwork::New => recipe::etc_files(info, &engine.search),
            };
            engine.directories.of(&info.id).create(&files)?;
            engine.reopen_volumes(info)?;
            engine
                .keeper
                .blocking(|client| client.create(&plain.config))
                .map_err(|error| EngineError::of_start(error.into()))
        });
        made.await.map_err(|_| EngineError::Stopped)?
    }

    async fn plug_plain(&self, container: &Container, pid: i32) -> Result<(), EngineError> {
        if container.info.on_host_network() {
            return Ok(());
        }
        let attachment = places::attachment(&container.info, namespace_of(pid)?);
        self.network.attach(attachment).await?;
        Ok(())
    }

    /// Takes back what a start that failed has done.
    async fn bring_down(
        self: &Arc<Self>,
        container: &Container,
        before: ContainerState,
        error: &EngineError,
    ) {
        let id = &container.info.id;
        if let Err(error) = self.forget_run(id).await {
            tracing::warn!(container = id, %error, "what a failed start left is not gone; the next one removes it");
        }
        let state = match error {
            EngineError::Start { reason, exit_code } => ContainerState {
                phase: Phase::Exited,
                finished_ns: self.env.now().as_nanos(),
                exit_code: Some(*exit_code),
                error: reason.clone(),
                ..ContainerState::default()
            },
            other => ContainerState { error: other.to_string(), ..before },
        };
        self.release(id, state).await;
    }

    /// A plain container runs no more: its addresses are others', and it goes if it was made to.
    pub(crate) async fn release(self: &Arc<Self>, id: &str, state: ContainerState) {
        let Some(container) = self.registry.get(id) else { return };
        let Some(plain) = &container.info.plain else { return };
        self.local_addresses().set(&container.info.networks, false);
        let (auto_remove, attached) = (plain.auto_remove, plain.attachment.is_some());
        let ended = (state.phase == Phase::Exited).then(|| state.clone());
        let plain = Plain { attachment: None, started: ended.is_some(), ..*plain.clone() };
        let info = ContainerInfo {
            networks: Vec::new(),
            ports: Vec::new(),
            plain: Some(Box::new(plain)),
            ..container.info.clone()
        };
        if let Err(error) = self.renote(info, ended).await {
            tracing::warn!(container = id, %error, "how a container ended is not on disk");
        }
        container.state.set(state);
        if attached {
            self.attachments_changed();
        }
        if auto_remove && let Err(error) = self.destroy(id).await {
            tracing::warn!(container = id, %error, "a container that ended was not removed");
        }
    }
}

/// What a container on the host's network sees of names: what the host does.
fn host_files(info: &ContainerInfo) -> Vec<(&'static str, String)> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    vec![
        ("hosts", read("/etc/hosts")),
        ("hostname", format!("{}\n", info.hostname)),
        ("resolv.conf", read("/etc/resolv.conf")),
    ]
}
