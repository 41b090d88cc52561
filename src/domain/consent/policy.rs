//! What a person's node does with a text of a business: allow, ask, wait or drop.

use crate::base::consent_limits;
use crate::base::id::MessageId;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::consent::dealings::Dealings;
use crate::domain::consent::quiet::Quiet;
use crate::domain::consent::window::Opening;
use crate::wire::consent::{Decline, Topic};
use crate::wire::template::{Ground, Template};

/// A text of a business.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// Its id.
    pub id: MessageId,
    /// When it was sent, by the business's clock.
    pub sent_at: Time,
    /// On what ground, as the business says.
    pub ground: Option<&'a Ground>,
}

/// What the person's node knows, by which it decides.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// The business is a stranger, who waits for the person to admit them.
    pub is_stranger: bool,
    /// The message that the text answers, where there is such a message.
    pub opening: Option<&'a Opening>,
    /// Whether the person consents to the category of the text's template.
    pub consents: bool,
    /// What came of the business so far.
    pub dealings: &'a Dealings,
    /// The person's quiet hours.
    pub quiet: Option<Quiet>,
    /// How many texts of the business wait for their end.
    pub waiting: usize,
}

/// What is to be done with the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is shown.
    Allow,
    /// It is shown among the requests: the person decides whether more is heard.
    Ask,
    /// It is shown when quiet hours are over.
    Wait(Time),
    /// Nobody sees it, and its sender is told the cause.
    Drop(Decline),
}

/// Decides about a text that arrives at `now`.
pub fn decide(text: &Text<'_>, desk: &Desk<'_>, now: Time) -> Verdict {
    if desk.is_stranger {
        return Verdict::Ask;
    }
    let refused = match text.ground {
        None => Some(Decline::OutsideWindow),
        Some(Ground::Answer(answer)) => {
            let opening = desk.opening.filter(|opening| opening.id == answer.id);
            refuse_answer(text, opening, now)
        }
        Some(Ground::Template(template)) => refuse_template(text, template, desk, now),
    };
    match (refused, category(text.ground)) {
        (Some(cause), _) => Verdict::Drop(cause),
        // A conversation that the person keeps up goes on at night, and codes are asked for.
        (None, None | Some(Topic::Service | Topic::Authentication)) => Verdict::Allow,
        (None, Some(Topic::Utility | Topic::Marketing)) => match desk.quiet.and_then(|quiet| quiet.ends(now))
        {
            None => Verdict::Allow,
            Some(_) if desk.waiting >= consent_limits::WAITING_MAX => Verdict::Drop(Decline::QuietHours),
            Some(ends) => Verdict::Wait(ends),
        },
    }
}

/// The category of the template that is used.
pub const fn category(ground: Option<&Ground>) -> Option<Topic> {
    match ground {
        Some(Ground::Template(template)) => Some(template.category),
        Some(Ground::Answer(_)) | None => None,
    }
}

/// Inside the window: it was sent within a day of when the message that it names arrived, came within a month, came
/// once, and not too many came.
fn refuse_answer(text: &Text<'_>, opening: Option<&Opening>, now: Time) -> Option<Decline> {
    let Some(opening) = opening else { return Some(Decline::OutsideWindow) };
    // Who answers has it, though it may not have said so yet.
    let arrived = opening.arrived.unwrap_or(now);
    if now >= arrived.plus(consent_limits::ANSWER_LIFE) {
        return Some(Decline::TooLate);
    }
    if text.sent_at > arrived.plus(consent_limits::SERVICE_WINDOW).plus(limits::CLOCK_SKEW) {
        return Some(Decline::OutsideWindow);
    }
    let too_many = opening.answers.len() >= consent_limits::ANSWERS_MAX || opening.answers.contains(&text.id);
    too_many.then_some(Decline::OverCap)
}

/// Outside the window: the person consents to the category, and not too much of it came.
fn refuse_template(text: &Text<'_>, template: &Template, desk: &Desk<'_>, now: Time) -> Option<Decline> {
    if !desk.consents {
        return Some(Decline::NoConsent);
    }
    if now.since(text.sent_at) >= consent_limits::ANSWER_LIFE {
        return Some(Decline::TooLate);
    }
    desk.dealings.is_over(template.category, now).then_some(Decline::OverCap)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::consent::ledger::tests::NOW;
    use crate::wire::template::Answer;
    use crate::wire::template::tests::template;

    const MILLI: Duration = Duration::from_millis(1);
    const ASKED: MessageId = MessageId::new([5; 16]);

    fn opening(arrived: Option<Time>) -> Opening {
        Opening { id: ASKED, arrived, answers: Vec::new() }
    }

    fn answer(sent_at: Time, opening: Option<&Opening>, now: Time) -> Verdict {
        let ground = Ground::Answer(Answer { id: ASKED, seq: 1 });
        let dealings = Dealings::default();
        let night = Quiet::parse("00:00-23:59", "+00:00".parse().unwrap()).unwrap();
        let desk = Desk {
            is_stranger: false,
            opening,
            consents: false,
            dealings: &dealings,
            quiet: Some(night),
            waiting: 0,
        };
        decide(&Text { id: MessageId::new([6; 16]), sent_at, ground: Some(&ground) }, &desk, now)
    }

    #[test]
    fn the_window_is_a_day_from_the_acknowledgement_for_sending_and_a_month_for_arriving() {
        let open = opening(Some(NOW));
        let last = NOW.plus(consent_limits::SERVICE_WINDOW).plus(limits::CLOCK_SKEW);
        assert_eq!(answer(NOW, Some(&open), NOW), Verdict::Allow);
        assert_eq!(answer(last, Some(&open), last), Verdict::Allow);
        assert_eq!(answer(last.plus(MILLI), Some(&open), last), Verdict::Drop(Decline::OutsideWindow));
        let end = NOW.plus(consent_limits::ANSWER_LIFE);
        assert_eq!(answer(NOW, Some(&open), end.minus(MILLI)), Verdict::Allow, "it was under way");
        assert_eq!(answer(NOW, Some(&open), end), Verdict::Drop(Decline::TooLate));
        assert_eq!(answer(NOW, None, NOW), Verdict::Drop(Decline::OutsideWindow));
        let another = Opening { id: MessageId::new([9; 16]), ..open };
        assert_eq!(answer(NOW, Some(&another), NOW), Verdict::Drop(Decline::OutsideWindow));
        let unsaid = opening(None);
        assert_eq!(
            answer(NOW, Some(&unsaid), NOW),
            Verdict::Allow,
            "the answer overtook the acknowledgement"
        );
    }

    #[test]
    fn one_message_is_answered_so_often_and_with_each_text_once() {
        let mut open = opening(Some(NOW));
        open.answers = vec![MessageId::new([6; 16])];
        assert_eq!(answer(NOW, Some(&open), NOW), Verdict::Drop(Decline::OverCap), "the same id again");
        open.answers = vec![MessageId::new([7; 16]); consent_limits::ANSWERS_MAX - 1];
        assert_eq!(answer(NOW, Some(&open), NOW), Verdict::Allow);
        open.answers.push(MessageId::new([7; 16]));
        assert_eq!(answer(NOW, Some(&open), NOW), Verdict::Drop(Decline::OverCap));
    }

    #[test]
    fn outside_the_window_a_text_needs_a_template_of_a_category_that_is_consented_to() {
        let (dealings, id) = (Dealings::default(), MessageId::new([6; 16]));
        let desk = Desk {
            is_stranger: false,
            opening: None,
            consents: false,
            dealings: &dealings,
            quiet: None,
            waiting: 0,
        };
        for topic in Topic::ALL {
            let ground = Ground::Template(template(topic));
            let text = Text { id, sent_at: NOW, ground: Some(&ground) };
            assert_eq!(decide(&text, &desk, NOW), Verdict::Drop(Decline::NoConsent));
            let consenting = Desk { consents: true, ..desk };
            assert_eq!(decide(&text, &consenting, NOW), Verdict::Allow);
            let old = Text { sent_at: NOW.minus(consent_limits::ANSWER_LIFE), ..text };
            assert_eq!(decide(&old, &consenting, NOW), Verdict::Drop(Decline::TooLate));
        }
        let bare = Text { id, sent_at: NOW, ground: None };
        let consenting = Desk { consents: true, ..desk };
        assert_eq!(decide(&bare, &consenting, NOW), Verdict::Drop(Decline::OutsideWindow));
        assert_eq!(decide(&bare, &Desk { is_stranger: true, ..desk }, NOW), Verdict::Ask);
    }

    #[test]
    fn in_quiet_hours_news_and_offers_wait_while_there_is_room() {
        let (dealings, id) = (Dealings::default(), MessageId::new([6; 16]));
        // NOW is 08:00 in UTC.
        let quiet = Quiet::parse("22:00-09:00", "+00:00".parse().unwrap()).ok();
        let desk = Desk {
            is_stranger: false,
            opening: None,
            consents: true,
            dealings: &dealings,
            quiet,
            waiting: 0,
        };
        let ends = NOW.plus(Duration::from_secs(3_600));
        for topic in Topic::ALL {
            let ground = Ground::Template(template(topic));
            let text = Text { id, sent_at: NOW, ground: Some(&ground) };
            let waits = matches!(topic, Topic::Utility | Topic::Marketing);
            let expected = if waits { Verdict::Wait(ends) } else { Verdict::Allow };
            assert_eq!(decide(&text, &desk, NOW), expected);
            let full = Desk { waiting: consent_limits::WAITING_MAX, ..desk };
            let expected = if waits { Verdict::Drop(Decline::QuietHours) } else { Verdict::Allow };
            assert_eq!(decide(&text, &full, NOW), expected);
            assert_eq!(decide(&text, &desk, ends), Verdict::Allow);
        }
    }
}
