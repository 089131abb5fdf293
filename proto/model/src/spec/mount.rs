use crate::Labels;

/// One mount of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Mount {
    /// The absolute path in the container.
    pub target: String,
    /// What is mounted there.
    pub kind: MountKind,
    /// True when the container may not write to it.
    pub read_only: bool,
}

/// What a mount shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum MountKind {
    /// A file or folder of the host, which must exist.
    Bind {
        /// The absolute path on the host.
        source: String,
        /// How mounts below it spread.
        propagation: Propagation,
        /// What becomes of mounts below it.
        recursion: Recursion,
    },
    /// A volume of the node, made when it is not there.
    Volume(VolumeMount),
    /// Memory, gone with the container.
    Tmpfs {
        /// Most bytes; half of the host's memory when none.
        size_bytes: Option<u64>,
        /// The mode bits of its root; 01777 when none.
        mode: Option<u32>,
    },
}

impl MountKind {
    /// A plain bind mount.
    pub fn bind(source: impl Into<String>) -> Self {
        Self::Bind {
            source: source.into(),
            propagation: Propagation::default(),
            recursion: Recursion::default(),
        }
    }
}

/// A mount of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct VolumeMount {
    /// The volume's name; empty for one of the container's own that goes with it.
    pub name: String,
    /// True when a new volume stays empty instead of getting what the image has at the place.
    pub no_copy: bool,
    /// The folder of the volume that is shown, relative; all of it when empty.
    pub subpath: String,
    /// Labels of a volume that is made for it.
    pub labels: Labels,
    /// The driver of a volume that is made for it; `local` when empty.
    pub driver: String,
    /// Options of that driver (`local`: `type`, `device`, `o`).
    pub options: Labels,
}

/// How mounts spread between a bind mount and the host (mount_namespaces(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Propagation {
    /// Not at all, mounts below it are seen.
    #[default]
    RPrivate,
    /// Not at all.
    Private,
    /// Both ways, below it as well.
    RShared,
    /// Both ways.
    Shared,
    /// From the host, below it as well.
    RSlave,
    /// From the host.
    Slave,
}

impl Propagation {
    /// The word that users write.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RPrivate => "rprivate",
            Self::Private => "private",
            Self::RShared => "rshared",
            Self::Shared => "shared",
            Self::RSlave => "rslave",
            Self::Slave => "slave",
        }
    }
}

impl std::fmt::Display for Propagation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.word())
    }
}

impl std::str::FromStr for Propagation {
    type Err = crate::UnknownWord;

    fn from_str(word: &str) -> Result<Self, crate::UnknownWord> {
        let all = [Self::RPrivate, Self::Private, Self::RShared, Self::Shared, Self::RSlave, Self::Slave];
        let known = "rprivate, private, rshared, shared, rslave, slave";
        let found = all.into_iter().find(|each| each.word() == word);
        found.ok_or_else(|| crate::UnknownWord { word: word.into(), known })
    }
}

/// What becomes of mounts below a bind mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Recursion {
    /// They come along, read-only as far as the kernel can make them when the mount is.
    #[default]
    Enabled,
    /// They stay behind.
    Disabled,
    /// They come along and stay writable though the mount is read-only.
    Writable,
    /// They come along, and the start fails where one cannot be made read-only.
    ReadOnly,
}
