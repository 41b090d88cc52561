//! A file: a picture, sound, a moving picture, a sticker, a document.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::base::id::FileId;
use crate::engine::file_view;
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::download::download;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::media_id;
use crate::ui::http::cloud::send::letter::{Letter, optional, said, short};
use crate::wire::file::is_file_name;
use crate::wire::said::file::SentFile;
use crate::wire::said::message::Said;

/// Reads a file of this type: by the id of one that was uploaded, or by an address where it is fetched now.
pub(in crate::ui::http::cloud) async fn read(
    ask: &Ask,
    kind: &str,
    content: &Map<String, Value>,
) -> Result<Letter, Graph> {
    let caption = short(
        optional(content, "caption").unwrap_or_default(),
        &format!("{kind}.caption"),
        limits::CAPTION_CHARS_MAX,
    )?;
    let mut sent = sent(ask, kind, (content, kind)).await?;
    sent.caption = caption;
    said(Said::File(Box::new(sent)))
}

/// The file itself, without a text under it. Second comes what stands before its name in errors.
pub(super) async fn sent(
    ask: &Ask,
    kind: &str,
    (content, path): (&Map<String, Value>, &str),
) -> Result<SentFile, Graph> {
    let name = optional(content, "filename");
    let file = match (optional(content, "id"), optional(content, "link")) {
        (Some(id), _) => uploaded(&id)?,
        (None, Some(link)) => download(&ask.api, &link, media_id::bytes_max(kind), name.as_deref()).await?,
        (None, None) => return Err(Graph::missing(&format!("{path}.id"))),
    };
    let sent = ask.api.view(move |rows| file_view::to_send(rows, &file, String::new())).await?;
    let mut sent = sent.ok_or_else(|| unknown(&media_id::encode(&file)))?;
    if sent.opening.size > media_id::bytes_max(kind) {
        let words = format!("A file of the type {kind} has at most {} bytes.", media_id::bytes_max(kind));
        return Err(Graph::new(Code::MediaUpload, words));
    }
    if let Some(name) = name.filter(|name| is_file_name(name)) {
        sent.name = name;
    }
    Ok(sent)
}

fn uploaded(id: &str) -> Result<FileId, Graph> {
    media_id::decode(id).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Graph {
    Graph::new(Code::Parameter, format!("There is no file {id} here that was uploaded."))
}
