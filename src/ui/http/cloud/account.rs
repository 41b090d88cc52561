//! The ids of the business on this surface, and the secret that signs what its webhooks are told.

use std::sync::Arc;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::crypto::secret::Secret;
use crate::node::handle::Node;
use crate::node::identity::system_rng;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::store::tx::Tx;
use crate::ui::http::cloud::alias::{Alias, below};
use crate::ui::http::error::ApiError;

/// Ids are of fifteen digits, and begin with another one than aliases do.
const FIRST: u64 = 100_000_000_000_000;
const COUNT: u64 = 800_000_000_000_000;

/// What the business is called on this surface. Drawn once, and the same for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ui::http) struct Account {
    phone_number: u64,
    business: u64,
    app: u64,
    /// What is shown as its telephone number.
    number: Alias,
    /// The app secret, which is the key of webhooks' signatures. It must be known to sign, so it is kept as it is.
    pub(in crate::ui::http) secret: Secret<32>,
}

const ACCOUNT: Table<Account> = Table::new(TableId::CloudAccount, 1);
/// The id of its only row.
const ID: &[u8] = b"";

impl Account {
    fn random(rng: &mut (dyn CryptoRng + Send)) -> Self {
        let mut id = || FIRST + below(rng, COUNT);
        let phone_number = id();
        // One id names one object.
        let mut another = |taken: &[u64]| loop {
            let drawn = id();
            if !taken.contains(&drawn) {
                break drawn;
            }
        };
        let business = another(&[phone_number]);
        let app = another(&[phone_number, business]);
        Self { phone_number, business, app, number: Alias::random(rng), secret: Secret::random(rng) }
    }

    /// The phone-number id.
    pub(in crate::ui::http) fn phone_number(&self) -> String {
        self.phone_number.to_string()
    }

    /// The business account's id.
    pub(in crate::ui::http) fn business(&self) -> String {
        self.business.to_string()
    }

    /// The app's id.
    pub(in crate::ui::http) fn app(&self) -> String {
        self.app.to_string()
    }

    /// The id of its catalog, of which there is one: the next one after the business account's that nothing else has.
    pub(in crate::ui::http) fn catalog(&self) -> String {
        let mut id = self.business + 1;
        while [self.phone_number, self.app].contains(&id) {
            id += 1;
        }
        id.to_string()
    }

    /// What is shown as its telephone number.
    pub(in crate::ui::http) fn number(&self) -> String {
        self.number.to_string()
    }

    /// The same as a number that no contact has.
    pub(super) const fn alias(&self) -> Alias {
        self.number
    }
}

/// The account of a node, read once. The row is the truth, and is written once.
pub(in crate::ui::http) struct Accounts {
    node: Node,
    held: OnceCell<Arc<Account>>,
}

impl Accounts {
    pub(in crate::ui::http) fn new(node: Node) -> Self {
        Self { node, held: OnceCell::new() }
    }

    /// The account, drawn where there is none yet.
    pub(in crate::ui::http) async fn get(&self) -> Result<Arc<Account>, ApiError> {
        let read = async || -> Result<_, ApiError> {
            let known = self.node.view(|rows| rows.row(&ACCOUNT, ID)).await?;
            if let Some(known) = known {
                return Ok(known);
            }
            let draw = |tx: &Tx<'_>| match tx.row(&ACCOUNT, ID) {
                Some(known) => Account::clone(&known),
                None => {
                    let drawn = Account::random(&mut system_rng());
                    tx.put(&ACCOUNT, ACCOUNT.key(ID), drawn.clone());
                    drawn
                }
            };
            Ok(Arc::new(self.node.write(draw).await?))
        };
        self.held.get_or_try_init(read).await.cloned()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One for tests.
    pub(in crate::ui::http::cloud) fn account() -> Account {
        let number = Alias::new(999_000_000_000_001).unwrap();
        let (phone_number, business, app) = (100_000_000_000_002, 100_000_000_000_003, 100_000_000_000_004);
        Account { phone_number, business, app, number, secret: Secret::new([7; 32]) }
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        let head = [
            1, 130, 128, 233, 131, 177, 222, 22, 131, 128, 233, 131, 177, 222, 22, 132, 128, 233, 131, 177,
            222, 22, 129, 224, 133, 129, 221, 146, 227, 1, 32,
        ];
        assert_eq!(ACCOUNT.encode(&account()).unwrap(), [&head[..], &[7; 32]].concat());
    }

    #[test]
    fn ids_have_fifteen_digits_and_are_four() {
        let account = Account::random(&mut system_rng());
        let ids = [account.phone_number(), account.business(), account.app()];
        assert!(ids.iter().all(|id| id.len() == 15 && !id.starts_with('9')));
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        assert!(account.number().starts_with("999"));
        assert!(account.catalog().len() == 15 && !ids.contains(&account.catalog()));
    }

    #[test]
    fn the_catalog_has_an_id_that_nothing_else_has() {
        assert_eq!(account().catalog(), "100000000000005", "the next two are taken");
        assert_eq!(Account { app: 100_000_000_000_009, ..account() }.catalog(), "100000000000004");
    }
}
