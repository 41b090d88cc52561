//! `sigillo export` and `sigillo erase`: a contact's data, as they may ask for it.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use axum::http::Method;
use serde_json::json;

use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;

/// Writes a contact's data to a file, or to stdout.
pub(super) async fn export(
    client: &Client,
    output: Output,
    who: &str,
    file: Option<&Path>,
) -> Result<(), Failure> {
    let path = format!("/v1/contacts/{}/export", escaped(who));
    let Some(file) = file else {
        let stdout = std::io::stdout();
        return client.pass_on(&path, |bytes| Ok(stdout.lock().write_all(bytes)?)).await;
    };
    let bytes = client.download(&path, file).await?;
    output.show(&json!({ "file": file, "bytes": bytes }), |_| {
        format!("written  {} ({bytes} bytes)", file.display())
    })
}

/// Erases a contact, once the person is sure.
pub(super) async fn erase(client: &Client, output: Output, who: &str, yes: bool) -> Result<(), Failure> {
    let path = format!("/v1/contacts/{}", escaped(who));
    let contact = client.get(&path).await?;
    let name = contact["name"].as_str().unwrap_or_default();
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(Failure::misused("say --yes: what is erased can't be brought back"));
        }
        eprint!("Erase {name} and all that was said? It can't be brought back. Type the name: ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if answer.trim() != name {
            return Err(Failure::failed("declined", "nothing was changed"));
        }
    }
    let erased = client.request(Method::DELETE, &path, None).await?;
    output.show(&erased, |erased| {
        let entries = &erased["entries"];
        let kept =
            erased["kept"]["what"].as_str().map(|what| format!("\nkept     {what}")).unwrap_or_default();
        format!("erased   {name}, {entries} entries{kept}")
    })
}
