//! Whether a receiver agrees to be one: it is asked to give a number back, with a word that it knows.

use rand_core::Rng as _;

use crate::base::cloud_limits as limits;
use crate::node::identity::system_rng;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::webhook::post::{Target, get};

/// Asks the receiver; why it can't be one, otherwise.
pub(in crate::ui::http) async fn shake(url: &str, verify_token: &str) -> Result<(), Graph> {
    if verify_token.len() > limits::VERIFY_TOKEN_MAX {
        let must = format!("has at most {} bytes", limits::VERIFY_TOKEN_MAX);
        return Err(Graph::value("verify_token", &must));
    }
    let refused =
        |words: String| Graph::new(Code::Parameter, format!("Callback verification failed: {words}"));
    let target = Target::parse(url).map_err(|words| refused(words.to_owned()))?;
    let mut bytes = [0; 8];
    system_rng().fill_bytes(&mut bytes);
    // So many digits, and no zero before them: some receivers read a number.
    let least = 10_u64.pow(limits::CHALLENGE_DIGITS - 1);
    let challenge = (least + u64::from_be_bytes(bytes) % (9 * least)).to_string();
    let pairs =
        [("hub.mode", "subscribe"), ("hub.challenge", &challenge), ("hub.verify_token", verify_token)];
    let (status, body) = get(&target, &pairs).await.map_err(refused)?;
    if !status.is_success() {
        return Err(refused(format!("it answers with status {}", status.as_u16())));
    }
    if body.trim_ascii() != challenge.as_bytes() {
        return Err(refused("it does not give the challenge back".to_owned()));
    }
    Ok(())
}
