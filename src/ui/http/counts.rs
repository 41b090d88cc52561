//! What the API was asked and answered so far.

use core::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

/// Requests by what came of them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Answers by the first digit of their status, from 1 to 5.
    answers: [AtomicU64; 5],
}

impl Counts {
    /// A request was answered.
    pub(super) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5);
        self.answers[class - 1].fetch_add(1, Ordering::Relaxed);
    }

    /// How many, by the first digit of their status.
    pub(super) fn answers(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.answers.iter().enumerate().map(|(class, count)| (class + 1, count.load(Ordering::Relaxed)))
    }
}
