//! Actions with plans and invoices, and how subscriptions must stand.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ui::lab::place::Saw;
use crate::ui::lab::scenario::{Payment, Standing, Wish};
use crate::ui::lab::stage::{Stage, each};
use crate::ui::lab::wait::{list, text, until};

/// Asks businesses for a plan, or cancels it.
pub(super) async fn wish(
    stage: &Stage,
    wish: &Wish,
    cancel: bool,
    patience: Duration,
) -> Result<String, Saw> {
    let path = if cancel { "/v1/subscriptions/cancel" } else { "/v1/subscriptions" };
    let to = stage.named(&wish.to);
    each(&stage.named(&wish.who), async |one| {
        for issuer in &to {
            let body = json!({ "issuer": stage.cells[*issuer].account, "plan": wish.plan });
            until(patience, async || stage.post(one, path, &body).await.map(|_| ())).await?;
        }
        Ok(())
    })
    .await?;
    let word = if cancel { "cancelled" } else { "asked for" };
    Ok(format!("{} {word} {}", wish.who, wish.plan))
}

/// The businesses say that what these owe was paid; each must owe something.
pub(super) async fn pay(stage: &Stage, payment: &Payment, patience: Duration) -> Result<String, Saw> {
    let to = stage.named(&payment.to);
    each(&stage.named(&payment.who), async |one| {
        for issuer in to.iter().copied() {
            let payer = stage.known_as(one, issuer).await?;
            let key = until(patience, async || {
                let invoices = stage.get(issuer, "/v1/invoices").await?;
                let open =
                    |invoice: &&Value| text(invoice, "with") == payer && text(invoice, "state") == "open";
                let key = list(&invoices).iter().find(open).map(|invoice| text(invoice, "key").to_owned());
                key.ok_or_else(|| {
                    format!("{} has no open invoice of {}", stage.cells[one].name, stage.cells[issuer].name)
                })
            })
            .await?;
            stage.post(issuer, &format!("/v1/invoices/{key}/paid"), &Value::Null).await?;
        }
        Ok(())
    })
    .await?;
    Ok(format!("{} paid {}", payment.who, payment.to))
}

/// How subscriptions must stand, at both sides.
pub(super) async fn standing(stage: &Stage, wanted: &Standing, patience: Duration) -> Result<String, Saw> {
    let to = stage.named(&wanted.to);
    each(&stage.named(&wanted.who), async |one| {
        for issuer in to.iter().copied() {
            until(patience, async || {
                let known = stage.known_as(one, issuer).await?;
                stands(stage, wanted, one, &stage.cells[issuer].account).await?;
                stands(stage, wanted, issuer, &known).await
            })
            .await?;
        }
        Ok(())
    })
    .await?;
    Ok(format!("so it stands at {} and at {}", wanted.who, wanted.to))
}

/// How one side's subscription with an address stands.
async fn stands(stage: &Stage, wanted: &Standing, at: usize, with: &str) -> Result<(), Saw> {
    let name = &stage.cells[at].name;
    let all = stage.get(at, "/v1/subscriptions").await?;
    let of = |one: &&Value| text(one, "with") == with && one["plan"]["id"] == wanted.plan.as_str();
    let one =
        list(&all).iter().find(of).ok_or_else(|| format!("{name} has no subscription to {}", wanted.plan))?;
    let state = wanted.state.and_then(|state| serde_json::to_value(state).ok());
    if state.is_some_and(|state| one["state"] != state) {
        return Err(format!("at {name} it is {}", text(one, "state")));
    }
    if wanted.access.is_some_and(|access| one["access"] != json!(access)) {
        return Err(format!("at {name} access is {}", one["access"]));
    }
    if let Some(count) = wanted.receipts {
        let receipts = stage.get(at, "/v1/receipts").await?;
        let found = list(&receipts).iter().filter(|receipt| text(receipt, "with") == with).count();
        if found != count {
            return Err(format!("{name} has {found} receipts in the place of {count}"));
        }
    }
    Ok(())
}
