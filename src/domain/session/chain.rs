//! Roots, chains and message keys: each classical key has a post-quantum companion.

use serde::{Deserialize, Serialize};

use crate::crypto::aead::{NONCE_LEN, XNONCE_LEN};
use crate::crypto::kdf::{HmacKey, expand_sha256, extract_sha256, hkdf_sha256, label};
use crate::crypto::secret::Secret;

/// What a chain key is asked for: a message's key, or the next chain key (Double Ratchet, section 5.2).
const FOR_MESSAGE: &[u8] = &[1];
const FOR_NEXT: &[u8] = &[2];

/// The roots that chains grow from: the Double Ratchet's, and the one that KEM secrets go into.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Root {
    classical: Secret<32>,
    quantum: Secret<32>,
}

/// What one step of the root gives.
#[derive(Debug)]
pub(super) struct Step {
    /// The root after the step.
    pub(super) root: Root,
    /// The chain that begins here.
    pub(super) chain: ChainKeys,
    /// The header key of the next chain in the same direction.
    pub(super) next_header: Secret<32>,
}

impl Root {
    pub(super) const fn new(classical: Secret<32>, quantum: Secret<32>) -> Self {
        Self { classical, quantum }
    }

    /// One step with the secret of a Diffie-Hellman exchange.
    ///
    /// The post-quantum root takes the step along. `epoch` numbers the secret that it holds after the step;
    /// `begins` is that secret where it enters with this step, and the derivation's input is empty otherwise.
    pub(super) fn step(&self, shared: &Secret<32>, epoch: u32, begins: Option<&Secret<32>>) -> Step {
        let keys: Secret<96> = hkdf_sha256(self.classical.expose(), shared.expose(), &label::ROOT.encoded());
        let input = begins.map_or(&[][..], |secret| secret.expose());
        let quantum: Secret<64> =
            hkdf_sha256(self.quantum.expose(), input, &label::QUANTUM_ROOT.with(&[&epoch.to_be_bytes()]));
        let [root, chain, next_header] = split(&keys);
        let [quantum_root, quantum_chain] = split(&quantum);
        Step {
            root: Self { classical: root, quantum: quantum_root },
            chain: ChainKeys { classical: chain, quantum: quantum_chain },
            next_header,
        }
    }
}

/// The keys of a chain at one of its messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ChainKeys {
    classical: Secret<32>,
    quantum: Secret<32>,
}

impl ChainKeys {
    /// The secret of the message here, and the keys at the next message.
    pub(super) fn next(&self) -> (MessageSecret, Self) {
        let (classical, quantum) = (self.classical(), self.quantum());
        let secret = extract_sha256(&quantum.tag(&[FOR_MESSAGE]), &classical.tag(&[FOR_MESSAGE]));
        let next =
            Self { classical: classical.last_tag(&[FOR_NEXT]), quantum: quantum.last_tag(&[FOR_NEXT]) };
        (MessageSecret(secret), next)
    }

    /// The keys at the next message, this one's left underived.
    pub(super) fn skip(&self) -> Self {
        Self {
            classical: self.classical().last_tag(&[FOR_NEXT]),
            quantum: self.quantum().last_tag(&[FOR_NEXT]),
        }
    }

    fn classical(&self) -> HmacKey {
        HmacKey::new(self.classical.expose())
    }

    fn quantum(&self) -> HmacKey {
        HmacKey::new(self.quantum.expose())
    }
}

/// The hybrid secret of one message: whoever wants it must have broken both chains.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MessageSecret(Secret<32>);

impl MessageSecret {
    /// Key and nonce of the body. The header's random nonce enters, so that a ratchet set back by a restored
    /// disk doesn't seal two texts under one key and nonce.
    pub(super) fn body_key(&self, header_nonce: &[u8; XNONCE_LEN]) -> (Secret<32>, [u8; NONCE_LEN]) {
        let (prefix, text) = label::MESSAGE.parts();
        let keys: Secret<{ 32 + NONCE_LEN }> = expand_sha256(&self.0, &[&prefix, text, header_nonce]);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&keys.expose()[32..]);
        let [key] = split(&keys);
        (key, nonce)
    }
}

/// The first `COUNT` keys of 32 bytes each.
pub(super) fn split<const COUNT: usize, const N: usize>(keys: &Secret<N>) -> [Secret<32>; COUNT] {
    const { assert!(COUNT * 32 <= N, "there are as many keys as asked for") };
    core::array::from_fn(|index| {
        let mut key = [0; 32];
        key.copy_from_slice(&keys.expose()[index * 32..][..32]);
        let secret = Secret::new(key);
        zeroize::Zeroize::zeroize(&mut key);
        secret
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(classical: u8, quantum: u8) -> Root {
        Root::new(Secret::new([classical; 32]), Secret::new([quantum; 32]))
    }

    fn first_key(root: &Root, shared: u8, epoch: u32) -> Secret<32> {
        root.step(&Secret::new([shared; 32]), epoch, None).chain.next().0.body_key(&[0; 24]).0
    }

    #[test]
    fn a_message_key_needs_both_roots_the_exchange_and_the_epoch() {
        let key = first_key(&root(1, 2), 3, 0);
        assert_eq!(first_key(&root(1, 2), 3, 0), key);
        assert_ne!(first_key(&root(9, 2), 3, 0), key, "another classical root");
        assert_ne!(first_key(&root(1, 9), 3, 0), key, "another post-quantum root");
        assert_ne!(first_key(&root(1, 2), 9, 0), key, "another exchange");
        assert_ne!(first_key(&root(1, 2), 3, 9), key, "another epoch");
    }

    #[test]
    fn a_secret_that_enters_heals_the_post_quantum_root_and_leaves_the_classical_one() {
        let step = |secret: Option<u8>| {
            let secret = secret.map(|byte| Secret::new([byte; 32]));
            root(1, 2).step(&Secret::new([3; 32]), 1, secret.as_ref())
        };
        let (without, one, other) = (step(None), step(Some(4)), step(Some(5)));
        for (a, b) in [(&without, &one), (&one, &other)] {
            assert!(a.root.quantum != b.root.quantum && a.chain.quantum != b.chain.quantum);
            assert!(a.root.classical == b.root.classical && a.chain.classical == b.chain.classical);
        }
    }

    #[test]
    fn another_header_nonce_gives_another_key_and_nonce() {
        let (secret, _) = root(1, 2).step(&Secret::new([3; 32]), 0, None).chain.next();
        let (one, other) = (secret.body_key(&[0; 24]), secret.body_key(&[1; 24]));
        assert!(one.0 != other.0 && one.1 != other.1);
    }

    #[test]
    fn skipping_leads_to_the_same_chain_as_deriving() {
        let chain = root(1, 2).step(&Secret::new([3; 32]), 0, None).chain;
        let (one, other) = (chain.next().1.next().0, chain.skip().next().0);
        assert_eq!(one.0, other.0);
        assert_ne!(chain.next().0.0, one.0);
    }
}
