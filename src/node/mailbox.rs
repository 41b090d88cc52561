//! Mailboxes in the configuration and as people write them.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, ContactToken};
use crate::base::mail_limits;
use crate::domain::identity::address;
use crate::domain::mailbox::admission::{Admission, NamedPlan};
use crate::domain::mailbox::host::Rules;
use crate::net::place;
use crate::wire::peer::{PeerAddress, PeerKey};

/// Whether and how the node keeps mail for others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mailbox {
    /// Whether it does.
    pub serve: bool,
    /// Whose queues it takes in.
    pub admission: Rule,
    /// With `token`: the tokens that let queues in, each 32 hexadecimal digits.
    pub tokens: Vec<String>,
    /// With `work`: how many bits of work, at most 20.
    pub work: u32,
    /// With `receipt`: the plan that must be paid.
    pub plan: String,
    /// With `receipt`: the address of the business that offers it, where it isn't this node's own.
    pub issuer: String,
    /// Queues of all together.
    pub queues: u64,
    /// Bytes of mail of all together.
    pub bytes: u64,
}

/// Whose queues a mailbox takes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Anybody's.
    #[default]
    Open,
    /// Those of whoever knows a token.
    Token,
    /// Those of whoever works for it.
    Work,
    /// Those of whoever shows a receipt of a plan.
    Receipt,
}

impl Default for Mailbox {
    fn default() -> Self {
        let Rules { queues, bytes, .. } = Rules::default();
        let (serve, admission, tokens, work) = (false, Rule::Open, Vec::new(), mail_limits::WORK_LEAST);
        Self { serve, admission, tokens, work, plan: String::new(), issuer: String::new(), queues, bytes }
    }
}

impl Mailbox {
    /// What the node, which speaks for `account`, allows as a mailbox; nothing where it isn't one.
    ///
    /// # Errors
    /// Where the section contradicts itself.
    pub fn rules(&self, account: AccountId) -> Result<Option<Rules>, RulesError> {
        if !self.serve {
            return Ok(None);
        }
        let wrong = |words: &str| RulesError::new(&format!("[mailbox] {words}"));
        let admission = match self.admission {
            Rule::Open => Admission::Open,
            Rule::Token => {
                let tokens = self.tokens.iter().map(|token| ContactToken::from_hex(token));
                let tokens: Option<Vec<_>> = tokens.collect();
                let tokens =
                    tokens.filter(|tokens| (1..=mail_limits::MAIL_TOKENS_MAX).contains(&tokens.len()));
                Admission::Token(
                    tokens.ok_or_else(|| wrong("tokens: list 1 to 1,024 of 32 hexadecimal digits"))?,
                )
            }
            Rule::Work if self.work > mail_limits::WORK_MOST => return Err(wrong("work: at most 20 bits")),
            Rule::Work => Admission::Work(self.work),
            Rule::Receipt if self.plan.is_empty() => {
                return Err(wrong("plan: name the plan that must be paid"));
            }
            Rule::Receipt => {
                let plan = named_plan(&self.plan, &self.issuer, account);
                Admission::Receipt(plan.ok_or_else(|| wrong("issuer: not an address"))?)
            }
        };
        Ok(Some(Rules { admission, queues: self.queues, bytes: self.bytes }))
    }
}

/// A plan as a section of the configuration names it; nothing where the issuer isn't an address. Where it is left out, it
/// is the node's own `account`.
pub(super) fn named_plan(plan: &str, issuer: &str, account: AccountId) -> Option<NamedPlan> {
    let issuer = if issuer.is_empty() { account } else { address::decode(issuer).ok()? };
    Some(NamedPlan { issuer, plan: plan.to_owned() })
}

/// A section contradicts itself.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("config.toml, {0}")]
pub struct RulesError(String);

impl RulesError {
    pub(super) fn new(words: &str) -> Self {
        Self(words.to_owned())
    }
}

/// The node that a multiaddress ending in `/p2p/PEER` leads to.
pub fn place(text: &str) -> Option<PeerAddress> {
    place::read(text)
}

/// A peer id in base58.
pub fn peer(text: &str) -> Option<PeerKey> {
    place::peer(text)
}

/// The base58 of a peer id.
pub fn peer_text(key: &PeerKey) -> String {
    place::peer_text(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: AccountId = AccountId::new([1; 32]);

    fn rules(text: &str) -> Result<Option<Rules>, String> {
        let mailbox: Mailbox = toml::from_str(text).map_err(|error| error.to_string())?;
        mailbox.rules(OURS).map_err(|error| error.to_string())
    }

    #[test]
    fn the_section_says_whether_and_for_whom_mail_is_kept() {
        assert_eq!(rules(""), Ok(None), "nobody's unless it is said");
        assert_eq!(rules("serve = true"), Ok(Some(Rules::default())));
        let token = "00112233445566778899aabbccddeeff";
        let listed = rules(&format!("serve = true\nadmission = \"token\"\ntokens = [\"{token}\"]")).unwrap();
        let token = ContactToken::from_hex(token).unwrap();
        assert_eq!(listed.unwrap().admission, Admission::Token(vec![token]));
        let paid = rules("serve = true\nadmission = \"receipt\"\nplan = \"mail\"").unwrap().unwrap();
        assert_eq!(paid.admission, Admission::Receipt(NamedPlan { issuer: OURS, plan: "mail".into() }));
        let bounded = rules("serve = true\nqueues = 5\nbytes = 6\nadmission = \"work\"\nwork = 12").unwrap();
        assert_eq!(bounded, Some(Rules { admission: Admission::Work(12), queues: 5, bytes: 6 }));
    }

    #[test]
    fn a_section_that_contradicts_itself_is_refused_with_what_to_do() {
        for bad in [
            "serve = true\nadmission = \"token\"",
            "serve = true\nadmission = \"token\"\ntokens = [\"abc\"]",
            "serve = true\nadmission = \"work\"\nwork = 21",
            "serve = true\nadmission = \"receipt\"",
            "serve = true\nadmission = \"receipt\"\nplan = \"mail\"\nissuer = \"sig1\"",
            "serve = true\nadmission = \"friends\"",
            "sevre = true",
        ] {
            assert!(rules(bad).is_err(), "{bad}");
        }
    }
}
