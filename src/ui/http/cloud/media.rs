//! Files: uploaded, asked for, fetched, removed.

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use futures::stream;
use serde_json::json;

use crate::base::cloud_limits as limits;
use crate::base::id::FileId;
use crate::crypto::hash::Hasher;
use crate::engine::command::{Command, Outcome};
use crate::engine::file_view::{self, FileView};
use crate::node::files::upload::{FileError, Upload};
use crate::store::snapshot::Fault;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::multipart::{Broken, Form};
use crate::ui::http::cloud::{media_hash, media_id};
use crate::ui::http::scope::Scope;
use crate::wire::file::{is_file_name, is_media_type};

/// What a file is called that nobody gave a name.
const NAMELESS: &str = "file";
/// What stands behind a file's id where its bytes are.
pub(super) const CONTENT: &str = "content";

/// A file that comes in pieces.
pub(super) struct Incoming {
    upload: Upload,
    hasher: Hasher,
}

impl Incoming {
    pub(super) async fn begin(api: &Api) -> Result<Self, Graph> {
        Ok(Self { upload: api.node().give_file().await.map_err(refused)?, hasher: Hasher::default() })
    }

    /// The next piece, if the file is still no larger than any that is sent.
    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), Graph> {
        self.hasher.update(piece);
        if self.upload.len() + piece.len() as u64 > limits::DOCUMENT_BYTES_MAX {
            return Err(too_large("document"));
        }
        self.upload.write(piece).await.map_err(refused)
    }

    /// The whole file, if it isn't too large for what it is.
    pub(super) async fn finish(self, api: &Api, name: &str, media_type: &str) -> Result<FileId, Graph> {
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !is_media_type(&media_type) {
            return Err(Graph::new(
                Code::MediaUpload,
                "The parameter type is a media type such as image/jpeg.",
            ));
        }
        let kind = media_id::kind(&media_type);
        if self.upload.len() > media_id::bytes_max(kind) {
            return Err(too_large(kind));
        }
        if self.upload.is_empty() {
            return Err(Graph::new(Code::MediaUpload, "The file is empty."));
        }
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = if is_file_name(last) { last } else { NAMELESS };
        let taken = self.upload.finish(name.to_owned(), media_type, None).await.map_err(refused)?;
        let Outcome::FileTaken { file, .. } = taken else {
            return Err(Fault("a file was answered otherwise".into()).into());
        };
        media_hash::keep(api, file, self.hasher.finish()).await?;
        Ok(file)
    }
}

fn too_large(kind: &str) -> Graph {
    let words = format!("A file of this kind ({kind}) has at most {} bytes.", media_id::bytes_max(kind));
    Graph::new(Code::MediaUpload, words)
}

fn refused(error: FileError) -> Graph {
    match error {
        FileError::Refused(refusal) => refusal.into(),
        FileError::Store(fault) => fault.into(),
        FileError::NotHere => Graph::new(Code::MediaDownload, error.to_string()),
        FileError::TooLarge | FileError::NoRoom | FileError::Disk(_) => {
            Graph::new(Code::MediaUpload, error.to_string())
        }
    }
}

/// Takes a file from a form: `file`, `type` and `messaging_product`, in any order.
pub(super) async fn upload(mut ask: Ask) -> Answer {
    let broken =
        |Broken(words): Broken| Graph::new(Code::MediaUpload, format!("The form can't be read: {words}."));
    let kind =
        ask.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let mut form = Form::new(&kind, ask.take_body()).map_err(broken)?;
    let (mut file, mut media_type, mut product) =
        (None, String::new(), ask.query().text("messaging_product"));
    while let Some(part) = form.part().await.map_err(broken)? {
        match part.name.as_str() {
            "file" if file.is_none() => {
                let mut incoming = Incoming::begin(&ask.api).await?;
                while let Some(piece) = form.piece().await.map_err(broken)? {
                    incoming.write(&piece).await?;
                }
                file = Some((incoming, part));
            }
            "type" => media_type = form.text().await.map_err(broken)?,
            "messaging_product" => product = Some(form.text().await.map_err(broken)?),
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(Graph::new(Code::Parameter, "The parameter messaging_product must be `whatsapp`."));
    }
    let (incoming, part) = file.ok_or_else(|| Graph::missing("file"))?;
    // What the form says of the part counts where `type` isn't one, such as `image`.
    let media_type = if is_media_type(media_type.split(';').next().unwrap_or_default().trim()) {
        media_type
    } else {
        part.media_type
    };
    let file = incoming.finish(&ask.api, part.file.as_deref().unwrap_or(NAMELESS), &media_type).await?;
    Ok(answer(&json!({ "id": media_id::encode(&file) })))
}

/// The file that the request names, if there is one.
pub(super) async fn named(ask: &Ask) -> Result<Option<(FileId, FileView)>, Graph> {
    let Some(file) = media_id::decode(&ask.target.object) else { return Ok(None) };
    let view = ask.api.view(move |rows| file_view::file(rows, &file)).await?;
    Ok(view.map(|view| (file, view)))
}

/// What is known of a file, and where its bytes are. One that is still at its sender is fetched, and waited for.
pub(super) async fn show(ask: &Ask, file: FileId, view: FileView) -> Answer {
    let view = here(ask, file, view).await?;
    let (id, sha256) = (media_id::encode(&file), media_hash::of(&ask.api, file).await?);
    Ok(answer(&json!({
        "messaging_product": "whatsapp",
        "id": id,
        "url": ask.url(&ask.target.path_of(&id, CONTENT)),
        "mime_type": view.media_type,
        "sha256": sha256,
        "file_size": view.size,
    })))
}

/// Whether a file of this size is fetched from its sender for whoever may only read. A larger one, which could fill the disk,
/// is the owner's to fetch.
const fn is_fetched(size: u64) -> bool {
    size <= limits::DOCUMENT_BYTES_MAX
}

/// Waits for a file that comes.
async fn here(ask: &Ask, file: FileId, mut view: FileView) -> Result<FileView, Graph> {
    if matches!(view.state, "offered" | "waiting") {
        if !is_fetched(view.size) {
            let words = format!(
                "The file is still at its sender, and larger than the {} bytes that are fetched for a program.",
                limits::DOCUMENT_BYTES_MAX
            );
            return Err(Graph::new(Code::MediaDownload, words));
        }
        ask.api.command(Command::WantFile(file)).await?;
        let wait = async {
            while matches!(view.state, "offered" | "waiting") {
                tokio::time::sleep(limits::MEDIA_LOOK_INTERVAL).await;
                let now = ask.api.view(move |rows| file_view::file(rows, &file)).await?;
                view = now.ok_or_else(|| Graph::object(&ask.target.object))?;
            }
            Ok::<_, Graph>(())
        };
        match tokio::time::timeout(limits::MEDIA_PATIENCE, wait).await {
            Ok(waited) => waited?,
            Err(_) => {
                return Err(Graph::new(
                    Code::MediaDownload,
                    "The file is still at its sender: ask again later.",
                ));
            }
        }
    }
    if view.state == "here" {
        return Ok(view);
    }
    Err(Graph::new(Code::MediaDownload, format!("The file isn't here: it is {}.", view.state)))
}

/// Its bytes.
pub(super) async fn fetch(ask: Ask) -> Answer {
    let (file, _) = named(&ask).await?.ok_or_else(|| Graph::object(&ask.target.object))?;
    let reading = ask.api.node().read_file(file).await.map_err(refused)?;
    let (kind, size) = (reading.media_type.clone(), reading.size);
    let bytes = stream::unfold(reading, |mut reading| async move {
        let piece = tokio::time::timeout(limits::MEDIA_PATIENCE, reading.next()).await.ok()??;
        Some((piece.map(Bytes::from), reading))
    });
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, size.into());
    let kind = HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    // Whatever a stranger sent isn't to be run by a browser on this machine.
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Whether a caller who may send may remove a file: what others sent, by those only who manage the business.
const fn may_remove(is_ours: bool, may_manage: bool) -> bool {
    is_ours || may_manage
}

/// Removes it from this node.
pub(super) async fn remove(ask: Ask) -> Answer {
    let (file, view) = named(&ask).await?.ok_or_else(|| Graph::object(&ask.target.object))?;
    if !may_remove(view.ours, ask.may(Scope::Manage)) {
        let words =
            "The token lacks the scope `manage`: with `send` only files are removed that were uploaded here.";
        return Err(Graph::new(Code::Permission, words));
    }
    ask.api.command(Command::ForgetFile(file)).await?;
    media_hash::forget(&ask.api, file).await?;
    Ok(success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_has_no_huge_file_fetched_and_a_sender_removes_none_of_others() {
        assert!(is_fetched(limits::DOCUMENT_BYTES_MAX) && !is_fetched(limits::DOCUMENT_BYTES_MAX + 1));
        assert!(may_remove(true, false) && may_remove(false, true) && !may_remove(false, false));
    }
}
