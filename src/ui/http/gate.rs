//! The gate of the API over TCP: under which name it is addressed, from which page, with which token, how often.
//!
//! A page in a browser on this machine reaches loopback, too. It can't read a token, but a name that it owns and leads
//! to 127.0.0.1 (DNS rebinding) would make it the API's own page: so the `Host` must be one of ours, and a page of
//! another origin is refused before anything is looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::base::api_limits as limits;
use crate::node::config;
use crate::ui::http::api::Api;
use crate::ui::http::bearer::Denied;
use crate::ui::http::caller::Caller;
use crate::ui::http::cloud::entry::target;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::path::token_in;
use crate::ui::http::error::ApiError;
use crate::ui::http::rate::Pace;

/// What a request must bring.
#[derive(Clone)]
pub(super) struct Gate {
    api: Api,
    rules: Arc<Rules>,
}

struct Rules {
    at: SocketAddr,
    hosts: Vec<String>,
    origins: Vec<String>,
    rate: u32,
    /// Of all together who bring no token that holds.
    refused: Mutex<Pace>,
}

impl Gate {
    /// The gate of an API that listens at `at`.
    pub(super) fn new(api: Api, at: SocketAddr, config: &config::Api) -> Self {
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        let rules = Rules {
            at,
            hosts: lower(&config.hosts),
            origins: lower(&config.origins),
            rate: config.rate,
            refused: Mutex::default(),
        };
        Self { api, rules: Arc::new(rules) }
    }
}

/// Lets a request through with the word who calls, or answers it.
pub(super) async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let rules = &gate.rules;
    let is_cloud = target(&gate.api, request.uri().path()).is_some();
    let refused = |error: ApiError| {
        if is_cloud { Graph::from(error).into_response() } else { error.into_response() }
    };
    let known = rules.host(request.uri(), request.headers()).and_then(|()| rules.origin(request.headers()));
    if let Err(error) = known {
        return refused(rules.slowed(error));
    }
    // That API's clients may bring it in the query, where logs of proxies have it: the local API's own don't.
    let in_query = if is_cloud { token_in(request.uri()) } else { None };
    let caller = match bearer(request.headers()).or(in_query.as_deref()) {
        None => Caller::Nobody(Denied::Missing),
        Some(token) => match gate.api.tokens().recognise(token, rules.rate).await {
            Err(error) => return refused(error),
            Ok(Ok((id, scopes))) => Caller::Bearer(id, scopes),
            Ok(Err(denied)) => Caller::Nobody(denied),
        },
    };
    let caller = match caller {
        Caller::Nobody(_) if !rules.take_refused() => Caller::Nobody(Denied::TooFast),
        caller => caller,
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The token that a request brings, where it brings exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Rules {
    fn take_refused(&self) -> bool {
        let mut pace = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        pace.take(tokio::time::Instant::now(), limits::REFUSED_RATE)
    }

    /// The error, or that there are too many such requests.
    fn slowed(&self, error: ApiError) -> ApiError {
        if self.take_refused() { error } else { Denied::TooFast.into() }
    }

    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut named = headers.get_all(HOST).iter();
        let named = match (named.next(), named.next()) {
            (Some(one), None) => one.to_str().ok(),
            _ => None,
        };
        let is_ours = |authority: &str| self.is_ours(authority);
        if named.is_some_and(is_ours) && uri.authority().is_none_or(|named| is_ours(named.as_str())) {
            return Ok(());
        }
        let words = "the request isn't addressed to this API: use the address that `sigillo run` shows, or name \
                     the host under [api] hosts in config.toml";
        Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", words))
    }

    /// Whether `host` or `host:port` names this API.
    fn is_ours(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            // An IPv6 address without a port has colons, too.
            Some((host, port)) if !port.ends_with(']') => (host.to_owned(), Some(port.to_owned())),
            _ => (authority, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        if self.hosts.iter().any(|listed| *listed == host || *listed == bare) {
            // It stands for a proxy or a forwarded port, whose port is its own.
            return port.is_none_or(|port| port.parse::<u16>().is_ok());
        }
        let is_ours = match bare.parse::<IpAddr>() {
            // Behind a wildcard any address may be ours; a name never is unless it is listed.
            Ok(address) => address == self.at.ip() || self.at.ip().is_unspecified(),
            Err(_) => host == "localhost" && self.at.ip().is_loopback(),
        };
        is_ours && self.is_port(port.as_deref())
    }

    fn is_port(&self, port: Option<&str>) -> bool {
        match port {
            Some(port) => port.parse() == Ok(self.at.port()),
            None => self.at.port() == 80,
        }
    }

    fn origin(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        for origin in headers.get_all(ORIGIN) {
            let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
            let own = origin.strip_prefix("http://").is_some_and(|authority| self.is_ours(authority));
            if !own && !self.origins.contains(&origin) {
                let words = "a page of another origin may not call this API: where it is this API's own behind a reverse \
                             proxy, list the proxy's origin under [api] origins in config.toml";
                return Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", words));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn rules(at: &str, hosts: &[&str]) -> Rules {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let origins = vec!["https://desk.example".to_owned()];
        Rules { at: at.parse().unwrap(), hosts, origins, rate: 1, refused: Mutex::default() }
    }

    fn headers(name: axum::http::HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap()));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn only_the_apis_own_names_address_it() {
        let loopback = rules("127.0.0.1:7800", &["node.example"]);
        let host = |hosts: &[&str]| loopback.host(&Uri::from_static("/"), &headers(HOST, hosts)).is_ok();
        for ours in ["127.0.0.1:7800", "localhost:7800", "LOCALHOST:7800", "node.example", "node.example:443"]
        {
            assert!(host(&[ours]), "{ours}");
        }
        for foreign in [
            "evil.example",
            "evil.example:7800",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost",
            "localhost.evil.example:7800",
            "node.example.evil.example",
            "127.0.0.2:7800",
            "[::1]:7800",
            "",
            ":7800",
            "127.0.0.1:7800:7800",
            "127.0.0.1:7800@evil.example",
        ] {
            assert!(!host(&[foreign]), "{foreign}");
        }
        assert!(!host(&[]) && !host(&["127.0.0.1:7800", "127.0.0.1:7800"]), "none, or two");
        let absolute = Uri::from_static("http://evil.example/v1/id");
        assert!(loopback.host(&absolute, &headers(HOST, &["127.0.0.1:7800"])).is_err());
        // What is listed is ours at any port: a proxy or a container's port stands before it.
        let listed = rules("0.0.0.0:7800", &["localhost", "192.0.2.7", "::1"]);
        for ours in ["localhost", "localhost:9000", "192.0.2.7:9000", "192.0.2.7", "[::1]:9000", "[::1]"] {
            assert!(listed.is_ours(ours), "{ours}");
        }
        for foreign in ["192.0.2.8:9000", "localhost:", "localhost:99999", "localhost:1@evil.example"] {
            assert!(!listed.is_ours(foreign), "{foreign}");
        }
        let six = rules("[::1]:7800", &[]);
        assert!(six.is_ours("[::1]:7800") && six.is_ours("localhost:7800") && !six.is_ours("[::1]"));
        let open = rules("0.0.0.0:7800", &[]);
        assert!(open.is_ours("192.0.2.7:7800") && !open.is_ours("localhost:7800"), "no name may be rebound");
    }

    #[test]
    fn only_listed_pages_and_the_apis_own_may_call() {
        let rules = rules("127.0.0.1:7800", &[]);
        let origin = |origins: &[&str]| rules.origin(&headers(ORIGIN, origins)).is_ok();
        assert!(origin(&[]), "a program sends none");
        assert!(origin(&["http://127.0.0.1:7800"]) && origin(&["https://desk.example"]));
        for foreign in
            ["https://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:7800", "", "\u{e9}"]
        {
            assert!(!origin(&[foreign]), "{foreign}");
        }
        assert!(!origin(&["https://desk.example", "https://evil.example"]));
    }

    #[test]
    fn a_token_comes_alone_and_by_its_scheme() {
        let token = |values: &[&str]| bearer(&headers(AUTHORIZATION, values)).map(str::to_owned);
        assert_eq!(token(&["Bearer abc"]), Some("abc".into()));
        assert_eq!(token(&["bearer  abc "]), Some("abc".into()));
        for none in [&[][..], &["abc"], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer a"]] {
            assert_eq!(token(none), None, "{none:?}");
        }
    }

    #[test]
    fn those_without_a_token_share_one_pace() {
        let rules = rules("127.0.0.1:7800", &[]);
        let burst = limits::REFUSED_RATE * limits::RATE_BURST_SECONDS;
        let taken = (0..10 * burst).filter(|_| rules.take_refused()).count();
        assert!((burst as usize..5 * burst as usize).contains(&taken), "{taken}");
    }
}
