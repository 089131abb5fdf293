//! Managers and agents in one process, over real TLS and a real log, with the fake executor.

#[cfg(test)]
mod root_rotation;
#[cfg(test)]
mod single_node;
