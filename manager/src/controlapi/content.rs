//! Secrets and configs.

use std::collections::BTreeSet;

use skep_model::{
    Change, ConfigId, Content, ContentKey, ContentVersion, Held, Invalid, Meta, SecretId, SecretSpec,
    Service, ServiceSpec, Timestamp, Transaction, limits, validate_secret,
};
use skep_store::View;

use super::content_kind::ContentKind;
use super::service::updated;
use super::{ControlApi, ControlError};

/// What a new content of a secret or config changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentRotated {
    /// The number of the content.
    pub version: u64,
    /// The names of the services that are brought to it.
    pub services: Vec<String>,
}

impl ControlApi {
    /// Makes a secret or config.
    ///
    /// # Errors
    /// When the spec is wrong, the content is empty or too large, or the name is taken.
    pub async fn create_content<I: ContentKind>(
        &self,
        spec: SecretSpec,
        content: Content,
    ) -> Result<I, ControlError> {
        validate_secret(&spec)?;
        check_size::<I>(&content)?;
        let id = <I as ContentKind>::new(self.env.random().id());
        let now = self.env.now();
        self.door
            .change(|view| {
                if I::named(view, &spec.name).is_some() {
                    return Err(ControlError::NameTaken { kind: I::KIND, name: spec.name.clone() });
                }
                let held = new_content(id, spec.clone(), content.clone(), now);
                Ok((Transaction { changes: vec![Change::Create(I::object(held))] }, ()))
            })
            .await?;
        Ok(id)
    }

    /// Gives a secret or config other labels. `version` is the one that was read; none takes the present one.
    ///
    /// # Errors
    /// When there is none, anything else differs, or somebody changed it meanwhile.
    pub async fn update_content<I: ContentKind>(
        &self,
        reference: &str,
        version: Option<u64>,
        spec: SecretSpec,
    ) -> Result<(), ControlError> {
        validate_secret(&spec)?;
        self.door
            .change(|view| {
                let held = read::<I>(view, reference, version)?;
                if (&spec.name, spec.templated) != (&held.spec.name, held.spec.templated) {
                    return Err(ControlError::Precondition("only updates to Labels are allowed".into()));
                }
                let next = Held { spec: spec.clone(), ..held.clone() };
                Ok((Transaction { changes: vec![Change::Update(I::object(next))] }, ()))
            })
            .await
    }

    /// Gives a secret or config another content, and brings the services to it that use the present one, as an update of each. They
    /// can be rolled back: the former content stays as long as anything names it.
    ///
    /// # Errors
    /// When there is none, the content is empty or too large, or somebody changed it meanwhile.
    pub async fn rotate_content<I: ContentKind>(
        &self,
        reference: &str,
        version: Option<u64>,
        content: Content,
    ) -> Result<ContentRotated, ControlError> {
        check_size::<I>(&content)?;
        let now = self.env.now();
        self.door
            .change(|view| {
                let held = read::<I>(view, reference, version)?;
                let former = held.latest();
                if held.content(former) == Some(&content) {
                    return Ok((
                        Transaction::default(),
                        ContentRotated { version: former, services: Vec::new() },
                    ));
                }
                let number = former + 1;
                let mut changes = vec![Change::Update(I::object(rotated(view, held, content.clone(), now)))];
                let mut services = Vec::new();
                for service in view.services() {
                    if let Some(spec) = repointed::<I>(service, held.id, former, number) {
                        services.push(service.spec.name.clone());
                        changes.extend(updated(service, spec, now));
                    }
                }
                Ok((Transaction { changes }, ContentRotated { version: number, services }))
            })
            .await
    }

    /// Removes a secret or config that no service uses.
    ///
    /// # Errors
    /// When there is none, or services use it, which are named.
    pub async fn remove_content<I: ContentKind>(&self, reference: &str) -> Result<(), ControlError> {
        self.door
            .change(|view| {
                let held = I::find(view, reference)?;
                let users: Vec<&str> =
                    users(view, held.id).map(|service| service.spec.name.as_str()).collect();
                if !users.is_empty() {
                    let (kind, name, users) = (I::KIND.word(), &held.spec.name, users.join(", "));
                    let text = format!("{kind} '{name}' is in use by the following service(s): {users}");
                    return Err(ControlError::Precondition(text));
                }
                let gone = Change::Remove { key: held.id.key(), version: held.meta.version };
                Ok((Transaction { changes: vec![gone] }, ()))
            })
            .await
    }
}

/// A secret or config with its first content.
pub(super) fn new_content<I>(id: I, spec: SecretSpec, content: Content, now: Timestamp) -> Held<I> {
    let first = ContentVersion { number: 1, created_at: now, content };
    Held { id, meta: Meta::default(), spec, versions: vec![first] }
}

/// The same with another content; contents that nothing names are left behind.
pub(super) fn rotated<I: ContentKind>(
    view: &View,
    held: &Held<I>,
    content: Content,
    now: Timestamp,
) -> Held<I> {
    let named = named_contents(view);
    let needed = |version: &ContentVersion| {
        version.number == held.latest() || named.contains(&held.id.version(version.number))
    };
    let mut versions: Vec<_> = held.versions.iter().filter(|version| needed(version)).cloned().collect();
    versions.push(ContentVersion { number: held.latest() + 1, created_at: now, content });
    Held { versions, ..held.clone() }
}

/// Looks up what a spec names of secrets and configs: their ids, and the present version where none is given.
///
/// # Errors
/// When one is missing, or a version of it.
pub(super) fn resolve_contents(view: &View, spec: &mut ServiceSpec) -> Result<(), ControlError> {
    resolve::<SecretId>(view, spec)?;
    resolve::<ConfigId>(view, spec)
}

/// Checks the size of a content.
pub(super) fn check_size<I: ContentKind>(content: &Content) -> Result<(), ControlError> {
    let bytes = content.0.len();
    if (limits::CONTENT_BYTES_MIN..=I::BYTES_MAX).contains(&bytes) {
        return Ok(());
    }
    let (kind, bound) = (I::KIND.word(), I::BYTES_MAX + 1);
    let reason =
        format!("{kind} data must be larger than 0 and less than {bound} bytes; this is {bytes} bytes");
    Err(Invalid::new("data", reason).into())
}

fn read<'a, I: ContentKind>(
    view: &'a View,
    reference: &str,
    version: Option<u64>,
) -> Result<&'a Held<I>, ControlError> {
    let held = I::find(view, reference)?;
    match version {
        Some(version) if version != held.meta.version => Err(ControlError::OutOfSequence),
        _ => Ok(held),
    }
}

fn resolve<I: ContentKind>(view: &View, spec: &mut ServiceSpec) -> Result<(), ControlError> {
    let kind = I::KIND.word();
    for reference in I::references_mut(spec) {
        let found = match reference.id {
            Some(id) => I::get(view, id),
            None => I::named(view, &reference.name),
        };
        let Some(held) = found else {
            let name = &reference.name;
            let text = format!("{kind} not found: {name}; make it with: skep {kind} create {name} FILE");
            return Err(ControlError::Precondition(text));
        };
        if reference.version == 0 {
            reference.version = held.latest();
        }
        if held.content(reference.version).is_none() {
            let (name, version) = (&held.spec.name, reference.version);
            let text = format!(
                "{kind} '{name}' has no version {version} any more; the present one is {}",
                held.latest()
            );
            return Err(ControlError::Precondition(text));
        }
        reference.id = Some(held.id);
        reference.name.clone_from(&held.spec.name);
    }
    Ok(())
}

fn users<I: ContentKind>(view: &View, id: I) -> impl Iterator<Item = &Service> {
    let uses = move |spec: &ServiceSpec| I::references(spec).iter().any(|reference| reference.id == Some(id));
    view.services().map(|service| &**service).filter(move |service| uses(&service.spec))
}

/// The service's spec with the new content instead of the former one; none when it does not use that.
fn repointed<I: ContentKind>(service: &Service, id: I, former: u64, number: u64) -> Option<ServiceSpec> {
    let mut spec = ServiceSpec::clone(&service.spec);
    let mut changed = false;
    for reference in I::references_mut(&mut spec) {
        if reference.id == Some(id) && reference.version == former {
            reference.version = number;
            changed = true;
        }
    }
    changed.then_some(spec)
}

/// Every content that a service, its former spec or a task names.
fn named_contents(view: &View) -> BTreeSet<ContentKey> {
    let former = view.services().filter_map(|service| service.previous_spec.as_deref());
    let running = view.revisions().map(|revision| &*revision.spec);
    former.chain(running).flat_map(ServiceSpec::contents).collect()
}
