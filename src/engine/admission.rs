//! What businesses write to a person: admitted, put off or dropped, as the person wants it.

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::time::Time;
use crate::domain::chat::incoming;
use crate::domain::chat::timeline::Body as Line;
use crate::domain::consent::dealings::{self, DEALINGS};
use crate::domain::consent::ledger::{self, Given};
use crate::domain::consent::policy::{self, Desk, Text, Verdict};
use crate::domain::consent::window::{self, OPENINGS};
use crate::domain::consent::{quiet, waiting};
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::{Contact, Standing};
use crate::domain::identity::{moved, own};
use crate::engine::changing::made_by_them;
use crate::engine::event::Event;
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::consent::{Decline, SignedConsent};
use crate::wire::content::{Body, Content};
use crate::wire::template::{Answer, Ground};

impl Engine {
    /// Whether this is a person, and the contact a business whose texts are judged.
    pub(super) const fn judges(&self, contact: &Contact) -> bool {
        !self.is_business() && contact.is_held_to_rules()
    }

    /// A message or a change of one came, in its turn: whether it is taken now, and not put off or dropped.
    pub(super) fn admitted(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        content: &Content,
    ) -> bool {
        let says_nothing = matches!(&content.body, Body::Change(change) if change.says_nothing());
        if self.is_business() && !contact.is_held_to_rules() && matches!(content.body, Body::Said(_)) {
            self.customer_spoke(step, contact, content);
        }
        if !self.judges(contact) || says_nothing {
            return true;
        }
        let thread = &contact.thread;
        let category = policy::category(content.ground.as_ref());
        let verdict = self.judge(step, contact, content);
        match (verdict, &content.ground) {
            (Verdict::Drop(cause), _) => {
                self.counters.not_allowed += 1;
                dealings::drops(step.tx, thread, cause, category, step.now);
                incoming::decline(step.tx, device, content.seq, cause);
                return false;
            }
            (Verdict::Ask, _) | (_, None) => {}
            (_, Some(Ground::Answer(answer))) => {
                window::answered(step.tx, thread, *answer, content.id, step.now);
            }
            (_, Some(Ground::Template(template))) => {
                dealings::count(step.tx, thread, template.category, step.now);
            }
        }
        if let Verdict::Wait(ends) = verdict {
            waiting::put(step.tx, thread, *device, content.encode());
            self.agenda.set_by(step.tx, Job::Quiet, ends);
            return false;
        }
        true
    }

    fn judge(&self, step: &Step<'_, '_>, contact: &Contact, content: &Content) -> Verdict {
        let thread = &contact.thread;
        let opening = match &content.ground {
            Some(Ground::Answer(answer)) => {
                step.tx.get(&OPENINGS, &OPENINGS.key_at(thread.as_bytes(), answer.seq))
            }
            Some(Ground::Template(_)) | None => None,
        };
        let category = policy::category(content.ground.as_ref());
        let consents = category.is_some_and(|category| ledger::holds(step.tx, thread, category, step.now));
        let quiet = category.and_then(|_| quiet::get(step.tx));
        let dealings = step.tx.row(&DEALINGS, thread.as_bytes()).unwrap_or_default();
        let desk = Desk {
            is_stranger: contact.standing == Standing::Requested,
            opening: opening.as_deref(),
            consents,
            dealings: &dealings,
            quiet,
            waiting: quiet.map_or(0, |_| waiting::count(step.tx, thread)),
        };
        let text = Text { id: content.id, sent_at: content.sent_at, ground: content.ground.as_ref() };
        policy::decide(&text, &desk, step.now)
    }

    /// Quiet hours are over, or others now: what waited is shown, as far as it is still wanted.
    pub(super) fn quiet_over(&mut self, step: &mut Step<'_, '_>) {
        if let Some(ends) = quiet::get(step.tx).and_then(|quiet| quiet.ends(step.now)) {
            return self.agenda.set(step.tx, Job::Quiet, ends);
        }
        for waited in waiting::take(step.tx) {
            let contact = moved::contact(step.tx, &waited.thread);
            let contact = contact.filter(|contact| contact.standing == Standing::Accepted);
            let (Some(contact), Ok(content)) = (contact, Content::decode(&waited.content)) else { continue };
            let category = policy::category(content.ground.as_ref());
            let wanted =
                category.is_some_and(|topic| ledger::holds(step.tx, &contact.thread, topic, step.now));
            match &content.body {
                Body::Said(said) if wanted => {
                    let line = Line::Said(said.clone());
                    self.file_line(step, &contact, &waited.device, &content, line);
                }
                Body::Change(change) if wanted => {
                    let made = made_by_them(content.id, content.sent_at, change.clone());
                    self.changed(step, &contact, &made);
                }
                // Its sender was told that it arrived, and is told no more.
                _ => {
                    self.counters.not_allowed += 1;
                    dealings::drops(step.tx, &contact.thread, Decline::NoConsent, category, step.now);
                }
            }
        }
    }

    /// What a stranger sends is opened so often, and no more.
    pub(super) fn may_knock(&mut self, step: &Step<'_, '_>, contact: &Contact, bytes: usize) -> bool {
        let may = contact.standing != Standing::Requested || dealings::knock(step.tx, &contact.thread, bytes);
        self.counters.over_limit += u64::from(!may);
        may
    }

    /// Whether a business takes one more newcomer without an invite now.
    pub(super) fn may_come(&mut self, now: Time) -> bool {
        self.newcomers.may_come(now)
    }

    /// What a business says next to a customer may answer this.
    pub(super) fn customer_spoke(&self, step: &Step<'_, '_>, contact: &Contact, content: &Content) {
        let message = Answer { id: content.id, seq: content.seq };
        window::heard(step.tx, &contact.thread, message, step.now);
    }

    /// An invite of a person's is the first thing that a business may answer.
    pub(super) fn invite_opens(
        &self,
        step: &Step<'_, '_>,
        thread: &AccountId,
        token: crate::base::id::ContactToken,
    ) {
        let invite = Answer { id: MessageId::new(*token.as_bytes()), seq: 0 };
        if self.is_business() {
            window::heard(step.tx, thread, invite, step.now);
        } else {
            window::open(step.tx, thread, invite, step.now);
        }
    }

    /// A customer says what we may write about.
    pub(super) fn consent_arrived(&mut self, step: &Step<'_, '_>, contact: &Contact, signed: &SignedConsent) {
        let given = Given::verify(signed.clone(), &moved::logs(step.tx, contact)).ok();
        let given = given.filter(|given| {
            let (business, person) = (given.consent().business, given.consent().person);
            self.is_business()
                && own::current(step.tx, &business) == own::current(step.tx, &contact.own)
                && moved::current(step.tx, &person) == contact.account
        });
        let Some(given) = given else {
            self.counters.refused_events += 1;
            return;
        };
        if !ledger::keep(step.tx, &contact.thread, &given) {
            return;
        }
        let (topic, granted) = (given.consent().topic, given.consent().granted);
        // One that comes late says nothing of how things stand.
        let last = ledger::last(step.tx, &contact.thread, topic);
        if last.is_some_and(|last| last.consent().seq == given.consent().seq) {
            self.show(Event::Consent { with: Address(contact.account), topic, granted });
        }
    }
}
