//! The word for programs that each refusal has.

use crate::engine::command::Refusal;

impl Refusal {
    /// A short word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAContact(_) => "not_a_contact",
            Self::Blocked => "blocked",
            Self::NotAdmitted(_) => "not_admitted",
            Self::KeyChanged(_) => "key_changed",
            Self::TextLength { .. } | Self::TextCharacters => "text",
            Self::Said(_) => "message",
            Self::NoSuchMessage => "no_message",
            Self::NoSuchFile => "no_such_file",
            Self::File(_) => "file",
            Self::TooLate { .. } => "too_late",
            Self::Name => "name",
            Self::Invite => "invite",
            Self::NotABusiness => "not_a_business",
            Self::NotAPerson => "not_a_person",
            Self::NotPrimary => "not_primary",
            Self::KeyNeeded => "key_needed",
            Self::NotLinked => "not_linked",
            Self::AlreadyLinked => "already_linked",
            Self::Unreconciled => "unreconciled",
            Self::NothingFound => "nothing_found",
            Self::Revoked => "revoked",
            Self::Link(_) => "link",
            Self::Identity(_) => "identity",
            Self::NoSuchDevice(_) => "no_such_device",
            Self::Mailbox(_) => "mailbox",
            Self::NoSuchMailbox => "no_such_mailbox",
            Self::NoProfile => "no_profile",
            Self::Profile(_) => "profile",
            Self::Offline => "offline",
            Self::NoPeers => "no_peers",
            Self::NotReadBack => "not_read_back",
            Self::Query => "query",
            Self::NotFound(_) => "not_found",
            Self::NoSuchPlan(_) => "no_such_plan",
            Self::NoSubscription(_) => "no_subscription",
            Self::NoInvoice(_) => "no_invoice",
            Self::Consent(_) => "consent",
            Self::Desk(code, _) => code,
            Self::NoneSuch(_) => "none_such",
            Self::Billing(_) => "billing",
            Self::TooMany(_) => "too_many",
            Self::TooLarge => "too_large",
            Self::Stopping => "stopping",
        }
    }
}
