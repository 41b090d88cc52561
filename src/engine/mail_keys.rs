//! The keys under which we write into queues of others and read our own: computed once, not for every request.

use std::collections::BTreeMap;

use crate::base::id::{ReadId, SendId};
use crate::base::mail_limits::MAIL_KEYS_MAX;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::domain::mailbox::owner::OwnQueue;
use crate::wire::boxes::PairBox;
use crate::wire::mail::writer_key;

/// At most [`MAIL_KEYS_MAX`] keys of each kind.
#[derive(Debug, Default)]
pub(super) struct MailKeys {
    /// Each with the queue as it was when the key was computed.
    writers: BTreeMap<SendId, (PairBox, Secret<32>)>,
    /// A read id is its key's digest: the key of an id is always the same.
    readers: BTreeMap<ReadId, SigningKey>,
}

impl MailKeys {
    /// The key to write into a queue with; none where the mailbox's key is none.
    pub(super) fn writer(&mut self, pair: &PairBox) -> Option<&Secret<32>> {
        if self.writers.get(&pair.send).is_none_or(|(known, _)| known != pair) {
            let key = writer_key(&KeyPair::from_secret(pair.writer.clone()), &pair.key, &pair.send)?;
            make_room(&mut self.writers);
            self.writers.insert(pair.send, (pair.clone(), key));
        }
        self.writers.get(&pair.send).map(|(_, key)| key)
    }

    /// The key that signs requests to read a queue of ours.
    pub(super) fn reader(&mut self, id: &ReadId, queue: &OwnQueue) -> &SigningKey {
        if !self.readers.contains_key(id) {
            make_room(&mut self.readers);
        }
        self.readers.entry(*id).or_insert_with(|| queue.key())
    }
}

/// Forgets all where there is no room for one more.
fn make_room<K: Ord, V>(keys: &mut BTreeMap<K, V>) {
    if keys.len() >= MAIL_KEYS_MAX {
        keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::base::id::AccountId;
    use crate::base::time::Time;
    use crate::domain::mailbox::owner::Purpose;
    use crate::wire::peer::{PeerAddress, PeerKey};

    fn queue(send: u16, writer: u8) -> PairBox {
        let mut id = [0; SendId::LEN];
        id[..2].copy_from_slice(&send.to_be_bytes());
        let peer = PeerKey::new(vec![7; 38]).unwrap();
        PairBox {
            at: PeerAddress::new(peer, Vec::new()).unwrap(),
            send: SendId::new(id),
            writer: Secret::new([writer; 32]),
            key: *KeyPair::from_secret(Secret::new([9; 32])).public(),
            mask: Secret::new([3; 32]),
        }
    }

    fn computed(pair: &PairBox) -> Secret<32> {
        writer_key(&KeyPair::from_secret(pair.writer.clone()), &pair.key, &pair.send).unwrap()
    }

    #[test]
    fn a_queue_that_is_another_under_its_old_id_has_another_key() {
        let mut keys = MailKeys::default();
        let (old, new) = (queue(1, 4), queue(1, 5));
        assert!(computed(&old) != computed(&new));
        for pair in [&old, &old, &new, &old] {
            assert!(*keys.writer(pair).unwrap() == computed(pair));
        }
        assert!(keys.writer(&PairBox { key: [0; 32], ..old }).is_none(), "a key of low order is none");
    }

    #[test]
    fn there_are_never_more_than_may_be() {
        let mut keys = MailKeys::default();
        for send in 0..=u16::try_from(MAIL_KEYS_MAX).unwrap() {
            assert!(keys.writer(&queue(send, 4)).is_some());
        }
        assert_eq!(keys.writers.len(), 1);
    }

    #[test]
    fn each_queue_of_ours_is_read_with_the_key_that_it_was_made_under() {
        let (mailbox, rng) = (PeerKey::new(vec![7; 38]).unwrap(), &mut ChaCha20Rng::from_seed([1; 32]));
        let (mut keys, mut queues) = (MailKeys::default(), Vec::new());
        for _ in 0..=MAIL_KEYS_MAX {
            let gate = Secret::new([1; 32]);
            let purpose = Purpose::Inbox { own: AccountId::new([5; AccountId::LEN]), gate };
            queues.push(OwnQueue::new(mailbox.clone(), purpose, Time::from_millis(1), rng));
        }
        for (id, queue) in queues.iter().chain(&queues[..2]) {
            assert_eq!(keys.reader(id, queue).public(), queue.key().public());
            assert!(keys.readers.len() <= MAIL_KEYS_MAX);
        }
        assert_eq!(keys.readers.len(), 3, "they were forgotten when they were too many");
    }
}
