//! The keys under which we write into queues of others: computed once, not for every frame.

use std::collections::BTreeMap;

use crate::base::id::SendId;
use crate::base::mail_limits::WRITER_KEYS_MAX;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::wire::boxes::PairBox;
use crate::wire::mail::writer_key;

/// At most [`WRITER_KEYS_MAX`] keys, each with the queue as it was when the key was computed.
#[derive(Debug, Default)]
pub(super) struct WriterKeys(BTreeMap<SendId, (PairBox, Secret<32>)>);

impl WriterKeys {
    /// The key for a queue; none where the mailbox's key is none.
    pub(super) fn of(&mut self, pair: &PairBox) -> Option<&Secret<32>> {
        if self.0.get(&pair.send).is_none_or(|(known, _)| known != pair) {
            let key = writer_key(&KeyPair::from_secret(pair.writer.clone()), &pair.key, &pair.send)?;
            if self.0.len() >= WRITER_KEYS_MAX {
                self.0.clear();
            }
            self.0.insert(pair.send, (pair.clone(), key));
        }
        self.0.get(&pair.send).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut keys = WriterKeys::default();
        let (old, new) = (queue(1, 4), queue(1, 5));
        assert!(computed(&old) != computed(&new));
        for pair in [&old, &old, &new, &old] {
            assert!(*keys.of(pair).unwrap() == computed(pair));
        }
        assert!(keys.of(&PairBox { key: [0; 32], ..old }).is_none(), "a key of low order is none");
    }

    #[test]
    fn there_are_never_more_than_may_be() {
        let mut keys = WriterKeys::default();
        for send in 0..=u16::try_from(WRITER_KEYS_MAX).unwrap() {
            assert!(keys.of(&queue(send, 4)).is_some());
        }
        assert_eq!(keys.0.len(), 1);
    }
}
