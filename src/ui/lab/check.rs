//! Whether a scenario holds together: whatever its steps name exists, and can do what it is to do.

use std::collections::BTreeSet;

use crate::base::limits;
use crate::base::money::Money;
use crate::ui::lab::error::{FormatError, at_line};
use crate::ui::lab::names::{self, Names};
use crate::ui::lab::scenario::{Act, Group, Plan, Role, Route, Scenario, Step};
use crate::wire::plan;

/// Whether the groups can be made.
pub(super) fn groups(groups: &[(usize, Group)]) -> Result<(), FormatError> {
    if groups.len() > limits::LAB_GROUPS_MAX {
        return Err(FormatError(format!("a scenario has at most {} groups", limits::LAB_GROUPS_MAX)));
    }
    let mut seen = BTreeSet::new();
    let mut count = 0_usize;
    for (line, group) in groups {
        let wrong = |words: String| Err(at_line(*line, words));
        if !names::is_group(&group.name) {
            return wrong(format!(
                "{:?} names no group: write 1 to {} of a-z, 0-9 and _, a letter first",
                group.name,
                limits::LAB_NAME_MAX
            ));
        }
        if !seen.insert(&group.name) {
            return wrong(format!("there are two groups called {}", group.name));
        }
        if group.count == 0 {
            return wrong(format!("{} has no nodes: `count` is 1 or more", group.name));
        }
        count = count.saturating_add(group.count);
        let business = group.role == Role::Business;
        if !business && !group.plans.is_empty() {
            return wrong(format!("{}: only a business has plans", group.name));
        }
        for plan in &group.plans {
            terms(plan).map(|_| ()).or_else(|why| wrong(format!("the plan {}: {why}", plan.id)))?;
        }
        for (names, role) in [(&group.mailboxes, Role::Mailbox), (&group.relays, Role::Relay)] {
            for name in &names.0 {
                let target = groups.iter().find(|(_, other)| other.name == name.group);
                if target.is_none_or(|(_, other)| other.role != role) {
                    return wrong(format!("{}: there is no {} called {name}", group.name, role.word()));
                }
            }
        }
    }
    if count > limits::LAB_NODES_MAX {
        let max = limits::LAB_NODES_MAX;
        return Err(FormatError(format!("a scenario has at most {max} nodes, this one {count}")));
    }
    if !groups.iter().any(|(_, group)| group.role == Role::Bootstrap) {
        return Err(FormatError(
            "no group has the role \"bootstrap\": the others need one to begin with".into(),
        ));
    }
    Ok(())
}

/// The terms of a plan, as a profile has them.
pub(super) fn terms(plan: &Plan) -> Result<plan::Plan, String> {
    let price = Money::parse(&plan.price, plan.currency).map_err(|error| error.to_string())?;
    let name = if plan.name.is_empty() { &plan.id } else { &plan.name };
    let terms = plan::Plan {
        id: plan.id.clone(),
        version: 1,
        name: name.clone(),
        price,
        period: plan.period,
        trial_days: plan.trial_days,
        grace_days: plan.grace_days,
        hold_days: plan.hold_days,
    };
    terms.check().map_err(|error| error.to_string())?;
    Ok(terms)
}

/// Whether the steps can be taken with the groups.
pub(super) fn steps(scenario: &Scenario) -> Result<(), FormatError> {
    if scenario.steps.is_empty() || scenario.steps.len() > limits::LAB_STEPS_MAX {
        return Err(FormatError(format!("a scenario has 1 to {} steps", limits::LAB_STEPS_MAX)));
    }
    for step in &scenario.steps {
        named(&step.act)
            .into_iter()
            .try_for_each(|names| exists(scenario, names))
            .and_then(|()| fits(scenario, step))
            .map_err(|why| at_line(step.line, format!("step `{}`: {why}", step.word)))?;
    }
    Ok(())
}

/// All names that a step has.
fn named(act: &Act) -> Vec<&Names> {
    match act {
        Act::Wait(_) | Act::Heal => Vec::new(),
        Act::Start(who) | Act::Stop(who) | Act::Kill(who) | Act::LoseDisk(who) | Act::Publish(who) => {
            vec![who]
        }
        Act::Partition(sides) => sides.iter().collect(),
        Act::Churn(churn) => vec![&churn.who],
        Act::Advance(advance) => advance.who.iter().collect(),
        Act::Add(pairing) | Act::Read(pairing) => vec![&pairing.who, &pairing.whom],
        Act::Mailbox(hosting) => vec![&hosting.who, &hosting.at],
        Act::Send(letters) => vec![&letters.from, &letters.to],
        Act::Broadcast(broadcast) => vec![&broadcast.from],
        Act::HandOver(chat) => vec![&chat.chat_with, &chat.from, &chat.to],
        Act::Subscribe(wish) | Act::Cancel(wish) => vec![&wish.who, &wish.to],
        Act::Pay(payment) => vec![&payment.who, &payment.to],
        Act::ExpectDelivered(Route { from, to }) => from.iter().chain(to).collect(),
        Act::ExpectHeld(held) => held.from.iter().chain(&held.to).collect(),
        Act::ExpectState(reach) => reach.from.iter().chain(&reach.to).collect(),
        Act::ExpectFound(finding) => vec![&finding.who, &finding.finds],
        Act::ExpectSubscription(standing) => vec![&standing.who, &standing.to],
        Act::ExpectReached(way) => [&way.who, &way.whom].into_iter().chain(&way.relay).collect(),
        Act::ExpectKept(kept) => vec![&kept.at],
    }
}

fn exists(scenario: &Scenario, names: &Names) -> Result<(), String> {
    if names.0.is_empty() {
        return Err("an empty list names no node".into());
    }
    for name in &names.0 {
        let Some(group) = scenario.groups.iter().find(|group| group.name == name.group) else {
            let known: Vec<_> = scenario.groups.iter().map(|group| group.name.as_str()).collect();
            return Err(format!("no group is called {}: there are {}", name.group, known.join(", ")));
        };
        if name.run.is_some_and(|(_, last)| last > group.count) {
            return Err(format!("there is no {name}: {} has {} nodes", group.name, group.count));
        }
    }
    Ok(())
}

/// What goes beyond names: roles, and bounds.
fn fits(scenario: &Scenario, step: &Step) -> Result<(), String> {
    let roles = |names: &Names, wanted: Role| {
        let role = |group: &str| scenario.groups.iter().find(|one| one.name == group).map(|one| one.role);
        match names.0.iter().find(|name| role(&name.group) != Some(wanted)) {
            Some(name) => Err(format!("{name} is no {}", wanted.word())),
            None => Ok(()),
        }
    };
    let ensure = |holds: bool, otherwise: String| if holds { Ok(()) } else { Err(otherwise) };
    match &step.act {
        Act::Partition(sides) => ensure(sides.len() >= 2, "a partition has two sides or more".into()),
        Act::Publish(who) => roles(who, Role::Business),
        Act::Mailbox(hosting) => roles(&hosting.at, Role::Mailbox),
        Act::ExpectKept(kept) => roles(&kept.at, Role::Mailbox).and_then(|()| {
            ensure(kept.at_least.is_some() || kept.at_most.is_some(), "say `at_least` or `at_most`".into())
        }),
        Act::Subscribe(wish) | Act::Cancel(wish) => roles(&wish.to, Role::Business),
        Act::Pay(payment) => roles(&payment.to, Role::Business),
        Act::ExpectSubscription(standing) => roles(&standing.to, Role::Business).and_then(|()| {
            let some = standing.state.is_some() || standing.receipts.is_some() || standing.access.is_some();
            ensure(some, "say which `state`, `access` or how many `receipts`".into())
        }),
        Act::ExpectFound(finding) => roles(&finding.finds, Role::Business).and_then(|()| {
            ensure(
                !finding.query().terms().is_empty(),
                "say what is searched for: `words`, `category`, `country`, `region` or `language`".into(),
            )
        }),
        Act::ExpectReached(way) => way.relay.as_ref().map_or(Ok(()), |relay| roles(relay, Role::Relay)),
        Act::Send(letters) => ensure(
            (1..=limits::LAB_MESSAGES_MAX).contains(&letters.count),
            format!("`count` is 1 to {}", limits::LAB_MESSAGES_MAX),
        ),
        Act::Churn(churn) => ensure(
            (1..=limits::LAB_ROUNDS_MAX).contains(&churn.rounds),
            format!("`rounds` is 1 to {}", limits::LAB_ROUNDS_MAX),
        )
        .and_then(|()| ensure(churn.down >= 1, "`down` is 1 or more".into())),
        _ => Ok(()),
    }
}
