//! Values of the flags on secrets and configs.

use skep_model::{ConfigReference, FileTarget, SecretReference, limits};

use super::fields::{mode, needed, pair, split};

/// A secret by name, or `source=S,target=PATH,uid=U,gid=G,mode=0440`.
pub(super) fn secret(text: &str) -> Result<SecretReference, String> {
    let (name, file) = reference(text)?;
    Ok(SecretReference { id: None, name, version: 0, file })
}

/// A config in the same way.
pub(super) fn config(text: &str) -> Result<ConfigReference, String> {
    let (name, file) = reference(text)?;
    Ok(ConfigReference { id: None, name, version: 0, file })
}

fn reference(text: &str) -> Result<(String, FileTarget), String> {
    let mut name = None;
    let mut file =
        FileTarget { path: String::new(), uid: "0".into(), gid: "0".into(), mode: limits::FILE_MODE_DEFAULT };
    if text.contains(['=', ',']) {
        for field in split(text)? {
            let (key, value) = pair(&field);
            let value = needed(&key, value)?;
            match key.as_str() {
                "source" | "src" => name = Some(value.to_owned()),
                "target" => file.path = value.to_owned(),
                "uid" => file.uid = value.to_owned(),
                "gid" => file.gid = value.to_owned(),
                "mode" => file.mode = mode(&key, value)?,
                _ => {
                    return Err(format!("'{key}' is not a field here: use source, target, uid, gid or mode"));
                }
            }
        }
    } else {
        name = Some(text.to_owned());
    }
    let name = name.filter(|name| !name.is_empty()).ok_or("the name is missing: add source=NAME")?;
    if file.path.is_empty() {
        file.path.clone_from(&name);
    }
    Ok((name, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms() {
        let short = secret("key").unwrap();
        assert_eq!((short.name.as_str(), short.file.path.as_str(), short.file.mode), ("key", "key", 0o444));
        let long = config("src=c,target=/etc/c,uid=1,gid=2,mode=0400").unwrap();
        assert_eq!((long.name.as_str(), long.file.path.as_str()), ("c", "/etc/c"));
        assert_eq!((long.file.uid.as_str(), long.file.gid.as_str(), long.file.mode), ("1", "2", 0o400));
        for bad in ["target=/x", "source=a,colour=b", "source=a,mode=9", ""] {
            assert!(secret(bad).is_err(), "{bad}");
        }
    }
}
