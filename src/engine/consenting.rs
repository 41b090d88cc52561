//! What a person lets businesses write about, when it isn't to be disturbed, and whom it reports.

use core::time::Duration;

use crate::base::consent_limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::consent::ledger::{self, Given};
use crate::domain::consent::quiet::{self, Quiet};
use crate::domain::consent::report::{self, Filed};
use crate::domain::identity::address;
use crate::domain::identity::contact::{Contact, Standing};
use crate::domain::identity::{moved, own};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::machine::{Engine, Job, Step};
use crate::wire::consent::{Consent, Topic};
use crate::wire::content::Body;
use crate::wire::decode::is_text;
use crate::wire::report::{Reason, Report};

impl Engine {
    /// Signs, keeps and sends a consent to each topic, for so many days; without days they are taken back, all of them
    /// where none is named.
    pub(super) fn consent(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        mut topics: Vec<Topic>,
        days: Option<u32>,
    ) -> Result<Outcome, Refusal> {
        if self.is_business() {
            return Err(Refusal::NotAPerson);
        }
        let contact = moved::contact(step.tx, to).filter(|contact| !contact.is_ourselves());
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(to)))?;
        if !contact.is_held_to_rules() {
            return Err(Refusal::Consent(format!(
                "{} is a person: consents are for businesses",
                contact.name
            )));
        }
        let life = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
        if life.is_some_and(|life| life.is_zero() || life > consent_limits::CONSENT_LIFE_MAX) {
            let most = consent_limits::CONSENT_LIFE_MAX.as_secs() / (24 * 60 * 60);
            return Err(Refusal::Consent(format!("a consent is given for 1 to {most} days")));
        }
        if life.is_some() {
            self.may_write(step, to)?;
        } else if topics.is_empty() {
            let holds = |topic: &Topic| ledger::holds(step.tx, &contact.thread, *topic, step.now);
            topics = Topic::ALL.into_iter().filter(holds).collect();
        }
        topics.sort_unstable();
        topics.dedup();
        for topic in topics {
            self.consent_to(step, &contact, topic, life)?;
        }
        Ok(Outcome::Done)
    }

    fn consent_to(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        topic: Topic,
        life: Option<Duration>,
    ) -> Result<(), Refusal> {
        let keys = self.device_keys(&contact.own);
        let consent = Consent {
            business: contact.account,
            person: own::current(step.tx, &contact.own),
            topic,
            granted: life.is_some(),
            seq: ledger::next_seq(step.tx, &contact.thread, step.now),
            issued: step.now,
            expires: life.map_or(Time::EPOCH, |life| step.now.plus(life)),
        };
        let given = Given::sign(&keys, consent);
        ledger::keep(step.tx, &contact.thread, &given);
        if contact.standing == Standing::Accepted && !contact.is_held() {
            self.say(step, contact, Body::Consent(given.signed().clone()), None)?;
        }
        Ok(())
    }

    /// Sets the hours in which the person isn't to be disturbed, or ends them.
    pub(super) fn set_quiet(
        &mut self,
        step: &mut Step<'_, '_>,
        quiet: Option<Quiet>,
    ) -> Result<Outcome, Refusal> {
        if self.is_business() {
            return Err(Refusal::NotAPerson);
        }
        quiet::set(step.tx, quiet);
        if self.agenda.due(&Job::Quiet).is_some() {
            self.agenda.clear(step.tx, &Job::Quiet);
            self.quiet_over(step);
        }
        Ok(Outcome::Done)
    }

    /// Signs and keeps what is to be said against a contact, and hears them no more. Nobody is told.
    pub(super) fn report(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        reason: Reason,
        note: String,
    ) -> Result<Outcome, Refusal> {
        let contact = moved::contact(step.tx, account).filter(|contact| !contact.is_ourselves());
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(account)))?;
        if !is_text(&note, consent_limits::REPORT_NOTE_MAX) {
            let most = consent_limits::REPORT_NOTE_MAX;
            return Err(Refusal::Consent(format!("a note is a text of at most {most} bytes")));
        }
        let keys = self.device_keys(&contact.own);
        let reporter = own::current(step.tx, &contact.own);
        let report = Report { reporter, about: contact.account, reason, note, issued: step.now };
        report::file(step.tx, &contact.thread, Filed::sign(&keys, &report));
        self.block(step, &contact.account)
    }

    /// A stranger who wrote isn't to be heard.
    pub(super) fn refuse(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
    ) -> Result<Outcome, Refusal> {
        let contact = moved::contact(step.tx, account);
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(account)))?;
        if contact.standing != Standing::Requested {
            return Err(Refusal::Consent(format!(
                "{} doesn't wait to be accepted: `sigillo block` ends what they may say",
                contact.name
            )));
        }
        self.block(step, &contact.account)
    }
}
