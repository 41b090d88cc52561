//! Safety numbers: shown, compared, and a contact marked as verified.

use axum::http::Method;
use serde_json::json;

use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::people::{qr, stdin_line};
use crate::ui::cli::show;

/// What is to be done with a safety number besides showing it.
pub(super) struct Wish {
    /// What the other side sees.
    pub(super) scan: Option<String>,
    /// Mark the contact as verified.
    pub(super) accept: bool,
    /// Draw no picture.
    pub(super) no_qr: bool,
}

/// Shows the number, or compares it with `scan`: succeeds only where they are the same.
pub(super) async fn verify(client: &Client, output: Output, who: &str, wish: Wish) -> Result<(), Failure> {
    let number = client.get(&format!("/v1/contacts/{}/safety-number", escaped(who))).await?;
    // From here on by address: a name may come to mean somebody else.
    let contact = format!("/v1/contacts/{}", escaped(show::text(&number, "address")));
    let same = match wish.scan {
        Some(shown) => {
            let shown = if shown == "-" { stdin_line()? } else { shown };
            let compared =
                client.post(&format!("{contact}/safety-number"), &json!({ "shown": shown })).await?;
            Some(compared["same"] == true)
        }
        None => None,
    };
    if same == Some(false) {
        return Err(Failure::failed(
            "different",
            format!(
                "DIFFERENT: what {} shows is not the number for this key. Somebody may be between you: make sure that \
                 each of you looks at the other's contact, and don't mark it as verified",
                show::text(&number, "name")
            ),
        ));
    }
    if wish.accept {
        let marked = client.request(Method::PUT, &format!("{contact}/verified"), None).await?;
        return output.show(&marked, show::contact);
    }
    if same == Some(true) {
        let answer = json!({ "same": true, "address": number["address"], "name": number["name"] });
        return output.show(&answer, |_| "the same: mark it with `--accept`".to_owned());
    }
    let picture = !wish.no_qr && output.is_terminal();
    let code = if picture { qr(show::text(&number, "code")) } else { None };
    output.show(&number, |number| show::safety_number(number, code.as_deref()))
}
