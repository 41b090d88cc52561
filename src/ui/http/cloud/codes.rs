//! The numbers of that API's errors, and what each is called.

use axum::http::StatusCode;

use crate::domain::chat::timeline::Cause;

/// What is wrong, as that API has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::ui::http) enum Code {
    /// The token is missing, wrong or expired.
    Token,
    /// The token lacks the scope.
    Permission,
    /// A parameter is wrong.
    Parameter,
    /// No object has this id, or it doesn't do that.
    Object,
    /// Something required is missing.
    Missing,
    /// Something has a value that it can't have.
    Value,
    /// Too many requests without a token.
    ApiRate,
    /// Too many requests about the account.
    AccountRate,
    /// Too many messages.
    Throughput,
    /// Too many messages to one person.
    PairRate,
    /// To the business itself.
    Ourselves,
    /// Another number of parameters than the template has.
    TemplateCount,
    /// There is no such template, or not in this language.
    TemplateMissing,
    /// The parameters aren't what the template takes.
    TemplateFormat,
    /// The node doesn't do this.
    Unsupported,
    /// A file can't be had from where it is said to be.
    MediaDownload,
    /// A file can't be taken.
    MediaUpload,
    /// The service window is shut.
    Window,
    /// Too much was answered.
    Spam,
    /// The recipient has had enough of it for now.
    Cap,
    /// The recipient doesn't consent to it.
    Stopped,
    /// There is nobody whom it could reach.
    Undeliverable,
    /// The recipient's key is another than the one that was compared.
    Identity,
    /// The node failed.
    Internal,
    /// The node can't do it now.
    Unavailable,
}

impl Code {
    /// Its number.
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Token => 190,
            Self::Permission => 200,
            Self::Parameter | Self::Object => 100,
            Self::Missing => 131_008,
            Self::Value => 131_009,
            Self::ApiRate => 4,
            Self::AccountRate => 80_007,
            Self::Throughput => 130_429,
            Self::PairRate => 131_056,
            Self::Ourselves => 131_021,
            Self::TemplateCount => 132_000,
            Self::TemplateMissing => 132_001,
            Self::TemplateFormat => 132_012,
            Self::Unsupported => 131_051,
            Self::MediaDownload => 131_052,
            Self::MediaUpload => 131_053,
            Self::Window => 131_047,
            Self::Spam => 131_048,
            Self::Cap => 131_049,
            Self::Stopped => 131_050,
            Self::Undeliverable => 131_026,
            Self::Identity => 137_000,
            Self::Internal => 131_000,
            Self::Unavailable => 131_016,
        }
    }

    /// The number that says more, where there is one.
    pub(super) const fn subcode(self) -> Option<u32> {
        match self {
            Self::Object => Some(33),
            _ => None,
        }
    }

    /// What it is called.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Token => "Invalid OAuth access token",
            Self::Permission => "Permission denied",
            Self::Parameter => "Invalid parameter",
            Self::Object => "Unsupported request: no object with this id does this",
            Self::Missing => "Required parameter is missing",
            Self::Value => "Parameter value is not valid",
            Self::ApiRate => "Application request limit reached",
            Self::AccountRate => "Rate limit issues",
            Self::Throughput => "Rate limit hit",
            Self::PairRate => "(Business Account, Consumer Account) pair rate limit hit",
            Self::Ourselves => "Recipient cannot be sender",
            Self::TemplateCount => "Number of parameters does not match the expected number of params",
            Self::TemplateMissing => "Template name does not exist in the translation",
            Self::TemplateFormat => "Parameter format does not match format in the created template",
            Self::Unsupported => "Unsupported message type",
            Self::MediaDownload => "Media download error",
            Self::MediaUpload => "Media upload error",
            Self::Window => "Re-engagement message",
            Self::Spam => "Spam rate limit hit",
            Self::Cap => "This message was not delivered to maintain healthy ecosystem engagement",
            Self::Stopped => "The recipient has stopped messages of this category",
            Self::Undeliverable => "Message undeliverable",
            Self::Identity => "Recipient identity key changed",
            Self::Internal => "Something went wrong",
            Self::Unavailable => "Service unavailable",
        }
    }

    /// With which status it is answered at once.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Permission => StatusCode::FORBIDDEN,
            Self::ApiRate | Self::AccountRate | Self::Throughput | Self::PairRate => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the same may well be done later.
    pub(super) const fn is_transient(self) -> bool {
        matches!(self, Self::Internal | Self::Unavailable)
    }

    /// Why a message was given up, and in words what that means here. `is_template` says whether a template made it.
    pub(super) const fn of(cause: Cause, is_template: bool) -> (Self, &'static str) {
        match cause {
            Cause::OverCap if !is_template => {
                (Self::Spam, "Too much was said in answer to one message of the recipient's")
            }
            Cause::Expired => (Self::Undeliverable, "The message was not delivered within 30 days"),
            Cause::Blocked => (Self::Undeliverable, "The recipient was blocked here before it was delivered"),
            Cause::OutsideWindow => (
                Self::Window,
                "It answers no message of the recipient's of the last 24 hours: use a template that they consent to",
            ),
            Cause::NoConsent => {
                (Self::Stopped, "The recipient does not consent to the category of the template")
            }
            Cause::OverCap => (Self::Cap, "The recipient's node takes no more of this for now"),
            Cause::QuietHours => {
                (Self::Cap, "The recipient has quiet hours, and too much waits for their end already")
            }
            Cause::TooLate => (Self::Undeliverable, "The message was under way for 30 days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_of_a_node_has_its_number() {
        let numbers = [
            (Cause::Expired, 131_026),
            (Cause::Blocked, 131_026),
            (Cause::OutsideWindow, 131_047),
            (Cause::NoConsent, 131_050),
            (Cause::OverCap, 131_049),
            (Cause::QuietHours, 131_049),
            (Cause::TooLate, 131_026),
        ];
        for (cause, number) in numbers {
            assert_eq!(Code::of(cause, true).0.number(), number, "{cause:?}");
        }
        assert_eq!(Code::of(Cause::OverCap, false).0.number(), 131_048);
    }
}
