//! A customer of the load test: a light node that writes to one business and waits for each answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::base::id::AccountId;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::input::Ticket;
use crate::node::light::{Light, Told};
use crate::ui::bench::messages;
use crate::ui::bench::nodes::Failed;
use crate::ui::bench::timer::Timer;

/// How long a customer waits for an answer before it counts as none: more than any figure worth having.
const PATIENCE: Duration = Duration::from_secs(60);

/// A customer.
pub(in crate::ui) struct Customer {
    node: Light,
    business: AccountId,
    /// Answers that came.
    answers: u64,
}

impl Customer {
    /// Somebody new, who finds what the directory has of the business in `records`.
    pub(in crate::ui) fn new(business: AccountId, records: Arc<[Vec<u8>]>) -> Result<Self, Failed> {
        Ok(Self { node: Light::start(records)?, business, answers: 0 })
    }

    /// Adds the business and has a first message answered. Milliseconds of the whole.
    pub(in crate::ui) async fn begin(&mut self) -> Result<f64, Failed> {
        let timer = Timer::start();
        let ticket = self.node.command(Command::Add { account: self.business, name: None });
        while self.step(ticket).await?.is_none() {}
        self.round().await?;
        Ok(timer.millis())
    }

    /// Writes a message and waits for the answer. Milliseconds from the command to the answer, stored here.
    pub(in crate::ui) async fn round(&mut self) -> Result<f64, Failed> {
        let timer = Timer::start();
        let before = self.answers;
        let text = text();
        let ticket = self.node.command(Command::Send { to: self.business, text });
        let answered = async {
            while self.answers == before {
                self.step(ticket).await?;
            }
            Ok(timer.millis())
        };
        timeout(PATIENCE, answered).await.unwrap_or_else(|_| Err("a message wasn't answered".into()))
    }

    /// Goes on living, without writing anything, until something else is over.
    pub(in crate::ui) async fn live<T>(&mut self, until: impl Future<Output = T>) -> Result<T, Failed> {
        tokio::pin!(until);
        loop {
            tokio::select! {
                over = &mut until => return Ok(over),
                ready = self.node.wait() => ready?,
            }
            let told = self.node.decide().await?;
            self.hear(&told);
        }
    }

    /// One group of inputs; whether the command under this ticket is done.
    async fn step(&mut self, ticket: Ticket) -> Result<Option<()>, Failed> {
        self.node.wait().await?;
        let told = self.node.decide().await?;
        self.hear(&told);
        let answer = told.answers.into_iter().find(|(answered, _)| *answered == ticket);
        let answer: Option<Result<Outcome, Refusal>> = answer.map(|(_, answer)| answer);
        Ok(answer.transpose()?.map(|_| ()))
    }

    fn hear(&mut self, told: &Told) {
        let answers = told
            .shown
            .iter()
            .filter(|event| matches!(event, Event::Entry { entry, .. } if entry.direction == "in"));
        self.answers += answers.count() as u64;
    }
}

/// What a customer writes: the word that the bot listens for, and as many bytes as the other measurements have.
fn text() -> String {
    format!("hours {}", "sigillo ".repeat(messages::TEXT_BYTES / 8))
        .chars()
        .take(messages::TEXT_BYTES)
        .collect()
}
