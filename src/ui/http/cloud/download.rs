//! A file that a program names by its address, fetched over TLS.
//!
//! Only over TLS, and never from this machine or the network that it is in: what listens there trusts whoever may connect, and
//! a program that may send messages isn't to read it through the node, nor to learn what is there. So the address is checked
//! that the name leads to, the connection goes to that very address, and all failures of connecting look the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    let answer = open(&target, is_public).await.map_err(failed)?;
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

/// Whether an address is of the internet, and neither this machine's nor of a network that not everybody is in.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // RFC 6890: "this network", shared addresses, those of benchmarks, and those that nobody has.
    let is_special = first == 0
        || (first == 100 && second & 0xc0 == 64)
        || (first == 198 && second & 0xfe == 18)
        || first >= 240;
    !(is_special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, high, low] = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match [first, second, third, fourth, fifth, sixth] {
        // NAT64 (RFC 6052), 6to4 (RFC 3056): an address of the older kind stands in it.
        [0x64, 0xff9b, 0, 0, 0, 0] => inner(high, low),
        [0x2002, ..] => inner(second, third),
        // Only what is handed out to everybody: neither unique local, link-local, multicast, loopback nor unspecified.
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_internet_only() {
        let is_public = |text: &str| super::is_public(text.parse().unwrap());
        for good in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "::ffff:1.1.1.1",
            "2606:4700::1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(is_public(good), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
        ] {
            assert!(!is_public(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn every_failure_of_connecting_looks_the_same() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open_port = listener.local_addr().unwrap().port();
        let mut told = std::collections::BTreeSet::new();
        for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "10.0.0.1", "nowhere.invalid"] {
            let target = Target::parse(&format!("https://{host}:{open_port}/a.png")).unwrap();
            told.insert(open(&target, is_public).await.map(|_| ()).unwrap_err());
        }
        // Somebody answers there, and speaks no TLS.
        let target = Target::parse(&format!("https://127.0.0.1:{open_port}/")).unwrap();
        let (opened, ()) =
            tokio::join!(open(&target, |_| true), async { drop(listener.accept().await.unwrap()) });
        told.insert(opened.map(|_| ()).unwrap_err());
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
