//! What a mailbox says: its hello, its answers, and that something came.

use prost::Message as _;

use crate::base::id::{AccountId, ReadId, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::wire::decode::{Malformed, array, list, message, required};
use crate::wire::mail::{Nonce, one_time};
use crate::wire::plan::is_plan_id;
use crate::wire::schema;

/// One word of a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// The first word of every channel.
    Hello(Nonce),
    /// The answer to a request.
    Answer {
        /// The request's number.
        number: u64,
        /// The answer.
        answer: Answer,
    },
    /// Something came into a queue.
    Ready(ReadId),
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is done, and durable.
    Done,
    /// The queue is there.
    Made {
        /// What deposits name it by.
        send: SendId,
        /// The X25519 key of a pair queue; of an inbox 32 zeros.
        key: [u8; 32],
    },
    /// How a queue stands.
    Marks(Marks),
    /// Frames with their numbers, in order, at most [`mail_limits::MAIL_FRAMES_MAX`]; none where no more are there.
    Frames(Vec<(u64, Vec<u8>)>),
    /// Prekeys, not verified.
    Prekeys {
        /// A signed bundle.
        bundle: Vec<u8>,
        /// No or two signed one-time prekeys.
        one_time: Vec<Vec<u8>>,
        /// Bits of work that they cost, where there are none because too few were shown.
        work: u32,
    },
    /// It won't.
    Refused(MailRefusal),
}

/// How a queue stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// Frames that wait.
    pub waiting: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pairs of one-time prekeys that are left.
    pub one_time: u64,
}

/// Why a mailbox won't. An unknown queue and a proof that doesn't hold are told by the same word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MailRefusal {
    /// There is no such queue for whoever asks.
    No,
    /// The queue, or the mailbox, is full. Nothing that is there goes for what comes.
    Full,
    /// So many bits of work first.
    Work(u32),
    /// The mailbox's rule doesn't let the queue in.
    NotAdmitted,
    /// It lets in whoever shows a receipt that holds now, of this plan.
    Unpaid {
        /// Who sells it.
        issuer: AccountId,
        /// The plan's id.
        plan: String,
    },
}

impl Word {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::mail_word::Word as Wire;
        let word = match self {
            Self::Hello(nonce) => Wire::Hello(nonce.to_vec()),
            Self::Answer { number, answer } => {
                Wire::Answer(schema::MailAnswer { number: *number, answer: Some(answer.to_schema()) })
            }
            Self::Ready(queue) => Wire::Ready(queue.as_bytes().to_vec()),
        };
        schema::MailWord { word: Some(word) }.encode_to_vec()
    }

    /// Parses a word of at most [`mail_limits::MAIL_MESSAGE_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::mail_word::Word as Wire;
        let word: schema::MailWord = message(bytes, mail_limits::MAIL_MESSAGE_MAX)?;
        Ok(match required(word.word)? {
            Wire::Hello(nonce) => Self::Hello(array(&nonce)?),
            Wire::Answer(answer) => {
                Self::Answer { number: answer.number, answer: Answer::from_schema(required(answer.answer)?)? }
            }
            Wire::Ready(queue) => Self::Ready(ReadId::new(array(&queue)?)),
        })
    }
}

impl Answer {
    fn to_schema(&self) -> schema::mail_answer::Answer {
        use schema::mail_answer::Answer as Wire;
        match self {
            Self::Done => Wire::Done(true),
            Self::Made { send, key } => {
                Wire::Made(schema::MailMade { send: send.as_bytes().to_vec(), key: key.to_vec() })
            }
            Self::Marks(Marks { waiting, bytes, one_time }) => {
                Wire::Marks(schema::MailMarks { waiting: *waiting, bytes: *bytes, one_time: *one_time })
            }
            Self::Frames(frames) => {
                let frame = |(number, frame): &(u64, Vec<u8>)| schema::MailFrame {
                    number: *number,
                    frame: frame.clone(),
                };
                Wire::Frames(schema::MailFrames { frames: frames.iter().map(frame).collect() })
            }
            Self::Prekeys { bundle, one_time, work } => Wire::Prekeys(schema::MailPrekeys {
                bundle: bundle.clone(),
                one_time: one_time.clone(),
                work: *work,
            }),
            Self::Refused(refusal) => {
                let bare = |reason, work| schema::MailRefusal { reason, work, ..Default::default() };
                Wire::Refused(match refusal {
                    MailRefusal::No => bare(1, 0),
                    MailRefusal::Full => bare(2, 0),
                    MailRefusal::Work(bits) => bare(3, *bits),
                    MailRefusal::NotAdmitted => bare(4, 0),
                    MailRefusal::Unpaid { issuer, plan } => schema::MailRefusal {
                        issuer: issuer.as_bytes().to_vec(),
                        plan: plan.clone(),
                        ..bare(5, 0)
                    },
                })
            }
        }
    }

    fn from_schema(answer: schema::mail_answer::Answer) -> Result<Self, Malformed> {
        use schema::mail_answer::Answer as Wire;
        Ok(match answer {
            Wire::Done(true) => Self::Done,
            Wire::Made(made) => Self::Made { send: SendId::new(array(&made.send)?), key: array(&made.key)? },
            Wire::Marks(marks) => {
                Self::Marks(Marks { waiting: marks.waiting, bytes: marks.bytes, one_time: marks.one_time })
            }
            Wire::Frames(frames) => {
                Self::Frames(list(frames.frames, mail_limits::MAIL_FRAMES_MAX, |frame| {
                    let fits = (1..=limits::FRAME_MAX).contains(&frame.frame.len());
                    if fits { Ok((frame.number, frame.frame)) } else { Err(Malformed("not a frame")) }
                })?)
            }
            Wire::Prekeys(prekeys)
                if prekeys.bundle.len() <= limits::BUNDLE_MAX
                    && prekeys.work <= mail_limits::WORK_MOST
                    && (prekeys.work == 0 || prekeys.one_time.is_empty()) =>
            {
                let one_time = list(prekeys.one_time, 2, one_time)?;
                Self::Prekeys { bundle: prekeys.bundle, one_time, work: prekeys.work }
            }
            Wire::Refused(refusal) => Self::Refused(match refusal.reason {
                1 => MailRefusal::No,
                2 => MailRefusal::Full,
                3 => MailRefusal::Work(refusal.work),
                4 => MailRefusal::NotAdmitted,
                5 if is_plan_id(&refusal.plan) => MailRefusal::Unpaid {
                    issuer: AccountId::new(array(&refusal.issuer)?),
                    plan: refusal.plan,
                },
                _ => return Err(Malformed("an unknown refusal")),
            }),
            Wire::Done(false) | Wire::Prekeys(_) => return Err(Malformed("no answer")),
        })
    }
}
