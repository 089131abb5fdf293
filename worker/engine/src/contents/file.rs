use std::fmt;

/// A secret or config as a container sees it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ContentFile {
    /// The absolute path in the container.
    pub(super) target: String,
    /// The owner's number.
    pub(super) uid: u32,
    /// The group's number.
    pub(super) gid: u32,
    /// The mode bits.
    pub(super) mode: u32,
    /// What it holds, templates filled in.
    pub(super) bytes: Vec<u8>,
}

impl fmt::Debug for ContentFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ContentFile({}, {} bytes)", self.target, self.bytes.len())
    }
}
