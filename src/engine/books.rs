//! A business's books: what came in and who subscribes, and the chain of its events for whoever audits it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::base::charging;
use crate::base::id::{AccountId, Digest};
use crate::base::money::Currency;
use crate::base::time::Time;
use crate::domain::billing::audit::{Auditor, BEGINNING, Checked, Entry, Reason, Summary};
use crate::domain::billing::entitlement::{State, stand};
use crate::domain::billing::history::History;
use crate::domain::billing::ledger_file::{Head, SignedEnd};
use crate::domain::billing::logs::{Line, Logs};
use crate::domain::billing::standing::Standing;
use crate::domain::directory::profile::DraftError;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::{moved, own};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::commerce::{
    EVENTS, INVOICES, JOURNAL, JOURNAL_END, JOURNAL_ID, JournalEnd, RECEIPTS, SUBSCRIPTIONS, Subscription,
    contact_of, event_key, history,
};
use crate::engine::machine::{Engine, Step};
use crate::store::table::{Rows, Table};
use crate::wire::billing::Event;
use crate::wire::record::Listing;

/// What came in, and who subscribes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Books {
    /// By plan, month of issue (UTC) and currency, in this order.
    pub revenue: Vec<Revenue>,
    /// By plan.
    pub subscribers: Vec<Subscribers>,
    /// Subscriptions in which the issuer contradicts itself: there should be none.
    pub contradictions: u64,
}

/// What came in for one plan in one month.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Revenue {
    /// The plan's id.
    pub plan: String,
    /// `2027-01`.
    pub month: String,
    /// The currency.
    pub currency: Currency,
    /// Receipts.
    pub receipts: u64,
    /// What they come to, in minor units.
    pub gross_minor: i64,
    /// What of these receipts went back.
    pub refunded_minor: i64,
    /// Gross less refunded.
    pub net_minor: i64,
    /// Taxes named in the receipts.
    pub tax_minor: i64,
}

/// Subscriptions to one plan, by how they stand.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Subscribers {
    /// The plan's id.
    pub plan: String,
    /// Asked for, never paid.
    pub pending: u64,
    /// In their trial.
    pub trialing: u64,
    /// Paid.
    pub active: u64,
    /// In grace or on hold.
    pub past_due: u64,
    /// Cancelled, with access until the end.
    pub canceling: u64,
    /// Paused.
    pub paused: u64,
    /// Over: expired, refunded or revoked.
    pub churned: u64,
}

/// The books as they stand at `now`.
pub fn books(rows: &impl Rows, now: Time) -> Books {
    let mut revenue: BTreeMap<(String, String, Currency), [i64; 4]> = BTreeMap::new();
    let mut subscribers: BTreeMap<String, Subscribers> = BTreeMap::new();
    let mut contradictions = 0;
    for row in ours(rows) {
        let Some(history) = history(rows, &row.id) else { continue };
        let standing = Standing::of(&history);
        for counted in &standing.receipts {
            let receipt = counted.receipt;
            let month = receipt.issued_at.to_string().chars().take(7).collect();
            let key = (receipt.terms.plan.clone(), month, receipt.amount.currency);
            let tax = receipt.tax.iter().map(|tax| tax.minor).fold(0, i64::saturating_add);
            let sums = revenue.entry(key).or_default();
            for (sum, part) in sums.iter_mut().zip([1, receipt.amount.minor, counted.refunded, tax]) {
                *sum = sum.saturating_add(part);
            }
        }
        let plan = standing.plan_at(now).id.clone();
        let of_plan =
            subscribers.entry(plan.clone()).or_insert(Subscribers { plan, ..Subscribers::default() });
        *match stand(&history, &standing, now).state {
            State::Pending => &mut of_plan.pending,
            State::Trialing => &mut of_plan.trialing,
            State::Active => &mut of_plan.active,
            State::Grace | State::OnHold => &mut of_plan.past_due,
            State::Canceling => &mut of_plan.canceling,
            State::Paused => &mut of_plan.paused,
            State::Refunded | State::Revoked | State::Expired => &mut of_plan.churned,
        } += 1;
        contradictions += u64::from(!history.equivocations().is_empty());
    }
    let line = |(of, sums): ((String, String, Currency), [i64; 4])| {
        let ((plan, month, currency), [receipts, gross_minor, refunded_minor, tax_minor]) = (of, sums);
        Revenue {
            plan,
            month,
            currency,
            receipts: u64::try_from(receipts).unwrap_or_default(),
            gross_minor,
            refunded_minor,
            net_minor: gross_minor - refunded_minor,
            tax_minor,
        }
    };
    Books {
        revenue: revenue.into_iter().map(line).collect(),
        subscribers: subscribers.into_values().collect(),
        contradictions,
    }
}

/// The latest version of a plan that anybody subscribed to, was told of or asked for; 0 where nobody did. A plan that is
/// offered again goes on from it: one version never stands for two terms.
pub fn last_version(rows: &impl Rows, plan: &str) -> u32 {
    let histories = ours(rows).filter_map(|row| history(rows, &row.id)).collect::<Vec<_>>();
    let plans = histories.iter().flat_map(History::events).filter_map(|recorded| match recorded.event() {
        Event::Subscribe(request) => Some(&request.plan),
        Event::PriceChange(change) => Some(&change.to),
        Event::PlanChange(change) => Some(&change.to),
        _ => None,
    });
    plans.filter(|known| known.id == plan).map(|known| known.version).max().unwrap_or_default()
}

/// The first line of the ledger of `account`: the logs of everybody who signed an event in it.
pub fn ledger_head(rows: &impl Rows, account: &AccountId) -> Head {
    Head::new(*account, &ledger_logs(rows, account))
}

/// The logs that the ledger's events are verified by, also those from before an identity was restored.
pub fn ledger_logs(rows: &impl Rows, account: &AccountId) -> Logs {
    let mut logs = Logs::default();
    // A line is found under every account in it: each may be the author of an event.
    let mut put = |line: &[AccountLog]| {
        for (at, log) in line.iter().enumerate() {
            let (present, former) = (line[at..].to_vec(), moved::superseded(rows, &log.account()));
            let whole = Line::new(present.clone(), former).or_else(|| Line::new(present, Vec::new()));
            whole.into_iter().for_each(|whole| logs.put(log.account(), whole));
        }
    };
    put(&own::logs(rows, account));
    let mut seen = BTreeSet::new();
    for row in ours(rows) {
        if seen.insert(row.contact)
            && let Some(contact) = contact_of(rows, &row)
        {
            put(&moved::logs(rows, &contact));
        }
    }
    logs
}

/// The subscriptions that we are the business of.
fn ours(rows: &impl Rows) -> impl Iterator<Item = Arc<Subscription>> {
    let all = rows.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all());
    all.into_iter().map(|(_, row)| row).filter(|row| row.issuer)
}

/// Events of the ledger from a place on, at most `limit`; whether one that the chain names isn't there any more is
/// told by a place that is missing.
pub fn ledger_page(rows: &impl Rows, from: u64, limit: usize) -> Vec<Option<Entry>> {
    let chained = rows.scan(&JOURNAL, &JOURNAL.of(JOURNAL_ID).from(from).limit(limit));
    let mut next = from;
    let mut page = Vec::with_capacity(chained.len());
    for (key, row) in chained {
        let place = key.position().unwrap_or_default();
        if place != next {
            page.push(None);
        }
        next = place + 1;
        let event = rows.get(&EVENTS, &event_key(&row.subscription, &row.event));
        page.push(event.map(|event| Entry { event: event.signed().clone(), link: row.link }));
    }
    page
}

/// How many events the ledger has, and its last link.
pub fn ledger_end(rows: &impl Rows) -> (u64, Digest) {
    rows.copy(&JOURNAL_END, JOURNAL_ID).map_or((0, BEGINNING), |JournalEnd { count, link }| (count, link))
}

/// Audits the ledger as it is stored: every event from its signature on, the chain up to its end, and that the rows
/// beside it are those of its events. `check` verifies the events of a page, each by itself.
pub fn audit(
    rows: &impl Rows,
    account: &AccountId,
    mut check: impl FnMut(&[Entry], &Logs) -> Vec<Checked>,
) -> Summary {
    let logs = ledger_logs(rows, account);
    let mut auditor = Auditor::of(account, &logs);
    let nothing = Digest::new([0; 32]);
    let mut from = 0;
    loop {
        let page = ledger_page(rows, from, charging::AUDIT_PART);
        let there: Vec<Entry> = page.iter().map_while(Clone::clone).collect();
        for (entry, checked) in there.iter().zip(check(&there, &logs)) {
            auditor.take(&entry.link, checked);
        }
        if there.len() < page.len() {
            auditor.break_here(nothing, Reason::Chain);
        }
        if page.is_empty() || auditor.summary().first_break.is_some() {
            break;
        }
        from += page.len() as u64;
    }
    let replayed = (auditor.summary().events, auditor.summary().head.unwrap_or(BEGINNING));
    if replayed != ledger_end(rows) {
        auditor.break_here(nothing, Reason::Chain);
    }
    if kept(rows) != Some(replayed.0) {
        auditor.break_here(nothing, Reason::Rows);
    }
    auditor.summary().clone()
}

/// How many events of subscriptions that we are the business of are kept; none where a row that leads to one is missing,
/// leads elsewhere, or leads to nothing.
fn kept(rows: &impl Rows) -> Option<u64> {
    let (mut events, mut invoices, mut receipts) = (0, 0, 0);
    let mut known = BTreeSet::new();
    for row in ours(rows) {
        known.insert(row.id);
        let of_contact = contact_of(rows, &row)?;
        for (_, recorded) in rows.scan(&EVENTS, &EVENTS.of(row.id.as_bytes())) {
            events += 1;
            let led = match recorded.event() {
                Event::Subscribe(request) => {
                    recorded.id() == row.id && moved::current(rows, &request.subject) == of_contact.account
                }
                Event::Invoice(invoice) => {
                    invoices += 1;
                    rows.copy(&INVOICES, invoice.key.as_str().as_bytes()) == Some(row.id)
                }
                Event::Receipt(_) => {
                    receipts += 1;
                    rows.copy(&RECEIPTS, recorded.id().as_bytes()) == Some(row.id)
                }
                _ => true,
            };
            if !led {
                return None;
            }
        }
    }
    // What leads to a subscription of another business is that business's; what leads to none is nobody's.
    let leads = |table: &Table<Digest>| {
        let all = rows.scan(table, &table.all()).into_iter().map(|(_, of)| *of);
        let (here, elsewhere): (Vec<_>, Vec<_>) = all.partition(|of| known.contains(of));
        let known = |of: &Digest| rows.row(&SUBSCRIPTIONS, of.as_bytes()).is_some();
        elsewhere.iter().all(known).then_some(here.len())
    };
    (leads(&INVOICES) == Some(invoices) && leads(&RECEIPTS) == Some(receipts)).then_some(events)
}

impl Engine {
    /// Signs how far the ledger goes.
    pub(super) fn sign_ledger(&mut self, step: &Step<'_, '_>) -> Result<Outcome, Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        let (count, link) = ledger_end(step.tx);
        let keys = self.business_keys();
        let head = ledger_head(step.tx, &self.account);
        let end = SignedEnd::sign(&head, count, link, &keys, step.now);
        Ok(Outcome::LedgerEnd { end: Box::new(end) })
    }

    /// Carries receipts of ours, as a subscriber, in the profile: whoever looks for businesses that an operator lists
    /// finds us by them.
    pub(super) fn set_listings(
        &mut self,
        step: &Step<'_, '_>,
        receipts: &[Digest],
    ) -> Result<Outcome, Refusal> {
        if receipts.len() > charging::LISTINGS_MAX {
            return Err(Refusal::Profile(DraftError::Listings.to_string()));
        }
        let none = || Refusal::Billing("there is no such receipt of ours, as a subscriber, here".to_owned());
        let listing = |receipt: &Digest| -> Option<Listing> {
            let subscription = step.tx.copy(&RECEIPTS, receipt.as_bytes())?;
            step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes()).filter(|row| !row.issuer)?;
            let event = step.tx.get(&EVENTS, &event_key(&subscription, receipt))?;
            Some(Listing { receipt: event.signed().signed.clone(), signer: event.signed().signer })
        };
        let listings = receipts.iter().map(listing).collect::<Option<Vec<_>>>().ok_or_else(none)?;
        self.change_profile(step, |draft| draft.listings = listings)
    }
}
