//! A business's front desk: its inbox, texts that it keeps, what it says by itself.
//!
//! ```text
//! desk        each conversation with a status, labels and an agent, and the index by these
//! note        notes on a conversation, which are never sent
//! names       names of the desk's things
//! blanks      texts with blanks: `{{name}}`
//! quick       quick replies
//! template    templates with typed variables, and what is wrong with them
//! templates   the registry of templates, with their versions
//! catalog     what is sold, with prices and pictures
//! display     offers, made of what is sold
//! forms       the registry of forms, which customers fill in
//! orders      what customers order, compared with what is sold
//! hours       opening hours in a time zone
//! reception   a greeting to who comes, and that nobody is there out of hours
//! bot         keywords and a tree of menus
//! seat        where a customer is with what is said by itself
//! walk        a customer's walk through a bot's tree
//! attend      what is said by itself to a customer who speaks, and whether a person has to look
//! ```

pub mod attend;
pub mod blanks;
pub mod bot;
pub mod catalog;
pub mod desk;
pub mod display;
pub mod forms;
pub mod hours;
pub mod names;
pub mod note;
pub mod orders;
pub mod quick;
pub mod reception;
pub mod seat;
pub mod template;
pub mod templates;
pub mod walk;

#[cfg(test)]
mod golden;
