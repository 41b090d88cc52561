//! Bearer tokens of the local API: made, shown, taken back.

use core::time::Duration;

use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::base::api_limits;
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;
use crate::ui::http::scope::Scope;

/// What to do about tokens.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token for a program, and show it this once
    Create(Create),
    /// Show the tokens, without their secrets
    List,
    /// Take a token back: nobody gets in with it any more
    Revoke {
        /// Its id, as `sigillo token list` shows it
        id: String,
    },
}

/// A token to be made.
#[derive(Clone, Debug, Args)]
pub(super) struct Create {
    /// What the token is for
    #[arg(long, default_value = "")]
    label: String,
    /// What its bearer may do; may be repeated
    #[arg(long, value_enum, required = true, value_delimiter = ',')]
    scope: Vec<Word>,
    /// For how long it holds, such as 12h or 30d, or `never` [default: 365d]
    #[arg(long, value_name = "TIME", value_parser = life)]
    expires: Option<Life>,
}

/// For how long a token holds; for ever where there is no time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Life(Option<Duration>);

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// See figures about the node, and nothing of anybody's
    Metrics,
    /// See everything that isn't secret
    Read,
    /// Send messages, mark them as read, keep the desk's conversations and notes
    Send,
    /// Change contacts, the profile, what the desk says, plans, invoices, mailboxes
    Manage,
    /// Name a webhook over the Cloud-API-compatible surface
    Subscribe,
    /// Everything; alone: the identity's key, devices, tokens, webhooks
    Admin,
}

impl From<Word> for Scope {
    fn from(word: Word) -> Self {
        match word {
            Word::Metrics => Self::Metrics,
            Word::Read => Self::Read,
            Word::Send => Self::Send,
            Word::Manage => Self::Manage,
            Word::Admin => Self::Admin,
            Word::Subscribe => Self::Subscribe,
        }
    }
}

fn life(text: &str) -> Result<Life, String> {
    if text == "never" {
        return Ok(Life(None));
    }
    let unit = match text.chars().last() {
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err("a time is a number of hours or days, such as 12h or 30d, or `never`".into()),
    };
    let number = text[..text.len() - 1].parse::<u32>().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| "a time begins with a number above 0".to_owned())?;
    Ok(Life(Some(Duration::from_secs(u64::from(number) * unit))))
}

pub(super) async fn token(client: &Client, output: Output, what: Token) -> Result<(), Failure> {
    match what {
        Token::Create(Create { label, scope, expires }) => {
            let Life(life) = expires.unwrap_or(Life(Some(api_limits::TOKEN_LIFE)));
            let scopes: Vec<Scope> = scope.into_iter().map(Scope::from).collect();
            let wanted =
                json!({ "label": label, "scopes": scopes, "seconds": life.map(|life| life.as_secs()) });
            output.show(&client.post("/v1/tokens", &wanted).await?, show::token_made)
        }
        Token::List => output.show(&client.get("/v1/tokens").await?, show::tokens),
        Token::Revoke { id } => {
            let route = format!("/v1/tokens/{}", escaped(&id));
            let gone = client.request(Method::DELETE, &route, None).await?;
            output.show(&gone, |gone| format!("{} is no longer a token", show::text(gone, "id")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_hours_days_or_for_ever() {
        assert_eq!(life("12h").unwrap(), Life(Some(Duration::from_secs(12 * 3_600))));
        assert_eq!(life("30d").unwrap(), Life(Some(Duration::from_secs(30 * 86_400))));
        assert_eq!(life("never").unwrap(), Life(None));
        for wrong in ["", "d", "0d", "-1d", "1", "1w", "1.5d", "é", "99999999999d"] {
            assert!(life(wrong).is_err(), "{wrong}");
        }
    }
}
