//! Which object a request names, and which edge of it.

use axum::extract::Query;
use axum::http::Uri;

use crate::ui::http::cloud::decimal::DIGITS_MAX;

/// The fewest digits of an object's id, where no version stands before it; shorter numbers are nobody's.
const ID_DIGITS: core::ops::RangeInclusive<usize> = 5..=DIGITS_MAX;

/// An object and one of its edges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ui::http) struct Target {
    /// The version as the caller has it, such as `v23.0`; any is taken, and none.
    version: Option<String>,
    /// An id, or a word for what has none.
    pub(super) object: String,
    /// The parts after it.
    pub(super) edge: Vec<String>,
}

impl Target {
    /// Reads a path; nothing where it is none of this surface.
    pub(in crate::ui::http) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).peekable();
        let version = parts.next_if(|part| is_version(part));
        let Some(object) = parts.next() else {
            // The bare version is asked by those who only look whether somebody answers.
            return version.map(|version| Self {
                version: Some(version),
                object: String::new(),
                edge: Vec::new(),
            });
        };
        let is_ours =
            version.is_some() || is_id(&object) || matches!(object.as_str(), "debug_token" | "oauth");
        is_ours.then(|| Self { version, object, edge: parts.collect() })
    }

    /// The path of an edge, in the version that the caller has.
    pub(super) fn path_of(&self, object: &str, edge: &str) -> String {
        let parts = [self.version.as_deref().unwrap_or_default(), object, edge];
        parts.iter().filter(|part| !part.is_empty()).fold(String::new(), |path, part| path + "/" + part)
    }

    /// The path that was asked for.
    pub(super) fn path(&self) -> String {
        self.path_of(&self.object, &self.edge.join("/"))
    }
}

/// The token that a query brings, where it brings exactly one.
pub(in crate::ui::http) fn token_in(uri: &Uri) -> Option<String> {
    let mut tokens = pairs(uri).into_iter().filter(|(name, _)| name == "access_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Some(token),
        _ => None,
    }
}

/// The names and values of a query.
pub(super) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

fn is_version(part: &str) -> bool {
    let is_number =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = part.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn is_id(part: &str) -> bool {
    ID_DIGITS.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_version_is_taken_and_none() {
        for path in [
            "/v14.0/123456/messages",
            "/v23.0/123456/messages",
            "/123456/messages",
            "/v1.0//123456/messages/",
        ] {
            let target = Target::parse(path).unwrap();
            assert_eq!(
                (target.object.as_str(), target.edge.join("/")),
                ("123456", "messages".into()),
                "{path}"
            );
        }
        let target = Target::parse("/v23.0/123456").unwrap();
        assert_eq!(target.path_of("7", "phone_numbers"), "/v23.0/7/phone_numbers");
        assert_eq!(target.path(), "/v23.0/123456");
        assert_eq!(Target::parse("/oauth/access_token").unwrap().path(), "/oauth/access_token");
    }

    #[test]
    fn what_is_the_local_apis_own_is_left_to_it() {
        for path in [
            "/",
            "/v1/messages",
            "/v1/contacts/123456",
            "/healthz",
            "/metrics",
            "/1234/messages",
            "/x/debug_token",
        ] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_token_comes_alone_in_a_query() {
        let token = |text: &str| token_in(&text.parse().unwrap());
        assert_eq!(token("/v1.0/x?fields=a&access_token=a%20b"), Some("a b".into()));
        assert_eq!(token("/v1.0/x?access_token=a&access_token=a"), None);
        assert_eq!(token("/v1.0/x"), None);
    }
}
