use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use skep_durable::Database;
use skep_engine::{Engine, EngineEvents, EngineOptions, Facts};
use skep_image::ImageStore;
use skep_model::NodeId;
use skep_runtime::Env;

use crate::error::DaemonError;
use crate::follow;
use crate::keys::KeyStore;
use crate::leave;
use crate::member::{Ground, Member};
use crate::membership::Records;
use crate::options::DaemonOptions;
use crate::places::Places;

/// This node: outside a swarm, or a member of one.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) env: Env,
    pub(crate) id: String,
    pub(crate) facts: Facts,
    pub(crate) labels: Vec<String>,
    pub(crate) debug: bool,
    pub(crate) places: Places,
    pub(crate) records: Records,
    pub(crate) images: ImageStore,
    pub(crate) ground: Ground,
    standing: Mutex<Standing>,
    /// This node, for what runs beside it.
    own: Weak<Self>,
    /// Held while the node enters or leaves a swarm: one at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

/// Where a node stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum Standing {
    #[default]
    Outside,
    Starting(NodeId),
    Broken(NodeId, String),
    /// A member whose keys wait for the unlock key: its containers run.
    Locked(NodeId, Arc<Engine>),
    /// The place is taken by a member, which is alone in its cell so that it can be taken out whole.
    Inside(Arc<Mutex<Option<Member>>>),
}

impl Node {
    /// Opens what is on disk; a member is not started yet.
    pub(crate) fn open(options: &DaemonOptions, places: Places) -> Result<Arc<Self>, DaemonError> {
        let env = Env::real();
        let labels = labels(&options.labels)?;
        let database = Database::open(places.database())?;
        let records = Records::open(&database, &places)?;
        let keys = KeyStore::open(places.keys(), env.clone());
        let keys = keys.map_err(|error| DaemonError::Keys(error.to_string()))?;
        let binary = binary()?;
        let images = ImageStore::open_with(&places.images(), Some(binary.clone()))?;
        let engine = EngineOptions {
            env: env.clone(),
            images: images.clone(),
            data_root: places.data_root.clone(),
            exec_root: places.exec_root.clone(),
            binary,
            instance: places.instance(),
            labels,
            database: database.clone(),
            generic: options.generic.clone(),
            events: EngineEvents::new(),
        };
        let id = records.daemon_id(&format!("{:032x}", env.random().id()))?;
        Ok(Arc::new_cyclic(|own| Self {
            id,
            facts: Facts::read(),
            labels: options.labels.clone(),
            debug: options.debug,
            ground: Ground { engine, database, raft: places.raft(), keys },
            env,
            places,
            records,
            images,
            standing: Mutex::default(),
            own: Weak::clone(own),
            changing: tokio::sync::Mutex::default(),
        }))
    }

    /// Goes on as what the disk says that the node is.
    pub(crate) async fn resume(&self) -> Result<(), DaemonError> {
        let _alone = self.changing.lock().await;
        let Some(membership) = self.records.membership()? else { return Ok(()) };
        let Ok(ids) = membership.ids() else { return Ok(()) };
        if membership.leaving {
            return match leave::finish(self).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    self.stand(Standing::Broken(ids.1, format!("leaving the swarm did not end: {error}")));
                    Ok(())
                }
            };
        }
        self.stand(Standing::Starting(ids.1));
        if self.ground.keys.is_locked() {
            self.wait_locked(ids.1).await;
            return Ok(());
        }
        match Member::start(&self.ground, membership, ids).await {
            Ok(member) => self.enter(member),
            Err(error) => {
                tracing::error!(%error, "this node cannot take part in its swarm");
                self.stand(Standing::Broken(ids.1, error.to_string()));
            }
        }
        Ok(())
    }

    /// Nothing of the swarm runs but the containers, until the node is unlocked.
    async fn wait_locked(&self, id: NodeId) {
        match Engine::open(self.ground.engine.clone()).await {
            Ok(engine) => {
                tracing::warn!(
                    "this node's keys are locked; it takes part in its swarm after \"skep swarm unlock\""
                );
                self.stand(Standing::Locked(id, engine));
            }
            Err(error) => {
                tracing::error!(%error, "this node's containers cannot be reached");
                self.stand(Standing::Broken(id, format!("the engine: {error}")));
            }
        }
    }

    /// Stops everything but the containers.
    pub(crate) async fn stop(&self) {
        let _alone = self.changing.lock().await;
        if let Standing::Locked(_, engine) = self.standing()
            && let Err(error) = engine.retire().await
        {
            tracing::warn!(%error, "the engine was not taken down");
        }
        if let Some(member) = self.take() {
            member.stop().await;
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        self.lock().clone()
    }

    pub(crate) fn stand(&self, standing: Standing) {
        *self.lock() = standing;
    }

    /// The node is a member from now on.
    pub(crate) fn enter(&self, mut member: Member) {
        let following = follow::follow(Weak::clone(&self.own), self.env.clone());
        member.following = Some(self.env.spawn("membership", following));
        self.stand(Standing::Inside(Arc::new(Mutex::new(Some(member)))));
    }

    /// Takes the member out, if there is one: from now on the node is outside.
    pub(crate) fn take(&self) -> Option<Member> {
        let Standing::Inside(cell) = std::mem::take(&mut *self.lock()) else { return None };
        let mut cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
        cell.take()
    }

    /// What `read` finds on the member, if there is one.
    pub(crate) fn member<T>(&self, read: impl FnOnce(&Member) -> T) -> Option<T> {
        let Standing::Inside(cell) = self.standing() else { return None };
        let cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
        cell.as_ref().map(read)
    }

    /// Changes the member, if there is one.
    pub(crate) fn change_member<T>(&self, change: impl FnOnce(&mut Member) -> T) -> Option<T> {
        let Standing::Inside(cell) = self.standing() else { return None };
        let mut cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
        cell.as_mut().map(change)
    }

    /// The node's containers, while it is a member, also a locked one.
    pub(crate) fn engine(&self) -> Option<Arc<Engine>> {
        if let Standing::Locked(_, engine) = self.standing() {
            return Some(engine);
        }
        self.member(|member| Arc::clone(&member.engine))
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The program that runs, wherever its file was moved since.
fn binary() -> Result<PathBuf, DaemonError> {
    let link = PathBuf::from("/proc/self/exe");
    std::fs::read_link(&link).map_err(DaemonError::file("read", &link))
}

fn labels(texts: &[String]) -> Result<BTreeMap<String, String>, DaemonError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(DaemonError::Option(format!("'{text}' is not a label: write KEY=VALUE"))),
    };
    texts.iter().map(pair).collect()
}
