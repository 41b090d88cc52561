//! The table of all routes: method, path, what a caller needs, and what it does.

use crate::domain::business::bot::Bot;
use crate::domain::business::template::Definition;
use crate::engine::desk_view::{CaseView, NoteView};
use crate::engine::device_view::DeviceView;
use crate::engine::file_view::FileView;
use crate::engine::view::{ContactView, EntryView, SafetyNumberView};
use crate::ui::http::cloud::operator as cloud;
use crate::ui::http::route::{Route, delete, get, open, patch, post, put};
use crate::ui::http::scope::Scope::{Admin, Manage, Metrics, Read, Send};
use crate::ui::http::webhook::routes as webhook;
use crate::ui::http::{
    backup, billing, changes, consents, contacts, conversations, desk, desk_texts, devices, directory,
    doctor, events, files, forms, health, identity, ledger, mailboxes, messages, metrics, openapi, own,
    payments, personal, plans, proofs, reception, relays, tokens,
};

/// All routes.
pub(super) fn table() -> Vec<Route> {
    [
        node(),
        programs(),
        people(),
        talk(),
        files(),
        front_desk(),
        said_by_itself(),
        market(),
        money(),
        books(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn node() -> Vec<Route> {
    vec![
        open("/healthz", "Whether the process answers", health::alive),
        open("/readyz", "Whether the node sends and receives", health::ready),
        open("/v1/openapi.json", "This description", openapi::document),
        get(Metrics, "/metrics", "Figures in the text format of Prometheus", metrics::metrics),
        get(Read, "/v1/status", "How the node does, and how each contact is reached", own::status),
        get(Read, "/v1/doctor", "What keeps messages from getting through, and what to do", doctor::doctor)
            .gives::<doctor::Diagnosis>(),
        get(Admin, "/v1/backup", "A backup of the whole home, sealed under its passphrase", backup::create)
            .waiting(),
        get(Read, "/v1/id", "Who this node is", own::id).gives::<own::Identity>(),
        post(Admin, "/v1/id/lock", "Take the identity's key out of the home", identity::lock)
            .secret()
            .takes::<identity::Lock>()
            .gives::<identity::Kept>(),
        post(Admin, "/v1/id/unlock", "Bring the identity's key back", identity::unlock)
            .secret()
            .takes::<identity::Back>()
            .gives::<identity::Kept>(),
        post(
            Admin,
            "/v1/id/reconcile",
            "Look for what an identity that was brought back had said",
            identity::reconcile,
        )
        .waiting()
        .secret()
        .takes::<identity::Reconcile>(),
        post(Admin, "/v1/id/next", "Make the identity that is to be, and show its phrase", identity::prepare)
            .secret()
            .takes::<identity::Unlock>()
            .gives::<identity::Next>(),
        post(Admin, "/v1/id/rotate", "Put that identity in the place of this one", identity::rotate)
            .secret()
            .takes::<identity::Unlock>(),
        get(Read, "/v1/profile", "What this node says of itself", own::profile),
        patch(Manage, "/v1/profile", "Change what is given of it", own::change_profile)
            .takes::<own::Change>(),
        post(Manage, "/v1/profile/publish", "Publish it now", own::publish).waiting(),
        get(Read, "/v1/devices", "The devices of this identity", devices::list).gives::<Vec<DeviceView>>(),
        post(Admin, "/v1/devices", "Let a device in", devices::link)
            .waiting()
            .secret()
            .takes::<devices::Code>(),
        delete(Admin, "/v1/devices/{id}", "Take a device out", devices::revoke)
            .secret()
            .takes::<identity::Key>()
            .gives::<Vec<DeviceView>>(),
        get(Read, "/v1/mailboxes", "Mailboxes, ours and what is kept for others", mailboxes::list),
        post(Manage, "/v1/mailboxes", "Take a mailbox on", mailboxes::add).takes::<mailboxes::Wanted>(),
        delete(Manage, "/v1/mailboxes/{peer}", "Leave a mailbox", mailboxes::remove),
    ]
}

fn programs() -> Vec<Route> {
    vec![
        get(Admin, "/v1/tokens", "Bearer tokens, without their secrets", tokens::list)
            .gives::<Vec<tokens::TokenView>>(),
        post(Admin, "/v1/tokens", "Make a bearer token, and show it once", tokens::create)
            .secret()
            .takes::<tokens::Wanted>()
            .gives::<tokens::Made>(),
        delete(Admin, "/v1/tokens/{id}", "Take a bearer token back", tokens::revoke)
            .gives::<tokens::TokenView>(),
        get(Admin, "/v1/webhooks", "Webhooks, without their secrets, and how each does", webhook::list)
            .gives::<Vec<webhook::HookView>>(),
        post(Admin, "/v1/webhooks", "Make a webhook, and show its secret once", webhook::add)
            .takes::<webhook::Wanted>()
            .gives::<webhook::Made>()
            .secret(),
        delete(Admin, "/v1/webhooks/{id}", "Remove a webhook with all that waits for it", webhook::remove)
            .gives::<webhook::HookView>(),
        post(Admin, "/v1/webhooks/{id}/test", "Send an event of the kind `test` now", webhook::test)
            .gives::<webhook::Tested>(),
        get(Admin, "/v1/webhooks/{id}/dead", "Events that couldn't be delivered", webhook::dead)
            .gives::<Vec<webhook::DeadView>>(),
        post(Admin, "/v1/webhooks/{id}/replay", "Have all of them tried again", webhook::replay_all)
            .gives::<webhook::Revived>(),
        post(Admin, "/v1/webhooks/{id}/replay/{number}", "Have one of them tried again", webhook::replay)
            .gives::<webhook::Revived>(),
        get(
            Admin,
            "/v1/cloud",
            "What a program of the Cloud-API-compatible surface has to be given",
            cloud::show,
        )
        .secret()
        .gives::<cloud::Surface>(),
    ]
}

fn people() -> Vec<Route> {
    vec![
        post(Manage, "/v1/invites", "Make an invite that one person can accept", contacts::invite),
        get(Read, "/v1/contacts", "Contacts", contacts::list).gives::<Vec<ContactView>>(),
        post(Manage, "/v1/contacts", "Add a contact, by invite or by a business's address", contacts::add)
            .takes::<contacts::Newcomer>(),
        get(Read, "/v1/contacts/{who}", "One contact", contacts::show).gives::<ContactView>(),
        patch(Manage, "/v1/contacts/{who}", "Call a contact something else", contacts::rename)
            .takes::<contacts::NewName>()
            .gives::<ContactView>(),
        post(Manage, "/v1/contacts/{who}/admit", "Let a stranger who wrote be a contact", contacts::admit)
            .gives::<ContactView>(),
        post(Manage, "/v1/contacts/{who}/refuse", "Refuse a stranger who wrote", contacts::refuse)
            .gives::<ContactView>(),
        post(Manage, "/v1/contacts/{who}/report", "Block somebody, and keep a report", consents::report)
            .takes::<consents::Complaint>()
            .gives::<ContactView>(),
        get(Read, "/v1/contacts/{who}/export", "All that is kept of a contact", personal::export),
        delete(Manage, "/v1/contacts/{who}", "Erase a contact, but for what was charged", personal::erase)
            .waiting(),
        get(Read, "/v1/contacts/{who}/safety-number", "The number to compare", contacts::safety_number)
            .gives::<SafetyNumberView>(),
        post(Read, "/v1/contacts/{who}/safety-number", "Compare it with what they see", contacts::compare)
            .takes::<contacts::Shown>()
            .gives::<contacts::Compared>(),
        put(Manage, "/v1/contacts/{who}/verified", "Say that it was compared", contacts::verify)
            .gives::<ContactView>(),
        put(Manage, "/v1/contacts/{who}/block", "Drop whatever they send from now on", contacts::block)
            .gives::<ContactView>(),
        delete(Manage, "/v1/contacts/{who}/block", "Listen to them again", contacts::unblock)
            .gives::<ContactView>(),
        get(Read, "/v1/consents", "What businesses may write about", consents::list).asks::<consents::With>(),
        post(Manage, "/v1/consents", "Let a business write about something", consents::give)
            .takes::<consents::Wish>(),
        post(Manage, "/v1/consents/revoke", "No longer let it", consents::revoke)
            .takes::<consents::Revocation>(),
        get(Read, "/v1/consents/dropped", "What this node dropped, and why", consents::dropped),
        get(Read, "/v1/consents/quiet", "Hours in which nobody is disturbed", consents::quiet),
        put(Manage, "/v1/consents/quiet", "Set such hours", consents::set_quiet).takes::<consents::Hours>(),
        delete(Manage, "/v1/consents/quiet", "Have none", consents::end_quiet),
        get(Read, "/v1/consents/file", "Consents as a file that proves itself", consents::file)
            .asks::<consents::Wanted>(),
        get(Read, "/v1/businesses", "Look for businesses", directory::find).asks::<directory::Wanted>(),
        get(Read, "/v1/businesses/{who}", "Look a business up", directory::look_up),
    ]
}

fn talk() -> Vec<Route> {
    vec![
        post(Send, "/v1/messages", "Send a message, and wait for its delivery where asked", messages::send)
            .waiting()
            .takes::<messages::Letter>()
            .gives::<messages::Sent>(),
        get(Read, "/v1/conversations", "Conversations, the latest first", conversations::list)
            .asks::<conversations::Which>()
            .gives::<conversations::Inbox>(),
        get(Read, "/v1/conversations/{who}/history", "What was said", conversations::history)
            .asks::<conversations::Range>()
            .gives::<conversations::History>(),
        get(Read, "/v1/conversations/{who}/messages/{id}", "One message", changes::show).gives::<EntryView>(),
        patch(Send, "/v1/conversations/{who}/messages/{id}", "Edit a message of ours", changes::edit)
            .takes::<changes::NewText>()
            .gives::<changes::Changed>(),
        delete(Send, "/v1/conversations/{who}/messages/{id}", "Take a message of ours back", changes::delete)
            .gives::<changes::Changed>(),
        put(Send, "/v1/conversations/{who}/messages/{id}/reaction", "React to a message", changes::react)
            .takes::<changes::Feeling>()
            .gives::<changes::Changed>(),
        post(Send, "/v1/conversations/{who}/messages/{id}/choice", "Choose a row of a menu", changes::choose)
            .takes::<changes::Chosen>()
            .gives::<changes::Changed>(),
        post(Send, "/v1/conversations/{who}/messages/{id}/order", "Order things of an offer", changes::order)
            .takes::<changes::Ordering>()
            .gives::<changes::Changed>(),
        post(Send, "/v1/conversations/{who}/messages/{id}/answer", "Fill a form in", forms::fill)
            .takes::<forms::FilledIn>()
            .gives::<changes::Changed>(),
        get(
            Read,
            "/v1/conversations/{who}/messages/{id}/pictures/{item}",
            "A small picture of a thing of an offer",
            changes::picture,
        )
        .gives_bytes(),
        post(Send, "/v1/conversations/{who}/read", "Say that it was read", conversations::read),
        get(Read, "/v1/events", "What happens: JSON lines, or server-sent events with ids", events::stream)
            .asks::<events::From>(),
    ]
}

fn files() -> Vec<Route> {
    vec![
        post(
            Send,
            "/v1/files",
            "Give the node a file, as the request's body, to be sent in a message",
            files::give,
        )
        .streaming()
        .asks::<files::Given>()
        .gives::<FileView>(),
        get(Read, "/v1/files", "Files, the latest first", files::list).gives::<Vec<FileView>>(),
        get(Read, "/v1/files/{id}", "One file, and how much of it is here", files::show).gives::<FileView>(),
        get(Read, "/v1/files/{id}/content", "The file itself", files::content).gives_bytes(),
        get(Read, "/v1/files/{id}/thumbnail", "A small picture of it", files::small).gives_bytes(),
        post(Manage, "/v1/files/{id}/fetch", "Fetch a file, however large it is", files::fetch)
            .gives::<FileView>(),
        delete(Manage, "/v1/files/{id}", "Remove a file from the disk", files::forget),
    ]
}

fn front_desk() -> Vec<Route> {
    vec![
        get(Read, "/v1/desk", "The front desk's conversations, who waits longest first", desk::list)
            .asks::<desk::Which>()
            .gives::<desk::Desk>(),
        get(Read, "/v1/desk/{who}", "How the desk keeps a conversation", desk::show).gives::<CaseView>(),
        patch(Send, "/v1/desk/{who}", "Change its status, labels or agent", desk::change)
            .takes::<desk::Wish>()
            .gives::<CaseView>(),
        get(Read, "/v1/desk/{who}/notes", "The desk's notes on a conversation", desk::notes)
            .asks::<desk::Range>()
            .gives::<Vec<NoteView>>(),
        post(Send, "/v1/desk/{who}/notes", "Add a note, which is never sent", desk::add_note)
            .takes::<desk::NewNote>()
            .gives::<CaseView>(),
        get(Read, "/v1/quick-replies", "Quick replies", desk_texts::quick_replies)
            .gives::<Vec<desk_texts::QuickView>>(),
        put(Manage, "/v1/quick-replies/{name}", "Keep a quick reply", desk_texts::put_quick)
            .takes::<desk_texts::QuickText>()
            .gives::<desk_texts::QuickView>(),
        delete(Manage, "/v1/quick-replies/{name}", "Remove a quick reply", desk_texts::remove_quick),
        get(Read, "/v1/templates", "The newest version of each template", desk_texts::list_templates)
            .gives::<Vec<desk_texts::TemplateView>>(),
        post(Manage, "/v1/templates", "Add a template, or a new version of one", desk_texts::add_template)
            .takes::<Definition>()
            .gives::<desk_texts::TemplateView>(),
        get(Read, "/v1/templates/{name}", "All versions of a template", desk_texts::template_versions)
            .gives::<Vec<desk_texts::TemplateView>>(),
        delete(Manage, "/v1/templates/{name}", "Remove a template", desk_texts::remove_template),
        get(Read, "/v1/forms", "Forms", forms::list).gives::<Vec<forms::KeptForm>>(),
        post(Manage, "/v1/forms", "Keep a form as a draft, or change one", forms::add)
            .takes::<forms::NewForm>()
            .gives::<forms::KeptForm>(),
        get(Read, "/v1/forms/{id}", "One form", forms::show).gives::<forms::KeptForm>(),
        post(Manage, "/v1/forms/{id}/publish", "Let a form be sent", forms::publish)
            .gives::<forms::KeptForm>(),
        post(Manage, "/v1/forms/{id}/deprecate", "No longer let it", forms::deprecate)
            .gives::<forms::KeptForm>(),
        delete(Manage, "/v1/forms/{id}", "Remove a form", forms::remove),
        get(Read, "/v1/catalog", "What this business sells", desk_texts::items)
            .gives::<Vec<desk_texts::ItemView>>(),
        get(Read, "/v1/catalog/{id}", "One thing of it", desk_texts::item).gives::<desk_texts::ItemView>(),
        get(Read, "/v1/catalog/{id}/image", "A small picture of it", desk_texts::image).gives_bytes(),
        put(Manage, "/v1/catalog/{id}", "Sell a thing", desk_texts::put_item)
            .takes::<desk_texts::Wares>()
            .gives::<desk_texts::ItemView>(),
        delete(Manage, "/v1/catalog/{id}", "No longer sell it", desk_texts::remove_item),
    ]
}

fn said_by_itself() -> Vec<Route> {
    vec![
        get(Read, "/v1/reception", "Opening hours, greeting and away message", reception::show)
            .gives::<reception::Shown>(),
        put(Manage, "/v1/reception/hours", "Set the opening hours", reception::set_hours)
            .takes::<reception::Hours>()
            .gives::<reception::Shown>(),
        delete(Manage, "/v1/reception/hours", "Be always open", reception::end_hours)
            .gives::<reception::Shown>(),
        put(Manage, "/v1/reception/greeting", "Greet who comes", reception::set_greeting)
            .takes::<reception::Welcome>()
            .gives::<reception::Shown>(),
        delete(Manage, "/v1/reception/greeting", "Greet nobody", reception::end_greeting)
            .gives::<reception::Shown>(),
        put(Manage, "/v1/reception/away", "Say something out of hours", reception::set_away)
            .takes::<reception::Excuse>()
            .gives::<reception::Shown>(),
        delete(Manage, "/v1/reception/away", "Say nothing out of hours", reception::end_away)
            .gives::<reception::Shown>(),
        get(Read, "/v1/bot", "The bot that answers customers", reception::show_bot).gives::<Bot>(),
        put(Manage, "/v1/bot", "Let a bot answer customers", reception::set_bot).takes::<Bot>(),
        delete(Manage, "/v1/bot", "Turn the bot off", reception::end_bot),
    ]
}

fn market() -> Vec<Route> {
    vec![
        get(Read, "/v1/plans", "The plans that this business offers", plans::list),
        put(Manage, "/v1/plans/{id}", "Offer a plan, or a new version of one", plans::offer)
            .takes::<plans::Terms>(),
        delete(Manage, "/v1/plans/{id}", "No longer offer a plan", plans::withdraw),
        post(Manage, "/v1/plans/{id}/announce", "Tell all subscribers of its new terms", plans::announce),
        get(Read, "/v1/rails", "By which rails this business is paid", payments::rails),
        put(Manage, "/v1/rails/{rail}", "Be paid by a rail", payments::put_rail).takes::<payments::Account>(),
        delete(Manage, "/v1/rails/{rail}", "No longer be paid by a rail", payments::remove_rail),
        put(Manage, "/v1/listings", "Carry operators' receipts in the profile", ledger::set_listings)
            .takes::<ledger::Listings>(),
        post(Manage, "/v1/relays/place", "Ask a relay for a place", relays::ask).takes::<relays::Wanted>(),
        get(Read, "/v1/subscriptions", "Subscriptions, ours and theirs", billing::subscriptions),
        post(Manage, "/v1/subscriptions", "Subscribe to a plan of a business", billing::subscribe)
            .takes::<billing::Wish>(),
        post(
            Manage,
            "/v1/subscriptions/cancel",
            "End a subscription, now or with its period",
            billing::cancel,
        )
        .takes::<billing::Leave>(),
        post(Manage, "/v1/subscriptions/change", "Go over to another plan", billing::change)
            .takes::<billing::Change>(),
        post(Manage, "/v1/subscriptions/pause", "Pause a subscription after its period", billing::pause)
            .takes::<billing::Pause>(),
        post(Manage, "/v1/subscriptions/price", "Answer a change of price", billing::answer_price)
            .takes::<billing::PriceAnswer>(),
    ]
}

fn money() -> Vec<Route> {
    vec![
        get(Read, "/v1/invoices", "Invoices, ours and theirs", billing::invoices),
        get(Read, "/v1/invoices/{key}", "One invoice", billing::invoice),
        post(Manage, "/v1/invoices/{key}/paid", "Say that an invoice was paid", payments::paid)
            .takes::<Option<payments::Notice>>(),
        post(Manage, "/v1/invoices/{key}/evidence", "Tell the business how it was paid", payments::evidence)
            .takes::<payments::Claim>(),
        post(
            Manage,
            "/v1/invoices/{key}/lightning",
            "Add a BOLT11 invoice of one's own",
            payments::lightning,
        )
        .takes::<payments::Lightning>(),
        get(Read, "/v1/receipts", "Receipts, ours and theirs", billing::receipts),
        get(Read, "/v1/receipts/{id}", "One receipt", billing::receipt),
        post(Read, "/v1/receipts/verify", "What a receipt file proves", proofs::verify)
            .takes::<proofs::Claim>(),
        get(Read, "/v1/receipts/{id}/file", "A receipt that anybody verifies", billing::receipt_file),
        post(Manage, "/v1/receipts/{id}/credit", "Give money back, or take a receipt back", payments::credit)
            .takes::<payments::CreditWish>(),
        get(Read, "/v1/receipts/{id}/credit-notes", "What was given back of it", payments::credit_notes),
        get(Read, "/v1/receipts/{id}/contradiction", "Two receipts of one number", payments::contradiction),
        post(Manage, "/v1/receipts/{id}/present", "Show it with a fresh signature", payments::present)
            .takes::<payments::Challenge>(),
        post(Manage, "/v1/credit-notes/{id}/reverse", "Take a credit note back", payments::reverse)
            .takes::<payments::Reversal>(),
    ]
}

fn books() -> Vec<Route> {
    vec![
        get(Read, "/v1/ledger", "Revenue and subscribers by plan and period", ledger::books),
        get(Read, "/v1/ledger/head", "Where the chain of events begins, and whose it is", ledger::head),
        get(Read, "/v1/ledger/events", "The signed events, a page at a time", ledger::events)
            .asks::<ledger::From>(),
        post(Manage, "/v1/ledger/end", "Sign where the chain ends now", ledger::end),
        get(Read, "/v1/ledger/audit", "Replay the chain and name its first break", ledger::audit).waiting(),
    ]
}
