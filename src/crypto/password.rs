//! Argon2id (RFC 9106): from a passphrase to a key.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

use crate::crypto::CryptoError;
use crate::crypto::secret::Secret;

/// Bytes of the salt.
pub const SALT_LEN: usize = 16;

/// How much memory and time one guess costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// 64 MiB, three passes, one lane: some 0.3 s on a cheap machine, and fits a cheap telephone.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// The least that is accepted, for tests and throw-away nodes whose passphrase protects nothing.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
    /// The most that is accepted from a file, so that a hostile one can't exhaust the memory.
    pub const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 8 };

    /// Whether each part lies between [`Cost::LEAST`] and [`Cost::MOST`].
    pub const fn is_acceptable(self) -> bool {
        self.lanes >= Self::LEAST.lanes
            && self.lanes <= Self::MOST.lanes
            && self.memory_kib >= Self::LEAST.memory_kib * self.lanes
            && self.memory_kib <= Self::MOST.memory_kib
            && self.passes >= Self::LEAST.passes
            && self.passes <= Self::MOST.passes
    }
}

/// The 32-byte key of a passphrase (Argon2id, version 0x13).
pub fn derive(passphrase: &[u8], salt: &[u8; SALT_LEN], cost: Cost) -> Result<Secret<32>, CryptoError> {
    if !cost.is_acceptable() {
        return Err(CryptoError);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| CryptoError)?;
    let mut key = Secret::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.expose_mut())
        .map_err(|_| CryptoError)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_parameters_out_of_bounds_are_refused() {
        let greedy = Cost { memory_kib: u32::MAX, ..Cost::STANDARD };
        assert_eq!(derive(b"x", &[0; SALT_LEN], greedy), Err(CryptoError));
        for lanes in [0, u32::MAX] {
            assert_eq!(derive(b"x", &[0; SALT_LEN], Cost { lanes, ..Cost::LEAST }), Err(CryptoError));
        }
    }

    /// RFC 9106, section 3.1, asks for 8 KiB a lane at least, one pass and one lane.
    #[test]
    fn each_part_of_a_cost_is_accepted_up_to_its_bounds_and_no_further() {
        let cost = |memory_kib, passes, lanes| Cost { memory_kib, passes, lanes }.is_acceptable();
        let (memory, passes, lanes) = (Cost::MOST.memory_kib, Cost::MOST.passes, Cost::MOST.lanes);
        assert_eq!(Cost::STANDARD, Cost { memory_kib: 65_536, passes: 3, lanes: 1 });
        assert_eq!((memory, passes, lanes), (1_048_576, 16, 8), "1 GiB");
        assert!(Cost::STANDARD.is_acceptable());
        assert!(cost(8, 1, 1) && cost(16, 1, 2) && cost(memory, passes, lanes));
        assert!(!cost(7, 1, 1) && !cost(15, 1, 2) && !cost(8 * lanes - 1, 1, lanes), "too little memory");
        assert!(!cost(memory + 1, 1, 1), "too much memory");
        assert!(!cost(8, 0, 1) && !cost(8, passes + 1, 1), "passes");
        assert!(!cost(8, 1, 0) && !cost(memory, 1, lanes + 1), "lanes");
    }
}
