/// Characters of a shortened id.
const ID_SHORT: usize = 12;

/// The first twelve characters of an id, without the name of its digest.
pub(crate) fn short_id(id: &str) -> String {
    id.strip_prefix("sha256:").unwrap_or(id).chars().take(ID_SHORT).collect()
}

/// At most `length` characters, the last an ellipsis when some were cut.
pub(crate) fn ellipsis(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let kept: String = text.chars().take(length.saturating_sub(1)).collect();
    kept + "…"
}

/// With a capital first letter.
pub(crate) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// An image reference without its digest, when it has a tag.
pub(crate) fn image_name(image: &str) -> String {
    match image.split_once('@') {
        Some((name, _)) if name.rsplit('/').next().is_some_and(|last| last.contains(':')) => name.to_owned(),
        _ => image.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shortened() {
        assert_eq!(short_id("sha256:0123456789abcdef"), "0123456789ab");
        assert_eq!(ellipsis("abcdef", 4), "abc…");
        assert_eq!(ellipsis("äöü", 3), "äöü");
        assert_eq!(capitalised("running"), "Running");
        assert_eq!(image_name("nginx:1@sha256:aa"), "nginx:1");
        assert_eq!(image_name("nginx@sha256:aa"), "nginx@sha256:aa");
    }
}
