//! Waiting for the next of a channel's values on a thread of one's own, with no runtime's help.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// The next value, waited for by this thread for `pause` at most; nothing after that, or where no value can come.
///
/// The thread parks itself: a runtime's timer would wake one of the runtime's threads too, for each wait.
#[expect(clippy::disallowed_methods, reason = "a wait is measured by the monotonic clock")]
pub(super) fn next<T>(receiver: &mut Receiver<T>, pause: Duration) -> Option<T> {
    if let Ok(value) = receiver.try_recv() {
        return Some(value);
    }
    let (begun, waker) = (Instant::now(), Waker::from(Arc::new(Unpark(thread::current()))));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = receiver.poll_recv(&mut context) {
            return value;
        }
        let left = pause.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())?;
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_value_ends_the_wait_and_so_does_the_last_sender_that_goes() {
        let (sender, mut receiver) = mpsc::channel(1);
        let sending = thread::spawn(move || (0..100).for_each(|value| sender.blocking_send(value).unwrap()));
        let received: Vec<_> = std::iter::from_fn(|| next(&mut receiver, LONG)).collect();
        assert_eq!(received, (0..100).collect::<Vec<_>>());
        sending.join().unwrap();
        assert_eq!(next(&mut receiver, LONG), None);
    }

    #[test]
    fn a_wait_without_a_value_ends() {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        assert_eq!(next(&mut receiver, Duration::ZERO), None);
        assert_eq!(next(&mut receiver, Duration::from_millis(1)), None);
        drop(sender);
    }
}
