//! What an opened frame says.

use prost::Message as _;

use crate::base::consent_limits;
use crate::base::id::{ContactToken, MessageId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519::Signature;
use crate::wire::account::{LogHead, log_from_schema, log_to_schema};
use crate::wire::billing::SignedEvent;
use crate::wire::boxes::Queues;
use crate::wire::consent::{Decline, SignedConsent};
use crate::wire::decode::{Malformed, array, countable, line, list, message, required, time};
use crate::wire::own::{HistoryPage, KnownContact, OwnCopy, OwnRead};
use crate::wire::reach::Reach;
use crate::wire::said::change::Change;
use crate::wire::said::message::Said;
use crate::wire::said::target::Target;
use crate::wire::said::unknown::Unknown;
use crate::wire::schema;
use crate::wire::signed::Signed;
use crate::wire::template::Ground;

/// A body as the wire has it.
type Wire = schema::content::Body;

/// Runs of sequence numbers that one acknowledgement names beyond the first.
pub const BEYOND_MAX: usize = 64;
/// The largest encoded content: what fits the largest padding bucket.
pub const CONTENT_MAX: usize = limits::PADDING_BUCKETS[limits::PADDING_BUCKETS.len() - 1];

/// What a device tells a device, sealed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The message's id, the same in every retry and session.
    pub id: MessageId,
    /// Counts what must arrive, from 1; 0 for what need not.
    pub seq: u64,
    /// By the sender's clock.
    pub sent_at: Time,
    /// Where the sender's account log stands.
    pub log_head: LogHead,
    /// The number of the head of the reader's account log, as the sender knew it when it numbered this; 0 where it knew none,
    /// and where there is no number. Devices that were let in behind it aren't sent this.
    pub reader_head: u64,
    /// Who writes, where that's new.
    pub introduction: Option<Introduction>,
    /// On what ground a business writes.
    pub ground: Option<Ground>,
    /// The message that this one answers, for people to see; it is no ground to write on.
    pub reply: Option<Target>,
    /// The thing itself.
    pub body: Body,
}

/// The thing itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// Nothing but an introduction.
    Hello {
        /// The first sequence number that the device is going to get: what came before was for devices that are
        /// gone. At least 1.
        first: u64,
        /// Half-open runs of numbers that no content has, in order; at most [`limits::VOIDS_MAX`].
        void: Vec<(u64, u64)>,
    },
    /// A message: something that has a line of its own.
    Said(Said),
    /// A change of a message.
    Change(Change),
    /// What arrived and what was read.
    Ack(Ack),
    /// A request for what never came.
    Resend {
        /// The first sequence number that is missing.
        from: u64,
        /// The first that is there again.
        until: u64,
    },
    /// An event of charging.
    Billing(SignedEvent),
    /// A request for what follows this head in the reader's account log.
    LogWant(LogHead),
    /// A part of the sender's account log.
    Log(LogPart),
    /// Another device of the sender's account.
    Device(DeviceHint),
    /// What another device of our own account said.
    Copy(OwnCopy),
    /// A contact, as another device of our own account knows it.
    Contact(Box<KnownContact>),
    /// A part of a conversation, from another device of our own account.
    History(HistoryPage),
    /// Another account takes the place of the one that the reader knows.
    Succession(Succession),
    /// What a person saw on another device of our own account.
    Read(OwnRead),
    /// Where to deposit for the sending device.
    Queues(Queues),
    /// What the sender lets the reader, a business, write about.
    Consent(SignedConsent),
}

/// Another account takes the place of the one that the reader knows. Nothing in it is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Succession {
    /// What the ended logs carry, oldest account first.
    pub former: Vec<Signed>,
    /// The sending device; its bundle has the new account's log.
    pub device: DeviceHint,
}

/// A part of an account log. Nothing in it is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogPart {
    /// The entries, oldest first.
    pub entries: Vec<Signed>,
    /// Whether they follow the head that was asked for; otherwise they are what the log carries.
    pub follows: bool,
}

/// A device that speaks for the sender's account too. Nothing in it is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceHint {
    /// The device, and where it can be reached.
    pub reach: Reach,
    /// Its bundle of prekeys.
    pub bundle: Vec<u8>,
    /// Its own word that it is the account's, where it tells other devices of the account.
    pub consent: Option<Signature>,
}

/// Who writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduction {
    /// What the sender calls itself; may be empty.
    pub name: String,
    /// Whether it is a business.
    pub business: bool,
    /// The secret of the invite that is being accepted.
    pub token: Option<ContactToken>,
    /// Where the sending device can be reached.
    pub reach: Option<Reach>,
    /// Where to deposit an answer, should the device be out of reach.
    pub queues: Option<Queues>,
    /// What the ended logs of the sender's former accounts carry, oldest first; not verified. Empty where the reader
    /// knows none of them.
    pub former: Vec<Signed>,
}

/// What arrived here and what a person saw.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ack {
    /// Every sequence number up to this one arrived.
    pub delivered: u64,
    /// These runs arrived too, half-open; at most [`BEYOND_MAX`].
    pub beyond: Vec<(u64, u64)>,
    /// A person saw everything up to this one.
    pub read: u64,
    /// What of it was dropped, and why: half-open runs, in order; at most [`consent_limits::DECLINED_RUNS_MAX`].
    pub declined: Vec<(u64, u64, Decline)>,
}

impl Content {
    /// The bytes to be sealed.
    pub fn encode(&self) -> Vec<u8> {
        let body = match &self.body {
            // Whatever else is in it was read from these bytes.
            Body::Said(Said::Unknown(unknown)) => return unknown.content.clone(),
            body => Self::body_to_wire(body),
        };
        let (answers, template) = Ground::to_schema(self.ground.as_ref());
        schema::Content {
            id: self.id.as_bytes().to_vec(),
            seq: self.seq,
            sent_at: self.sent_at.as_millis(),
            log_head: Some(self.log_head.to_schema()),
            reader_head: self.reader_head,
            introduction: self.introduction.as_ref().map(Introduction::to_schema),
            answers,
            template,
            reply: self.reply.map(Target::to_schema),
            body,
        }
        .encode_to_vec()
    }

    fn body_to_wire(body: &Body) -> Option<Wire> {
        Some(match body {
            Body::Said(said) => return said.to_wire(),
            Body::Change(change) => change.to_wire(),
            Body::Hello { first, void } => {
                let void = void.iter().map(|(from, until)| schema::Run { from: *from, until: *until });
                Wire::Hello(schema::Hello { first: *first, void: void.collect() })
            }
            Body::Ack(ack) => Wire::Ack(schema::Ack {
                delivered: ack.delivered,
                beyond: ack
                    .beyond
                    .iter()
                    .map(|(from, until)| schema::Run { from: *from, until: *until })
                    .collect(),
                read: ack.read,
                declined: ack
                    .declined
                    .iter()
                    .map(|(from, until, cause)| schema::Declined {
                        from: *from,
                        until: *until,
                        cause: *cause as u32,
                    })
                    .collect(),
            }),
            Body::Resend { from, until } => Wire::Resend(schema::Resend { from: *from, until: *until }),
            Body::Billing(event) => Wire::Billing(event.encode()),
            Body::LogWant(head) => Wire::LogWant(head.to_schema()),
            Body::Log(part) => {
                Wire::Log(schema::LogPart { entries: log_to_schema(&part.entries), follows: part.follows })
            }
            Body::Device(hint) => Wire::Device(hint.to_schema()),
            Body::Copy(copy) => Wire::Copy(copy.to_schema()),
            Body::Contact(contact) => Wire::Contact(contact.to_schema()),
            Body::History(page) => Wire::History(page.to_schema()),
            Body::Queues(queues) => Wire::Queues(queues.to_schema()),
            Body::Consent(consent) => Wire::Consent(consent.to_schema()),
            Body::Read(read) => Wire::Read(read.to_schema()),
            Body::Succession(succession) => Wire::Succession(schema::Succession {
                former: log_to_schema(&succession.former),
                device: Some(succession.device.to_schema()),
            }),
        })
    }

    /// Parses an opened frame.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let content: schema::Content = message(bytes, CONTENT_MAX)?;
        let body = match content.body {
            Some(body) => Self::body_from_wire(body)?,
            None => Body::Said(Said::Unknown(Unknown::of(bytes)?)),
        };
        Ok(Self {
            id: MessageId::new(array(&content.id)?),
            seq: countable(content.seq)?,
            sent_at: time(content.sent_at),
            log_head: LogHead::from_schema(&required(content.log_head)?)?,
            reader_head: content.reader_head,
            introduction: content.introduction.map(Introduction::from_schema).transpose()?,
            ground: Ground::from_schema(content.answers, content.template)?,
            reply: content.reply.as_ref().map(Target::from_schema).transpose()?,
            body,
        })
    }

    fn body_from_wire(body: Wire) -> Result<Body, Malformed> {
        let body = match Said::from_wire(body)? {
            Ok(said) => return Ok(Body::Said(said)),
            Err(body) => body,
        };
        let body = match Change::from_wire(body)? {
            Ok(change) => return Ok(Body::Change(change)),
            Err(body) => body,
        };
        Ok(match body {
            Wire::Hello(schema::Hello { first: 0, .. }) => return Err(Malformed("nothing is numbered 0")),
            Wire::Hello(schema::Hello { first, void }) => {
                let void = list(void, limits::VOIDS_MAX, |run| {
                    match (countable(run.from)?, countable(run.until)?) {
                        (from, until) if 0 < from && from < until => Ok((from, until)),
                        _ => Err(Malformed("an empty range")),
                    }
                })?;
                if !void.is_sorted_by(|one, next| one.1 < next.0) {
                    return Err(Malformed("ranges out of order"));
                }
                Body::Hello { first: countable(first)?, void }
            }
            Wire::Ack(ack) => Body::Ack(Ack {
                delivered: countable(ack.delivered)?,
                beyond: list(ack.beyond, BEYOND_MAX, |run| {
                    Ok((countable(run.from)?, countable(run.until)?))
                })?,
                read: countable(ack.read)?,
                declined: list(ack.declined, consent_limits::DECLINED_RUNS_MAX, |run| {
                    Ok((countable(run.from)?, countable(run.until)?, Decline::from_number(run.cause)?))
                })?,
            }),
            Wire::Resend(resend) if resend.from >= resend.until => return Err(Malformed("an empty range")),
            Wire::Resend(resend) => {
                Body::Resend { from: countable(resend.from)?, until: countable(resend.until)? }
            }
            Wire::Billing(event) => Body::Billing(SignedEvent::decode(&event)?),
            Wire::LogWant(head) => Body::LogWant(LogHead::from_schema(&head)?),
            Wire::Log(part) => {
                Body::Log(LogPart { entries: log_from_schema(part.entries)?, follows: part.follows })
            }
            Wire::Device(hint) => Body::Device(DeviceHint::from_schema(hint)?),
            Wire::Copy(copy) => Body::Copy(OwnCopy::from_schema(copy)?),
            Wire::Contact(contact) => Body::Contact(Box::new(KnownContact::from_schema(contact)?)),
            Wire::History(page) => Body::History(HistoryPage::from_schema(page)?),
            Wire::Queues(queues) => Body::Queues(Queues::from_schema(queues)?),
            Wire::Consent(consent) => Body::Consent(SignedConsent::from_schema(consent)?),
            Wire::Read(read) => Body::Read(OwnRead::from_schema(read)?),
            Wire::Succession(succession) => Body::Succession(Succession {
                former: log_from_schema(succession.former)?,
                device: DeviceHint::from_schema(required(succession.device)?)?,
            }),
            // Every other body is something that is said, or a change of it.
            _ => return Err(Malformed("a body of another kind")),
        })
    }
}

impl Body {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Said(Said::Text(text.into()))
    }
}

impl DeviceHint {
    fn to_schema(&self) -> schema::DeviceHint {
        schema::DeviceHint {
            reach: Some(self.reach.to_schema()),
            bundle: self.bundle.clone(),
            consent: self.consent.map(|consent| consent.as_bytes().to_vec()).unwrap_or_default(),
        }
    }

    fn from_schema(hint: schema::DeviceHint) -> Result<Self, Malformed> {
        if hint.bundle.len() > limits::BUNDLE_MAX {
            return Err(Malformed("too large"));
        }
        let consent = match hint.consent.as_slice() {
            [] => None,
            consent => Some(Signature::new(array(consent)?)),
        };
        Ok(Self { reach: Reach::from_schema(required(hint.reach)?)?, bundle: hint.bundle, consent })
    }
}

impl Introduction {
    fn to_schema(&self) -> schema::Introduction {
        schema::Introduction {
            name: self.name.clone(),
            business: self.business,
            token: self.token.map(|token| token.as_bytes().to_vec()).unwrap_or_default(),
            reach: self.reach.as_ref().map(Reach::to_schema),
            queues: self.queues.as_ref().map(Queues::to_schema),
            former: log_to_schema(&self.former),
        }
    }

    fn from_schema(introduction: schema::Introduction) -> Result<Self, Malformed> {
        let token = match introduction.token.as_slice() {
            [] => None,
            bytes => Some(ContactToken::new(array(bytes)?)),
        };
        Ok(Self {
            name: line(introduction.name, limits::NAME_MAX)?,
            business: introduction.business,
            token,
            reach: introduction.reach.map(Reach::from_schema).transpose()?,
            queues: introduction.queues.map(Queues::from_schema).transpose()?,
            former: log_from_schema(introduction.former)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{DeviceId, Digest, SendId};
    use crate::crypto::secret::Secret;
    use crate::wire::boxes::{InboxBox, PairBox, Ticket};
    use crate::wire::consent::Topic;
    use crate::wire::peer::{PeerAddress, PeerKey};
    use crate::wire::said::menu::tests::menu;
    use crate::wire::said::reaction::Reaction;

    fn content(body: Body) -> Content {
        Content {
            id: MessageId::new([1; 16]),
            seq: 7,
            sent_at: Time::from_millis(1_700_000_000_000),
            log_head: LogHead { seq: 0, hash: Digest::new([2; 32]) },
            reader_head: 3,
            introduction: None,
            ground: None,
            reply: None,
            body,
        }
    }

    fn queues() -> Queues {
        let peer = PeerKey::new(vec![6; 38]).unwrap();
        let at = PeerAddress::new(peer, vec!["/ip4/203.0.113.5/tcp/4001".into()]).unwrap();
        let (writer, key, mask) = (Secret::new([7; 32]), [8; 32], Secret::new([9; 32]));
        let ticket = Ticket {
            expires: Time::from_millis(1_700_000_000_000),
            id: [10; 8],
            pass: ContactToken::new([11; 16]),
        };
        let inbox = InboxBox { at: at.clone(), send: SendId::new([12; 16]), ticket };
        let pair = PairBox { at, send: SendId::new([13; 16]), writer, key, mask };
        Queues { pairs: vec![pair; limits::MAILBOXES_MAX], inboxes: vec![inbox; limits::MAILBOXES_MAX] }
    }

    #[test]
    fn every_kind_of_content_reads_back() {
        let address = "/ip4/127.0.0.1/tcp/4001".to_owned();
        let reach = Reach::new(DeviceId::new([3; 32]), vec![4; 38], vec![address]);
        let mut introduced = content(Body::Hello { first: 1, void: vec![(3, 9), (11, 12)] });
        introduced.introduction = Some(Introduction {
            name: "Ana".into(),
            business: false,
            token: Some(ContactToken::new([5; 16])),
            reach: reach.clone(),
            queues: Some(queues()),
            former: vec![crate::wire::signed::tests::signed()],
        });
        let hint =
            DeviceHint { reach: reach.unwrap(), bundle: vec![6; 9], consent: Some(Signature::new([7; 64])) };
        let former = vec![crate::wire::signed::tests::signed(); 2];
        let succession = Body::Succession(Succession { former, device: hint });
        let ack = Body::Ack(Ack {
            delivered: 3,
            beyond: vec![(5, 6), (9, 12)],
            read: 2,
            declined: vec![(2, 3, Decline::NoConsent), (9, 10, Decline::TooLate)],
        });
        let ground = Ground::Template(crate::wire::template::tests::template(Topic::Utility));
        let grounded = Content { ground: Some(ground), ..content(Body::text("a caminho")) };
        let signer = DeviceId::new([8; 32]);
        let consent = SignedConsent { signer, signed: crate::wire::signed::tests::signed() };
        let target = Target { id: MessageId::new([9; 16]), yours: true };
        let reply = Content { reply: Some(target), ..content(Body::Said(Said::Menu(menu()))) };
        let reaction = Reaction { target, emoji: "👍".into(), revision: 1 };
        let all = [
            introduced,
            reply,
            content(Body::Change(Change::Reaction(reaction))),
            content(Body::text("olá\n")),
            content(ack),
            content(Body::Resend { from: 3, until: 5 }),
            content(Body::Queues(queues())),
            content(succession),
            grounded,
            content(Body::Consent(consent)),
        ];
        for one in all {
            assert_eq!(Content::decode(&one.encode()), Ok(one));
        }
    }

    #[test]
    fn a_body_of_a_later_version_is_kept_whole_with_all_that_is_known_beside_it() {
        let template = Ground::Template(crate::wire::template::tests::template(Topic::Service));
        let mut later =
            Content { ground: Some(template), ..content(Body::Hello { first: 1, void: Vec::new() }) }
                .encode();
        let hello = [0x52, 2, 8, 1];
        let at = later.windows(4).position(|bytes| bytes == hello).unwrap();
        later.drain(at..at + 4);
        // Field 200, with a text in it.
        later.extend([0xc2, 0x0c, 3]);
        later.extend(b"new");
        let read = Content::decode(&later).unwrap();
        assert_eq!(read.body, Body::Said(Said::Unknown(Unknown { number: 200, content: later.clone() })));
        assert_eq!((read.id, read.seq), (MessageId::new([1; 16]), 7));
        assert!(read.ground.is_some());
        assert_eq!(read.encode(), later, "it is kept as it came");
        let bare = &later[..later.len() - 6];
        assert!(Content::decode(bare).is_err(), "without a body it is none of any version");
    }

    #[test]
    fn hostile_contents_are_refused() {
        let too_long = content(Body::text("x".repeat(limits::TEXT_MAX + 1)));
        let escape = content(Body::text("\u{1b}]0;pwned\u{7}"));
        let crowd = content(Body::Ack(Ack { beyond: vec![(1, 2); BEYOND_MAX + 1], ..Ack::default() }));
        let empty = content(Body::Resend { from: 5, until: 5 });
        let beyond = limits::SEQUENCE_MAX + 1;
        let far = Content { seq: beyond, ..content(Body::text("far")) };
        let hello = |first, void: &[(u64, u64)]| content(Body::Hello { first, void: void.to_vec() });
        let first = hello(beyond, &[]);
        for void in
            [&[(0, 2)][..], &[(2, 2)], &[(2, 3), (3, 4)], &[(5, 6), (2, 3)], &[(1, u64::MAX)], &[(1, 2); 9]]
        {
            assert!(Content::decode(&hello(1, void).encode()).is_err(), "{void:?}");
        }
        let ack = content(Body::Ack(Ack { beyond: vec![(1, u64::MAX)], ..Ack::default() }));
        let runs = vec![(1, 2, Decline::OverCap); consent_limits::DECLINED_RUNS_MAX + 1];
        let runs = content(Body::Ack(Ack { declined: runs, ..Ack::default() }));
        for one in [too_long, escape, crowd, empty, far, first, ack, runs] {
            assert!(Content::decode(&one.encode()).is_err());
        }
        // The head that the sender knew comes behind the body, and counts as 0 where it is left out.
        let whole = Content { reader_head: 0, ..content(Body::text("cut")) }.encode();
        for length in 0..whole.len() {
            assert!(Content::decode(&whole[..length]).is_err(), "cut at {length}");
        }
    }
}
