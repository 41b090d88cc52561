//! One letter on its way to a receiver: signed, over HTTP on this machine or HTTPS elsewhere, in bounded time.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::uri::{Authority, Scheme};
use axum::http::{Request, Response, StatusCode, Uri};
use data_encoding::HEXLOWER;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::base::api_limits as limits;
use crate::crypto::kdf::hmac_sha256;
use crate::crypto::secret::Secret;

/// What receivers see of who sends.
const AGENT: &str = concat!("sigillo/", env!("CARGO_PKG_VERSION"));

/// Where a receiver is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ui::http) struct Target {
    uri: Uri,
    authority: Authority,
    is_tls: bool,
}

impl Target {
    /// Reads an address; why it isn't one, in words, otherwise.
    pub(in crate::ui::http) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > limits::WEBHOOK_URL_MAX {
            return Err("the address is too long");
        }
        let uri: Uri =
            text.parse().map_err(|_| "this is no address: write one like https://shop.example/hook")?;
        let authority = uri.authority().cloned().ok_or("the address names no host")?;
        if authority.as_str().contains('@') {
            return Err("an address with a password in it isn't taken: letters are signed instead");
        }
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        if !is_tls && uri.scheme() != Some(&Scheme::HTTP) {
            return Err("the address begins with https://, or with http:// on this machine");
        }
        if !is_tls && !is_here(authority.host()) {
            return Err("without TLS only a receiver on this machine is sent to: use https://");
        }
        Ok(Self { uri, authority, is_tls })
    }

    /// Its path with these pairs behind whatever its query has already.
    fn path_with(&self, query: &[(&str, &str)]) -> String {
        let mut path = self.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        for (name, value) in query {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&format!("{}={}", in_query(name), in_query(value)));
        }
        path
    }

    /// Whether it is reached over TLS.
    pub(in crate::ui::http) const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host, without brackets.
    pub(in crate::ui::http) fn host(&self) -> &str {
        self.authority.host().trim_matches(['[', ']'])
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_tls { 443 } else { 80 })
    }
}

/// A text as a query has it.
pub(in crate::ui::http) fn in_query(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// Whether a host is this machine, by its address or the name that every machine has for itself.
fn is_here(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.parse::<IpAddr>().map_or(bare == "localhost", |address| address.is_loopback())
}

/// `sha256=` and the HMAC-SHA-256 of the body, as `X-Hub-Signature-256` has it.
pub(super) fn signature(secret: &Secret<32>, body: &[u8]) -> String {
    let key = secret_text(secret);
    format!("sha256={}", HEXLOWER.encode(hmac_sha256(key.as_bytes(), &[body]).expose()))
}

/// The secret as its owner has it. The text itself is the key, as receivers' libraries take it.
pub(in crate::ui::http) fn secret_text(secret: &Secret<32>) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(HEXLOWER.encode(secret.expose()))
}

/// A way to a receiver, which is kept between letters.
#[derive(Default)]
pub(super) struct Way {
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Way {
    /// Sends a letter, and gives the status of the answer; in words what was in the way, otherwise.
    pub(super) async fn post(
        &mut self,
        target: &Target,
        secret: &Secret<32>,
        body: String,
    ) -> Result<(), String> {
        let sent = tokio::time::timeout(limits::WEBHOOK_PATIENCE, self.send(target, secret, body.into()));
        let sent = sent.await.unwrap_or_else(|_| Err("it doesn't answer in time".to_owned()));
        if sent.is_err() {
            // Whatever state the connection is in.
            self.sender = None;
        }
        match sent? {
            status if status.is_success() => Ok(()),
            // It isn't followed: letters go where their owner said.
            status => Err(format!("it answers with status {}", status.as_u16())),
        }
    }

    async fn send(
        &mut self,
        target: &Target,
        secret: &Secret<32>,
        body: Bytes,
    ) -> Result<StatusCode, String> {
        let mut kept = self.sender.take();
        // Closed by the receiver since, where it isn't ready.
        let is_ready = match &mut kept {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        let mut sender = match kept.filter(|_| is_ready) {
            Some(sender) => sender,
            None => connect(target).await?,
        };
        let path = target.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(path)
            .header("host", target.authority.as_str())
            .header("content-type", "application/json")
            .header("user-agent", AGENT)
            .header("x-hub-signature-256", signature(secret, &body))
            .body(Full::new(body));
        let request = request.map_err(|error| error.to_string())?;
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let read = Limited::new(answer.into_body(), limits::WEBHOOK_ANSWER_MAX).collect().await;
        if read.is_ok() {
            self.sender = Some(sender);
        }
        Ok(status)
    }
}

/// Asks a receiver something, and gives the status and the body of its answer; in words what was in the way, otherwise.
pub(in crate::ui::http) async fn get(
    target: &Target,
    query: &[(&str, &str)],
) -> Result<(StatusCode, Bytes), String> {
    let asked = async {
        let answer = ask(target, &target.path_with(query)).await?;
        let status = answer.status();
        let read = Limited::new(answer.into_body(), limits::WEBHOOK_ANSWER_MAX).collect().await;
        let body = read.map_err(|_| "its answer breaks off, or is too long".to_owned())?.to_bytes();
        Ok((status, body))
    };
    let asked = tokio::time::timeout(limits::WEBHOOK_PATIENCE, asked).await;
    asked.unwrap_or_else(|_| Err("it doesn't answer in time".to_owned()))
}

/// Asks for what is at an address that somebody else named, and gives the answer before its body has come. The connection goes
/// to no address but those that are allowed, whatever a name leads to; what was in the way isn't told, since it would tell
/// what is in a network.
pub(in crate::ui::http) async fn open(
    target: &Target,
    is_allowed: fn(IpAddr) -> bool,
) -> Result<Response<Incoming>, &'static str> {
    let asked = async {
        let found = lookup_host((target.host(), target.port())).await.map_err(|error| error.to_string())?;
        let allowed: Vec<SocketAddr> = found
            .map(|address| SocketAddr::new(address.ip().to_canonical(), address.port()))
            .filter(|address| is_allowed(address.ip()))
            .collect();
        let stream = TcpStream::connect(allowed.as_slice()).await.map_err(|error| error.to_string())?;
        ask_over(secure(target, stream).await?, target, &target.path_with(&[])).await
    };
    let asked = tokio::time::timeout(limits::WEBHOOK_PATIENCE, asked).await;
    asked.ok().and_then(Result::ok).ok_or("it can't be reached")
}

async fn ask(target: &Target, path: &str) -> Result<Response<Incoming>, String> {
    ask_over(connect(target).await?, target, path).await
}

async fn ask_over(
    mut sender: SendRequest<Full<Bytes>>,
    target: &Target,
    path: &str,
) -> Result<Response<Incoming>, String> {
    let request = Request::get(path)
        .header("host", target.authority.as_str())
        .header("accept", "*/*")
        .header("user-agent", AGENT)
        .body(Full::new(Bytes::new()));
    let request = request.map_err(|error| error.to_string())?;
    sender.send_request(request).await.map_err(|error| error.to_string())
}

async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect((target.host(), target.port())).await;
    secure(target, stream.map_err(|error| format!("it can't be reached: {error}"))?).await
}

/// Speaks over a connection as the target has it, and over TLS with nobody but the host that is meant.
async fn secure(target: &Target, stream: TcpStream) -> Result<SendRequest<Full<Bytes>>, String> {
    let _ = stream.set_nodelay(true);
    if !target.is_tls {
        return speak(stream).await;
    }
    let name = ServerName::try_from(target.host().to_owned())
        .map_err(|_| "its name can't be in a certificate".to_owned())?;
    let stream = TlsConnector::from(tls()?).connect(name, stream).await;
    speak(stream.map_err(|error| format!("its TLS fails: {error}"))?).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let spoken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = spoken.map_err(|error| error.to_string())?;
    // Ends with the sender, or when the receiver closes it.
    tokio::runtime::Handle::current().spawn(connection);
    Ok(sender)
}

/// TLS that trusts whom this machine trusts.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static TLS: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let make = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err("this machine has no certificates of authorities: install ca-certificates".to_owned());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    };
    TLS.get_or_init(make).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_sent_to() {
        for good in [
            "http://127.0.0.1:9/x?y=z",
            "http://localhost:9",
            "http://[::1]:9/",
            "https://shop.example/hook",
            "https://192.0.2.1:8443/",
        ] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/hook",
            "shop.example/hook",
            "http://shop.example/hook",
            "http://192.0.2.1/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "https://user:secret@shop.example/",
            "ftp://127.0.0.1/",
            "unix:/run/x",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
        let long = format!("https://shop.example/{}", "x".repeat(limits::WEBHOOK_URL_MAX));
        assert!(Target::parse(&long).is_err());
    }

    #[test]
    fn a_target_has_a_host_and_a_port() {
        let at = |text: &str| {
            let target = Target::parse(text).unwrap();
            (target.host().to_owned(), target.port())
        };
        assert_eq!(at("https://shop.example"), ("shop.example".into(), 443));
        assert_eq!(at("http://[::1]/"), ("::1".into(), 80));
        assert_eq!(at("http://127.0.0.1:9/"), ("127.0.0.1".into(), 9));
    }

    #[test]
    fn what_is_asked_stands_behind_what_the_address_asks_already() {
        let path =
            |text: &str| Target::parse(text).unwrap().path_with(&[("hub.mode", "subscribe"), ("t", "a&b c")]);
        assert_eq!(path("https://shop.example"), "/?hub.mode=subscribe&t=a%26b%20c");
        assert_eq!(path("https://shop.example/hook?x=1"), "/hook?x=1&hub.mode=subscribe&t=a%26b%20c");
    }

    #[test]
    fn a_letter_is_signed_over_its_exact_bytes() {
        let secret = Secret::new([0xab; 32]);
        assert_eq!(*secret_text(&secret), "ab".repeat(32));
        // python3: hmac.new(b"ab" * 32, b"{}", "sha256").hexdigest()
        let expected = "64ebde169f21153a06962275ff4af9d6c1491824557141d8904858e9fb804108";
        assert_eq!(signature(&secret, b"{}"), format!("sha256={expected}"));
        assert_ne!(signature(&secret, b"{} "), signature(&secret, b"{}"));
    }
}
