//! The log of an account that takes the place of another: the same devices, by their own word for either.

use crate::base::id::DeviceId;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519::{self, Signature};
use crate::crypto::kdf::label;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::wire::account::{Former, LogOperation, Member};

/// Whether it is the device's word that it is the account's of this log, which has it.
pub fn is_consent(log: &AccountLog, device: &DeviceId, consent: &Signature) -> bool {
    let holds = |device: &crate::wire::account::Device| {
        let payload = Member::consent_payload(&log.account(), device);
        ed25519::verify(device.id.as_bytes(), label::DEVICE_CONSENT, &payload, consent.as_bytes()).is_ok()
    };
    log.devices().find(|one| one.id == *device).is_some_and(holds)
}

/// The log of the account that takes the place of the one of `log`, whose key is `key`: the same devices, the one with
/// the keys `us` first, and the same mailboxes. The domain was proven for the former address.
///
/// This device agrees now. The others agreed to be the former account's (`fresh` has their word, where they gave it
/// lately), or an account's before it; the former key says that they may be the heir's. One that gave no word during
/// [`limits::LINE_OF_DEVICES_MAX`] rotations isn't taken over.
///
/// # Errors
/// Where `us` isn't in the log, or the log isn't the key's.
pub fn heir_log(
    log: &AccountLog,
    (key, heir): (&AccountKey, &AccountKey),
    us: &DeviceKeys,
    fresh: impl Fn(&DeviceId) -> Option<Signature>,
    now: Time,
) -> Result<AccountLog, LogError> {
    let state = log.state();
    let (first, others): (Vec<_>, Vec<_>) =
        state.members.iter().cloned().partition(|member| member.device.id == us.id());
    let first = first.into_iter().next().ok_or(LogError::Entry)?;
    let ours = Member { consent: us.consent(&heir.id(), &first.device), device: first.device, former: 0 };
    let others: Vec<Member> =
        others.into_iter().filter_map(|member| taken_over(member, log, &fresh)).collect();
    let back = others.iter().map(|member| member.former as usize).max().unwrap_or_default();
    let payload = Former::payload(&log.account(), &heir.id());
    let signature = Signature::new(key.signing().sign(label::SUCCESSION, &payload));
    let mut line = state.line.clone();
    line.push(Former { account: log.account(), signature });
    line.drain(..line.len().saturating_sub(back));
    // Above every number of the former log: what claims to stand there is never taken for the new one.
    let began = now.max(Time::from_millis(log.head().seq.saturating_add(2)));
    let mut made = AccountLog::begin_in_line(heir, ours, line, began);
    for member in others {
        made.append(heir, LogOperation::AddDevice(member), began)?;
    }
    if !state.mailboxes.is_empty() {
        made.append(heir, LogOperation::SetMailboxes(state.mailboxes.clone()), began)?;
    }
    Ok(made)
}

/// Another device under the heir, by its latest word.
fn taken_over(
    member: Member,
    log: &AccountLog,
    fresh: impl Fn(&DeviceId) -> Option<Signature>,
) -> Option<Member> {
    let device = member.device.id;
    let member = match fresh(&device).filter(|consent| is_consent(log, &device, consent)) {
        Some(consent) => Member { consent, former: 1, ..member },
        None => Member { former: member.former.checked_add(1)?, ..member },
    };
    (member.former as usize <= limits::LINE_OF_DEVICES_MAX).then_some(member)
}
