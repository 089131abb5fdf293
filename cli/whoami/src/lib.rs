//! The server in the built-in image `skep/whoami`: it says who it is, and misbehaves when it is asked to, so that examples
//! and tests need no registry.
//!
//! `GET /` answers in plain text, a `Name: value` a line: Hostname, Task (from `SKEP_TASK`), Address (its own end of the
//! connection), Client (the other end), Request.
//!
//! | path | what it does |
//! |---|---|
//! | `/?delay=MS` | answers late (every path takes it) |
//! | `/health` | 200, or 503 after `/health/fail` until `/health/ok` |
//! | `/env` | its environment |
//! | `/call?url=http://back/` | asks another server and shows `Called`, `Status` and what it answered |
//! | `/log?line=TEXT&stderr=1` | writes a line |
//! | `/crash?code=N` | ends at once |
//! | `/oom` | takes memory until it is killed |
//! | `/ignore-sigterm` | lives on after SIGTERM |
//!
//! On SIGTERM each client gets one more answer, which says that it is the last of its connection; who sends nothing for a second is
//! not waited for. `/skep whoami check` asks `/health` of the server in the same container, for health checks.
//!
//! | environment | what it does |
//! |---|---|
//! | `WHOAMI_PORT` | listens there instead of 80 |
//! | `WHOAMI_UDP_PORT` | answers each datagram there, too: Hostname, Task, Client |
//! | `WHOAMI_DELAY_MS` | answers late |
//! | `WHOAMI_START_DELAY_MS` | listens late |
//! | `WHOAMI_FAIL_HEALTH=1` | fails health from the start |
//! | `WHOAMI_CRASH_AFTER_MS`, `WHOAMI_EXIT_CODE` | ends by itself, with that code (1) |
//! | `WHOAMI_IGNORE_SIGTERM=1` | lives on after SIGTERM |
//! | `WHOAMI_LOG=1` | writes a line per request |

mod call;
mod check;
mod connection;
mod datagrams;
mod ending;
mod identity;
mod lookup;
mod request;
mod server;
mod settings;
mod signals;
mod trouble;

pub use check::check;
pub use server::run;
