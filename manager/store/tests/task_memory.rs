//! What a pending task costs in memory, its part of every index included.
#![expect(unsafe_code, reason = "a counting allocator cannot be made without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static IN_USE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract of this function, which is that of the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use skep_model::{
        Change, Meta, NetworkId, ServiceId, Task, TaskId, TaskNetwork, TaskState, TaskStatus, Timestamp,
        Transaction,
    };
    use skep_store::Store;

    use super::IN_USE;

    /// The bound (DESIGN.md, section 4), in bytes.
    const TASK_BYTES_MAX: usize = 750;
    const TASKS: u32 = 20_000;

    /// As the allocator leaves a task with one network.
    fn pending(number: u32) -> Task {
        Task {
            id: TaskId::new(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
            meta: Meta::default(),
            service: ServiceId::new(u128::from(number % 50) << 64),
            spec_version: 7,
            slot: number / 50 + 1,
            node: None,
            desired: TaskState::Running,
            status: TaskStatus {
                state: TaskState::Pending,
                at: Timestamp::from_nanos(1),
                message: "pending task scheduling".into(),
                ..TaskStatus::default()
            },
            networks: [TaskNetwork { network: NetworkId::new(1), address: number.into() }].into(),
            restarts: None,
            generic: Box::default(),
            timeline: Box::default(),
            dismissed: None,
        }
    }

    #[test]
    fn a_pending_task_costs_less_than_750_bytes() {
        let store = Store::default();
        let before = IN_USE.load(Ordering::Relaxed);
        for (index, first) in (1..).zip((0..TASKS).step_by(1_000)) {
            let changes =
                (first..first + 1_000).map(|number| Change::Create(pending(number).into())).collect();
            store.apply(index, Timestamp::from_nanos(1), Transaction { changes }).unwrap();
        }
        let each = (IN_USE.load(Ordering::Relaxed) - before) / TASKS as usize;
        assert!(each < TASK_BYTES_MAX, "a pending task costs {each} bytes");
        // What was measured must be there to be freed only now.
        assert_eq!(store.view().tasks().count(), TASKS as usize);
    }
}
