//! Profiles, searches and plans.

use axum::http::Method;
use serde_json::{Value, json};

use crate::base::money::Money;
use crate::domain::identity::address;
use crate::ui::cli::args::{Find, Profile, ProfileSet};
use crate::ui::cli::args_money::{Plan, PlanAdd};
use crate::ui::cli::client::{Client, escaped, query};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;
use crate::wire::plan::Period;

pub(super) async fn profile(client: &Client, output: Output, what: Profile) -> Result<(), Failure> {
    match what {
        Profile::Set(change) => {
            let changed = client.request(Method::PATCH, "/v1/profile", Some(&change_body(change))).await?;
            output.show(&changed, show::own_profile)
        }
        Profile::Show { who: None } => output.show(&client.get("/v1/profile").await?, show::own_profile),
        Profile::Show { who: Some(who) } => output.show(&look_up(client, &who).await?, show::found),
        Profile::Listings { receipts } => {
            let body = json!({ "receipts": receipts });
            let set = client.request(Method::PUT, "/v1/listings", Some(&body)).await?;
            output.show(&set, |_| format!("the profile carries {} receipts of operators", receipts.len()))
        }
        Profile::Publish => {
            let spinner = Spinner::start("publishing");
            let published = client.post("/v1/profile/publish", &Value::Null).await;
            drop(spinner);
            output.show(&published?, show::published)
        }
    }
}

pub(super) async fn find(client: &Client, output: Output, wanted: Find) -> Result<(), Failure> {
    let filters = [&wanted.category, &wanted.country, &wanted.region, &wanted.language, &wanted.listed_by];
    let no_filter = filters.iter().all(|filter| filter.is_none());
    if let ([one], true) = (wanted.words.as_slice(), no_filter)
        && address::decode(one).is_ok()
    {
        return output.show(&look_up(client, one).await?, show::found);
    }
    let parameters = [
        ("words", (!wanted.words.is_empty()).then(|| wanted.words.join(" "))),
        ("category", wanted.category),
        ("country", wanted.country),
        ("region", wanted.region),
        ("language", wanted.language),
        ("listed_by", wanted.listed_by),
        ("cursor", wanted.after.map(|after| after.to_string())),
    ];
    let spinner = Spinner::start("asking the network");
    let found = client.get(&query("/v1/businesses", &parameters)).await;
    drop(spinner);
    output.show(&found?, show::found)
}

pub(super) async fn plan(client: &Client, output: Output, what: Plan) -> Result<(), Failure> {
    match what {
        Plan::Add(terms) => {
            let path = format!("/v1/plans/{}", escaped(&terms.id));
            let offered = client.request(Method::PUT, &path, Some(&terms_body(&terms)?)).await?;
            output.show(&offered, show::plan)
        }
        Plan::Remove { id } => {
            let removed =
                client.request(Method::DELETE, &format!("/v1/plans/{}", escaped(&id)), None).await?;
            output.show(&removed, |_| format!("{id} is no longer offered"))
        }
        Plan::Announce { id } => {
            let announced =
                client.post(&format!("/v1/plans/{}/announce", escaped(&id)), &Value::Null).await?;
            output.show(&announced, |said| {
                let count = said["subscriptions"].as_u64().unwrap_or_default();
                format!("announced to {count} subscribers; it counts for those who consent, after 30 days")
            })
        }
        Plan::List { of: None } => output.show(&client.get("/v1/plans").await?, show::plans),
        Plan::List { of: Some(who) } => {
            let found = look_up(client, &who).await?;
            output.show(&found["businesses"][0]["profile"]["plans"], show::plans)
        }
    }
}

async fn look_up(client: &Client, who: &str) -> Result<Value, Failure> {
    let spinner = Spinner::start("asking the network");
    let found = client.get(&format!("/v1/businesses/{}", escaped(who))).await;
    drop(spinner);
    found
}

fn change_body(change: ProfileSet) -> Value {
    let list = |list: Option<Vec<String>>| -> Option<Vec<String>> {
        list.map(|list| list.into_iter().filter(|one| !one.trim().is_empty()).collect())
    };
    json!({
        "name": change.name, "about": change.about, "categories": list(change.categories),
        "country": change.country, "region": change.region, "languages": list(change.languages),
        "website": change.website, "hours": change.hours,
    })
}

fn terms_body(terms: &PlanAdd) -> Result<Value, Failure> {
    let price =
        Money::parse(&terms.price, terms.currency).map_err(|error| Failure::misused(error.to_string()))?;
    Ok(json!({
        "name": terms.name.as_ref().unwrap_or(&terms.id), "price": price, "period": Period::from(terms.period),
        "trial_days": terms.trial, "grace_days": terms.grace, "hold_days": terms.hold,
    }))
}
