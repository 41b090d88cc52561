//! A file that a program names by its address, fetched over TLS.
//!
//! Only over TLS, and never from this machine: what listens on loopback trusts whoever may connect, and a program that may
//! send messages isn't to read it through the node.

use std::net::IpAddr;

use http_body_util::BodyExt as _;

use crate::base::cloud_limits as limits;
use crate::base::id::FileId;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::media::Incoming;
use crate::ui::http::webhook::post::{Target, open};

/// Fetches a file of at most so many bytes, under this name or the one that its address ends with.
pub(super) async fn download(api: &Api, link: &str, most: u64, name: Option<&str>) -> Result<FileId, Graph> {
    let fetched = tokio::time::timeout(limits::MEDIA_TIME_MAX, fetch(api, link, most, name)).await;
    fetched.unwrap_or_else(|_| Err(failed("it takes too long")))
}

fn failed(words: impl core::fmt::Display) -> Graph {
    Graph::new(Code::MediaDownload, format!("The file can't be fetched from its link: {words}."))
}

async fn fetch(api: &Api, link: &str, most: u64, name: Option<&str>) -> Result<FileId, Graph> {
    let target = Target::parse(link).map_err(failed)?;
    if !target.is_tls() {
        return Err(failed("it does not begin with https://"));
    }
    if target.host().parse::<IpAddr>().is_ok_and(|address| !is_elsewhere(address)) {
        return Err(failed("it leads to this machine"));
    }
    let answer = open(&target).await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(failed(format!("it is answered with status {}", answer.status().as_u16())));
    }
    let kind = answer
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let mut body = answer.into_body();
    let (mut incoming, mut came) = (Incoming::begin(api).await?, 0);
    loop {
        let frame = tokio::time::timeout(limits::MEDIA_PATIENCE, body.frame()).await;
        let frame = frame.map_err(|_| failed("it stands still"))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| failed("it breaks off"))?;
        let Some(piece) = frame.data_ref() else { continue };
        came += piece.len() as u64;
        if came > most {
            return Err(failed(format!("it has more than {most} bytes")));
        }
        incoming.write(piece).await?;
    }
    let last = link.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    incoming.finish(api, name.unwrap_or(last), &kind).await
}

const fn is_elsewhere(address: IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified()
}
