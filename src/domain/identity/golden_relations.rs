//! The golden vectors of heads and logs beside a pinned one (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use super::golden_logs::entries;
use crate::base::id::{AccountId, Digest};
use crate::crypto::golden::Case;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::relation::{Claim, Relation};
use crate::wire::account::LogHead;

fn relations() -> Value {
    serde_json::from_str(include_str!("../../../docs/vectors/relations.json")).unwrap()
}

fn log(account: &Case<'_>, list: &[Vec<u8>]) -> AccountLog {
    AccountLog::verify(AccountId::new(account.array("account")), entries(list).unwrap()).unwrap()
}

fn head(case: &Case<'_>) -> LogHead {
    LogHead { seq: case.number("seq"), hash: Digest::new(case.array("hash")) }
}

#[test]
fn heads_are_weighed_as_by_the_model() {
    for case in Case(&relations()).cases("pinned") {
        let pinned = log(&case, &case.list("entries"));
        assert_eq!(pinned.head(), head(&case.case("head")));
        for claimed in case.cases("heads") {
            let expected = match claimed.text("is") {
                "same" => Claim::Same,
                "behind" => Claim::Behind,
                "ahead" => Claim::Ahead,
                "fork" => Claim::Fork,
                other => panic!("a head can't be {other}"),
            };
            assert_eq!(pinned.weigh(&head(&claimed)), expected, "{}: {}", case.text("name"), claimed.0);
        }
    }
}

#[test]
fn logs_relate_to_the_pinned_one_as_by_the_model() {
    for case in Case(&relations()).cases("pinned") {
        let pinned = log(&case, &case.list("entries"));
        for coming in case.cases("logs") {
            let offered = log(&case, &coming.list("entries"));
            let then = log(&case, &coming.list("pinned then"));
            let expected = match coming.text("is") {
                "same" => Relation::Same,
                "behind" => Relation::Behind,
                "gap" => Relation::Gap,
                "fork" => Relation::Fork,
                "continuation" => Relation::Extends(then.clone()),
                "restored" | "ended" => Relation::Supersedes(then.clone()),
                other => panic!("a log can't be {other}"),
            };
            assert_eq!(pinned.relate(&offered), expected, "{}: {}", case.text("name"), coming.text("name"));
            let unchanged = matches!(coming.text("is"), "same" | "behind" | "gap" | "fork");
            assert!(!unchanged || then == pinned, "what is no progress isn't pinned");
        }
    }
}
