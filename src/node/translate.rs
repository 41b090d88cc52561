//! Between the engine's words and the network's: each event an input, each effect a command.

use crate::engine::effects::Effect;
use crate::engine::file_order::FileEvent;
use crate::engine::input::Input;
use crate::net::message::{Command, Event};
use crate::wire::file::FileRequest;

/// What an event of the network means to the engine; nothing where it means nothing.
pub(super) fn input(event: Event) -> Option<Input> {
    Some(match event {
        Event::Listening { addresses } => Input::Listening(addresses),
        Event::PeerConnected { peer } => Input::PeerConnected(peer),
        Event::PeerGone { peer } => Input::PeerGone(peer),
        Event::LinkUp { link, peer } => Input::LinkUp { link, peer },
        Event::LinkDown { link, .. } => Input::LinkDown { link },
        Event::Unreachable { peer } => Input::Unreachable(peer),
        Event::Frames { link, peer, first, frames } => Input::Frames { link, peer, first, frames },
        Event::Taken { link, upto } => Input::Taken { link, upto },
        Event::Refused { link, number } => Input::Refused { link, number },
        Event::RecordOffered { key, value, .. } => Input::RecordOffered { key: key.to_vec(), value },
        Event::PutDone { query, peers_asked, .. } => Input::PutDone { query, peers_asked },
        Event::GotRecords { query, values, peers_asked } => Input::GotRecords { query, values, peers_asked },
        Event::Closest { query, peers } => Input::Closest { query, peers },
        Event::Asked { ask, peer, from, body } => Input::Asked { ask, peer, from, body },
        Event::Answered { query, body } => Input::Answered { query, body },
        Event::Channel(event) => Input::Channel(event),
        Event::FileAsked { ask, peer, request: FileRequest { id, from }, .. } => {
            Input::File(FileEvent::Asked { ask, peer, id, from })
        }
        Event::Bootstrapped { peers } => Input::Bootstrapped(peers),
    })
}

/// What an effect means to the network; the effect back where it is for somebody else.
#[expect(clippy::result_large_err, reason = "what comes back is no failure: it goes on to somebody else")]
pub(super) fn command(effect: Effect) -> Result<Command, Effect> {
    Ok(match effect {
        Effect::Connect(peer) => Command::Connect { peer },
        Effect::Send { link, frames } => Command::Send { link, frames },
        Effect::Take { link, upto } => Command::Take { link, upto },
        Effect::Refuse { link, number } => Command::Refuse { link, number },
        Effect::PutRecord { query, key, value, expires_in } => {
            Command::PutRecord { query, key, value, expires_in }
        }
        Effect::GetRecord { query, key } => Command::GetRecord { query, key },
        Effect::ClosestPeers { query, key } => Command::ClosestPeers { query, key },
        Effect::Keep { key, value, expires_in } => Command::Keep { key, value, expires_in },
        Effect::KeepPlace { peer, life } => Command::KeepPlace { peer, life },
        Effect::Ask { query, peer, body } => Command::Ask { query, peer, body },
        Effect::Answer { ask, body } => Command::Answer { ask, body },
        Effect::Channel(order) => Command::Channel(order),
        other @ (Effect::Reply { .. } | Effect::Show(_) | Effect::Work { .. } | Effect::File(_)) => {
            return Err(other);
        }
    })
}
