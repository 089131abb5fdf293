//! Threads for what must not wait for anything else.

use std::future::Future;

use tokio::sync::oneshot;

use crate::task::Task;

/// How much sooner than other threads such a one gets its turn (nice value).
const PRIORITY: i32 = -10;

/// Runs a future on a thread of its own; the handle ends it as any task's.
pub(crate) fn spawn<T: Send + 'static>(
    name: &'static str,
    future: impl Future<Output = T> + Send + 'static,
) -> Task<T> {
    let (done, result) = oneshot::channel();
    Task::spawn(name, async move {
        match std::thread::Builder::new().name(name.to_owned()).spawn(move || run(name, future, done)) {
            Ok(_runs_by_itself) => {}
            Err(error) => tracing::error!(name, %error, "no thread can be had"),
        }
        match result.await {
            Ok(output) => output,
            // The thread has said why; the task ends without a result.
            Err(_) => std::future::pending().await,
        }
    })
}

/// Until the future is done, or nobody waits for it any more.
fn run<T>(name: &'static str, future: impl Future<Output = T>, mut done: oneshot::Sender<T>) {
    // Allowed to root; without it the thread is as good as any other.
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), PRIORITY) {
        tracing::debug!(name, %error, "the thread has no priority");
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(name, %error, "no runtime can be had");
            return;
        }
    };
    let output = runtime.block_on(async {
        tokio::select! {
            biased;
            () = done.closed() => None,
            output = future => Some(output),
        }
    });
    if let Some(output) = output
        && done.send(output).is_err()
    {
        tracing::debug!(name, "nobody waits for it any more");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::Env;

    #[tokio::test]
    async fn it_has_a_thread_of_its_own_and_ends_with_its_handle() {
        let env = Env::real();
        let here = std::thread::current().id();
        let there = env.spawn_apart("apart", async { std::thread::current().id() }).join().await.unwrap();
        assert_ne!(here, there);
        let alive = Arc::new(());
        let (held, apart) = (Arc::clone(&alive), env.clone());
        let task = env.spawn_apart("endless", async move {
            apart.sleep(Duration::from_secs(600)).await;
            drop(held);
        });
        env.sleep(Duration::from_millis(20)).await;
        drop(task);
        env.timeout(Duration::from_secs(10), async {
            while Arc::strong_count(&alive) > 1 {
                env.sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap();
    }
}
