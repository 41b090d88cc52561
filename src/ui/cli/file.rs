//! Files: sent with a message, shown, fetched to the disk of whoever asks, forgotten.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use clap::{Args, Subcommand};
use futures::stream;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::base::file_limits as limits;
use crate::ui::cli::client::{Client, escaped, query};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::show;
use crate::ui::cli::spinner::Progress;
use crate::wire::file::is_file_name;

/// How often it is looked how far a file is.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// What to do about files.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum FileCommand {
    /// Show the files that were sent and that came
    List,
    /// Fetch a file, wait until it is here, and write it
    Get(Get),
    /// Remove files from this node's disk; the messages stay
    Forget {
        /// Their ids, or the beginnings of them
        #[arg(required = true, value_name = "ID")]
        files: Vec<String>,
    },
}

/// A file to be written.
#[derive(Clone, Debug, Args)]
pub(super) struct Get {
    /// Its id, or the beginning of it, as `sigillo file list` and `sigillo history` show it
    id: String,
    /// Where to write it, or `-` for stdout [default: under its own name, in this directory]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// How long to wait for it at most [default: until interrupted]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// A file that goes with a message.
#[derive(Clone, Debug, Args)]
pub(super) struct WithFile {
    /// Send this file, of at most 2 GiB; with --menu it stands above the menu
    #[arg(long, value_name = "PATH", conflicts_with_all = ["text", "location", "card", "ask_location"])]
    file: Option<PathBuf>,
    /// A text under the file
    #[arg(long, value_name = "TEXT", requires = "file")]
    caption: Option<String>,
    /// What the file is, such as image/jpeg [default: by the end of its name]
    #[arg(long = "type", value_name = "TYPE", requires = "file")]
    media_type: Option<String>,
}

impl WithFile {
    /// Gives the file to the node; its id and the text under it. Nothing where there is no file.
    pub(super) async fn given(&self, client: &Client) -> Result<Option<(String, String)>, Failure> {
        let Some(path) = &self.file else { return Ok(None) };
        let media_type = self.media_type.clone().unwrap_or_else(|| type_of(path).to_owned());
        let given = give(client, path, &media_type).await?;
        Ok(Some((show::text(&given, "id").to_owned(), self.caption.clone().unwrap_or_default())))
    }
}

pub(super) async fn file(client: &Client, output: Output, what: FileCommand) -> Result<(), Failure> {
    match what {
        FileCommand::List => output.show(&client.get("/v1/files").await?, show::files),
        FileCommand::Get(wanted) => get(client, output, &wanted).await,
        FileCommand::Forget { files } => {
            for id in files {
                let done = client.request(Method::DELETE, &path_of(&id), None).await?;
                output.show(&done, |_| format!("forgotten: {id}"))?;
            }
            Ok(())
        }
    }
}

/// Gives a file to the node.
pub(super) async fn give(client: &Client, path: &Path, media_type: &str) -> Result<Value, Failure> {
    let failed =
        |error: std::io::Error| Failure::failed("file", format!("{} can't be read: {error}", path.display()));
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let about = file.metadata().await.map_err(failed)?;
    if !about.is_file() {
        return Err(Failure::misused(format!("{} is no file", path.display())));
    }
    if about.len() > limits::FILE_MAX {
        let words =
            format!("{} has more than {} bytes, the most that is sent", path.display(), limits::FILE_MAX);
        return Err(Failure::misused(words));
    }
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| is_file_name(name));
    let name = name.ok_or_else(|| Failure::misused("the file's name can't be sent: give it a plain one"))?;
    let bar = Progress::start("sealing", about.len());
    let read = async |(mut file, bar): (tokio::fs::File, Progress)| {
        let mut piece = vec![0; limits::CHUNK_LEN as usize];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                bar.add(count as u64);
                Some((Ok(piece), (file, bar)))
            }
            Err(error) => Some((Err(error), (file, bar))),
        }
    };
    let body = Body::from_stream(stream::unfold((file, bar), read));
    let route = query("/v1/files", &[("name", Some(name.to_owned())), ("type", Some(media_type.to_owned()))]);
    client.give(&route, body, about.len()).await
}

async fn get(client: &Client, output: Output, wanted: &Get) -> Result<(), Failure> {
    let path = path_of(&wanted.id);
    let mut file = client.get(&path).await?;
    if show::text(&file, "state") != "here" {
        if !client.is_running() {
            let words =
                "the file isn't here, and comes only while the node runs: start it with `sigillo run`";
            return Err(Failure::failed("offline", words));
        }
        client.post(&format!("{path}/fetch"), &Value::Null).await?;
        file = until_here(client, &path, wanted.timeout).await?;
    }
    let (name, size) = (show::text(&file, "name"), file["size"].as_u64().unwrap_or(0));
    let content = client.long(&format!("{path}/content")).await?;
    let bar = Progress::start("opening", size);
    let target = match &wanted.output {
        Some(path) if path == Path::new("-") => return write_out(content, &bar).await,
        Some(path) => path.clone(),
        None => PathBuf::from(harmless_name(name, show::text(&file, "id"))),
    };
    write_file(content, &target, &bar).await?;
    drop(bar);
    output.show(&file, |_| format!("{} ({})", target.display(), show::bytes(size)))
}

/// Waits until a file is here, and shows how far it is.
async fn until_here(client: &Client, path: &str, timeout: Option<u64>) -> Result<Value, Failure> {
    let mut bar = None;
    let look = async {
        loop {
            let file = client.get(path).await?;
            match show::text(&file, "state") {
                "here" => return Ok(file),
                "waiting" => {}
                state => {
                    let words = format!("the file is {state}, and doesn't come any more");
                    return Err(Failure::failed("gone", words));
                }
            }
            let size = file["size"].as_u64().unwrap_or(0);
            let bar = bar.get_or_insert_with(|| Progress::start("waiting for somebody who has it", size));
            bar.set(file["received"].as_u64().unwrap_or(0));
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    match timeout {
        None => look.await,
        Some(seconds) => {
            tokio::time::timeout(Duration::from_secs(seconds), look).await.unwrap_or_else(|_| {
                note("the file isn't here yet; it is still waited for: see `sigillo file list`");
                Err(Failure::Said)
            })
        }
    }
}

/// Writes what comes to stdout.
pub(super) async fn write_out(mut content: Body, bar: &Progress) -> Result<(), Failure> {
    while let Some(piece) = next(&mut content).await? {
        bar.add(piece.len() as u64);
        std::io::stdout().write_all(&piece)?;
    }
    Ok(std::io::stdout().flush()?)
}

/// Writes a file whole or not at all, and never in the place of another one.
pub(super) async fn write_file(mut content: Body, target: &Path, bar: &Progress) -> Result<(), Failure> {
    let failed = |error: &dyn core::fmt::Display| {
        Failure::failed("file", format!("{} can't be written: {error}", target.display()))
    };
    if target.exists() {
        return Err(failed(&"there is a file of that name: choose another with --output"));
    }
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".sigillo-").tempfile_in(directory);
    let draft = draft.map_err(|error| failed(&error))?;
    let mut file = tokio::fs::File::from_std(draft.reopen()?);
    while let Some(piece) = next(&mut content).await? {
        bar.add(piece.len() as u64);
        file.write_all(&piece).await.map_err(|error| failed(&error))?;
    }
    file.sync_all().await.map_err(|error| failed(&error))?;
    draft.persist_noclobber(target).map(drop).map_err(|error| failed(&error.error))
}

async fn next(content: &mut Body) -> Result<Option<axum::body::Bytes>, Failure> {
    match content.frame().await {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(error)) => {
            let words =
                format!("the file ended in the middle ({error}): its bytes on the disk may be damaged");
            Err(Failure::failed("damaged", words))
        }
    }
}

pub(super) fn path_of(id: &str) -> String {
    format!("/v1/files/{}", escaped(id))
}

/// A name that somebody else chose, as one of a file that nothing reads by itself.
fn harmless_name(name: &str, id: &str) -> String {
    let name = name.trim_start_matches(['.', '-', ' ']);
    if is_file_name(name) { name.to_owned() } else { id.chars().take(16).collect() }
}

/// What a file is, by the end of its name.
pub(super) fn type_of(path: &Path) -> &'static str {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "zip" => "application/zip",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "opus" => "audio/ogg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_is_none_that_anything_reads_by_itself() {
        let id = "0123456789abcdef0123";
        assert_eq!(harmless_name("menu.pdf", id), "menu.pdf");
        assert_eq!(harmless_name(".bashrc", id), "bashrc");
        assert_eq!(harmless_name("-rf", id), "rf");
        for wrong in ["", "..", ".", "...", "../../x", "a/b"] {
            let name = harmless_name(wrong, id);
            assert!(is_file_name(&name) && !name.starts_with('.'), "{wrong:?} {name:?}");
        }
        assert_eq!(harmless_name("../../x", id), "0123456789abcdef");
    }

    #[test]
    fn types_follow_from_names() {
        assert_eq!(type_of(Path::new("a/b.JPEG")), "image/jpeg");
        assert_eq!(type_of(Path::new("pdf")), "application/octet-stream");
    }
}
