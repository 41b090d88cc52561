//! From what a program writes for somebody to a contact.

use crate::base::id::AccountId;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::{address, moved};
use crate::ui::http::api::Api;
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::alias::{self, Alias};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters::Parameters;
use crate::ui::http::cloud::party::{Party, alias_of};
use crate::ui::http::cloud::user_id;

/// Digits of the longest telephone number.
const NUMBER_MAX: usize = 15;
/// The longest text that can name somebody.
const NAME_MAX: usize = 128;

/// Somebody to whom something is to be sent.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    /// What the program wrote.
    pub(super) input: String,
    pub(super) party: Party,
    /// The contact and its number; nothing where nobody here is called so.
    pub(super) contact: Option<(Box<Contact>, Alias)>,
}

/// What a program may write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Named {
    /// An account, by its business-scoped id or its address.
    Account(AccountId),
    /// A number that a contact may have.
    Alias(Alias),
    /// A telephone number, which nobody has here.
    Telephone,
}

/// Whom a request names under `to` or `recipient`.
pub(super) async fn of(api: &Api, account: &Account, parameters: &Parameters) -> Result<Recipient, Graph> {
    let written = ["to", "recipient"].map(|name| parameters.text(name).map(|text| text.trim().to_owned()));
    let written: Vec<String> = written.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let Some(first) = written.first().cloned() else { return Err(Graph::missing("to")) };
    let mut nobody = None;
    for text in written {
        let found = find(api, account, text).await?;
        if found.contact.is_some() {
            return Ok(found);
        }
        nobody = nobody.or(Some(found));
    }
    nobody.ok_or_else(|| Graph::missing(&first))
}

/// Whom this names.
pub(super) async fn find(api: &Api, account: &Account, input: String) -> Result<Recipient, Graph> {
    let named = parse(&input).ok_or_else(|| {
        Graph::value("to", "is a number, a business-scoped user id that begins with XP., or an address that begins with sig1")
    })?;
    let own = api.node().account();
    if named == Named::Alias(account.alias()) || named == Named::Account(own) {
        return Err(Graph::new(Code::Ourselves, "This is the business itself."));
    }
    let look = move |rows: &crate::store::table::Reader<'_>| {
        let account = match named {
            Named::Account(account) => account,
            Named::Alias(alias) => alias::owner(rows, alias)?,
            Named::Telephone => return None,
        };
        moved::contact(rows, &account).filter(|contact| !contact.is_ourselves())
    };
    let Some(contact) = api.view(look).await? else { return Ok(nobody(input, named)) };
    let alias = alias_of(api, &contact).await?;
    let party = Party::new(&contact, alias);
    Ok(Recipient { input, party, contact: Some((Box::new(Contact::clone(&contact)), alias)) })
}

/// Somebody whom this node doesn't know.
fn nobody(input: String, named: Named) -> Recipient {
    let digits: String = input.chars().filter(char::is_ascii_digit).collect();
    let (wa_id, user_id) = match named {
        Named::Account(account) => ("0".to_owned(), user_id::encode(&account)),
        Named::Alias(_) | Named::Telephone => (digits, user_id::NOBODY.to_owned()),
    };
    Recipient { party: Party { name: input.clone(), wa_id, user_id }, input, contact: None }
}

fn parse(text: &str) -> Option<Named> {
    if text.len() > NAME_MAX {
        return None;
    }
    if text.starts_with("XP.") {
        return user_id::decode(text).map(Named::Account);
    }
    if text.to_ascii_lowercase().starts_with(address::BEGINNING) {
        return address::decode(text).ok().map(Named::Account);
    }
    let is_ignored = |c: char| c.is_whitespace() || "-().".contains(c);
    let digits: String = text.strip_prefix('+').unwrap_or(text).chars().filter(|c| !is_ignored(*c)).collect();
    if !(1..=NUMBER_MAX).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Alias::parse(&digits).map_or(Named::Telephone, Named::Alias))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::identity::account::Seed;

    #[test]
    fn a_contact_is_named_by_number_by_id_or_by_address() {
        let account = Seed::from_secret(Secret::new([3; 32])).account().id();
        let alias = Alias::new(999_000_000_000_007).unwrap();
        for text in ["999000000000007", "+999000000000007", "+999 000-000 (000).007"] {
            assert_eq!(parse(text), Some(Named::Alias(alias)), "{text}");
        }
        assert_eq!(parse(&user_id::encode(&account)), Some(Named::Account(account)));
        let address = address::encode(&account);
        assert_eq!(parse(&address), Some(Named::Account(account)));
        assert_eq!(parse(&address.to_uppercase()), Some(Named::Account(account)));
        assert_eq!(parse("+55 11 99999-9999"), Some(Named::Telephone));
        for wrong in ["", "+", "Ana", "XP.", "XP.01", "sig1x", "1234567890123456", "12a", "٣"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nobody_has_the_form_of_somebody() {
        let nobody = nobody("+55 11 99999-9999".into(), Named::Telephone);
        assert_eq!((nobody.party.wa_id.as_str(), nobody.party.user_id.as_str()), ("5511999999999", "XP.0"));
    }
}
