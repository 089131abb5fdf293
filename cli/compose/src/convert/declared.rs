use super::content::Contents;
use super::network::Networks;
use super::volume_names::VolumeNames;

/// What a file declares beside its services, for services to name.
pub(super) struct Declared {
    pub(super) networks: Networks,
    pub(super) volumes: VolumeNames,
    pub(super) secrets: Contents,
    pub(super) configs: Contents,
}
