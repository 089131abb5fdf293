use super::content::validate_contents;
use crate::{ContainerSpec, Invalid, Mount, MountKind, limits};

/// Checks a container's spec.
pub(crate) fn validate_container(spec: &ContainerSpec) -> Result<(), Invalid> {
    validate_image("image", &spec.image)?;
    for (index, entry) in spec.environment.iter().enumerate() {
        validate_environment(index, entry)?;
    }
    validate_hostname(&spec.hostname)?;
    for (index, mount) in spec.mounts.iter().enumerate() {
        validate_mount(mount).map_err(|error| error.within(&format!("mounts[{index}]")))?;
    }
    validate_contents(spec)?;
    validate_stop(spec)
}

/// Checks an image reference, as far as that is possible without looking for the image.
///
/// # Errors
/// With `path` and what to change.
pub fn validate_image(path: &str, image: &str) -> Result<(), Invalid> {
    let wrong = |reason: String| Err(Invalid::new(path, reason));
    if image.is_empty() {
        return wrong("an image is needed".to_owned());
    }
    if image.len() > limits::IMAGE_BYTES_MAX {
        return wrong(format!("an image reference has at most {} characters", limits::IMAGE_BYTES_MAX));
    }
    let known = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    if let Some(character) = image.chars().find(|&c| !known(c)) {
        return wrong(format!("'{image}' is not an image reference: '{character}' cannot be in one"));
    }
    let name = image.split('@').next().unwrap_or_default();
    let path_part = name.split_once('/').map_or(name, |(_, rest)| rest);
    if path_part.chars().any(|c| c.is_ascii_uppercase()) && !path_part.contains(':') {
        return wrong(format!("'{image}' is not an image reference: names are written in small letters"));
    }
    Ok(())
}

fn validate_environment(index: usize, entry: &str) -> Result<(), Invalid> {
    let name = entry.split('=').next().unwrap_or_default();
    if name.is_empty() || entry.contains('\0') {
        return Err(Invalid::new(format!("environment[{index}]"), format!("'{entry}' is not NAME=value")));
    }
    Ok(())
}

fn validate_hostname(hostname: &str) -> Result<(), Invalid> {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if hostname.len() <= limits::NAME_BYTES_MAX && hostname.chars().all(known) {
        return Ok(());
    }
    Err(Invalid::new(
        "hostname",
        format!("'{hostname}' is not a host name: letters, digits, '-' and '.', at most 63"),
    ))
}

fn validate_mount(mount: &Mount) -> Result<(), Invalid> {
    let absolute = |path: &str| path.starts_with('/') && !path.contains('\0');
    if !absolute(&mount.target) || mount.target.trim_end_matches('/').is_empty() {
        return Err(Invalid::new("target", format!("'{}' is not an absolute path below /", mount.target)));
    }
    if let MountKind::Bind { source, .. } = &mount.kind
        && !absolute(source)
    {
        return Err(Invalid::new("source", format!("'{source}' is not an absolute path on the node")));
    }
    Ok(())
}

fn validate_stop(spec: &ContainerSpec) -> Result<(), Invalid> {
    if spec.stop_grace.is_some_and(|grace| grace > limits::STOP_GRACE_MAX) {
        let hours = limits::STOP_GRACE_MAX.as_secs() / 3600;
        return Err(Invalid::new("stop_grace", format!("more than {hours} h: a task would never stop")));
    }
    let signal = &spec.stop_signal;
    let known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '+' || c == '-';
    if signal.len() > 16 || !signal.chars().all(known) {
        return Err(Invalid::new("stop_signal", format!("'{signal}' is not a signal like SIGTERM or 15")));
    }
    Ok(())
}
