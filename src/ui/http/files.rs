//! Routes for files: given to the node, shown, read, asked for, forgotten.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64URL_NOPAD;
use futures::stream;
use http_body_util::BodyExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::base::api_limits;
use crate::base::file_limits as limits;
use crate::base::id::FileId;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::file_view::{self, FileView};
use crate::node::files::upload::{FileError, Upload};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Params, Part};
use crate::ui::thumbnail;
use crate::wire::file::{is_file_name, is_media_type};
use crate::wire::said::file::{Picture, SentFile};

/// Pictures that are held in memory at once, to make thumbnails of them.
static HELD: Semaphore = Semaphore::const_new(4);
/// Pictures that are decoded at once.
static DECODED: Semaphore = Semaphore::const_new(1);

/// What is said of a file that is given to the node.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// Its name: one line, no path.
    name: String,
    /// What it is, such as `image/jpeg`; `application/octet-stream` where nothing is said.
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// A picture's width in pixels. Of a JPEG or PNG the node finds out by itself.
    width: Option<u32>,
    /// Its height.
    height: Option<u32>,
    /// A JPEG or PNG of at most 7,168 bytes, in base64url without padding.
    thumbnail: Option<String>,
}

/// Takes the request's body as a file.
pub(super) async fn give(
    State(api): State<Api>,
    Params(given): Params<Given>,
    request: Request,
) -> Result<Json<FileView>, ApiError> {
    let media_type = given.media_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    if !is_file_name(&given.name) || !is_media_type(&media_type) {
        return Err(ApiError::bad_request(
            "a file has a name of one line without strokes, and a type as image/jpeg",
        ));
    }
    let told = picture_told(&given)?;
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > limits::FILE_MAX) {
        return Err(FileError::TooLarge.into());
    }
    let hold = told.is_none() && thumbnail::is_known(&media_type);
    let hold = hold.then(|| HELD.try_acquire().ok()).flatten();
    let mut upload = api.node().give_file().await?;
    let held = take(&mut upload, request.into_body(), hold.is_some()).await?;
    let picture = match (told, held) {
        (Some(picture), _) => Some(picture),
        (None, Some(bytes)) => made(bytes).await,
        (None, None) => None,
    };
    drop(hold);
    let outcome = upload.finish(given.name, media_type, picture).await?;
    let Outcome::FileTaken { file, .. } = outcome else {
        return Err(crate::store::snapshot::Fault("a file was answered otherwise".into()).into());
    };
    shown(&api, file).await
}

/// Takes all of a body; what it was, where it is small enough to be held.
async fn take(upload: &mut Upload, mut body: Body, hold: bool) -> Result<Option<Vec<u8>>, ApiError> {
    let mut held = hold.then(Vec::new);
    loop {
        let frame = tokio::time::timeout(api_limits::BODY_PATIENCE, body.frame()).await;
        let frame = frame.map_err(|_| {
            let words = "the file doesn't come: send it without such pauses";
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "slow_body", words)
        })?;
        let Some(frame) = frame else { return Ok(held) };
        let frame = frame.map_err(|_| ApiError::bad_request("the file ended in the middle"))?;
        let Ok(bytes) = frame.into_data() else { continue };
        upload.write(&bytes).await?;
        if let Some(kept) = &mut held {
            kept.extend_from_slice(&bytes);
        }
        if upload.len() > limits::PICTURE_BYTES_MAX {
            held = None;
        }
    }
}

/// What the caller says of a picture.
fn picture_told(given: &Given) -> Result<Option<Picture>, ApiError> {
    let thumbnail = given.thumbnail.as_deref().unwrap_or_default();
    let thumbnail = BASE64URL_NOPAD.decode(thumbnail.as_bytes());
    let told = match (given.width, given.height, thumbnail) {
        (Some(width), Some(height), Ok(thumbnail)) => Some(Picture { width, height, thumbnail }),
        (None, None, Ok(thumbnail)) if thumbnail.is_empty() => return Ok(None),
        _ => None,
    };
    told.filter(Picture::is_valid).map(Some).ok_or_else(|| {
        ApiError::bad_request(
            "of a picture say width and height, 1 to 65,535, and perhaps a thumbnail: a JPEG or PNG of at most 7,168 \
             bytes in base64url without padding",
        )
    })
}

/// What the node finds out of a picture, one at a time: decoding takes memory.
async fn made(bytes: Vec<u8>) -> Option<Picture> {
    let turn = DECODED.acquire().await.ok()?;
    // A decoder that breaks on what it is given breaks nothing else.
    let picture = tokio::task::spawn_blocking(move || thumbnail::picture_of(&bytes)).await.ok().flatten();
    drop(turn);
    picture
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<FileView>>, ApiError> {
    let mut files = api.view(|rows| file_view::files(rows, limits::FILES_LIST_MAX)).await?;
    files.iter_mut().for_each(|file| add_progress(&api, file));
    Ok(Json(files))
}

pub(super) async fn show(State(api): State<Api>, Part(id): Part) -> Result<Json<FileView>, ApiError> {
    let id = file(&api, &id).await?;
    shown(&api, id).await
}

/// Gives the file itself. No browser takes it for a page of ours.
pub(super) async fn content(State(api): State<Api>, Part(id): Part) -> Result<Response, ApiError> {
    let id = file(&api, &id).await?;
    let reading = api.node().read_file(id).await?;
    let headers = [
        (CONTENT_TYPE, header(&reading.media_type)),
        (CONTENT_LENGTH, HeaderValue::from(reading.size)),
        (CONTENT_DISPOSITION, header(&disposition(&reading.name))),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    let pieces = stream::unfold(reading, async |mut reading| Some((reading.next().await?, reading)));
    Ok((headers, Body::from_stream(pieces)).into_response())
}

pub(super) async fn small(State(api): State<Api>, Part(id): Part) -> Result<Response, ApiError> {
    let id = file(&api, &id).await?;
    let thumbnail = api.view(move |rows| file_view::thumbnail(rows, &id)).await?;
    let Some(thumbnail) = thumbnail else {
        return Err(ApiError::not_found("no_thumbnail", "there is no thumbnail of this file"));
    };
    Ok(small_picture(thumbnail))
}

/// A small picture, a JPEG or a PNG, as an answer.
pub(super) fn small_picture(thumbnail: Vec<u8>) -> Response {
    let kind = if thumbnail.starts_with(&[0xFF, 0xD8]) { "image/jpeg" } else { "image/png" };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (headers, thumbnail).into_response()
}

pub(super) async fn fetch(State(api): State<Api>, Part(id): Part) -> Result<Json<FileView>, ApiError> {
    let id = file(&api, &id).await?;
    api.command(Command::WantFile(id)).await?;
    shown(&api, id).await
}

pub(super) async fn forget(State(api): State<Api>, Part(id): Part) -> Result<Json<Outcome>, ApiError> {
    let id = file(&api, &id).await?;
    Ok(Json(api.command(Command::ForgetFile(id)).await?))
}

/// The file that is meant by an id or the beginning of one.
pub(super) async fn file(api: &Api, text: &str) -> Result<FileId, ApiError> {
    let wanted = text.trim().to_owned();
    let found = api.view(move |rows| file_view::resolve(rows, &wanted)).await?;
    found.map_err(|fitting| match fitting {
        0 => Refusal::NoSuchFile.into(),
        many => {
            let words = format!("{many} files begin with {text}: write more of the id (`sigillo file list`)");
            ApiError::new(StatusCode::CONFLICT, "ambiguous", words)
        }
    })
}

/// A file as a message speaks of it, with a text under it.
pub(super) async fn sent(api: &Api, text: &str, caption: String) -> Result<SentFile, ApiError> {
    let id = file(api, text).await?;
    let file = api.view(move |rows| file_view::to_send(rows, &id, caption)).await?;
    file.ok_or_else(|| FileError::NotHere.into())
}

async fn shown(api: &Api, id: FileId) -> Result<Json<FileView>, ApiError> {
    let found = api.view(move |rows| file_view::file(rows, &id)).await?;
    let mut found = found.ok_or_else(|| ApiError::from(Refusal::NoSuchFile))?;
    add_progress(api, &mut found);
    Ok(Json(found))
}

/// How far it is, the rows don't say.
fn add_progress(api: &Api, file: &mut FileView) {
    if file.state == "waiting" {
        file.received = api.node().file_progress(&file.id).unwrap_or(0);
    }
}

/// A header's value; names and types that came from others hold no control characters.
fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// To be saved under its name (RFC 6266, with RFC 8187 for what isn't ASCII), not shown.
fn disposition(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        let (status, code) = match &error {
            FileError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            FileError::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, "no_room"),
            FileError::NotHere => (StatusCode::CONFLICT, "not_here"),
            FileError::Disk(_) => (StatusCode::INTERNAL_SERVER_ERROR, "disk"),
            FileError::Refused(refusal) => return refusal.clone().into(),
            FileError::Store(fault) => return fault.clone().into(),
        };
        Self::new(status, code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_saved_under_its_name_whatever_that_is() {
        assert_eq!(disposition("menu 1.pdf"), "attachment; filename*=UTF-8''menu%201.pdf");
        assert_eq!(
            disposition("pão\"; x=\"y.pdf"),
            "attachment; filename*=UTF-8''p%C3%A3o%22%3B%20x%3D%22y.pdf"
        );
        assert!(HeaderValue::from_str(&disposition("\u{7f}\r\nSet-Cookie: a=b")).is_ok());
    }

    #[test]
    fn a_picture_is_told_whole_or_not_at_all() {
        let given = |width, height, thumbnail: Option<&str>| Given {
            name: "a".into(),
            media_type: None,
            width,
            height,
            thumbnail: thumbnail.map(str::to_owned),
        };
        let jpeg = BASE64URL_NOPAD.encode(&[0xFF, 0xD8, 0xFF, 0]);
        assert_eq!(picture_told(&given(None, None, None)).unwrap(), None);
        assert!(picture_told(&given(Some(3), Some(2), None)).unwrap().is_some());
        assert!(picture_told(&given(Some(3), Some(2), Some(&jpeg))).unwrap().is_some());
        for wrong in [
            given(Some(3), None, None),
            given(None, None, Some(&jpeg)),
            given(Some(0), Some(2), None),
            given(Some(3), Some(2), Some("no base64!")),
            given(Some(3), Some(2), Some(&BASE64URL_NOPAD.encode(b"<svg/>"))),
        ] {
            assert!(picture_told(&wrong).is_err());
        }
    }
}
