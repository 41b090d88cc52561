//! What the largest commands carry: a message to be sent, a notice that something was paid.

use crate::base::id::MessageId;
use crate::domain::billing::payment::Payment;
use crate::domain::chat::changes::Named;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::said::message::Said;
use crate::wire::template::Template;

/// A notice that an invoice was paid.
#[derive(Clone, Debug)]
pub struct PaidNotice {
    /// The invoice.
    pub invoice: InvoiceKey,
    /// How.
    pub payment: Payment,
    /// Stands for this notice: the same key for anything else is an error.
    pub idempotency_key: Option<String>,
}

/// Things to be ordered of an offer.
#[derive(Clone, Debug)]
pub struct OrderWish {
    /// The message that is the offer.
    pub offer: MessageId,
    /// Ids of things in it, each with how many are wanted.
    pub items: Vec<(String, u32)>,
    /// What else there is to say; may be empty.
    pub text: String,
}

/// A form to be filled in.
#[derive(Clone, Debug)]
pub struct FillWish {
    /// The message that is the form.
    pub form: MessageId,
    /// Ids of its fields, each with what is said to it.
    pub fields: Vec<(String, Vec<String>)>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What is said; a choice is said by [`crate::engine::command::Command::Choose`], an order by
    /// [`crate::engine::command::Command::Order`], an answer to a form by [`crate::engine::command::Command::Fill`].
    pub said: Said,
    /// The message that it answers.
    pub reply: Option<Named>,
    /// The template that made it, if a business's did.
    pub template: Option<Template>,
}
