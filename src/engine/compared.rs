//! What a contact said, as it is filed: in the words of what it answers here, which is believed before it.

use crate::base::id::{AccountId, MessageId};
use crate::domain::business::orders;
use crate::domain::chat::changes::{Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::Body as Line;
use crate::domain::identity::contact::Contact;
use crate::store::table::Rows;
use crate::wire::said::form_answer::FormAnswer;
use crate::wire::said::message::Said;

/// A choice has the title that our menu gave it, where that is here; an order has what our catalog says of it now, an answer
/// what our form says of it.
pub(super) fn compared(rows: &impl Rows, contact: &Contact, said: &Said, is_business: bool) -> Said {
    let mut said = said.clone();
    match &mut said {
        Said::Choice(choice) => {
            let menu = ours(rows, &contact.thread, choice.menu);
            if let Some(row) = menu.as_ref().and_then(Said::menu).and_then(|menu| menu.row(&choice.row)) {
                choice.title.clone_from(&row.title);
            }
        }
        Said::Order(order) if is_business => orders::compare(rows, order),
        Said::FormAnswer(answer) => compare(rows, &contact.thread, answer),
        _ => {}
    }
    said
}

/// Compares an answer with the form of ours that it names.
pub(super) fn compare(rows: &impl Rows, thread: &AccountId, answer: &mut FormAnswer) {
    match ours(rows, thread, answer.form) {
        Some(Said::Form(form)) => answer.compare(Some(&form)),
        _ => answer.compare(None),
    }
}

fn ours(rows: &impl Rows, thread: &AccountId, id: MessageId) -> Option<Said> {
    match conversation::find(rows, thread, Named { side: Side::Ours, id })?.body {
        Line::Said(said) => Some(said),
        _ => None,
    }
}
