//! What an agent keeps on disk, in the node's database.

use async_trait::async_trait;
use prost::Message;
use skep_agent::{StorageError, StoredState, TaskStorage};
use skep_durable::{Batch, Database, Tree};
use skep_model::{EndpointTable, TaskAssignment, TaskId, TaskStatus};
use skep_runtime::Env;
use skep_wire::{Wire, decode, encode};

/// The key of the endpoint table's own fields in its tree; its parts have keys of their own, so that a change writes no more than
/// what it changes.
const ENDPOINTS: &[u8] = b"endpoints";
/// What the keys of its parts start with.
const PARTS: &[u8] = b"part/";

/// Keeps assignments, ends and the endpoint table.
#[derive(Clone, Debug)]
pub struct DurableStorage {
    env: Env,
    assignments: Tree,
    ended: Tree,
    network: Tree,
}

impl DurableStorage {
    /// In this database.
    ///
    /// # Errors
    /// When its trees cannot be opened.
    pub fn open(env: Env, database: &Database) -> Result<Self, StorageError> {
        let tree = |name| database.tree(name).map_err(|error| failed(&error));
        Ok(Self { env, assignments: tree("assignments")?, ended: tree("ended")?, network: tree("network")? })
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn clear(&self) -> Result<(), StorageError> {
        for tree in [&self.assignments, &self.ended, &self.network] {
            let mut batch = Batch::new();
            for (key, _) in tree.iter().map_err(|error| failed(&error))? {
                batch.remove(&key);
            }
            tree.apply(batch).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let own = self.clone();
        self.env.spawn_blocking("task records", move || work(own)).await.map_err(|lost| failed(&lost))?
    }

    fn read(&self) -> Result<StoredState, StorageError> {
        let mut state = StoredState::default();
        for (key, bytes) in self.assignments.iter().map_err(|error| failed(&error))? {
            let assignment: TaskAssignment = decode(&bytes).map_err(|error| failed(&error))?;
            let ended = self.ended.get(&key).map_err(|error| failed(&error))?;
            let ended = ended.map(|bytes| decode::<TaskStatus>(&bytes)).transpose();
            state.tasks.push((assignment, ended.map_err(|error| failed(&error))?));
        }
        state.endpoints = self.read_table()?;
        Ok(state)
    }

    fn read_table(&self) -> Result<Option<EndpointTable>, StorageError> {
        let Some(bytes) = self.network.get(ENDPOINTS).map_err(|error| failed(&error))? else {
            return Ok(None);
        };
        let mut table: EndpointTable = decode(&bytes).map_err(|error| failed(&error))?;
        for (_, bytes) in self.network.scan_prefix(PARTS).map_err(|error| failed(&error))? {
            let part: EndpointTable = decode(&bytes).map_err(|error| failed(&error))?;
            table.networks.extend(part.networks);
            table.services.extend(part.services);
            table.peers.extend(part.peers);
        }
        Ok(Some(table))
    }

    fn keep_table(&self, table: EndpointTable) -> Result<(), StorageError> {
        let mut batch = Batch::new();
        if !table.partial {
            for (key, _) in self.network.scan_prefix(PARTS).map_err(|error| failed(&error))? {
                batch.remove(&key);
            }
        }
        let gone = table.networks_gone.iter().map(|id| part_key(b'n', id.value()));
        let gone = gone.chain(table.services_gone.iter().map(|id| part_key(b's', id.value())));
        gone.chain(table.peers_gone.iter().map(|id| part_key(b'p', id.value())))
            .for_each(|key| batch.remove(&key));
        let part = EndpointTable::default;
        for network in table.networks {
            let key = part_key(b'n', network.id.value());
            batch.put(&key, &encode(&EndpointTable { networks: vec![network], ..part() }));
        }
        for service in table.services {
            let key = part_key(b's', service.id.value());
            batch.put(&key, &encode(&EndpointTable { services: vec![service], ..part() }));
        }
        for peer in table.peers {
            let key = part_key(b'p', peer.node.value());
            batch.put(&key, &encode(&EndpointTable { peers: vec![peer], ..part() }));
        }
        let (version, own, tunnel_port) = (table.version, table.own, table.tunnel_port);
        batch.put(ENDPOINTS, &encode(&EndpointTable { version, own, tunnel_port, ..part() }));
        self.network.apply(batch).map_err(|error| failed(&error))
    }
}

#[async_trait]
impl TaskStorage for DurableStorage {
    async fn load(&self) -> Result<StoredState, StorageError> {
        self.run(|own| own.read()).await
    }

    async fn update(
        &self,
        assigned: &[TaskAssignment],
        forgotten: &[TaskId],
        endpoints: Option<&EndpointTable>,
    ) -> Result<(), StorageError> {
        let mut assignments = Batch::new();
        for assignment in assigned {
            assignments.put(&key(assignment.id), &encode(assignment));
        }
        let mut ended = Batch::new();
        for task in forgotten {
            assignments.remove(&key(*task));
            ended.remove(&key(*task));
        }
        let table = endpoints.cloned();
        self.run(move |own| {
            if let Some(table) = table {
                own.keep_table(table)?;
            }
            // An end without its assignment means nothing, so this order loses nothing.
            for (tree, batch) in [(&own.assignments, assignments), (&own.ended, ended)] {
                if !batch.is_empty() {
                    tree.apply(batch).map_err(|error| failed(&error))?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn put_ended(&self, task: TaskId, status: &TaskStatus) -> Result<(), StorageError> {
        let bytes = status.to_wire().encode_to_vec();
        self.run(move |own| own.ended.put(&key(task), &bytes).map_err(|error| failed(&error))).await
    }
}

fn key(task: TaskId) -> [u8; 16] {
    task.value().to_be_bytes()
}

fn part_key(kind: u8, id: u128) -> Vec<u8> {
    [PARTS, &[kind], &id.to_be_bytes()].concat()
}

fn failed(error: &dyn std::fmt::Display) -> StorageError {
    StorageError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{EndpointService, NodeId, Peer, ServiceId, ServiceSpec, TaskState};
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    #[tokio::test]
    async fn what_was_kept_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).unwrap();
        let storage = DurableStorage::open(Env::real(), &database).unwrap();
        let assignment = |id| TaskAssignment {
            id: TaskId::new(id),
            service: ServiceId::new(1),
            slot: 1,
            node: NodeId::new(1),
            desired: TaskState::Running,
            spec: Arc::new(ServiceSpec::default()),
            networks: Vec::new(),
            egress: false,
            generic: Vec::new(),
        };
        storage.update(&[assignment(1), assignment(2)], &[], Some(&EndpointTable::default())).await.unwrap();
        let ended = TaskStatus { state: TaskState::Failed, ..TaskStatus::default() };
        storage.put_ended(TaskId::new(2), &ended).await.unwrap();
        let state = storage.load().await.unwrap();
        assert_eq!(state.tasks, [(assignment(1), None), (assignment(2), Some(ended))]);
        assert_eq!(state.endpoints, Some(EndpointTable::default()));
        storage.update(&[], &[TaskId::new(2)], None).await.unwrap();
        assert_eq!(storage.load().await.unwrap().tasks, [(assignment(1), None)]);
        storage.clear().unwrap();
        assert_eq!(storage.load().await.unwrap(), StoredState::default());
    }

    fn table(version: u64, services: &[u128], peers: &[u16]) -> EndpointTable {
        let service = |id: &u128| EndpointService {
            id: ServiceId::new(*id),
            name: format!("service{id}-{version}"),
            vips: Vec::new(),
            published: Vec::new(),
            backends: Vec::new(),
            by_source: false,
            prefer_local: false,
        };
        let peer = |number: &u16| Peer {
            node: NodeId::new((*number).into()),
            number: *number,
            address: Ipv4Addr::LOCALHOST,
            key: None,
            ipv6: false,
        };
        EndpointTable {
            version,
            services: services.iter().map(service).collect(),
            peers: peers.iter().map(peer).collect(),
            ..EndpointTable::default()
        }
    }

    #[tokio::test]
    async fn a_table_is_kept_part_by_part() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).unwrap();
        let storage = DurableStorage::open(Env::real(), &database).unwrap();
        let keep = async |table: &EndpointTable| {
            storage.update(&[], &[], Some(table)).await.unwrap();
            storage.load().await.unwrap().endpoints.unwrap()
        };
        let mut wanted = table(1, &[1, 2, 3], &[1, 2]);
        assert_eq!(keep(&wanted).await, wanted);
        let partial = EndpointTable {
            partial: true,
            services_gone: vec![ServiceId::new(1)],
            peers_gone: vec![NodeId::new(2)],
            own: Some(table(1, &[], &[9]).peers[0]),
            ..table(2, &[2, 4], &[3])
        };
        wanted.merge(partial.clone());
        assert_eq!(keep(&partial).await, wanted);
        let again = table(3, &[7], &[]);
        assert_eq!(keep(&again).await, again, "a whole table leaves nothing of those before");
    }
}
