//! The version in a path, and headers that every answer has.

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use skep_rest::{API_VERSION, API_VERSION_MIN};

use crate::refusal::Refusal;

/// Which version of the API a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(u32, u32);

impl ApiVersion {
    /// From this version on, log streams say in their content type whether they are multiplexed.
    pub(crate) const MULTIPLEXED: Self = Self(1, 42);

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

/// Takes the version off the path, for the router behind it, and marks the answer.
pub(crate) async fn negotiate(mut request: Request, next: Next) -> Response {
    let mut response = match unversioned(request.uri()) {
        Ok((version, uri)) => {
            request.extensions_mut().insert(version);
            if let Some(uri) = uri {
                *request.uri_mut() = uri;
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    mark(response.headers_mut());
    response
}

fn mark(headers: &mut HeaderMap) {
    let server = concat!("Skep/", env!("CARGO_PKG_VERSION"), " (linux)");
    let marks = [
        ("api-version", API_VERSION),
        ("docker-experimental", "false"),
        ("ostype", "linux"),
        ("server", server),
    ];
    for (name, value) in marks {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

fn unversioned(uri: &Uri) -> Result<(ApiVersion, Option<Uri>), Refusal> {
    let newest = ApiVersion::parse(API_VERSION).unwrap_or(ApiVersion(1, 51));
    let Some((text, rest)) = split(uri.path()) else { return Ok((newest, None)) };
    let Some(version) = ApiVersion::parse(text) else {
        return Err(Refusal::malformed(format!(
            "invalid API version '{text}' in the path: write /v{API_VERSION}/..."
        )));
    };
    if version > newest {
        return Err(Refusal::malformed(format!(
            "client version {text} is too new. Maximum supported API version is {API_VERSION}"
        )));
    }
    if Some(version) < ApiVersion::parse(API_VERSION_MIN) {
        return Err(Refusal::malformed(format!(
            "client version {text} is too old. Minimum supported API version is {API_VERSION_MIN}, please upgrade your \
             client to a newer version"
        )));
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path: Result<PathAndQuery, _> = format!("{rest}{query}").parse();
    let path = path.map_err(|error| Refusal::malformed(format!("invalid path: {error}")))?;
    Ok((version, Some(Uri::from(path))))
}

/// `/v1.43/info` as `1.43` and `/info`.
fn split(path: &str) -> Option<(&str, &str)> {
    let after = path.strip_prefix("/v")?;
    let end = after.find('/')?;
    let (version, rest) = after.split_at(end);
    let digits = |sign: char| sign.is_ascii_digit() || sign == '.';
    (!version.is_empty() && version.chars().all(digits)).then_some((version, rest))
}
