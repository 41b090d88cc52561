//! What becomes of an order.

use serde::{Deserialize, Serialize};

use crate::base::said_limits::{BILL_ABOUT_MAX, MENU_EDGE_MAX, MENU_TEXT_MAX, ORDER_REFERENCE_MAX};
use crate::wire::decode::{Malformed, is_line, is_text};
use crate::wire::schema;

/// What becomes of an order, by the word of the business.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderStatus {
    /// What the business calls the order.
    pub reference: String,
    /// How it stands.
    pub stage: Stage,
    /// Why, in a few words; may be empty.
    pub about: String,
    /// What is said with it; may be empty.
    pub text: String,
    /// What stands below; may be empty.
    pub footer: String,
}

/// How an order stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is looked at.
    Pending,
    /// It is being made ready.
    Processing,
    /// A part of it is on its way.
    PartiallyShipped,
    /// It is on its way.
    Shipped,
    /// It is done.
    Completed,
    /// Nothing comes of it.
    Canceled,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Processing,
        Self::PartiallyShipped,
        Self::Shipped,
        Self::Completed,
        Self::Canceled,
    ];

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::PartiallyShipped => "partially_shipped",
            Self::Shipped => "shipped",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
        }
    }

    /// The stage that is called so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    const fn number(self) -> u32 {
        match self {
            Self::Pending => 1,
            Self::Processing => 2,
            Self::PartiallyShipped => 3,
            Self::Shipped => 4,
            Self::Completed => 5,
            Self::Canceled => 6,
        }
    }

    fn from_number(number: u32) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|stage| stage.number() == number).ok_or(Malformed("an unknown stage"))
    }
}

impl OrderStatus {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.reference.is_empty() || !is_line(&self.reference, ORDER_REFERENCE_MAX) {
            return Err(Malformed("an order is called by a line of 1 to 64 bytes"));
        }
        if !is_text(&self.text, MENU_TEXT_MAX) || !is_line(&self.footer, MENU_EDGE_MAX) {
            return Err(Malformed("a text has at most 4,096 bytes, a footer is a line of at most 240"));
        }
        if is_text(&self.about, BILL_ABOUT_MAX) {
            Ok(())
        } else {
            Err(Malformed("why an order stands so has at most 512 bytes"))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::OrderStatus {
        schema::OrderStatus {
            reference: self.reference.clone(),
            stage: self.stage.number(),
            about: self.about.clone(),
            text: self.text.clone(),
            footer: self.footer.clone(),
        }
    }

    pub(crate) fn from_schema(status: schema::OrderStatus) -> Result<Self, Malformed> {
        let schema::OrderStatus { reference, stage, about, text, footer } = status;
        let status = Self { reference, stage: Stage::from_number(stage)?, about, text, footer };
        status.check().map(|()| status)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn status() -> OrderStatus {
        OrderStatus {
            reference: "order-7".into(),
            stage: Stage::Shipped,
            about: "by bicycle".into(),
            text: "It is on its way.".into(),
            footer: "Padaria".into(),
        }
    }

    #[test]
    fn what_becomes_of_an_order_reads_back() {
        for stage in Stage::ALL {
            let status = OrderStatus { stage, ..status() };
            assert_eq!(OrderStatus::from_schema(status.to_schema()), Ok(status));
            assert_eq!(Stage::from_word(stage.word()), Some(stage));
        }
        let bare =
            OrderStatus { about: String::new(), text: String::new(), footer: String::new(), ..status() };
        assert_eq!(OrderStatus::from_schema(bare.to_schema()), Ok(bare));
        assert_eq!(Stage::from_word("lost"), None);
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let wrong = [
            OrderStatus { reference: String::new(), ..status() },
            OrderStatus { reference: "x".repeat(ORDER_REFERENCE_MAX + 1), ..status() },
            OrderStatus { about: "x".repeat(BILL_ABOUT_MAX + 1), ..status() },
            OrderStatus { text: "\u{1b}[2J".into(), ..status() },
            OrderStatus { footer: "two\nlines".into(), ..status() },
        ];
        for wrong in wrong {
            assert!(OrderStatus::from_schema(wrong.to_schema()).is_err(), "{wrong:?}");
        }
        for stage in [0, 7] {
            let unknown = schema::OrderStatus { stage, ..status().to_schema() };
            assert!(OrderStatus::from_schema(unknown).is_err());
        }
    }
}
