use skep_model::{
    ConfigId, ConfigReference, ContentKey, ContentReference, Held, Kind, Object, ObjectKey, SecretId,
    SecretReference, ServiceSpec, limits,
};
use skep_store::{FindError, View};
use std::sync::Arc;

/// Secrets or configs: what is alike of them but for their names.
pub trait ContentKind: Copy + Eq + Send + Sync + std::fmt::Display + 'static {
    /// Which of them.
    const KIND: Kind;
    /// Most bytes of a content.
    const BYTES_MAX: usize;

    /// The id of this value.
    fn new(value: u128) -> Self;
    /// One of these in the store.
    fn key(self) -> ObjectKey;
    /// One of them as an object.
    fn object(held: Held<Self>) -> Object;
    /// All of them, by id.
    fn all(view: &View) -> impl Iterator<Item = &Arc<Held<Self>>> + Send;
    /// The one of this id.
    fn get(view: &View, id: Self) -> Option<&Arc<Held<Self>>>;
    /// The one of this name.
    fn named<'a>(view: &'a View, name: &str) -> Option<&'a Arc<Held<Self>>>;
    /// One by id, name or unique start of its id.
    ///
    /// # Errors
    /// When there is none, or more than one.
    fn find<'a>(view: &'a View, reference: &str) -> Result<&'a Arc<Held<Self>>, FindError>;
    /// What a spec names of them.
    fn references(spec: &ServiceSpec) -> &[ContentReference<Self>];
    /// The same, to change them.
    fn references_mut(spec: &mut ServiceSpec) -> &mut [ContentReference<Self>];
    /// One version of it.
    fn version(self, number: u64) -> ContentKey;
}

impl ContentKind for SecretId {
    const KIND: Kind = Kind::Secret;
    const BYTES_MAX: usize = limits::SECRET_BYTES_MAX;

    fn new(value: u128) -> Self {
        Self::new(value)
    }
    fn key(self) -> ObjectKey {
        ObjectKey::Secret(self)
    }
    fn object(held: Held<Self>) -> Object {
        held.into()
    }
    fn all(view: &View) -> impl Iterator<Item = &Arc<Held<Self>>> + Send {
        view.secrets()
    }
    fn get(view: &View, id: Self) -> Option<&Arc<Held<Self>>> {
        view.secret(id)
    }
    fn named<'a>(view: &'a View, name: &str) -> Option<&'a Arc<Held<Self>>> {
        view.secret_named(name)
    }
    fn find<'a>(view: &'a View, reference: &str) -> Result<&'a Arc<Held<Self>>, FindError> {
        view.find_secret(reference)
    }
    fn references(spec: &ServiceSpec) -> &[SecretReference] {
        &spec.task.container.secrets
    }
    fn references_mut(spec: &mut ServiceSpec) -> &mut [SecretReference] {
        &mut spec.task.container.secrets
    }
    fn version(self, number: u64) -> ContentKey {
        ContentKey::Secret(self, number)
    }
}

impl ContentKind for ConfigId {
    const KIND: Kind = Kind::Config;
    const BYTES_MAX: usize = limits::CONFIG_BYTES_MAX;

    fn new(value: u128) -> Self {
        Self::new(value)
    }
    fn key(self) -> ObjectKey {
        ObjectKey::Config(self)
    }
    fn object(held: Held<Self>) -> Object {
        held.into()
    }
    fn all(view: &View) -> impl Iterator<Item = &Arc<Held<Self>>> + Send {
        view.configs()
    }
    fn get(view: &View, id: Self) -> Option<&Arc<Held<Self>>> {
        view.config(id)
    }
    fn named<'a>(view: &'a View, name: &str) -> Option<&'a Arc<Held<Self>>> {
        view.config_named(name)
    }
    fn find<'a>(view: &'a View, reference: &str) -> Result<&'a Arc<Held<Self>>, FindError> {
        view.find_config(reference)
    }
    fn references(spec: &ServiceSpec) -> &[ConfigReference] {
        &spec.task.container.configs
    }
    fn references_mut(spec: &mut ServiceSpec) -> &mut [ConfigReference] {
        &mut spec.task.container.configs
    }
    fn version(self, number: u64) -> ContentKey {
        ContentKey::Config(self, number)
    }
}
