//! Forgets, now and then, what the API kept and what is past its life.

use crate::base::api_limits as limits;
use crate::node::event_log;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;

/// Goes on until the API ends.
pub async fn upkeep(api: Api) {
    loop {
        if sweep(&api).await.is_err() {
            // The node is ending, or its disk failed, which it says itself.
            return;
        }
        tokio::select! {
            () = api.ending().cancelled() => return,
            () = tokio::time::sleep(limits::SWEEP_INTERVAL) => {}
        }
    }
}

/// Keeps the log of events where somebody reads it, over TCP or by a webhook, and ends it otherwise.
pub async fn keep_log(api: &Api, over_tcp: bool) {
    // Where the store can't be read the node ends by itself.
    let wanted = over_tcp || api.hooks().list().await.is_ok_and(|hooks| !hooks.is_empty());
    api.node().log_events(wanted);
}

async fn sweep(api: &Api) -> Result<(), ApiError> {
    let now = api.node().now();
    let alive = api.view(move |rows| event_log::first_alive(rows, now)).await?;
    // A page goes with each transaction: those that the node makes for other reasons aren't waited for.
    while api.view(|rows| event_log::first_kept(rows)).await? < alive {
        api.node().forget_events(alive).await?;
        tokio::select! {
            () = api.ending().cancelled() => break,
            () = tokio::time::sleep(limits::FORGET_PAUSE) => {}
        }
    }
    api.answers().sweep().await
}
