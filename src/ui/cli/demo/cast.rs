//! Steps: the nodes start, and stop.

use crate::ui::cli::demo::check::{Told, short};
use crate::ui::cli::demo::node::{Node, Role};
use crate::ui::cli::demo::stage::Stage;

/// The node that everybody knows.
pub(super) async fn hub(stage: &Stage) -> Told<Node> {
    let role = Role { home: "hub", name: "Hub", business: false, serves: true };
    let hub = Node::begin(stage, role, &[]).await?;
    let detail = format!("process {} listens on {}", hub.process_id(), hub.listen.join(" and "));
    Ok((hub, detail))
}

/// The business.
pub(super) async fn shop(stage: &Stage, hub: &Node) -> Told<Node> {
    let role = Role { home: "shop", name: "Padaria Aurora", business: true, serves: false };
    let shop = Node::begin(stage, role, &hub.listen).await?;
    let detail = format!("{} is {}, process {}", shop.name(), shop.address, shop.process_id());
    Ok((shop, detail))
}

/// Two customers, who know each other as little as the business.
pub(super) async fn customers(stage: &Stage, hub: &Node) -> Told<(Node, Node)> {
    let role = |home, name| Role { home, name, business: false, serves: false };
    let ana = Node::begin(stage, role("ana", "Ana"), &hub.listen);
    let bento = Node::begin(stage, role("bento", "Bento"), &hub.listen);
    let (ana, bento) = tokio::try_join!(ana, bento)?;
    let told =
        |node: &Node| format!("{} is {}, process {}", node.name(), short(&node.address), node.process_id());
    let detail = format!("{}; {}", told(&ana), told(&bento));
    Ok(((ana, bento), detail))
}

/// Ends all nodes as a system does that shuts down.
pub(super) async fn stop<const N: usize>(nodes: [&mut Node; N]) -> Told<()> {
    for node in nodes {
        node.stop().await?;
    }
    Ok(((), format!("{N} nodes ended on SIGTERM with exit code 0; none is left")))
}
