//! How a world is settled: everybody gets contacts while nothing goes wrong.

use core::time::Duration;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::{address, invite, link_offer};
use crate::domain::mailbox::host::Rules;
use crate::engine::command::{Command, NewMailbox, Outcome};
use crate::engine::desk_command::DeskCommand;
use crate::engine::view;
use crate::sim::shopkeeper;
use crate::sim::workload::{Resident, Workload};
use crate::sim::world::World;
use crate::store::table::Reader;
use crate::wire::peer::PeerAddress;

const SECOND: Duration = Duration::from_secs(1);

/// The residents of a world.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) residents: Vec<Resident>,
    /// Who speaks for the same account as another one: the second device of a resident.
    pub(super) seconds: Vec<(usize, usize)>,
}

impl Town {
    /// The residents of a world of so many nodes, some of whom have two; mailboxes that are nothing else come last.
    pub(super) fn plan(workload: Workload, nodes: usize) -> Vec<Resident> {
        let mut residents: Vec<Resident> = Vec::new();
        let mut seconds = 0;
        let keepers = Workload::keepers(nodes);
        while residents.len() + seconds + keepers < nodes {
            let mut resident = workload.resident(residents.len(), nodes);
            resident.second &= residents.len() + seconds + keepers + 2 <= nodes;
            seconds += usize::from(resident.second);
            residents.push(resident);
        }
        residents.extend(core::iter::repeat_n(Resident::KEEPER, keepers));
        residents
    }

    /// Settles a world of so many nodes; what couldn't be done is said.
    pub(super) fn settle(world: &mut World, workload: Workload, nodes: usize) -> Result<Self, String> {
        let mut town = Self { residents: Self::plan(workload, nodes), seconds: Vec::new() };
        for host in town.hosts() {
            world.peers[host].serve_mail(Rules::default());
        }
        world.run(SECOND);
        town.open_shops(world, workload)?;
        for resident in 0..town.residents.len() {
            town.take_mailboxes(world, resident, resident)?;
        }
        town.make_friends(world)?;
        town.add_seconds(world)?;
        Ok(town)
    }

    fn of_kind(&self, kind: AccountKind) -> impl Iterator<Item = usize> {
        let all = self.residents.iter().enumerate();
        all.filter(move |(_, resident)| resident.kind == kind).map(|(index, _)| index)
    }

    /// The nodes that keep mail for others.
    pub(super) fn hosts(&self) -> Vec<usize> {
        let hosts = self.residents.iter().enumerate().filter(|(_, resident)| resident.hosts);
        hosts.map(|(index, _)| index).collect()
    }

    /// Where the node of a resident has its mail kept: so many of those that do that, each another choice.
    pub(super) fn mailboxes_of(&self, world: &World, resident: usize, peer: usize) -> Vec<NewMailbox> {
        let hosts: Vec<usize> = self.hosts().into_iter().filter(|host| *host != peer).collect();
        let count = self.residents[resident].mailboxes.min(hosts.len());
        let chosen = (peer..peer + count).map(|turn| hosts[turn % hosts.len()]);
        chosen.filter_map(|host| mailbox(world, host)).collect()
    }

    fn take_mailboxes(&self, world: &mut World, resident: usize, peer: usize) -> Result<(), String> {
        for wanted in self.mailboxes_of(world, resident, peer) {
            done(world, peer, Command::AddMailbox(Box::new(wanted)))?;
        }
        Ok(())
    }

    fn open_shops(&self, world: &mut World, workload: Workload) -> Result<(), String> {
        let shops: Vec<usize> = self.of_kind(AccountKind::Business).collect();
        for shop in &shops {
            let draft = ProfileDraft { name: format!("Shop {shop}"), ..ProfileDraft::default() };
            done(world, *shop, Command::SetProfile(Box::new(draft)))?;
            if workload == Workload::Business {
                let desk = [
                    DeskCommand::SetBot(Some(Box::new(shopkeeper::bot()))),
                    DeskCommand::SetReception(Box::new(shopkeeper::reception())),
                ];
                for command in desk {
                    done(world, *shop, Command::Desk(command))?;
                }
            }
        }
        world.run(60 * SECOND);
        let customers: Vec<usize> =
            (0..self.residents.len()).filter(|index| self.residents[*index].customer).collect();
        for (turn, customer) in customers.into_iter().enumerate() {
            let Some(shop) = shops.get(turn % shops.len().max(1)) else { continue };
            let account = world.peers[*shop].account();
            done(world, customer, Command::Add { account, name: None })?;
        }
        Ok(())
    }

    /// Everybody knows the next ones in a circle.
    fn make_friends(&self, world: &mut World) -> Result<(), String> {
        let mut people: Vec<usize> = self.of_kind(AccountKind::Person).collect();
        people.retain(|person| !self.residents[*person].is_keeper());
        for (at, person) in people.iter().enumerate() {
            let next = (1..=self.residents[*person].friends).map(|step| people[(at + step) % people.len()]);
            for friend in next.filter(|friend| friend != person) {
                if !is_contact(world, *person, &world.peers[friend].account()) {
                    befriend(world, *person, friend)?;
                }
            }
        }
        world.run(60 * SECOND);
        Ok(())
    }

    fn add_seconds(&mut self, world: &mut World) -> Result<(), String> {
        for primary in 0..self.residents.len() {
            if !self.residents[primary].second {
                continue;
            }
            let second = world.add_device().ok_or("no room for a device")?;
            world.run(SECOND);
            let Outcome::LinkOffered { code, .. } = done(world, second, Command::OfferDevice)? else {
                return Err("no offer of a device".into());
            };
            let offer = link_offer::decode(&code).map_err(|error| error.to_string())?;
            done(world, primary, Command::LinkDevice(Box::new(offer)))?;
            let account = world.peers[primary].account();
            done(world, second, Command::JoinAccount(account))?;
            self.take_mailboxes(world, primary, second)?;
            self.seconds.push((primary, second));
        }
        world.run(10 * 60 * SECOND);
        Ok(())
    }
}

/// The mailbox that a node is.
pub(super) fn mailbox(world: &World, host: usize) -> Option<NewMailbox> {
    let at = PeerAddress::new(world.peers[host].key.clone(), vec!["/memory/1".into()]).ok()?;
    Some(NewMailbox { at, token: None, receipt: None })
}

/// Whether a node knows somebody.
pub(super) fn is_contact(world: &World, peer: usize, account: &AccountId) -> bool {
    let seen = world.peers[peer].disk.seen();
    view::contact(&Reader::new(&seen), account).is_some()
}

/// The contacts of a node.
pub(super) fn contacts(world: &World, peer: usize) -> Vec<AccountId> {
    let seen = world.peers[peer].disk.seen();
    let all = view::contacts(&Reader::new(&seen));
    all.iter().filter_map(|contact| address::decode(&contact.address).ok()).collect()
}

fn befriend(world: &mut World, inviter: usize, accepter: usize) -> Result<(), String> {
    let Outcome::Invited { invite: text, .. } = done(world, inviter, Command::Invite)? else {
        return Err("no invite".into());
    };
    let invite = invite::decode(&text).map_err(|error| error.to_string())?;
    done(world, accepter, Command::Accept { invite, name: None }).map(drop)
}

fn done(world: &mut World, peer: usize, command: Command) -> Result<Outcome, String> {
    match world.ask(peer, command) {
        Some(Ok(outcome)) => Ok(outcome),
        other => Err(format!("node {peer} could not be set up: {other:?}")),
    }
}
