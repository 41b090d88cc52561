//! The story, top to bottom: a stranger finds a business, talks to it, pays it, and can prove it.

use serde_json::{Value, json};

use crate::ui::cli::demo::by_hand;
use crate::ui::cli::demo::stage::Stage;
use crate::ui::cli::demo::teller::Teller;
use crate::ui::cli::demo::{cast, charging, crash, forgery, market};
use crate::ui::cli::failure::Failure;

/// Plays every step, and ends at the first that doesn't hold. What it leaves belongs to the last line.
pub(super) async fn play(teller: &mut Teller, stage: &Stage) -> Result<Value, Failure> {
    // Four nodes, each a process with a home of its own. All that the others know is the address of the first.
    let mut hub = teller.step("bootstrap", cast::hub(stage)).await?;
    let mut shop = teller.step("business", cast::shop(stage, &hub)).await?;
    let (mut ana, mut bento) = teller.step("customers", cast::customers(stage, &hub)).await?;

    // The business says who it is; strangers find it by what they look for.
    teller.step("publish", market::publish(&shop)).await?;
    teller.step("find", market::find(&ana, &bento, &shop)).await?;

    // They talk, end to end encrypted, from node to node.
    teller.step("message", market::first_message(&ana, &shop)).await?;
    teller.step("answer", market::answer(&shop, &ana)).await?;
    let known = teller.step("unlinkable", market::unlinkable(&shop, &ana, &bento, &hub)).await?;

    // Ana subscribes; before she pays, the business's machine fails in the middle of everything.
    let invoice = teller.step("subscribe", charging::subscribe(&ana, &shop)).await?;
    let before = teller.step("crash", crash::crash(&mut shop, &known, &ana, &bento)).await?;
    teller.step("recovery", crash::recovery(stage, &mut shop, &before, &ana, &bento)).await?;

    // The invoice of before the crash is paid; the receipt is a file.
    let receipt = teller.step("receipt", charging::receipt(stage, &shop, &ana, &known.ana, &invoice)).await?;

    // Somebody lies to the directory, and serves the lie too.
    teller.step("forged profile", forgery::profile(&hub, &shop, &bento)).await?;

    // With no node left, the receipt still proves itself, and a changed one doesn't.
    teller.step("stop", cast::stop([&mut ana, &mut bento, &mut shop, &mut hub])).await?;
    teller.step("verify", charging::verify(stage, &receipt)).await?;
    teller.step("forged receipt", forgery::receipt(stage, &receipt, &known.bento)).await?;

    let by_hand = by_hand::commands(stage, &hub, &shop, &ana, &receipt);
    Ok(json!({ "business": shop.address, "receipt": receipt.id, "by_hand": by_hand }))
}
