//! A business, a subscriber and their book for tests.

use rand_core::{TryCryptoRng, TryRng};

use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::billing::book::Book;
use crate::domain::billing::calendar::days;
use crate::domain::billing::logs::{Line, Logs};
use crate::domain::billing::payment::Payment;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::subscriber;
use crate::domain::identity::account::{AccountKey, Seed};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::Purposes;
use crate::wire::billing::Event;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::plan::tests::plan;

/// 2027-01-31T10:00:00Z: the end of a long month.
pub(in crate::domain) const NOW: Time = Time::from_millis(1_801_389_600_000);

/// Bytes that only look random.
pub(in crate::domain) struct Counter(pub(in crate::domain) u64);

impl TryRng for Counter {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Ok((self.0 >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = self.try_next_u32()?.to_le_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

pub(in crate::domain) struct Party {
    pub(in crate::domain) key: AccountKey,
    pub(in crate::domain) keys: DeviceKeys,
    pub(in crate::domain) log: AccountLog,
}

impl Party {
    pub(in crate::domain) fn new(byte: u8, purposes: Purposes) -> Self {
        Self::of(Seed::from_secret(Secret::new([byte; 32])).account(), byte, purposes)
    }

    /// The account that `business` knows a person by.
    pub(in crate::domain) fn subject(byte: u8, business: &Self) -> Self {
        let key = Seed::from_secret(Secret::new([byte; 32])).subjects().towards(&business.key.id());
        Self::of(key, byte, Purposes::ALL)
    }

    fn of(key: AccountKey, byte: u8, purposes: Purposes) -> Self {
        let keys = DeviceKeys::derive(&Secret::new([byte ^ 0xFF; 32]), &key.id());
        let log = AccountLog::begin(&key, keys.member(&key.id(), purposes), NOW.minus(days(400)));
        Self { key, keys, log }
    }
}

/// The logs of parties, none of which was restored.
pub(in crate::domain) fn logs_of<'p>(parties: impl IntoIterator<Item = &'p Party>) -> Logs {
    let line = |party: &Party| (party.key.id(), Line::new(vec![party.log.clone()], Vec::new()).unwrap());
    parties.into_iter().map(line).collect()
}

pub(in crate::domain) struct World {
    pub(in crate::domain) business: Party,
    pub(in crate::domain) person: Party,
    pub(in crate::domain) rng: Counter,
}

impl World {
    pub(in crate::domain) fn new() -> Self {
        let business = Party::new(1, Purposes::ALL);
        let person = Party::subject(2, &business);
        Self { business, person, rng: Counter(7) }
    }

    pub(in crate::domain) fn request(&mut self, plan: Plan, now: Time) -> Recorded {
        let (issuer, subject) = (self.business.key.id(), self.person.key.id());
        subscriber::subscribe(&self.person.keys, subject, issuer, plan, &mut self.rng, now).unwrap()
    }

    pub(in crate::domain) fn open(
        &mut self,
        plan: Plan,
        trial_used: bool,
        now: Time,
    ) -> (Book, Option<Recorded>) {
        let request = self.request(plan.clone(), now);
        let keys = &self.business.keys;
        Book::on_subscribe(request, self.business.key.id(), keys, &[plan], trial_used, now).unwrap()
    }

    /// A book without trial.
    pub(in crate::domain) fn book(&mut self) -> Book {
        self.open(plan(), true, NOW).0
    }

    pub(in crate::domain) fn invoice(&mut self, book: &mut Book, now: Time) -> InvoiceKey {
        let invoice = book.issue_invoice(&[], &self.business.keys, &mut self.rng, now).unwrap();
        let Event::Invoice(invoice) = invoice.event() else { unreachable!() };
        invoice.key
    }

    /// Issues an invoice and marks it paid at the same moment.
    pub(in crate::domain) fn pay(&mut self, book: &mut Book, now: Time) -> Recorded {
        let key = self.invoice(book, now);
        book.mark_paid(&key, &Payment::manual(), &self.business.keys, now).unwrap()
    }
}
