/// What Docker's names of images begin with when they are written out.
const DEFAULT_REGISTRY: &str = "docker.io/";
/// Where Docker's official images are.
const OFFICIAL: &str = "library/";
/// The tag that is meant when none is named.
const DEFAULT_TAG: &str = "latest";
/// An image by its id has neither registry nor tag.
const ID_PREFIX: &str = "sha256:";

/// An image's name as Docker's clients send it: short, and with a tag or digest. So the same image, however it was written,
/// is the same spec, and an update by another client does not replace every task.
pub(crate) fn familiar_image(name: &str) -> String {
    if name.is_empty() || name.starts_with(ID_PREFIX) {
        return name.to_owned();
    }
    let short = name.strip_prefix(DEFAULT_REGISTRY).unwrap_or(name);
    let short = short.strip_prefix(OFFICIAL).filter(|rest| !rest.contains('/')).unwrap_or(short);
    let last = short.rsplit('/').next().unwrap_or(short);
    if last.contains([':', '@']) { short.to_owned() } else { format!("{short}:{DEFAULT_TAG}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_tagged() {
        for (given, wanted) in [
            ("nginx", "nginx:latest"),
            ("docker.io/library/nginx:1", "nginx:1"),
            ("docker.io/skep/whoami", "skep/whoami:latest"),
            ("localhost:5000/web", "localhost:5000/web:latest"),
            ("web@sha256:00", "web@sha256:00"),
            ("library/a/b", "library/a/b:latest"),
            ("sha256:00", "sha256:00"),
            ("", ""),
        ] {
            assert_eq!(familiar_image(given), wanted);
            assert_eq!(familiar_image(wanted), wanted, "twice is once");
        }
    }
}
