//! Images that come as archives.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use skep_rest::ProgressLine;

use super::image::target;
use crate::api::Api;
use crate::body::{json_line, streamed};
use crate::incoming::Incoming;
use crate::params::Params;
use crate::refusal::Refusal;

/// `POST /images/load`.
pub(crate) async fn load(State(api): State<Api>, params: Params, body: Body) -> Result<Response, Refusal> {
    let body = Incoming::new(body);
    let loaded = match platform(&params) {
        Ok(()) => api.host.image_load(body.upload()).await.map_err(Refusal::from),
        Err(refusal) => Err(refusal),
    };
    let loaded = body.settle(loaded).await?;
    Ok(answer(loaded.into_iter().map(|name| {
        let what = if name.starts_with("sha256:") { "Loaded image ID" } else { "Loaded image" };
        ProgressLine { stream: Some(format!("{what}: {name}\n")), ..ProgressLine::default() }
    })))
}

/// `POST /images/create`: imports a root file system (`fromSrc=-`).
pub(crate) async fn create(State(api): State<Api>, params: Params, body: Body) -> Result<Response, Refusal> {
    let body = Incoming::new(body);
    let imported = match check_import(&params) {
        Ok(()) => import(&api, &params, &body).await,
        Err(refusal) => Err(refusal),
    };
    let id = body.settle(imported).await?;
    Ok(answer([ProgressLine { status: Some(id), ..ProgressLine::default() }]))
}

async fn import(api: &Api, params: &Params, body: &Incoming) -> Result<String, Refusal> {
    let changes: Vec<String> = params.all("changes").map(str::to_owned).collect();
    Ok(api.host.image_import(body.upload(), target(params).as_deref(), &changes).await?)
}

fn check_import(params: &Params) -> Result<(), Refusal> {
    if let Some(image) = params.get("fromImage") {
        let message = format!(
            "cannot pull image {image}: this version of Skep does not talk to registries yet; bring the image to this node \
             as an archive and load it with 'skep image load'"
        );
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, message));
    }
    match params.get("fromSrc") {
        Some("-") => {}
        Some(_) => return Err(Refusal::unsupported("importing from an address (fromSrc other than -)")),
        None => {
            return Err(Refusal::malformed("nothing to make an image of: send fromSrc=- and a tar archive"));
        }
    }
    params.refuse("message", "a commit message of an import (message=)")?;
    platform(params)
}

fn platform(params: &Params) -> Result<(), Refusal> {
    params.refuse("platform", "choosing a platform of an image (platform=)")
}

fn answer(lines: impl IntoIterator<Item = ProgressLine>) -> Response {
    let lines: Vec<Bytes> = lines.into_iter().map(|line| json_line(&line)).collect();
    streamed("application/json", stream::iter(lines))
}
