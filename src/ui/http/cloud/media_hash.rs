//! What a file's bytes hash to, as programs are told: counted once, and kept.

use serde::{Deserialize, Serialize};

use crate::base::cloud_limits as limits;
use crate::base::id::{Digest, FileId};
use crate::crypto::hash::Hasher;
use crate::engine::file_view;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::store::tx::Tx;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;

/// By the file.
const HASHES: Table<Hashed> = Table::new(TableId::CloudMedia, 1);

/// SHA-256 of a file's bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Hashed(Digest);

/// Keeps the hash of a file whose bytes were counted as they came.
pub(super) async fn keep(api: &Api, file: FileId, hash: [u8; 32]) -> Result<(), ApiError> {
    let stage = move |tx: &Tx<'_>| tx.put(&HASHES, HASHES.key(file.as_bytes()), Hashed(Digest::new(hash)));
    Ok(api.node().write(stage).await?)
}

/// Forgets it.
pub(super) async fn forget(api: &Api, file: FileId) -> Result<(), ApiError> {
    Ok(api.node().write(move |tx: &Tx<'_>| tx.delete(&HASHES, HASHES.key(file.as_bytes()))).await?)
}

/// The hash of a file in hexadecimal digits; nothing where it isn't here, or is larger than this surface carries.
pub(super) async fn of(api: &Api, file: FileId) -> Result<Option<String>, ApiError> {
    let look = move |rows: &crate::store::table::Reader<'_>| {
        (rows.row(&HASHES, file.as_bytes()), file_view::file(rows, &file))
    };
    let (known, view) = api.view(look).await?;
    if let Some(known) = known {
        return Ok(Some(known.0.to_string()));
    }
    if view.is_none_or(|view| view.state != "here" || view.size > limits::DOCUMENT_BYTES_MAX) {
        return Ok(None);
    }
    let Ok(mut reading) = api.node().read_file(file).await else { return Ok(None) };
    let mut hasher = Hasher::default();
    while let Some(piece) = reading.next().await {
        let Ok(piece) = piece else { return Ok(None) };
        hasher.update(&piece);
    }
    let hash = hasher.finish();
    keep(api, file, hash).await?;
    Ok(Some(Digest::new(hash).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_encoding() {
        let row = HASHES.encode(&Hashed(Digest::new([7; 32]))).unwrap();
        assert_eq!(row, [&[1, 32][..], &[7; 32]].concat());
    }
}
