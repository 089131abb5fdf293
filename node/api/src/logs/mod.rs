//! Logs of containers, tasks and services, as Docker's clients read them.

mod answer;
mod attach;
mod calls;
mod frame;
mod merge;
mod newcomers;
mod remote;
mod request;

pub(crate) use attach::attach;
pub(crate) use calls::{container, service, task};
