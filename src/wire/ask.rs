//! Questions between nodes and their answers.

use prost::Message as _;

use crate::base::id::{ContactToken, Digest, RouteId};
use crate::base::limits;
use crate::crypto::aead;
use crate::crypto::ed25519::Signature;
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, message, required};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// X25519 and ML-KEM.
const ONE_TIME_KINDS: usize = 2;
/// A nonce, an account's id and a tag.
const HIDDEN_ACCOUNT_LEN: usize = aead::XNONCE_LEN + 32 + aead::TAG_LEN;

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// For the prekeys of the account behind a route.
    Bundle {
        /// A route that the asked node listens to; knowing it is what entitles to ask.
        route: RouteId,
        /// The secret of an invite, where the route is a person's inbox.
        token: Option<ContactToken>,
    },
    /// To the index of businesses; see [`crate::wire::record`].
    Index(Vec<u8>),
    /// For the KEM key of an offer to link a device, and the device's word.
    LinkKey {
        /// The offer's digest, which only who saw the offer knows.
        offer: Digest,
        /// Whose the device is to be, hidden from who hasn't.
        account: Vec<u8>,
    },
    /// Hands over the grant that an offer asked for.
    LinkGrant {
        /// The offer's digest.
        offer: Digest,
        /// The grant, sealed.
        grant: Vec<u8>,
    },
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing to give.
    Nothing,
    /// Prekeys, not verified yet.
    Bundle {
        /// A signed bundle.
        bundle: Vec<u8>,
        /// Signed one-time prekeys of the bundle's device, at most one of each kind.
        one_time: Vec<Vec<u8>>,
        /// What the ended logs of the account's former ones carry, oldest first.
        former: Vec<Signed>,
    },
    /// From the index of businesses.
    Index(Vec<u8>),
    /// The KEM key of an offer, and the device's word that it is the account's that asks.
    LinkKey(Vec<u8>, Signature),
    /// The grant opened.
    Linked,
}

impl Ask {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::ask::Question;
        let question = match self {
            Self::Bundle { route, token } => Question::Bundle(schema::BundleAsk {
                route: route.as_bytes().to_vec(),
                token: token.map(|token| token.as_bytes().to_vec()).unwrap_or_default(),
            }),
            Self::Index(request) => Question::Index(request.clone()),
            Self::LinkKey { offer, account } => Question::LinkKey(schema::LinkAsk {
                offer: offer.as_bytes().to_vec(),
                account: account.clone(),
            }),
            Self::LinkGrant { offer, grant } => Question::LinkGrant(schema::LinkGiven {
                offer: offer.as_bytes().to_vec(),
                grant: grant.clone(),
            }),
        };
        schema::Ask { question: Some(question) }.encode_to_vec()
    }

    /// Parses a question of at most [`limits::ASK_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::ask::Question;
        let ask: schema::Ask = message(bytes, limits::ASK_MAX)?;
        Ok(match required(ask.question)? {
            Question::Bundle(bundle) => Self::Bundle {
                route: RouteId::new(array(&bundle.route)?),
                token: match bundle.token.as_slice() {
                    [] => None,
                    token => Some(ContactToken::new(array(token)?)),
                },
            },
            Question::Index(request) => Self::Index(request),
            Question::LinkKey(asked) => {
                let _: [u8; HIDDEN_ACCOUNT_LEN] = array(&asked.account)?;
                Self::LinkKey { offer: Digest::new(array(&asked.offer)?), account: asked.account }
            }
            Question::LinkGrant(given) if given.grant.len() > limits::LINK_GRANT_MAX => {
                return Err(Malformed("too large"));
            }
            Question::LinkGrant(given) => {
                Self::LinkGrant { offer: Digest::new(array(&given.offer)?), grant: given.grant }
            }
        })
    }
}

impl Answer {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::answer::Answer as Wire;
        let (mut one_time_keys, mut former_logs) = (Vec::new(), Vec::new());
        let answer = match self {
            Self::Nothing => None,
            Self::Bundle { bundle, one_time, former } => {
                (one_time_keys, former_logs) = (one_time.clone(), log_to_schema(former));
                Some(Wire::Bundle(bundle.clone()))
            }
            Self::Index(response) => Some(Wire::Index(response.clone())),
            Self::LinkKey(key, consent) => Some(Wire::LinkKey(schema::LinkKey {
                key: key.clone(),
                consent: consent.as_bytes().to_vec(),
            })),
            Self::Linked => Some(Wire::Linked(true)),
        };
        schema::Answer { answer, one_time: one_time_keys, former: former_logs }.encode_to_vec()
    }

    /// Parses an answer of at most [`limits::ASK_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::answer::Answer as Wire;
        let answer: schema::Answer = message(bytes, limits::ASK_MAX)?;
        let alone = answer.one_time.is_empty() && answer.former.is_empty();
        match answer.answer {
            Some(Wire::Bundle(bundle)) if answer.one_time.len() <= ONE_TIME_KINDS => {
                let former = log_from_schema(answer.former)?;
                Ok(Self::Bundle { bundle, one_time: answer.one_time, former })
            }
            None if alone => Ok(Self::Nothing),
            Some(Wire::Index(response)) if alone => Ok(Self::Index(response)),
            Some(Wire::LinkKey(told)) if alone => {
                Ok(Self::LinkKey(told.key, Signature::new(array(&told.consent)?)))
            }
            Some(Wire::Linked(true)) if alone => Ok(Self::Linked),
            _ => Err(Malformed("an answer that makes no sense")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers_read_back() {
        let token = Some(ContactToken::new([2; 16]));
        let offer = Digest::new([5; 32]);
        for ask in [
            Ask::Bundle { route: RouteId::new([1; 16]), token },
            Ask::Index(vec![1, 2]),
            Ask::LinkKey { offer, account: vec![7; HIDDEN_ACCOUNT_LEN] },
            Ask::LinkGrant { offer, grant: vec![6; limits::LINK_GRANT_MAX] },
        ] {
            assert_eq!(Ask::decode(&ask.encode()), Ok(ask));
        }
        let former = vec![crate::wire::signed::tests::signed(); 2];
        let bundle = |one_time: &[Vec<u8>]| Answer::Bundle {
            bundle: vec![3],
            one_time: one_time.to_vec(),
            former: former.clone(),
        };
        let pair = [vec![5], vec![6]];
        let link = [Answer::LinkKey(vec![5], Signature::new([8; 64])), Answer::Linked];
        let others = [Answer::Nothing, bundle(&[]), bundle(&pair), Answer::Index(vec![4])];
        for answer in others.into_iter().chain(link) {
            assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
        }
        assert!(
            Answer::decode(&bundle(&[vec![5], vec![6], vec![7]]).encode()).is_err(),
            "more than two kinds"
        );
        let mut alone = schema::Answer { answer: None, one_time: vec![vec![5]], former: Vec::new() };
        assert!(Answer::decode(&alone.encode_to_vec()).is_err(), "without a bundle");
        alone.answer = Some(schema::answer::Answer::Index(vec![4]));
        assert!(Answer::decode(&alone.encode_to_vec()).is_err(), "with something else");
        assert!(Ask::decode(&[]).is_err() && Ask::decode(&[0xFF; 40]).is_err());
        assert!(Ask::decode(&vec![0; limits::ASK_MAX + 1]).is_err());
    }
}
