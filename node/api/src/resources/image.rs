//! Images of this node.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use skep_rest::{DeletedImage, ImageSummary};

use super::missing;
use crate::api::Api;
use crate::filters::Filters;
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["reference", "dangling", "label"];

/// `GET /images/json`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Vec<ImageSummary>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    let dangling = filters.switch("dangling")?;
    let mut images = api.host.images().await?;
    images.retain(|image| {
        let labels = image.labels.clone().unwrap_or_default();
        dangling.is_none_or(|dangling| image.repo_tags.is_empty() == dangling)
            && filters.labels("label", &labels)
    });
    Ok(Json(images.into_iter().filter_map(|image| named(&filters, image)).collect()))
}

/// `GET /images/{name}/json`: names have slashes, so the last part of the path says what is asked for.
pub(crate) async fn get(State(api): State<Api>, Path(path): Path<String>) -> Result<Response, Refusal> {
    match path.rsplit_once('/') {
        Some((name, "json")) => Ok(Json(api.host.image(name).await?).into_response()),
        Some((_, "history")) => {
            Err(Refusal::unsupported("the history of images (GET /images/{name}/history)"))
        }
        Some((_, "get")) => Err(Refusal::unsupported("saving images (GET /images/{name}/get)")),
        _ => Err(missing::refusal(&Method::GET, &format!("/images/{path}"))),
    }
}

/// `POST /images/{name}/tag`.
pub(crate) async fn post(
    State(api): State<Api>,
    Path(path): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    match path.rsplit_once('/') {
        Some((name, "tag")) => {
            let target = target(&params)
                .ok_or_else(|| Refusal::malformed("a new name is missing: send it as ?repo=NAME&tag=TAG"))?;
            api.host.image_tag(name, &target).await?;
            Ok(StatusCode::CREATED)
        }
        Some((_, "push")) => Err(Refusal::unsupported("pushing images (POST /images/{name}/push)")),
        _ => Err(missing::refusal(&Method::POST, &format!("/images/{path}"))),
    }
}

/// `DELETE /images/{name}`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<Vec<DeletedImage>>, Refusal> {
    Ok(Json(api.host.image_remove(&name, params.flag("force")).await?))
}

/// The name that `repo` and `tag` make.
pub(crate) fn target(params: &Params) -> Option<String> {
    let repo = params.get("repo")?;
    Some(params.get("tag").map_or_else(|| repo.to_owned(), |tag| format!("{repo}:{tag}")))
}

/// The image with those of its names that fit.
fn named(filters: &Filters, mut image: ImageSummary) -> Option<ImageSummary> {
    if filters.values("reference").is_some() {
        image.repo_tags.retain(|name| filters.any("reference", |pattern| fits_reference(pattern, name)));
        if image.repo_tags.is_empty() {
            return None;
        }
    }
    Some(image)
}

/// Whether a pattern of a name, with or without its tag, fits.
fn fits_reference(pattern: &str, name: &str) -> bool {
    let repository = name.rsplit_once(':').map_or(name, |(repository, _)| repository);
    fits_glob(pattern.as_bytes(), name.as_bytes()) || fits_glob(pattern.as_bytes(), repository.as_bytes())
}

/// `*` is any text without a slash, `?` one sign of it.
fn fits_glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some((b'*', rest)), sign) => {
            fits_glob(rest, text)
                || sign.is_some_and(|(sign, after)| *sign != b'/' && fits_glob(pattern, after))
        }
        (Some((b'?', rest)), Some((sign, after))) => *sign != b'/' && fits_glob(rest, after),
        (Some((wanted, rest)), Some((sign, after))) => wanted == sign && fits_glob(rest, after),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::fits_reference;

    #[test]
    fn patterns_fit_names_with_and_without_tag() {
        for pattern in ["skep/whoami", "skep/whoami:1", "skep/*", "*/who*:?", "skep/whoami:*"] {
            assert!(fits_reference(pattern, "skep/whoami:1"), "{pattern}");
        }
        for pattern in ["skep", "*", "skep/whoami:2", "whoami"] {
            assert!(!fits_reference(pattern, "skep/whoami:1"), "{pattern}");
        }
    }
}
