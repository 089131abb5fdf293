//! One node that is manager and worker: from a service to running tasks, and through a restart of the manager.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skep_agent::{
    Agent, AgentOptions, GrpcManager, Manager as Upstream, Managers, MemoryStorage, SessionError,
};
use skep_executor::fake::FakeExecutor;
use skep_identity::{LiveIdentity, client_channel};
use skep_manager::ca::{FirstNode, NewSwarm, new_swarm};
use skep_manager::{ControlApi, LogKey, Manager, ManagerOptions};
use skep_model::{ClusterSpec, NodeDescription, NodeSpec, ServiceMode, ServiceSpec, TaskState};
use skep_runtime::{Env, Latest, Shutdown};

struct OneManager {
    identity: LiveIdentity,
    address: String,
}

#[async_trait]
impl Managers for OneManager {
    async fn pick(&self) -> Result<Arc<dyn Upstream>, SessionError> {
        let (identity, address) = (self.identity.clone(), self.address.clone());
        Ok(Arc::new(GrpcManager::new(move || client_channel(&identity, address.clone()))))
    }
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn start(swarm: &NewSwarm, directory: &Path, listen: SocketAddr) -> Manager {
    for _ in 0..100 {
        let options = ManagerOptions {
            env: Env::real(),
            cluster: swarm.cluster,
            raft_id: swarm.raft_id,
            identity: LiveIdentity::new(swarm.identity.clone()).unwrap(),
            directory: directory.to_owned(),
            begun: false,
            keys: LogKey::new(0, [7; 32]).into(),
            epoch: 0,
            listen,
        };
        match Manager::start(options).await {
            Ok(manager) => return manager,
            // The former manager's threads may still hold the directory or the port for a moment.
            Err(error) => {
                println!("not started yet: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    panic!("the manager does not start");
}

async fn running(control: &ControlApi, count: usize) {
    let all_run = async {
        let mut seen = 0;
        loop {
            let view = control.view();
            if view.tasks().filter(|task| task.status.state == TaskState::Running).count() == count {
                return;
            }
            seen = control.store().version().changed(seen).await.0;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all_run).await.expect("the tasks run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_runs_and_outlives_a_restart_of_its_manager() {
    let directory = tempfile::tempdir().unwrap();
    let (env, listen) = (Env::real(), free_address());
    let first = FirstNode {
        description: NodeDescription::default(),
        spec: NodeSpec::default(),
        address: listen.to_string(),
    };
    let swarm = new_swarm(&env, first, ClusterSpec::default()).unwrap();
    let manager = start(&swarm, directory.path(), listen).await;
    manager.bootstrap(&listen.to_string(), swarm.transaction.clone()).await.unwrap();

    let executor = FakeExecutor::default();
    let managers = OneManager {
        identity: LiveIdentity::new(swarm.identity.clone()).unwrap(),
        address: listen.to_string(),
    };
    let agent = Agent::new(AgentOptions {
        env: env.clone(),
        executor: Arc::new(executor.clone()),
        storage: Arc::new(MemoryStorage::default()),
        managers: Arc::new(managers),
        swarm: Latest::new(None),
    });
    let _agent = env.spawn("agent", agent.run(Shutdown::new()));

    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.container.image = "web:1".into();
    spec.mode = ServiceMode::Replicated { replicas: 5 };
    let control = manager.control();
    control.create_service(spec).await.unwrap();
    running(&control, 5).await;
    assert_eq!(executor.containers().len(), 5);
    assert_eq!(executor.endpoints().services.len(), 0, "nothing is published and no network is shared");

    drop(control);
    manager.stop().await;
    let manager = start(&swarm, directory.path(), listen).await;
    let control = manager.control();
    running(&control, 5).await;
    let again = async {
        while control.scale_service("web", 7).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), again).await.expect("it leads again");
    running(&control, 7).await;
    assert_eq!(executor.containers().len(), 7, "no container was made twice");
}
