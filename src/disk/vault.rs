//! Sealed values under blinded keys: what a thief of the disk can't read.

use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;
use zeroize::Zeroizing;

use crate::crypto::aead::{self, TAG_LEN, XNONCE_LEN};
use crate::crypto::kdf::{HmacKey, hkdf_sha256, label};
use crate::crypto::secret::Secret;
use crate::store::key::Value;
use crate::store::snapshot::Fault;

/// A row's key on the disk: the table's number, the blinded id, the order part.
pub(in crate::disk) type PhysicalKey = Arc<[u8]>;

/// Bytes of the random name that every database gets when it is made.
pub(in crate::disk) const DATABASE_ID_LEN: usize = 16;

/// Bytes of the table's number and the blinded id.
pub(in crate::disk) const PREFIX_LEN: usize = 1 + BLINDED_LEN;

const BLINDED_LEN: usize = 16;

/// Bytes of the longest usual order part.
const ORDER_USUAL: usize = 16;

/// The keys of one database, per table, derived when a table is first touched.
pub(in crate::disk) struct Vault {
    data_key: Secret<32>,
    database: [u8; DATABASE_ID_LEN],
    schema: u16,
    tables: Vec<OnceLock<TableKeys>>,
}

struct TableKeys {
    values: Secret<32>,
    ids: HmacKey,
}

impl Vault {
    pub(in crate::disk) fn new(data_key: &Secret<32>, database: [u8; DATABASE_ID_LEN], schema: u16) -> Self {
        let tables = (0..=u8::MAX).map(|_| OnceLock::new()).collect();
        Self { data_key: data_key.clone(), database, schema, tables }
    }

    /// What the keys of all rows of one id begin with.
    pub(in crate::disk) fn prefix(&self, table: u8, id: &[u8]) -> [u8; PREFIX_LEN] {
        let tag = self.keys(table).ids.tag(&[id]);
        let mut prefix = [table; PREFIX_LEN];
        prefix[1..].copy_from_slice(&tag.expose()[..BLINDED_LEN]);
        prefix
    }

    /// The key of one row on the disk.
    pub(in crate::disk) fn blind(&self, table: u8, id: &[u8], order: &[u8]) -> PhysicalKey {
        let mut key: SmallVec<[u8; PREFIX_LEN + ORDER_USUAL]> = SmallVec::from_slice(&self.prefix(table, id));
        key.extend_from_slice(order);
        key.as_slice().into()
    }

    /// Seals a value together with its id: nonce, then the ciphertext of value, id and the id's length.
    /// The nonce must be random.
    pub(in crate::disk) fn seal(
        &self,
        key: &[u8],
        id: &[u8],
        value: &[u8],
        nonce: &[u8; XNONCE_LEN],
    ) -> Result<Vec<u8>, Fault> {
        let length = u16::try_from(id.len()).map_err(|_| Fault("an id is too long".into()))?;
        let mut body = Zeroizing::new(Vec::with_capacity(value.len() + id.len() + 2 + TAG_LEN));
        body.extend_from_slice(value);
        body.extend_from_slice(id);
        body.extend_from_slice(&length.to_be_bytes());
        aead::seal_random(&self.values_key(key)?, nonce, &self.associated(key), &mut body)
            .map_err(|_| Fault("a value can't be sealed".into()))?;
        Ok([nonce.as_slice(), &body].concat())
    }

    /// The id and the value that [`Vault::seal`] sealed under this key.
    pub(in crate::disk) fn open(&self, key: &[u8], sealed: &[u8]) -> Result<(Vec<u8>, Value), Fault> {
        self.unseal(key, sealed).ok_or_else(|| {
            let table = key.first().copied().unwrap_or_default();
            Fault(format!("a row of table {table} is damaged: its seal is broken"))
        })
    }

    fn unseal(&self, key: &[u8], sealed: &[u8]) -> Option<(Vec<u8>, Value)> {
        let (nonce, body) = sealed.split_first_chunk::<XNONCE_LEN>()?;
        let mut body = Zeroizing::new(body.to_vec());
        aead::open_random(&self.values_key(key).ok()?, nonce, &self.associated(key), &mut body).ok()?;
        let (rest, length) = body.split_last_chunk::<2>()?;
        let value_len = rest.len().checked_sub(usize::from(u16::from_be_bytes(*length)))?;
        let id = rest.get(value_len..)?.to_vec();
        body.truncate(value_len);
        Some((id, Value::new(core::mem::take(&mut *body))))
    }

    fn values_key(&self, key: &[u8]) -> Result<Secret<32>, Fault> {
        let table = key.first().ok_or_else(|| Fault("a key on the disk is empty".into()))?;
        Ok(self.keys(*table).values.clone())
    }

    fn associated(&self, key: &[u8]) -> Vec<u8> {
        [self.database.as_slice(), &self.schema.to_be_bytes(), key].concat()
    }

    fn keys(&self, table: u8) -> &TableKeys {
        self.tables[usize::from(table)].get_or_init(|| {
            let derive = |label: crate::crypto::kdf::Label| {
                hkdf_sha256::<32>(&self.database, self.data_key.expose(), &label.with(&[&[table]]))
            };
            TableKeys {
                values: derive(label::TABLE_VALUES),
                ids: HmacKey::new(derive(label::TABLE_KEYS).expose()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&Secret::new([byte; 32]), [1; DATABASE_ID_LEN], 1)
    }

    #[test]
    fn a_value_opens_only_under_its_own_key_table_and_database() {
        let vault = vault(7);
        let key = vault.blind(3, b"who", b"1");
        let sealed = vault.seal(&key, b"who", b"what", &[9; XNONCE_LEN]).unwrap();
        let (id, value) = vault.open(&key, &sealed).unwrap();
        assert_eq!((id.as_slice(), &*value), (&b"who"[..], &b"what"[..]));
        assert!(vault.open(&vault.blind(3, b"who", b"2"), &sealed).is_err());
        assert!(vault.open(&vault.blind(4, b"who", b"1"), &sealed).is_err());
        assert!(super::tests::vault(8).open(&key, &sealed).is_err());
        assert!(Vault::new(&Secret::new([7; 32]), [2; 16], 1).open(&key, &sealed).is_err());
        assert!(Vault::new(&Secret::new([7; 32]), [1; 16], 2).open(&key, &sealed).is_err());
        assert!(vault.open(&key, &sealed[..10]).is_err());
        assert!(vault.open(&[], &sealed).is_err());
    }

    #[test]
    fn rows_of_one_id_lie_together_in_their_order_and_the_id_is_hidden() {
        let vault = vault(7);
        let (one, two) = (vault.blind(3, b"who", b"1"), vault.blind(3, b"who", b"2"));
        assert!(one < two && one[..PREFIX_LEN] == two[..PREFIX_LEN]);
        assert_ne!(one[..PREFIX_LEN], vault.blind(3, b"whom", b"1")[..PREFIX_LEN]);
        assert!(!one.windows(3).any(|window| window == b"who"));
    }
}
