//! The route that makes a backup and hands it out.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use tokio::io::AsyncReadExt as _;

use crate::disk::copy::CopyError;
use crate::node::backup::{Backup, NoBackup};
use crate::store::snapshot::Fault;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;

/// Bytes that are handed out at once.
const PIECE: usize = 64 * 1024;
/// The header that says how many rows there are.
const ROWS: &str = "sigillo-rows";
/// The header that says when the backup was made, in milliseconds.
const MADE: &str = "sigillo-made";

pub(super) async fn create(State(api): State<Api>) -> Result<Response, ApiError> {
    let Backup { file, made, rows, bytes } = api.node().back_up().await.map_err(told)?;
    let file = tokio::fs::File::from_std(file);
    let pieces = stream::unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(Bytes::from(piece)), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    let name = format!("attachment; filename=\"{}.sigillo\"", made.as_secs());
    let head = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, bytes.to_string()),
        (CONTENT_DISPOSITION, name),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    let figures = [(ROWS, rows.to_string()), (MADE, made.as_millis().to_string())];
    Ok((head, figures, Body::from_stream(pieces)).into_response())
}

fn told(error: NoBackup) -> ApiError {
    match error {
        NoBackup::Copy(CopyError::Busy) => {
            ApiError::new(StatusCode::CONFLICT, "backup_running", error.to_string())
        }
        other => Fault(other.to_string()).into(),
    }
}
