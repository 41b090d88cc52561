//! Faults that go on by themselves: nodes that go and come back, round after round.

use crate::ui::lab::place::Saw;
use crate::ui::lab::scenario::Churn;
use crate::ui::lab::stage::Stage;

/// In each round kills some nodes, waits, starts them again and waits. Which ones the seed decides.
pub(super) async fn churn(stage: &Stage, churn: &Churn) -> Result<String, Saw> {
    let who = stage.named(&churn.who);
    if churn.down >= who.len() {
        return Err(format!("of {} nodes, {} can't be down and others stay up", who.len(), churn.down));
    }
    let mut order = Order(churn.seed);
    for _ in 0..churn.rounds {
        let mut left = who.clone();
        let gone: Vec<usize> = (0..churn.down).map(|_| left.swap_remove(order.below(left.len()))).collect();
        stage.stop(&gone, false).await?;
        tokio::time::sleep(churn.pause.0).await;
        stage.start(&gone).await?;
        tokio::time::sleep(churn.pause.0).await;
    }
    Ok(format!("{} times {} of {} nodes went and came back", churn.rounds, churn.down, who.len()))
}

/// A sequence that a seed decides (SplitMix64): the same seed, the same nodes.
struct Order(u64);

impl Order {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mixed = mixed ^ (mixed >> 31);
        usize::try_from(mixed % (bound as u64).max(1)).unwrap_or_default()
    }
}
