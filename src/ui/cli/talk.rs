//! Sending one message: a text, something in its place, or what a template or a quick reply makes.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::base::limits;
use crate::ui::cli::args::{Send, Wait};
use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;

pub(super) async fn send(client: &Client, output: Output, letter: Send) -> Result<(), Failure> {
    if letter.wait.is_some() && !client.is_running() {
        let words =
            "nothing is delivered while no node runs: start it with `sigillo run`, or send without --wait";
        return Err(Failure::failed("offline", words));
    }
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
    let wait = letter.wait.map(|wait| match wait {
        Wait::Delivered => "delivered",
        Wait::Stored => "stored",
        Wait::Sent => "sent",
    });
    let mut body = json!({ "to": letter.who, "text": text, "wait": wait, "timeout_ms": letter.timeout * 1_000,
        "template": template, "quick": quick });
    letter.beside.put(client, &mut body).await?;
    if let Some((file, caption)) = with {
        (body["file"], body["caption"]) = (json!(file), json!(caption));
    }
    let spinner = wait.map(|_| Spinner::start("on its way"));
    let sent = client.post("/v1/messages", &body).await;
    drop(spinner);
    let sent = sent?;
    output.show(&sent, |sent| show::sent(sent, client.is_running()))?;
    if sent["reached"] == json!(false) {
        let (state, wanted) = (show::text(&sent, "state"), wait.unwrap_or_default());
        note(&format!(
            "error: the message is {state}, not {wanted}, after the time to wait; it stays on its way"
        ));
        return Err(Failure::Said);
    }
    Ok(())
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
