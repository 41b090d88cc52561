//! A route that looks for what keeps messages from getting through, and says what to do about it.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::engine::publication::LastPublication;
use crate::engine::reach_view::{self, ContactPeers};
use crate::engine::reconcile;
use crate::node::clock;
use crate::node::handle::Network;
use crate::store::table::{Reader, Rows as _};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::reached::reached;

/// Free space on the disk under which writing may soon fail, and under which it will.
const DISK_LITTLE: u64 = 512 << 20;
const DISK_NONE: u64 = 32 << 20;
/// Before this, in milliseconds, no such program existed: 2026-01-01.
const EARLIEST: Time = Time::from_millis(1_767_225_600_000);
/// Contacts that are named.
const NAMED_MAX: usize = 5;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub(super) struct Check {
    check: &'static str,
    verdict: Verdict,
    finding: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'static str,
}

/// Everything that was looked at.
#[derive(Serialize, JsonSchema)]
pub(super) struct Diagnosis {
    /// Whether nothing failed.
    healthy: bool,
    checks: Vec<Check>,
}

/// What the checks judge.
struct Facts<'f> {
    network: Option<&'f Network>,
    now: Time,
    contacts: &'f [ContactPeers],
    disk_free: Option<u64>,
    /// Of a business.
    profile: Option<Profile>,
    /// Whether this person was brought back, and hasn't asked yet what they had said.
    is_mute: bool,
    /// Each webhook's id, and why its last attempt failed.
    hooks: &'f [(String, Option<String>)],
}

/// How it stands with a business's profile.
struct Profile {
    /// Whether something is to be published.
    is_set: bool,
    /// Whether it may be: a restored business must look for what it had published first.
    may_publish: bool,
    last: Option<LastPublication>,
}

pub(super) async fn doctor(State(api): State<Api>) -> Result<Json<Diagnosis>, ApiError> {
    let status = api.node().status().await?;
    let contacts = api.view(|rows| reach_view::contact_peers(rows, limits::API_LIST_MAX)).await?;
    let hooks = api.hooks().list().await?.into_iter();
    let hooks: Vec<_> = hooks.map(|(id, _, health)| (id.to_string(), health.trouble)).collect();
    let is_mute = !api.view(|rows| reconcile::may_issue(rows)).await?;
    let profile = match api.node().kind() {
        AccountKind::Person => None,
        AccountKind::Business => {
            let look = |rows: &Reader<'_>| {
                (rows.row(&OWN_PROFILE, OWN_PROFILE_ID).is_some(), reconcile::may_issue(rows))
            };
            let (is_set, may_publish) = api.view(look).await?;
            Some(Profile { is_set, may_publish, last: status.engine.published.clone() })
        }
    };
    let facts = Facts {
        is_mute: is_mute && profile.is_none(),
        profile,
        network: status.network.as_ref(),
        now: clock::now(),
        contacts: &contacts,
        disk_free: disk_free(api.node().home()),
        hooks: &hooks,
    };
    let checks = diagnose(&facts);
    let healthy = checks.iter().all(|check| check.verdict != Verdict::Fail);
    Ok(Json(Diagnosis { healthy, checks }))
}

#[cfg(unix)]
fn disk_free(home: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(home).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
const fn disk_free(_: &std::path::Path) -> Option<u64> {
    None
}

fn diagnose(facts: &Facts<'_>) -> Vec<Check> {
    let mut checks = vec![node(facts), disk(facts), clock_check(facts)];
    checks.extend(facts.is_mute.then(mute));
    if let Some(network) = facts.network {
        checks.extend([
            addresses(network),
            others(network),
            reachable(network),
            nat(network),
            router(network),
        ]);
        checks.push(relays(network));
        checks.push(waiting(facts, network));
        checks.extend(facts.profile.as_ref().map(|profile| published(profile, network, facts.now)));
        checks.extend(webhooks(facts));
    }
    checks
}

const fn ok(check: &'static str, finding: String) -> Check {
    Check { check, verdict: Verdict::Ok, finding, advice: "" }
}

const fn warn(check: &'static str, finding: String, advice: &'static str) -> Check {
    Check { check, verdict: Verdict::Warn, finding, advice }
}

const fn fail(check: &'static str, finding: String, advice: &'static str) -> Check {
    Check { check, verdict: Verdict::Fail, finding, advice }
}

fn node(facts: &Facts<'_>) -> Check {
    if facts.network.is_some() {
        return ok("node", "it runs".into());
    }
    fail("node", "it doesn't run: nothing is sent or received".into(), "start it with `sigillo run`")
}

fn disk(facts: &Facts<'_>) -> Check {
    let Some(free) = facts.disk_free else {
        return ok("disk", "the store works; how much space is free can't be told".into());
    };
    let finding = format!("the store works; {} MiB are free", free >> 20);
    match free {
        ..DISK_NONE => {
            fail("disk", finding, "make room on the disk that holds the home: nothing more can be stored")
        }
        DISK_NONE..DISK_LITTLE => warn("disk", finding, "make room on the disk that holds the home"),
        _ => ok("disk", finding),
    }
}

fn clock_check(facts: &Facts<'_>) -> Check {
    const ADVICE: &str =
        "set the clock, best by having the system keep it (NTP): others refuse what a wrong clock signs";
    let last = facts.contacts.iter().map(|contact| contact.last_at).max().unwrap_or(EARLIEST);
    if facts.now < EARLIEST {
        return fail("clock", format!("it stands at {}, before this program was made", facts.now), ADVICE);
    }
    if last.since(facts.now) > limits::CLOCK_SKEW {
        return fail(
            "clock",
            format!("it stands at {}, before the last message that was stored", facts.now),
            ADVICE,
        );
    }
    let jumps = facts.network.map_or(0, |network| network.outside.wakes);
    let seen =
        if jumps > 0 { format!("; the machine slept, or it was set, {jumps} times") } else { String::new() };
    ok("clock", format!("it stands at {}{seen}", facts.now))
}

fn addresses(network: &Network) -> Check {
    if network.listening.is_empty() {
        return warn(
            "addresses",
            "there is no address at which anybody could reach this node".into(),
            "connect the machine to a network, or let the node listen (`listen` in config.toml)",
        );
    }
    ok("addresses", network.listening.join(", "))
}

fn others(network: &Network) -> Check {
    let (peers, known, seeds) = (network.peers, network.routing, network.outside.seeds);
    let finding = format!("{peers} nodes connected, {known} in the routing table, {seeds} to begin with");
    match (known, seeds) {
        (0, 0) if peers == 0 => warn(
            "others",
            finding,
            "name a node to begin with (`--bootstrap`, or `bootstrap` in config.toml): businesses can't be found without",
        ),
        (0, 1..) => fail(
            "others",
            finding,
            "none of the nodes to begin with answers: look whether this machine is online, and whether they still exist",
        ),
        _ => ok("others", finding),
    }
}

fn reachable(network: &Network) -> Check {
    let outside = &network.outside;
    if outside.public {
        return ok("reachable", "anybody can dial this node".into());
    }
    let reserved = outside.relays.iter().filter(|relay| relay.state.is_reserved()).count();
    if reserved > 0 {
        return ok(
            "reachable",
            format!("through {reserved} of its relays; whether directly, too, isn't proven"),
        );
    }
    let refuted = if outside.refuted.is_empty() {
        "nobody has tried to dial this node from outside, and no relay keeps a place for it".to_owned()
    } else {
        format!(
            "nobody can dial this node from outside ({}), and no relay keeps a place for it",
            outside.refuted.join(", ")
        )
    };
    warn(
        "reachable",
        refuted,
        "contacts on other networks reach it only while it reaches them: name a relay (`--relay`, or `use` in [relay] of \
         config.toml), or have the router forward a port and say so with `--announce`",
    )
}

fn nat(network: &Network) -> Check {
    let outside = &network.outside;
    let punches = match (outside.punched, outside.unpunched) {
        (0, 0) => String::new(),
        (punched, failed) => format!("; holes punched: {punched}, not: {failed}"),
    };
    if outside.nat.defeats_punching() {
        return warn(
            "nat",
            format!(
                "each peer sees this node at another address (a symmetric NAT): holes can't be punched{punches}"
            ),
            "messages go through relays; UPnP or a forwarded port would make them direct",
        );
    }
    ok("nat", format!("{}{punches}", outside.nat.words()))
}

fn router(network: &Network) -> Check {
    let mapped = network.outside.mapped.join(", ");
    let words = network.outside.router.words();
    ok("router", if mapped.is_empty() { words.to_owned() } else { format!("{words}: {mapped}") })
}

fn relays(network: &Network) -> Check {
    let outside = &network.outside;
    let serves = if outside.relaying { "relays for others; " } else { "" };
    if outside.relays.is_empty() {
        return ok("relays", format!("{serves}none is known"));
    }
    let one = |relay: &crate::node::handle::RelayStatus| {
        let trouble = relay.trouble.as_ref().map(|trouble| format!(" ({trouble})")).unwrap_or_default();
        format!("{} {}{trouble}", relay.name, relay.state.words())
    };
    let finding = format!("{serves}{}", outside.relays.iter().map(one).collect::<Vec<_>>().join(", "));
    let wanted = !outside.public && !outside.relays.iter().any(|relay| relay.state.is_reserved());
    let failed = outside.relays.iter().any(|relay| relay.trouble.is_some());
    if wanted && failed {
        return fail(
            "relays",
            finding,
            "none of the relays works now: they are tried again by themselves; or name another",
        );
    }
    ok("relays", finding)
}

fn waiting(facts: &Facts<'_>, network: &Network) -> Check {
    let waiting = facts.contacts.iter().filter(|contact| contact.waiting > 0);
    let unreached: Vec<_> = waiting
        .map(|contact| (contact, reached(contact, Some(network), facts.now)))
        .filter(|(_, reached)| !matches!(reached.how, "direct" | "relayed"))
        .collect();
    if unreached.is_empty() {
        return ok("contacts", "nothing waits for anybody who can't be reached".into());
    }
    let one = |(contact, reached): &(&ContactPeers, super::reached::Reached)| {
        let reason = if reached.reason.is_empty() { "not connected" } else { &reached.reason };
        format!("{}: {} waiting, {reason}", contact.name, contact.waiting)
    };
    let mut named: Vec<_> = unreached.iter().take(NAMED_MAX).map(one).collect();
    if unreached.len() > NAMED_MAX {
        named.push(format!("and {} more", unreached.len() - NAMED_MAX));
    }
    warn(
        "contacts",
        named.join("; "),
        "nothing is lost: it is sent when their node can be reached; where that takes long, ask them for a new invite",
    )
}

/// A person who was brought back doesn't know yet what others know of their devices.
fn mute() -> Check {
    fail(
        "identity",
        "it was brought back, and hasn't asked what it said before: its devices can't be changed, and after a restore \
         nobody is written to"
            .into(),
        "ask with `sigillo id reconcile`, after a restore with `--from INVITE`",
    )
}

/// Whether a business can be found: by its last publication, which was read back from others.
fn published(profile: &Profile, network: &Network, now: Time) -> Check {
    if !profile.may_publish {
        return fail(
            "profile",
            "nothing is published: this business was restored, and hasn't looked for what it had published"
                .into(),
            "look for it with `sigillo id reconcile`",
        );
    }
    if !profile.is_set {
        return warn(
            "profile",
            "there is none: nobody finds this business, but by its invites".into(),
            "say who you are with `sigillo profile set`",
        );
    }
    match &profile.last {
        Some(last) if last.is_out() && now < last.expires => {
            let LastPublication { at, seq, peers, keys, entries, expires } = last;
            ok(
                "profile",
                format!(
                    "number {seq} was read back from the directory at {at}, under {keys} of its keys ({peers} nodes asked, \
                     {entries} index entries taken); it counts until {expires}"
                ),
            )
        }
        _ if network.routing == 0 => warn(
            "profile",
            "nobody finds this business: there is no other node to keep its profile".into(),
            "name a node to begin with (`--bootstrap`, or `bootstrap` in config.toml)",
        ),
        Some(last) => fail(
            "profile",
            format!(
                "number {} can't be found in the directory: {} nodes were asked to keep it",
                last.seq, last.peers
            ),
            "it is tried again by itself: see `others` above, and `sigillo profile publish`",
        ),
        None => warn(
            "profile",
            "it wasn't published since the node started".into(),
            "that takes a moment; `sigillo profile publish` does it now and says what came of it",
        ),
    }
}

/// Nothing where there is none.
fn webhooks(facts: &Facts<'_>) -> Option<Check> {
    let failing: Vec<String> = facts
        .hooks
        .iter()
        .filter_map(|(id, trouble)| trouble.as_ref().map(|trouble| format!("{id}: {trouble}")))
        .collect();
    if facts.hooks.is_empty() {
        return None;
    }
    Some(match failing.is_empty() {
        true => ok("webhooks", "no receiver failed the last time".into()),
        false => warn(
            "webhooks",
            failing.join("; "),
            "see whether the receiver runs; what it missed is tried again for 7 days (`sigillo webhook list`)",
        ),
    })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::wire::peer::PeerKey;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    fn contact(waiting: u64, last_at: Time) -> ContactPeers {
        let peers = vec![PeerKey::new(vec![7; 38]).unwrap()];
        ContactPeers { address: "sig1".into(), name: "Ben".into(), waiting, last_at, peers }
    }

    fn verdict<'f>(name: &str, network: Option<&'f Network>, change: impl FnOnce(&mut Facts<'f>)) -> Verdict {
        let (contacts, hooks, disk_free) = (&[][..], &[][..], Some(1 << 40));
        let mut facts =
            Facts { network, now: NOW, contacts, disk_free, profile: None, is_mute: false, hooks };
        change(&mut facts);
        diagnose(&facts).into_iter().find(|check| check.check == name).unwrap().verdict
    }

    #[test]
    fn a_clock_that_is_behind_what_was_stored_fails() {
        let late = NOW.plus(limits::CLOCK_SKEW + Duration::from_secs(1));
        let contacts = [[contact(0, late)], [contact(0, NOW)]];
        assert_eq!(verdict("clock", None, |facts| facts.contacts = &contacts[0]), Verdict::Fail);
        assert_eq!(verdict("clock", None, |facts| facts.contacts = &contacts[1]), Verdict::Ok);
        assert_eq!(verdict("clock", None, |facts| facts.now = Time::from_millis(0)), Verdict::Fail);
    }

    #[test]
    fn a_disk_is_warned_of_before_it_is_full() {
        let at = |free| verdict("disk", None, |facts| facts.disk_free = Some(free));
        assert_eq!(
            (at(DISK_NONE - 1), at(DISK_NONE), at(DISK_LITTLE)),
            (Verdict::Fail, Verdict::Warn, Verdict::Ok)
        );
    }

    #[test]
    fn a_node_that_finds_nobody_fails_where_it_was_told_where_to_begin() {
        let mut network = Network::default();
        assert_eq!(verdict("others", Some(&network), |_| ()), Verdict::Warn);
        network.outside.seeds = 1;
        assert_eq!(verdict("others", Some(&network), |_| ()), Verdict::Fail);
        network.routing = 1;
        assert_eq!(verdict("others", Some(&network), |_| ()), Verdict::Ok);
    }

    #[test]
    fn a_node_that_nobody_can_dial_is_told_so_until_it_can_be() {
        let mut network = Network::default();
        assert_eq!(verdict("reachable", Some(&network), |_| ()), Verdict::Warn);
        network.outside.public = true;
        assert_eq!(verdict("reachable", Some(&network), |_| ()), Verdict::Ok);
    }

    #[test]
    fn a_webhook_whose_receiver_fails_is_named() {
        let network = Network::default();
        let well = [("a".to_owned(), None)];
        let ill = [("a".to_owned(), None), ("b".to_owned(), Some("it answers with status 500".to_owned()))];
        assert_eq!(verdict("webhooks", Some(&network), |facts| facts.hooks = &well), Verdict::Ok);
        assert_eq!(verdict("webhooks", Some(&network), |facts| facts.hooks = &ill), Verdict::Warn);
        let (contacts, hooks, network) = (&[][..], &[][..], Some(&network));
        let none =
            Facts { network, now: NOW, contacts, disk_free: None, profile: None, is_mute: false, hooks };
        assert!(diagnose(&none).iter().all(|check| check.check != "webhooks"));
    }

    #[test]
    fn a_business_that_cant_be_found_is_told_so() {
        let network = Network { routing: 3, ..Network::default() };
        let last = LastPublication {
            at: NOW,
            seq: 7,
            peers: 3,
            keys: 2,
            entries: 1,
            expires: NOW.plus(Duration::from_secs(1)),
        };
        let judged = |is_set, may_publish, last: Option<LastPublication>| {
            verdict("profile", Some(&network), |facts| {
                facts.profile = Some(Profile { is_set, may_publish, last })
            })
        };
        assert_eq!(judged(true, true, Some(last.clone())), Verdict::Ok);
        assert_eq!(judged(true, true, Some(LastPublication { expires: NOW, ..last.clone() })), Verdict::Fail);
        assert_eq!(judged(true, true, Some(LastPublication { keys: 0, ..last.clone() })), Verdict::Fail);
        assert_eq!(judged(true, true, None), Verdict::Warn);
        let lonely = Network::default();
        let nobody = Profile {
            is_set: true,
            may_publish: true,
            last: Some(LastPublication { peers: 0, ..last.clone() }),
        };
        assert_eq!(published(&nobody, &lonely, NOW).verdict, Verdict::Warn, "nobody is there to keep it");
        assert_eq!(judged(false, true, None), Verdict::Warn);
        assert_eq!(judged(true, false, Some(last)), Verdict::Fail);
        let person = Facts {
            network: Some(&network),
            now: NOW,
            contacts: &[],
            disk_free: None,
            profile: None,
            is_mute: false,
            hooks: &[],
        };
        assert!(diagnose(&person).iter().all(|check| check.check != "profile"));
    }

    #[test]
    fn a_person_who_was_brought_back_is_told_to_ask_first() {
        let judged = |is_mute| verdict("identity", None, |facts| facts.is_mute = is_mute);
        assert_eq!(judged(true), Verdict::Fail);
        let (contacts, hooks) = (&[][..], &[][..]);
        let well = Facts {
            network: None,
            now: NOW,
            contacts,
            disk_free: None,
            profile: None,
            is_mute: false,
            hooks,
        };
        assert!(diagnose(&well).iter().all(|check| check.check != "identity"));
    }

    #[test]
    fn whoever_is_waited_for_and_not_there_is_named() {
        let network = Network::default();
        let (waiting, settled) = ([contact(2, NOW)], [contact(0, NOW)]);
        assert_eq!(verdict("contacts", Some(&network), |facts| facts.contacts = &waiting), Verdict::Warn);
        assert_eq!(verdict("contacts", Some(&network), |facts| facts.contacts = &settled), Verdict::Ok);
    }
}
