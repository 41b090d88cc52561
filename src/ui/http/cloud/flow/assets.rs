//! The document of a flow, uploaded and fetched.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use serde_json::json;

use crate::base::desk_limits::FORM_SOURCE_MAX;
use crate::domain::business::forms::Draft;
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::{Graph, JSON};
use crate::ui::http::cloud::flow::manage::{documents, put};
use crate::ui::http::cloud::flow::registry::{shape, wanted};
use crate::ui::http::cloud::multipart::{Broken, Form};
use crate::ui::http::cloud::page::page;

/// What the only document of a flow is called.
pub(in crate::ui::http::cloud) const NAME: &str = "flow.json";
/// Its type.
const KIND: &str = "FLOW_JSON";

/// Which documents there are, and where they are fetched.
pub(in crate::ui::http::cloud) async fn list(ask: Ask) -> Answer {
    let flow = wanted(&ask).await?;
    let url = ask.url(&ask.target.path_of(&flow.id(), &format!("assets/{NAME}")));
    let document = json!({ "name": NAME, "asset_type": KIND, "download_url": url });
    let all = if flow.source.is_some() { vec![document] } else { Vec::new() };
    Ok(answer(&page(all, &ask)?))
}

/// The document itself.
pub(in crate::ui::http::cloud) async fn fetch(ask: Ask) -> Answer {
    let flow = wanted(&ask).await?;
    let source = flow.source.ok_or_else(|| Graph::object(&ask.target.object))?;
    Ok(([(CONTENT_TYPE, JSON)], source.as_str().to_owned()).into_response())
}

/// Takes another document, from a form: `file`, `name` and `asset_type`, in any order.
pub(in crate::ui::http::cloud) async fn upload(mut ask: Ask) -> Answer {
    let (file, name, kind) = form(&mut ask).await?;
    if name.is_some_and(|name| name != NAME) {
        return Err(Graph::value("name", &format!("must be `{NAME}`")));
    }
    if kind.is_some_and(|kind| kind != KIND) {
        return Err(Graph::value("asset_type", &format!("must be `{KIND}`")));
    }
    let file = file.ok_or_else(|| Graph::missing("file"))?;
    let source = String::from_utf8(file).map_err(|_| Graph::value("file", "is JSON in UTF-8"))?;
    let _editing = ask.api.edit().await;
    let flow = wanted(&ask).await?;
    let (shape, mistakes) = shape(&source, &flow.kept.name);
    put(&ask, Draft { shape, source: Some(source), ..flow.draft() }).await?;
    Ok(answer(&json!({ "success": true, "validation_errors": documents(&mistakes) })))
}

type Uploaded = (Option<Vec<u8>>, Option<String>, Option<String>);

async fn form(ask: &mut Ask) -> Result<Uploaded, Graph> {
    let broken =
        |Broken(words): Broken| Graph::new(Code::Parameter, format!("The form can't be read: {words}."));
    let kind =
        ask.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let mut form = Form::new(&kind, ask.take_body()).map_err(broken)?;
    let (mut file, mut name, mut kind) = (None, None, None);
    while let Some(part) = form.part().await.map_err(broken)? {
        match part.name.as_str() {
            "file" => {
                let mut bytes = Vec::new();
                while let Some(piece) = form.piece().await.map_err(broken)? {
                    bytes.extend_from_slice(&piece);
                    if bytes.len() > FORM_SOURCE_MAX {
                        let words = format!("A flow's document has at most {FORM_SOURCE_MAX} bytes here.");
                        return Err(Graph::new(Code::Parameter, words));
                    }
                }
                file = Some(bytes);
            }
            "name" => name = Some(form.text().await.map_err(broken)?),
            "asset_type" => kind = Some(form.text().await.map_err(broken)?),
            _ => {}
        }
    }
    Ok((file, name, kind))
}
