//! Logs of containers, tasks and services, as Docker's clients read them.

mod answer;
mod calls;
mod frame;
mod merge;
mod newcomers;
mod request;

pub(crate) use calls::{container, service, task};
