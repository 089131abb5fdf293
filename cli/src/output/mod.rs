//! What people and scripts see: tables, JSON, templates, times and sizes.

mod go_duration;
mod json;
mod listing;
mod natural;
mod ports;
mod print;
mod quantity;
mod shorten;
mod template;
mod time;

pub(crate) use go_duration::go_duration;
pub(crate) use json::inspected;
pub(crate) use listing::{Listing, ListingFlags, Row};
pub(crate) use natural::natural;
pub(crate) use ports::{container_ports, service_ports, shown_address, task_ports};
pub(crate) use print::{failure, line, raw, raw_error, stdout_is_terminal, warning};
pub(crate) use quantity::{binary_size, decimal_size};
pub(crate) use shorten::{capitalised, ellipsis, image_name, short_id};
pub(crate) use template::Template;
pub(crate) use time::{ago, ago_seconds};
