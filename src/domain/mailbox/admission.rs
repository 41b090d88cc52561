//! Whose queues a mailbox takes in: anybody's, a token's bearer's, a worker's, or a payer's.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, ContactToken, Digest};
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::domain::billing::export::{self, Along, Expect, ReceiptFile};
use crate::domain::billing::notes::CreditNotes;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::mail::{NewQueue, ShownReceipt};
use crate::wire::mail_word::MailRefusal;

/// How many queues each receipt has let in, by its id.
pub const PAID: Table<u32> = Table::new(TableId::MailReceipts, 1);

/// Who may have a queue made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Admission {
    /// Anybody.
    #[default]
    Open,
    /// Whoever knows one of these tokens, which the operator gave out.
    Token(Vec<ContactToken>),
    /// Whoever shows so many bits of work, at most [`mail_limits::WORK_MOST`].
    Work(u32),
    /// Whoever shows a receipt for this plan that holds now.
    Receipt(NamedPlan),
}

/// A plan of one business.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedPlan {
    /// Who must have issued the receipt.
    pub issuer: AccountId,
    /// The plan's id.
    pub plan: String,
}

/// Whether a receipt pays for a queue.
pub trait Receipts {
    /// What the receipt pays for at `now`; nothing where it doesn't hold, is for something else, or was taken back by one of
    /// these credit notes.
    fn paid(&self, receipt: &ShownReceipt, notes: Option<&CreditNotes>, now: Time) -> Option<Paid>;
}

/// What a receipt pays for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Paid {
    /// The receipt.
    pub receipt: Digest,
    /// Until when.
    pub until: Time,
}

impl Receipts for NamedPlan {
    fn paid(&self, receipt: &ShownReceipt, notes: Option<&CreditNotes>, now: Time) -> Option<Paid> {
        let file = ReceiptFile::shown(receipt);
        let expect = Expect { issuer: Some(self.issuer), subject: None, at: Some(now) };
        let along = Along { notes, challenge: None };
        let verdict = export::verify_with(&file, &expect, &along).ok()?;
        let named = verdict.receipt.terms.plan == self.plan;
        named.then_some(Paid { receipt: verdict.id, until: verdict.receipt.period_end })
    }
}

impl Admission {
    /// Whether a queue is let in, which showed so many bits of work; until when, where that is bounded. `notes` are what is
    /// known here of its receipt.
    ///
    /// # Errors
    /// What the asker is told.
    pub fn admit(
        &self,
        tx: &Tx<'_>,
        (queue, notes): (&NewQueue, Option<&CreditNotes>),
        worked: u32,
        now: Time,
    ) -> Result<Option<Time>, MailRefusal> {
        match self {
            Self::Open => Ok(None),
            Self::Token(tokens) if queue.token.is_some_and(|token| tokens.contains(&token)) => Ok(None),
            Self::Token(_) => Err(MailRefusal::NotAdmitted),
            Self::Work(bits) if worked >= (*bits).min(mail_limits::WORK_MOST) => Ok(None),
            Self::Work(bits) => Err(MailRefusal::Work((*bits).min(mail_limits::WORK_MOST))),
            Self::Receipt(plan) => {
                let paid = queue.receipt.as_ref().and_then(|receipt| plan.paid(receipt, notes, now));
                let unpaid = || MailRefusal::Unpaid { issuer: plan.issuer, plan: plan.plan.clone() };
                let paid = paid.ok_or_else(unpaid)?;
                count(tx, &paid.receipt).map(|()| Some(paid.until))
            }
        }
    }
}

/// Counts one more queue of a receipt.
fn count(tx: &Tx<'_>, receipt: &Digest) -> Result<(), MailRefusal> {
    let key = PAID.key(receipt.as_bytes());
    let queues = tx.get(&PAID, &key).map_or(0, |queues| *queues);
    if queues >= mail_limits::QUEUES_PER_RECEIPT {
        return Err(MailRefusal::NotAdmitted);
    }
    tx.put(&PAID, key, queues + 1);
    Ok(())
}
