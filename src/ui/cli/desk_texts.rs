//! What the front desk keeps to be said: quick replies, templates, the catalog.

use std::path::PathBuf;

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::base::limits;
use crate::base::money::{Currency, Money};
use crate::domain::business::template::Definition;
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::consent::Topic;
use crate::ui::cli::documents;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::file;
use crate::ui::cli::orders;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// What to do about quick replies.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Quick {
    /// Keep a quick reply, in the place of one that has its name
    Add {
        /// Its name: a-z, 0-9, _ and -
        name: String,
        /// The text, with blanks such as {{when}}
        text: String,
    },
    /// Show all quick replies
    List,
    /// Remove a quick reply
    Remove {
        /// Its name
        name: String,
    },
}

/// What to do about templates.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Template {
    /// Add a template from a file, or a new version of one
    Add {
        /// The file (TOML), or `-` for stdin
        file: PathBuf,
    },
    /// Show the newest version of each template
    List,
    /// Show a template whole, with the numbers of its versions
    Show {
        /// Its name
        name: String,
    },
    /// Remove a template with all its versions
    Remove {
        /// Its name
        name: String,
    },
}

/// What to do about the catalog.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Catalog {
    /// Sell a thing, or change what is said of it
    Add(Wares),
    /// Show everything
    List,
    /// Show one thing
    Show {
        /// Its id
        id: String,
    },
    /// Write the small picture of a thing that customers are shown
    Image {
        /// Its id
        id: String,
        /// Where to write it, or `-` for stdout
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
    },
    /// No longer sell a thing
    Remove {
        /// Its id
        id: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct Wares {
    /// Its id: a-z, 0-9, _ and -
    id: String,
    /// What it costs, such as 4.50
    #[arg(long)]
    price: String,
    /// ISO 4217, such as BRL
    #[arg(long)]
    currency: Currency,
    /// What it is called [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// A description
    #[arg(long, default_value = "")]
    about: String,
    /// A JPEG or PNG of it [default: the picture that it has, if it has one]
    #[arg(long, value_name = "PATH")]
    image: Option<PathBuf>,
    /// Show no picture of it any more
    #[arg(long, conflicts_with = "image")]
    no_image: bool,
}

/// By which template or quick reply a business writes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct By {
    /// As a business: a template, which makes the text; with a text of your own, the template that made it
    #[arg(long, value_name = "NAME", requires = "language")]
    template: Option<String>,
    /// The template's language tag
    #[arg(long, value_name = "TAG", requires = "template")]
    language: Option<String>,
    /// The template's version [default: the newest; with a text of your own 1]
    #[arg(long, value_name = "NUMBER", requires = "template")]
    template_version: Option<u32>,
    /// With a text of your own: what the template is about
    #[arg(long, requires = "template")]
    category: Option<Topic>,
    /// A quick reply, which is the text
    #[arg(long, value_name = "NAME", conflicts_with_all = ["template", "text"])]
    quick: Option<String>,
    /// What stands in a blank of the template or quick reply; may be repeated
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
}

impl By {
    /// The template and the quick reply as the API wants them; null where there is none.
    pub(super) fn documents(&self) -> (Value, Value) {
        let variables: Vec<Value> =
            self.variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let template = self.template.as_ref().map(|name| {
            json!({
                "name": name,
                "version": self.template_version,
                "language": self.language,
                "category": self.category.map(Topic::name),
                "variables": variables,
            })
        });
        let quick = self.quick.as_ref().map(|name| json!({ "name": name, "variables": variables }));
        (template.unwrap_or_default(), quick.unwrap_or_default())
    }

    /// Whether there are variables for nothing.
    pub(super) fn has_idle_variables(&self) -> bool {
        !self.variables.is_empty() && self.template.is_none() && self.quick.is_none()
    }
}

fn variable(text: &str) -> Result<(String, String), &'static str> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or("a variable is written as NAME=VALUE")
}

pub(super) async fn quick(client: &Client, output: Output, what: Quick) -> Result<(), Failure> {
    let route = |name: &str| format!("/v1/quick-replies/{}", escaped(name));
    match what {
        Quick::Add { name, text } => {
            let kept = client.request(Method::PUT, &route(&name), Some(&json!({ "text": text }))).await?;
            output.show(&kept, |_| format!("{name} is kept: `sigillo send WHO --quick {name}`"))
        }
        Quick::List => output.show(&client.get("/v1/quick-replies").await?, show::quick_replies),
        Quick::Remove { name } => {
            let removed = client.request(Method::DELETE, &route(&name), None).await?;
            output.show(&removed, |_| format!("{name} is no longer kept"))
        }
    }
}

pub(super) async fn template(client: &Client, output: Output, what: Template) -> Result<(), Failure> {
    let route = |name: &str| format!("/v1/templates/{}", escaped(name));
    match what {
        Template::Add { file } => {
            let definition: Definition = documents::toml(&file, limits::API_BODY_MAX as u64)?;
            output.show(&client.post("/v1/templates", &json!(definition)).await?, |added| {
                format!("{} is kept as version {}", show::text(added, "name"), added["version"])
            })
        }
        Template::List => output.show(&client.get("/v1/templates").await?, show::templates),
        Template::Show { name } => output.show(&client.get(&route(&name)).await?, show::template),
        Template::Remove { name } => {
            let removed = client.request(Method::DELETE, &route(&name), None).await?;
            output.show(&removed, |_| format!("{name} is no longer a template"))
        }
    }
}

pub(super) async fn catalog(client: &Client, output: Output, what: Catalog) -> Result<(), Failure> {
    let route = |id: &str| format!("/v1/catalog/{}", escaped(id));
    match what {
        Catalog::Add(wares) => sell(client, output, &route(&wares.id), &wares).await,
        Catalog::List => output.show(&client.get("/v1/catalog").await?, show::items),
        Catalog::Show { id } => output.show(&client.get(&route(&id)).await?, show::item),
        Catalog::Image { id, output: target } => {
            orders::write(client, output, &format!("{}/image", route(&id)), &target).await
        }
        Catalog::Remove { id } => {
            let removed = client.request(Method::DELETE, &route(&id), None).await?;
            output.show(&removed, |_| format!("{id} is no longer sold"))
        }
    }
}

/// Sells a thing; a picture of it is given to the node first, which keeps of it what is shown.
async fn sell(client: &Client, output: Output, route: &str, wares: &Wares) -> Result<(), Failure> {
    let price =
        Money::parse(&wares.price, wares.currency).map_err(|error| Failure::misused(error.to_string()))?;
    let mut body =
        json!({ "name": wares.name.as_ref().unwrap_or(&wares.id), "about": wares.about, "price": price });
    let given = match &wares.image {
        Some(path) => Some(file::give(client, path, file::type_of(path)).await?),
        None => None,
    };
    match &given {
        Some(given) => body["image"] = given["id"].clone(),
        None if wares.no_image => body["image"] = json!(""),
        None => {}
    }
    let sold = client.request(Method::PUT, route, Some(&body)).await;
    if let Some(given) = &given {
        client.request(Method::DELETE, &file::path_of(show::text(given, "id")), None).await?;
    }
    output.show(&sold?, show::item)
}
