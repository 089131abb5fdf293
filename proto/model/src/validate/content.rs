use std::path::{Component, Path};

use crate::{ContainerSpec, FileTarget, Invalid};

/// Most of the mode bits that a file may have: permissions and set-id bits.
const MODE_MAX: u32 = 0o7777;

/// Checks the secrets and configs that a container sees: where they stand, and that no two stand at one place.
pub(super) fn validate_contents(spec: &ContainerSpec) -> Result<(), Invalid> {
    let secrets = spec.secrets.iter().map(|own| ("secret", &own.name, &own.file, own.path()));
    let configs = spec.configs.iter().map(|own| ("config", &own.name, &own.file, own.path()));
    let all: Vec<_> = secrets.chain(configs).collect();
    for (index, (kind, name, file, path)) in all.iter().enumerate() {
        let field = || format!("{kind}s.{name}");
        if name.is_empty() {
            return Err(Invalid::new(field(), format!("the {kind}'s name is missing")));
        }
        validate_file(file, path).map_err(|error| error.within(&field()))?;
        if let Some((_, other, ..)) = all.iter().take(index).find(|(.., taken)| taken == path) {
            let target = &file.path;
            let reason =
                format!("'{other}' and '{name}' have a conflicting target: '{target}'; give either another");
            return Err(Invalid::new(field(), reason));
        }
    }
    Ok(())
}

fn validate_file(file: &FileTarget, path: &str) -> Result<(), Invalid> {
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    let name = Path::new(path).file_name().is_some() && !path.ends_with('/');
    if !name || path.contains('\0') || !Path::new(path).components().all(plain) {
        return Err(Invalid::new("target", format!("'{}' is not the path of a file", file.path)));
    }
    for (field, number) in [("uid", &file.uid), ("gid", &file.gid)] {
        if number.parse::<u32>().is_err() {
            return Err(Invalid::new(
                field,
                format!("'{number}' is not a number: names are not looked up here"),
            ));
        }
    }
    if file.mode > MODE_MAX {
        return Err(Invalid::new("mode", format!("{:o} is not a mode like 0440", file.mode)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigReference, SecretReference};

    fn file(path: &str) -> FileTarget {
        FileTarget { path: path.into(), uid: "0".into(), gid: "0".into(), mode: 0o444 }
    }

    fn spec(secrets: &[&str], configs: &[&str]) -> ContainerSpec {
        let secret = |path: &&str| SecretReference {
            id: None,
            name: format!("s{path}"),
            version: 0,
            file: file(path),
        };
        let config = |path: &&str| ConfigReference {
            id: None,
            name: format!("c{path}"),
            version: 0,
            file: file(path),
        };
        ContainerSpec {
            secrets: secrets.iter().map(secret).collect(),
            configs: configs.iter().map(config).collect(),
            ..ContainerSpec::default()
        }
    }

    #[test]
    fn two_files_do_not_stand_at_one_place() {
        assert_eq!(validate_contents(&spec(&["a", "b"], &["a", "/b"])), Ok(()));
        for (secrets, configs) in
            [(&["a", "a"][..], &[][..]), (&["a"], &["/run/secrets/a"]), (&[], &["x", "/x"])]
        {
            let error = validate_contents(&spec(secrets, configs)).unwrap_err().to_string();
            assert!(error.contains("conflicting target"), "{error}");
        }
    }

    #[test]
    fn targets_are_files_and_owners_numbers() {
        for bad in ["", "/", "../x", "a/", "/a/../b"] {
            assert!(validate_contents(&spec(&[bad], &[])).is_err(), "{bad}");
        }
        let mut named = spec(&["a"], &[]);
        named.secrets[0].file.uid = "root".into();
        assert_eq!(validate_contents(&named).unwrap_err().path, "secrets.sa.uid");
        named.secrets[0].file.uid = "0".into();
        named.secrets[0].file.mode = 0o10000;
        assert_eq!(validate_contents(&named).unwrap_err().path, "secrets.sa.mode");
    }
}
