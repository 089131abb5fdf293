//! Secrets and configs: in this process's memory, and as files in the memory of the containers that are given them.

mod file;
mod fill;
mod held;
mod place;

pub(crate) use file::ContentFile;
pub(crate) use fill::ContentError;
pub(crate) use held::Contents;
