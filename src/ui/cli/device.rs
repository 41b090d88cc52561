//! The devices of an identity: let in, shown, taken out.

use axum::http::Method;
use serde_json::json;

use crate::ui::cli::args::Device;
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::people::stdin_line;
use crate::ui::cli::{id, show};

/// Carries out what needs a node that has an identity.
pub(super) async fn device(client: &Client, output: Output, what: Device) -> Result<(), Failure> {
    match what {
        Device::Link { code, key } => {
            let code = if code == "-" { stdin_line()? } else { code };
            let key = id::key(client, key.phrase_file.as_deref()).await?;
            let linked = client.post("/v1/devices", &json!({ "code": code, "key": key })).await?;
            output.show(&linked, show::linked)
        }
        Device::List => output.show(&client.get("/v1/devices").await?, show::devices),
        Device::Revoke { device, key } => {
            let route = format!("/v1/devices/{}", escaped(&device));
            let key = id::key(client, key.phrase_file.as_deref()).await?;
            output.show(&client.request(Method::DELETE, &route, Some(&key)).await?, show::devices)
        }
        // Led elsewhere: it makes the home that a client would need.
        Device::Join(_) => Ok(()),
    }
}
