//! Sequence numbers as half-open runs.

/// The same numbers as runs in order, apart from one another; empty runs vanish.
pub(super) fn united(mut runs: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    runs.retain(|(from, until)| from < until);
    runs.sort_unstable();
    let mut united: Vec<(u64, u64)> = Vec::new();
    for (from, until) in runs {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => united.push((from, until)),
        }
    }
    united
}
