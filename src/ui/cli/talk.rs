//! Sending one message: a text, something in its place, or what a template or a quick reply makes.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::base::limits;
use crate::ui::cli::args::Send;
use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::sending::{may_wait, post};

pub(super) async fn send(client: &Client, output: Output, letter: Send) -> Result<(), Failure> {
    may_wait(client, &letter.waiting)?;
    let with = letter.with.given(client).await?;
    let text = match letter.text.as_slice() {
        _ if with.is_some() || letter.beside.replaces_text() => Value::Null,
        [] => Value::Null,
        [dash] if dash == "-" => json!(stdin()?),
        words => json!(words.join(" ")),
    };
    if letter.by.has_idle_variables() {
        return Err(Failure::misused("--variable is for a --template or a --quick reply"));
    }
    let (template, quick) = letter.by.documents();
    let mut body = json!({ "to": letter.who, "text": text, "template": template, "quick": quick });
    letter.beside.put(client, &mut body).await?;
    if let Some((file, caption)) = with {
        (body["file"], body["caption"]) = (json!(file), json!(caption));
    }
    post(client, output, body, &letter.waiting).await
}

/// All of stdin, without the last line's end.
fn stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // A byte for the line's end, and one more, so that too long a text is refused and not cut.
    let read = std::io::stdin().take(limits::TEXT_MAX as u64 + 2).read_to_end(&mut bytes);
    read.map_err(|error| Failure::failed("stdin", format!("stdin can't be read: {error}")))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.len() > limits::TEXT_MAX {
        return Err(Failure::misused(format!(
            "a text has 1 to {} bytes, this one has more",
            limits::TEXT_MAX
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::misused("stdin isn't text in UTF-8"))
}
