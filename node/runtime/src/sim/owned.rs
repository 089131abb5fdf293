//! A task that its life can drop.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::task::{AbortHandle, JoinHandle};

use super::Life;

/// One in so many polls is put off, so that tasks run in more orders than the runtime's own.
const PUT_OFF: u64 = 16;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a life can do with its tasks.
pub(super) trait Owned: Send + Sync + std::fmt::Debug {
    /// Drops the task's future.
    fn end(&self);
}

struct Slot<T> {
    /// Out while it is polled.
    work: Mutex<Option<Work<T>>>,
    abort: Mutex<Option<AbortHandle>>,
}

impl<T> std::fmt::Debug for Slot<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Slot").finish_non_exhaustive()
    }
}

impl<T> Slot<T> {
    fn take(&self) -> Option<Work<T>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, work: Work<T>) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    }
}

impl<T: Send> Owned for Slot<T> {
    fn end(&self) {
        drop(self.take());
        if let Some(abort) = self.abort.lock().unwrap_or_else(PoisonError::into_inner).take() {
            abort.abort();
        }
    }
}

/// What the runtime sees of a task.
struct Shell<T: Send + 'static> {
    life: Life,
    slot: Arc<Slot<T>>,
    number: u64,
}

/// Runs a future as a task of the present life, or of none.
pub fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    match Life::present() {
        Some(life) => spawn_in(&life, future),
        None => start(future),
    }
}

/// Runs a future as a task of no life: the network, and whatever else a crash of a node does not end.
pub fn spawn_outside<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    Life::outside(|| start(future))
}

pub(super) fn spawn_in<T: Send + 'static>(
    life: &Life,
    future: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let slot =
        Arc::new(Slot { work: Mutex::new(Some(Box::pin(future) as Work<T>)), abort: Mutex::default() });
    let number = life.register(Arc::clone(&slot) as Arc<dyn Owned>);
    let handle = start(Shell { life: life.clone(), slot: Arc::clone(&slot), number });
    *slot.abort.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.abort_handle());
    if life.is_over() {
        life.forget(number);
        slot.end();
    }
    handle
}

fn start<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    #[expect(clippy::disallowed_methods, reason = "the facade's own call")]
    tokio::spawn(future)
}

impl<T: Send> Future for Shell<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if self.life.is_doomed() {
            return Poll::Pending;
        }
        if self.life.gate().poll_pass(context).is_pending() {
            return Poll::Pending;
        }
        if self.life.random().number().is_multiple_of(PUT_OFF) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(mut work) = self.slot.take() else { return Poll::Pending };
        let result = self.life.enter(|| work.as_mut().poll(context));
        if self.life.is_doomed() {
            self.life.enter(|| drop(work));
            self.life.kill();
            return Poll::Pending;
        }
        match result {
            Poll::Ready(value) => {
                self.life.enter(|| drop(work));
                Poll::Ready(value)
            }
            Poll::Pending => {
                self.slot.put(work);
                Poll::Pending
            }
        }
    }
}

impl<T: Send> Drop for Shell<T> {
    fn drop(&mut self) {
        let work = self.slot.take();
        self.life.enter(|| drop(work));
        self.life.forget(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Env;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_life_drops_what_its_tasks_spawned_and_nothing_else() {
        let life = Life::new(1);
        let held = Arc::new(());
        let own = Arc::clone(&held);
        let task = life.spawn(async move {
            let kept = Arc::clone(&own);
            let _child = Env::real().spawn("child", async move {
                let _kept = kept;
                std::future::pending::<()>().await;
            });
            std::future::pending::<()>().await;
            drop(own);
        });
        let other = spawn(async { 5 });
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(Arc::strong_count(&held), 3);
        life.kill();
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(other.await.unwrap(), 5);
        assert!(life.spawn(async {}).await.unwrap_err().is_cancelled(), "nothing starts after the end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_life_goes_on_where_it_was() {
        let life = Life::new(1);
        let work = life.spawn(async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        tokio::time::sleep(Duration::from_millis(35)).await;
        life.freeze();
        let late = life.spawn(async { 7 });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(life.is_frozen() && !work.is_finished() && !late.is_finished());
        life.thaw();
        assert_eq!(late.await.unwrap(), 7);
        assert!(!work.is_finished());
        work.await.unwrap();
        life.freeze();
        let never = life.spawn(async {});
        life.kill();
        assert!(never.await.unwrap_err().is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_doomed_life_ends_when_its_task_halts() {
        let life = Life::new(1);
        let bystander = life.spawn(std::future::pending::<()>());
        let own = life.clone();
        let task = life.spawn(async move {
            own.doom();
            assert!(!own.is_over());
            tokio::task::yield_now().await;
            unreachable!("nothing runs on");
        });
        life.ended().await;
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(bystander.await.unwrap_err().is_cancelled());
    }
}
