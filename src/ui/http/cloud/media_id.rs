//! Files as decimal ids, and as the types of messages that carry them.

use crate::base::cloud_limits as limits;
use crate::base::id::FileId;
use crate::ui::http::cloud::decimal;

/// The id of a file.
pub(super) fn encode(file: &FileId) -> String {
    decimal::encode(file.as_bytes())
}

/// The file of an id.
pub(super) fn decode(text: &str) -> Option<FileId> {
    decimal::decode(text).map(FileId::new)
}

/// By which type of message a file of this media type comes.
pub(super) fn kind(media_type: &str) -> &'static str {
    match media_type.split_once('/') {
        Some(("image", "webp")) => "sticker",
        Some(("image", "jpeg" | "png")) => "image",
        Some(("video", "mp4" | "3gpp")) => "video",
        Some(("audio", _)) => "audio",
        _ => "document",
    }
}

/// How large a file may be that a message of this type carries.
pub(super) fn bytes_max(kind: &str) -> u64 {
    match kind {
        "image" => limits::IMAGE_BYTES_MAX,
        "audio" | "video" => limits::PLAYED_BYTES_MAX,
        "sticker" => limits::STICKER_BYTES_MAX,
        _ => limits::DOCUMENT_BYTES_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_digits_and_comes_by_what_it_is() {
        let file = FileId::new([7; 32]);
        assert_eq!(decode(&encode(&file)), Some(file));
        let kinds =
            ["image/jpeg", "image/webp", "image/gif", "video/mp4", "audio/ogg", "application/pdf", "x"]
                .map(kind);
        assert_eq!(kinds, ["image", "sticker", "document", "video", "audio", "document", "document"]);
        assert_eq!(kinds.map(bytes_max)[..3], [5 << 20, 500 << 10, 100 << 20]);
    }
}
