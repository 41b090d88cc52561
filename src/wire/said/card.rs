//! Somebody, handed on as a contact.

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::said_limits::{CARD_LINE_MAX, CARD_LINES_MAX};
use crate::wire::decode::{Malformed, array, is_line};
use crate::wire::record::is_website;
use crate::wire::schema;

/// Somebody, as the sender knows them. Nothing of it is verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Card {
    /// What they are called.
    pub name: String,
    /// For whom they work; may be empty.
    pub organization: String,
    /// Their account, where it is known.
    pub account: Option<AccountId>,
    /// Telephone numbers, as people write them.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// May be empty.
    pub website: String,
}

impl Card {
    /// Whether everything is within its bounds, and there is some way to reach them.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        let are_lines = |lines: &[String], fits: &dyn Fn(&str) -> bool| {
            lines.len() <= CARD_LINES_MAX
                && lines.iter().all(|line| !line.is_empty() && is_line(line, CARD_LINE_MAX) && fits(line))
        };
        let holds = is_line(&self.name, limits::NAME_MAX)
            && is_line(&self.organization, limits::LINE_MAX)
            && are_lines(&self.phones, &|phone| phone.bytes().any(|byte| byte.is_ascii_digit()))
            && are_lines(&self.emails, &|email| email.contains('@'))
            && (self.website.is_empty() || is_website(&self.website));
        if !holds {
            return Err(Malformed(
                "a card has a name of at most 80 bytes, up to 4 telephone numbers and 4 e-mail addresses of at most 128, \
                 and a website that begins with https://",
            ));
        }
        let reachable = self.account.is_some()
            || !(self.phones.is_empty() && self.emails.is_empty() && self.website.is_empty());
        if self.name.is_empty() || !reachable {
            return Err(Malformed("a card has a name, and an address or another way to reach them"));
        }
        Ok(())
    }

    pub(crate) fn to_schema(&self) -> schema::Card {
        schema::Card {
            name: self.name.clone(),
            organization: self.organization.clone(),
            account: self.account.map(|account| account.as_bytes().to_vec()).unwrap_or_default(),
            phones: self.phones.clone(),
            emails: self.emails.clone(),
            website: self.website.clone(),
        }
    }

    pub(crate) fn from_schema(card: schema::Card) -> Result<Self, Malformed> {
        let account = match card.account.as_slice() {
            [] => None,
            account => Some(AccountId::new(array(account)?)),
        };
        let schema::Card { name, organization, phones, emails, website, .. } = card;
        let card = Self { name, organization, account, phones, emails, website };
        card.check().map(|()| card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_names_somebody_and_a_way_to_reach_them() {
        let card = Card {
            name: "Bento".into(),
            organization: "Padaria".into(),
            account: Some(AccountId::new([1; 32])),
            phones: vec!["+55 11 91234-5678".into()],
            emails: vec!["bento@padaria.example".into()],
            website: "https://padaria.example".into(),
        };
        assert_eq!(Card::from_schema(card.to_schema()), Ok(card.clone()));
        let bare = Card { phones: Vec::new(), emails: Vec::new(), website: String::new(), ..card.clone() };
        assert!(bare.check().is_ok());
        let wrong = [
            Card { account: None, ..bare },
            Card { name: String::new(), ..card.clone() },
            Card { name: "\u{202e}otneB".into(), ..card.clone() },
            Card { phones: vec!["call me".into()], ..card.clone() },
            Card { phones: vec!["1".into(); CARD_LINES_MAX + 1], ..card.clone() },
            Card { emails: vec!["bento".into()], ..card.clone() },
            Card { website: "javascript:alert(1)".into(), ..card },
        ];
        assert!(wrong.iter().all(|wrong| Card::from_schema(wrong.to_schema()).is_err()));
    }
}
