//! What a business says by itself to a customer who speaks, and whether a person has to look.

use crate::base::time::Time;
use crate::domain::business::bot::Bot;
use crate::domain::business::reception::Ready;
use crate::domain::business::seat::{Person, Seat};
use crate::domain::business::walk::{Answer, Turn};
use crate::wire::said::message::Said;

/// The label of a conversation in which too much was said by itself.
pub const LOOP: &str = "loop";

/// The label of a conversation in which something was ordered: what is owed then no machine decides.
pub const ORDER: &str = "order";

/// The label of a conversation in which a form was filled in: somebody wants to know what was said.
pub const FORM: &str = "form";

/// What becomes of what a customer says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attention {
    /// What is said to them: one message, whatever there is to say.
    pub says: Option<Answer>,
    /// The bot answered and goes on: nobody has to look.
    pub is_served: bool,
    /// The label under which a person takes over now.
    pub label: Option<String>,
}

/// A customer speaks now. Where it isn't told what they say, nothing is said by itself: it isn't a person's word, or too old.
pub fn attend(
    reception: &Ready,
    bot: Option<&Bot>,
    seat: &mut Seat,
    said: Option<&Said>,
    now: Time,
) -> Attention {
    let mut attention = Attention::default();
    if let Some(said) = said {
        attention = answer(reception, bot, seat, said, now);
        if attention.says.is_some() {
            if !seat.may_be_answered(now) {
                // Two that answer each other without end: it ends here, until a person says that it is done.
                seat.hand_over(Person::UntilDone);
                attention = Attention { label: Some(LOOP.to_owned()), ..Attention::default() };
            } else {
                seat.count(now);
            }
        }
    }
    seat.heard = Some(now);
    attention
}

fn answer(reception: &Ready, bot: Option<&Bot>, seat: &mut Seat, said: &Said, now: Time) -> Attention {
    let greeting = if seat.has_person(now) { None } else { reception.greets(seat, now).map(str::to_owned) };
    // Two machines that answered each other would go on with this.
    let was_looped = seat.person == Some(Person::UntilDone);
    let for_people = match said {
        Said::Order(_) => Some(ORDER),
        Said::FormAnswer(_) => Some(FORM),
        _ => None,
    };
    let turn = bot.filter(|_| for_people.is_none()).map(|bot| (bot, bot.hears(seat, said, now)));
    let (answer, is_served, label) = match turn {
        None if for_people.is_some() => (Answer::default(), false, for_people.map(str::to_owned)),
        Some((_, Turn::Says(answer))) => (answer, true, None),
        Some((bot, Turn::HandsOver(answer))) => (answer, false, Some(bot.person.label.clone())),
        Some((_, Turn::Silent)) | None => (Answer::default(), false, None),
    };
    let excuse = if is_served || was_looped { None } else { reception.excuses(seat, now).map(str::to_owned) };
    let parts = [greeting.unwrap_or_default(), answer.text, excuse.unwrap_or_default()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let says = (!parts.is_empty()).then(|| Answer { text: parts.join("\n\n"), rows: answer.rows });
    Attention { says, is_served, label }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::base::desk_limits as limits;
    use crate::domain::business::bot::tests::bakery;
    use crate::domain::business::reception::{Greeting, OpenHours, Reception};

    const IN_HOUR: u32 = limits::AUTOMATIC_SPANS[0].1;
    const HOUR: Duration = Duration::from_secs(3_600);
    /// Monday, 2027-03-01, 0:00 UTC.
    const NIGHT: Time = Time::from_millis(1_803_859_200_000);

    fn text(text: &str) -> Said {
        Said::Text(text.to_owned())
    }

    fn reception() -> Ready {
        Ready::from(Reception {
            hours: Some(OpenHours { hours: "08:00-18:00".into(), zone: "+00:00".into() }),
            greeting: Some(Greeting { text: "Welcome!".into(), again_after_days: None }),
            away: Some("We sleep.".into()),
        })
    }

    #[test]
    fn without_a_bot_who_comes_at_night_is_greeted_and_told_so_once() {
        let (reception, mut seat) = (reception(), Seat::default());
        let mut says = |hour: u32| {
            attend(&reception, None, &mut seat, Some(&text("oi")), NIGHT.plus(HOUR * hour))
                .says
                .map(|says| says.text)
        };
        assert_eq!(says(1).as_deref(), Some("Welcome!\n\nWe sleep."));
        assert_eq!(says(2), None);
        assert_eq!(says(9), None);
        assert_eq!(says(20).as_deref(), Some("We sleep."));
    }

    #[test]
    fn a_bot_works_at_night_and_only_whom_it_hands_over_is_told_that_nobody_is_there() {
        let (reception, bot, mut seat) = (reception(), bakery(), Seat::default());
        let mut says = |said: &str| attend(&reception, Some(&bot), &mut seat, Some(&text(said)), NIGHT);
        let first = says("hours");
        assert!(first.is_served && first.says.unwrap().text.starts_with("Welcome!\n\nWe open at 6."));
        let over = says("human");
        assert_eq!((over.is_served, over.label.as_deref()), (false, Some("person")));
        assert_eq!(over.says.map(|says| says.text).as_deref(), Some("Somebody comes.\n\nWe sleep."));
        assert_eq!(says("hours"), Attention::default(), "a person looks after it");
    }

    #[test]
    fn what_is_ordered_a_person_looks_at_whatever_the_bot_does() {
        let order = Said::Order(Box::new(crate::wire::said::order::tests::order()));
        for bot in [None, Some(bakery())] {
            let (reception, mut seat) = (reception(), Seat::default());
            let ordered = attend(&reception, bot.as_ref(), &mut seat, Some(&order), NIGHT);
            assert_eq!((ordered.is_served, ordered.label.as_deref()), (false, Some(ORDER)));
            assert_eq!(ordered.says.unwrap().text, "Welcome!\n\nWe sleep.", "and the bot says nothing to it");
            let asked = attend(&reception, bot.as_ref(), &mut seat, Some(&text("hours")), NIGHT);
            assert_eq!(asked.is_served, bot.is_some(), "it goes on afterwards");
        }
    }

    #[test]
    fn what_is_said_to_a_form_a_person_looks_at() {
        let answer = Said::FormAnswer(Box::new(crate::wire::said::form_answer::tests::answer()));
        for bot in [None, Some(bakery())] {
            let (reception, mut seat) = (reception(), Seat::default());
            let filled = attend(&reception, bot.as_ref(), &mut seat, Some(&answer), NIGHT);
            assert_eq!((filled.is_served, filled.label.as_deref()), (false, Some(FORM)));
        }
    }

    #[test]
    fn after_a_loop_nobody_is_told_that_nobody_is_there() {
        let (reception, bot, mut seat) = (reception(), bakery(), Seat::default());
        seat.hand_over(Person::UntilDone);
        for night in 0..3 {
            let at = NIGHT.plus(HOUR * 24 * night);
            for bot in [Some(&bot), None] {
                assert_eq!(attend(&reception, bot, &mut seat, Some(&text("oi")), at), Attention::default());
            }
        }
        seat.release();
        let after =
            attend(&reception, None, &mut seat, Some(&text("oi")), NIGHT.plus(HOUR * 72)).says.unwrap();
        assert!(after.text.ends_with("We sleep."), "{}", after.text);
    }

    #[test]
    fn what_is_no_persons_word_is_heard_and_not_answered() {
        let (reception, bot, mut seat) = (reception(), bakery(), Seat::default());
        assert_eq!(attend(&reception, Some(&bot), &mut seat, None, NIGHT), Attention::default());
        let mut heard = Seat::default();
        heard.heard = Some(NIGHT);
        assert_eq!(seat, heard);
    }

    #[test]
    fn two_bots_that_answer_each_other_die_out() {
        let (reception, ours) = (Ready::default(), bakery());
        let (mut here, mut there) = (Seat::default(), Seat::default());
        let (mut said, mut answers, mut now) = (text("oi"), 0_u32, NIGHT);
        // The other one isn't ours and knows no bounds; but it answers, and says nothing by itself.
        loop {
            now = now.plus(Duration::from_secs(60));
            let attention = attend(&reception, Some(&ours), &mut here, Some(&said), now);
            let Some(answer) = attention.says else { break };
            answers += 1;
            assert!(answers <= IN_HOUR);
            there.release();
            said = match ours.hears(&mut there, &answer.said(), now) {
                Turn::Says(answer) | Turn::HandsOver(answer) => text(&answer.text),
                Turn::Silent => text("?"),
            };
        }
        assert!(here.has_person(now), "somebody has to look");
    }

    #[test]
    fn one_that_answers_slowly_is_left_to_a_person_within_a_day() {
        let (reception, bot, mut seat) = (Ready::default(), bakery(), Seat::default());
        let mut at = NIGHT;
        let mut answers = 0;
        while attend(&reception, Some(&bot), &mut seat, Some(&text("hours")), at).is_served {
            (answers, at) = (answers + 1, at.plus(Duration::from_secs(10 * 60)));
        }
        assert_eq!(answers, limits::AUTOMATIC_SPANS[1].1);
        assert!(seat.has_person(at.plus(HOUR * 10_000)));
    }

    #[test]
    fn beyond_so_many_answers_in_an_hour_a_person_has_to_look() {
        let (reception, bot, mut seat) = (Ready::default(), bakery(), Seat::default());
        let mut hears = |at: Time| attend(&reception, Some(&bot), &mut seat, Some(&text("hours")), at);
        for _ in 0..IN_HOUR {
            assert!(hears(NIGHT).is_served);
        }
        let over = hears(NIGHT);
        assert_eq!((over.says, over.label.as_deref()), (None, Some(LOOP)));
        assert_eq!(hears(NIGHT.plus(HOUR * 24 * 30)), Attention::default(), "not by itself");
    }
}
