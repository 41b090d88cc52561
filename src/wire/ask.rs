//! Questions between nodes and their answers.

use prost::Message as _;

use crate::base::id::{AccountId, ContactToken, DeviceId, Digest, RouteId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::aead;
use crate::crypto::ed25519::Signature;
use crate::crypto::kdf::label;
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, message, required, time};
use crate::wire::peer::PeerKey;
use crate::wire::place::Showing;
use crate::wire::plan::is_plan_id;
use crate::wire::schema;
use crate::wire::signed::Signed;
use crate::wire::work::Puzzle;

/// X25519 and ML-KEM.
const ONE_TIME_KINDS: usize = 2;
/// A nonce, an account's id and a tag.
const HIDDEN_ACCOUNT_LEN: usize = aead::XNONCE_LEN + 32 + aead::TAG_LEN;

/// What a challenge consists of: bytes that mean something to their maker alone.
pub type Challenge = [u8; 48];

/// What one-time prekeys cost whoever has neither a session nor an invite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkWanted {
    /// Comes back with the work.
    pub challenge: Challenge,
    /// How much, at most [`mail_limits::WORK_MOST`].
    pub bits: u32,
}

/// The answer to a challenge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkDone {
    /// The challenge.
    pub challenge: Challenge,
    /// A number that is worth its bits.
    pub work: u64,
}

/// The work that `asked` wants of `asker`: of nobody else, and for nobody else.
pub fn prekey_work(asked: &PeerKey, asker: &PeerKey, challenge: &Challenge, bits: u32) -> Puzzle {
    let payload = [asked.with_length(), asker.with_length(), challenge.to_vec()].concat();
    Puzzle::new(label::PREKEY_WORK, &payload, bits)
}

/// The question what somebody has of the log of the asker's own account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogAsked {
    /// A route of the asked node, which says which account of it is asked.
    pub route: RouteId,
    /// The asker's account.
    pub account: AccountId,
    /// Its log as the asker has it; at most [`limits::LOG_ENTRIES_MAX`] entries.
    pub log: Vec<Signed>,
    /// The device of it that asks.
    pub device: DeviceId,
    /// Its signature over [`LogAsked::payload`], label `LOG_ASK`.
    pub proof: Signature,
}

impl LogAsked {
    /// What is signed: the question holds between these two peers alone, and for this account of the asked one.
    pub fn payload(asked: &PeerKey, asker: &PeerKey, route: &RouteId, account: &AccountId) -> Vec<u8> {
        let (asked, asker) = (asked.with_length(), asker.with_length());
        [&asked[..], &asker, route.as_bytes(), account.as_bytes()].concat()
    }

    fn to_schema(&self) -> schema::LogAsk {
        schema::LogAsk {
            route: self.route.as_bytes().to_vec(),
            account: self.account.as_bytes().to_vec(),
            log: log_to_schema(&self.log),
            device: self.device.as_bytes().to_vec(),
            proof: self.proof.as_bytes().to_vec(),
        }
    }

    fn from_schema(asked: schema::LogAsk) -> Result<Self, Malformed> {
        Ok(Self {
            route: RouteId::new(array(&asked.route)?),
            account: AccountId::new(array(&asked.account)?),
            log: log_from_schema(asked.log)?,
            device: DeviceId::new(array(&asked.device)?),
            proof: Signature::new(array(&asked.proof)?),
        })
    }
}

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// For the prekeys of the account behind a route.
    Bundle {
        /// A route that the asked node listens to; knowing it is what entitles to ask.
        route: RouteId,
        /// The secret of an invite, where the route is a person's inbox.
        token: Option<ContactToken>,
        /// What an earlier answer's challenge asked for.
        work: Option<WorkDone>,
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
    /// For a place with the asked node's relay: with the receipt that pays for it, or to hear which plan does.
    Place(Option<Box<Showing>>),
    /// For what the asked one has of the asker's own log.
    Log(Box<LogAsked>),
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
        /// What one-time prekeys would cost, where none are given.
        work: Option<WorkWanted>,
    },
    /// From the index of businesses.
    Index(Vec<u8>),
    /// The KEM key of an offer, and the device's word that it is the account's that asks.
    LinkKey(Vec<u8>, Signature),
    /// The grant opened.
    Linked,
    /// The place is the asker's until then.
    Place(Time),
    /// No receipt was shown that holds and is of this plan.
    Unpaid {
        /// Who sells the plan.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
    },
    /// What the asked one has of the asker's log, oldest entry first; not verified yet.
    Log(Vec<Signed>),
}

impl Ask {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::ask::Question;
        let question = match self {
            Self::Bundle { route, token, work } => Question::Bundle(schema::BundleAsk {
                route: route.as_bytes().to_vec(),
                token: token.map(|token| token.as_bytes().to_vec()).unwrap_or_default(),
                work: work.map(|WorkDone { challenge, work }| schema::WorkDone {
                    challenge: challenge.to_vec(),
                    work,
                }),
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
            Self::Place(showing) => {
                Question::Place(showing.as_ref().map(|showing| showing.to_schema()).unwrap_or_default())
            }
            Self::Log(asked) => Question::Log(asked.to_schema()),
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
                work: bundle.work.map(|done| work_done(&done)).transpose()?,
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
            Question::Place(asked) => Self::Place(Showing::from_schema(asked)?.map(Box::new)),
            Question::Log(asked) => Self::Log(Box::new(LogAsked::from_schema(asked)?)),
        })
    }
}

impl Answer {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::answer::Answer as Wire;
        let (mut one_time_keys, mut former_logs, mut wanted) = (Vec::new(), Vec::new(), None);
        let answer = match self {
            Self::Nothing => None,
            Self::Bundle { bundle, one_time, former, work } => {
                (one_time_keys, former_logs) = (one_time.clone(), log_to_schema(former));
                wanted = work.map(|WorkWanted { challenge, bits }| schema::WorkWanted {
                    challenge: challenge.to_vec(),
                    bits,
                });
                Some(Wire::Bundle(bundle.clone()))
            }
            Self::Index(response) => Some(Wire::Index(response.clone())),
            Self::LinkKey(key, consent) => Some(Wire::LinkKey(schema::LinkKey {
                key: key.clone(),
                consent: consent.as_bytes().to_vec(),
            })),
            Self::Linked => Some(Wire::Linked(true)),
            Self::Place(until) => Some(Wire::Place(until.as_millis())),
            Self::Unpaid { issuer, plan } => Some(Wire::Unpaid(schema::PlaceTerms {
                issuer: issuer.as_bytes().to_vec(),
                plan: plan.clone(),
            })),
            Self::Log(entries) => Some(Wire::Log(schema::LogTold { entries: log_to_schema(entries) })),
        };
        let (one_time, former, work) = (one_time_keys, former_logs, wanted);
        schema::Answer { answer, one_time, former, work }.encode_to_vec()
    }

    /// Parses an answer of at most [`limits::ASK_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::answer::Answer as Wire;
        let answer: schema::Answer = message(bytes, limits::ASK_MAX)?;
        let alone = answer.one_time.is_empty() && answer.former.is_empty() && answer.work.is_none();
        let work = answer.work.map(|wanted| work_wanted(&wanted)).transpose()?;
        match answer.answer {
            Some(Wire::Bundle(bundle))
                if answer.one_time.len() <= ONE_TIME_KINDS
                    && (answer.one_time.is_empty() || work.is_none()) =>
            {
                let former = log_from_schema(answer.former)?;
                Ok(Self::Bundle { bundle, one_time: answer.one_time, former, work })
            }
            None if alone => Ok(Self::Nothing),
            Some(Wire::Index(response)) if alone => Ok(Self::Index(response)),
            Some(Wire::LinkKey(told)) if alone => {
                Ok(Self::LinkKey(told.key, Signature::new(array(&told.consent)?)))
            }
            Some(Wire::Linked(true)) if alone => Ok(Self::Linked),
            Some(Wire::Place(until)) if alone => Ok(Self::Place(time(until))),
            Some(Wire::Unpaid(terms)) if alone && is_plan_id(&terms.plan) => {
                Ok(Self::Unpaid { issuer: AccountId::new(array(&terms.issuer)?), plan: terms.plan })
            }
            Some(Wire::Log(told)) if alone => Ok(Self::Log(log_from_schema(told.entries)?)),
            _ => Err(Malformed("an answer that makes no sense")),
        }
    }
}

fn work_wanted(wanted: &schema::WorkWanted) -> Result<WorkWanted, Malformed> {
    match wanted.bits {
        1..=mail_limits::WORK_MOST => {
            Ok(WorkWanted { challenge: array(&wanted.challenge)?, bits: wanted.bits })
        }
        _ => Err(Malformed("more work than anybody may ask for")),
    }
}

fn work_done(done: &schema::WorkDone) -> Result<WorkDone, Malformed> {
    Ok(WorkDone { challenge: array(&done.challenge)?, work: done.work })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mail::ShownReceipt;
    use crate::wire::signed::tests::signed;

    fn showing() -> Showing {
        let receipt = ShownReceipt { receipt: signed(), signer: DeviceId::new([1; 32]), log: vec![signed()] };
        Showing { receipt, presentation: signed(), signer: DeviceId::new([2; 32]), log: vec![signed(); 2] }
    }

    fn log_asked(entries: usize) -> LogAsked {
        LogAsked {
            route: RouteId::new([1; 16]),
            account: AccountId::new([2; 32]),
            log: vec![signed(); entries],
            device: DeviceId::new([3; 32]),
            proof: Signature::new([4; 64]),
        }
    }

    #[test]
    fn questions_and_answers_read_back() {
        let token = Some(ContactToken::new([2; 16]));
        let offer = Digest::new([5; 32]);
        let done = WorkDone { challenge: [7; 48], work: u64::MAX };
        for ask in [
            Ask::Bundle { route: RouteId::new([1; 16]), token, work: None },
            Ask::Bundle { route: RouteId::new([1; 16]), token: None, work: Some(done) },
            Ask::Index(vec![1, 2]),
            Ask::LinkKey { offer, account: vec![7; HIDDEN_ACCOUNT_LEN] },
            Ask::LinkGrant { offer, grant: vec![6; limits::LINK_GRANT_MAX] },
            Ask::Place(None),
            Ask::Place(Some(Box::new(showing()))),
            Ask::Log(Box::new(log_asked(2))),
        ] {
            assert_eq!(Ask::decode(&ask.encode()), Ok(ask));
        }
        let former = vec![crate::wire::signed::tests::signed(); 2];
        let bundle = |one_time: &[Vec<u8>]| Answer::Bundle {
            bundle: vec![3],
            one_time: one_time.to_vec(),
            former: former.clone(),
            work: None,
        };
        let wanted = |bits| Answer::Bundle {
            bundle: vec![3],
            one_time: Vec::new(),
            former: Vec::new(),
            work: Some(WorkWanted { challenge: [7; 48], bits }),
        };
        let pair = [vec![5], vec![6]];
        let link = [Answer::LinkKey(vec![5], Signature::new([8; 64])), Answer::Linked];
        let unpaid = |plan: &str| Answer::Unpaid { issuer: AccountId::new([7; 32]), plan: plan.into() };
        let log = |entries| Answer::Log(vec![signed(); entries]);
        let place = [Answer::Place(Time::from_millis(u64::MAX)), unpaid("relay"), log(0), log(2)];
        assert!(Answer::decode(&unpaid("two words").encode()).is_err());
        let others = [
            Answer::Nothing,
            bundle(&[]),
            bundle(&pair),
            Answer::Index(vec![4]),
            wanted(1),
            wanted(mail_limits::WORK_MOST),
        ];
        for answer in others.into_iter().chain(link).chain(place) {
            assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
        }
        assert!(
            Answer::decode(&bundle(&[vec![5], vec![6], vec![7]]).encode()).is_err(),
            "more than two kinds"
        );
        for bits in [0, mail_limits::WORK_MOST + 1] {
            assert!(Answer::decode(&wanted(bits).encode()).is_err(), "{bits} bits");
        }
        let Answer::Bundle { work, .. } = wanted(1) else { return };
        let both = Answer::Bundle { bundle: vec![3], one_time: pair.to_vec(), former: Vec::new(), work };
        assert!(Answer::decode(&both.encode()).is_err(), "given, and to be paid for");
        let mut alone =
            schema::Answer { answer: None, one_time: vec![vec![5]], former: Vec::new(), work: None };
        assert!(Answer::decode(&alone.encode_to_vec()).is_err(), "without a bundle");
        alone.answer = Some(schema::answer::Answer::Index(vec![4]));
        assert!(Answer::decode(&alone.encode_to_vec()).is_err(), "with something else");
        let too_long = limits::LOG_ENTRIES_MAX + 1;
        assert!(Answer::decode(&log(too_long).encode()).is_err());
        assert!(Ask::decode(&Ask::Log(Box::new(log_asked(too_long))).encode()).is_err());
        assert!(Ask::decode(&[]).is_err() && Ask::decode(&[0xFF; 40]).is_err());
        assert!(Ask::decode(&vec![0; limits::ASK_MAX + 1]).is_err());
    }

    #[test]
    fn a_question_for_a_log_keeps_its_encoding() {
        let bytes = Ask::Log(Box::new(log_asked(0))).encode();
        let fields: [(u8, &[u8]); 4] =
            [(0x0A, &[1; 16]), (0x12, &[2; 32]), (0x22, &[3; 32]), (0x2A, &[4; 64])];
        let mut expected = vec![0x3A, 152, 1];
        for (tag, field) in fields {
            expected.extend([tag, field.len() as u8]);
            expected.extend(field);
        }
        assert_eq!(bytes, expected);
        assert_eq!(Answer::Log(Vec::new()).encode(), [0x5A, 0]);
        let peer = |byte: u8, length: usize| PeerKey::new(vec![byte; length]).unwrap();
        let (route, account) = (RouteId::new([1; 16]), AccountId::new([2; 32]));
        let payload = LogAsked::payload(&peer(7, 2), &peer(8, 3), &route, &account);
        assert_eq!(payload, [&[2, 7, 7, 3, 8, 8, 8][..], &[1; 16], &[2; 32]].concat());
    }
}
