//! A small encoder for nftables: one [`Batch`] is one atomic transaction.
//!
//! Numbers are those of linux/netfilter/nf_tables.h.

mod base_chain;
mod batch;
mod contents;
mod encoding;
mod expression;
mod field;
mod set;
mod table;

pub(crate) use base_chain::{BaseChain, base_chains};
pub(crate) use batch::{Batch, Hook, table_there};
pub(crate) use contents::{Contents, elements, generation};
pub(crate) use expression::{Base, CtKey, Expression, MetaKey, Register, Verdict};
pub(crate) use field::Field;
pub(crate) use set::{Element, Set, Value};
pub(crate) use table::Table;
