//! The whole job, played through by nodes that are processes of their own, over real sockets on loopback.
//!
//! ```text
//! begin     sets the stage, has the story played, clears away
//! story     the steps, top to bottom: read this first
//! cast      steps: the nodes start, and stop
//! market    steps: publishing, finding, talking
//! crash     steps: the business is killed, and comes back
//! charging  steps: a subscription, its invoice, its receipt
//! forgery   steps: forged profiles and receipts are refused
//! node      one node: a home, a process, its local API
//! stage     the binary, the directory, commands that run to their end
//! teller    tells each step, and holds it to its time
//! check     what was expected and what was seen
//! by_hand   how to go on when the homes are kept
//! ```

mod begin;
mod by_hand;
mod cast;
mod charging;
mod check;
mod crash;
mod forgery;
mod market;
mod node;
mod stage;
mod story;
mod teller;

pub(super) use begin::demo;
