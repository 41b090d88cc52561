//! How many files and connections the system lets this process have open.

/// Asks the system to let this process have as many files and connections open as it may at most, because what it may
/// without asking is often 1,024: fewer than a business has customers. How many that is now; nothing where no bound is
/// known.
pub fn raise() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum {
            let former = limit.current;
            limit.current = limit.maximum;
            // Some systems name a maximum that they don't grant: then it stays as it is.
            if setrlimit(Resource::Nofile, limit).is_err() {
                limit.current = former;
            }
        }
        limit.current
    }
    #[cfg(not(unix))]
    None
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;

    #[test]
    fn as_many_as_may_be_at_most_are_allowed_from_then_on() {
        let most = getrlimit(Resource::Nofile).maximum;
        // Hardly fewer: other tests of this process open files meanwhile.
        let few = most.map_or(1 << 20, |most| most - 1);
        setrlimit(Resource::Nofile, Rlimit { current: Some(few), maximum: most }).unwrap();
        let raised = raise();
        assert_eq!(raised, getrlimit(Resource::Nofile).current);
        assert!(raised.is_none_or(|raised| raised >= few));
        assert!(most.is_none() || raised == most, "{raised:?} of {most:?}");
    }
}
