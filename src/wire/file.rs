//! What a message says of a file, and how its chunks are asked for.

use serde::{Deserialize, Serialize};

use crate::base::chunks::Shape;
use crate::base::file_limits as limits;
use crate::base::id::{Digest, FileId};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::wire::decode::{Malformed, array, is_line, text};
use crate::wire::schema;

/// What opens a file.
///
/// A file's id is a hash over all of this, so that nobody can take an id for another file's. It is as good as random to
/// whoever doesn't know the secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// SHA-256 of all sealed chunks.
    pub hash: Digest,
    /// The secret that the chunks' key follows from; it serves for this file alone.
    pub key: Secret<32>,
    /// Bytes of the file, without padding.
    pub size: u64,
}

/// A file as a message speaks of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentFile {
    /// What opens it.
    pub opening: Opening,
    /// Its name: one line that is no path.
    pub name: String,
    /// What it is, as in RFC 6838.
    pub media_type: String,
    /// The text under it; may be empty.
    pub caption: String,
    /// Where it is a picture.
    pub picture: Option<Picture>,
}

/// What is said of a picture.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Picture {
    /// In pixels, at least 1.
    pub width: u32,
    /// In pixels, at least 1.
    pub height: u32,
    /// A small JPEG or PNG of it; may be empty. Nobody has checked that it can be decoded.
    #[serde(with = "serde_bytes")]
    pub thumbnail: Vec<u8>,
}

/// What a stream for a file begins with: which file, and from which chunk on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileRequest {
    /// The file.
    pub id: FileId,
    /// The first chunk that is wanted; whether the file has it is for whoever has the file.
    pub from: u32,
}

impl Opening {
    /// The file's id.
    pub fn id(&self) -> FileId {
        let label = label::FILE_ID.encoded();
        let parts = [&label[..], self.hash.as_bytes(), self.key.expose(), &self.size.to_be_bytes()];
        FileId::new(sha256(&parts))
    }

    /// How the file is cut; none where it is larger than any that is taken.
    pub const fn shape(&self) -> Option<Shape> {
        Shape::of(self.size)
    }
}

impl SentFile {
    pub(crate) fn to_schema(&self) -> schema::SentFile {
        schema::SentFile {
            hash: self.opening.hash.as_bytes().to_vec(),
            key: self.opening.key.expose().to_vec(),
            size: self.opening.size,
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            caption: self.caption.clone(),
            picture: self.picture.as_ref().map(Picture::to_schema),
        }
    }

    pub(crate) fn from_schema(file: schema::SentFile) -> Result<Self, Malformed> {
        if !is_file_name(&file.name) || !is_media_type(&file.media_type) {
            return Err(Malformed("no name or type of a file"));
        }
        let opening = Opening {
            hash: Digest::new(array(&file.hash)?),
            key: Secret::new(array(&file.key)?),
            size: file.size,
        };
        opening.shape().ok_or(Malformed("too large"))?;
        Ok(Self {
            opening,
            name: file.name,
            media_type: file.media_type,
            caption: text(file.caption, limits::CAPTION_MAX)?,
            picture: file.picture.map(Picture::from_schema).transpose()?,
        })
    }
}

impl Picture {
    /// Whether it may be sent.
    pub fn is_valid(&self) -> bool {
        let sides = [self.width, self.height];
        sides.iter().all(|side| (1..=limits::PICTURE_SIDE_MAX).contains(side)) && is_thumbnail(&self.thumbnail)
    }

    fn to_schema(&self) -> schema::Picture {
        schema::Picture { width: self.width, height: self.height, thumbnail: self.thumbnail.clone() }
    }

    fn from_schema(picture: schema::Picture) -> Result<Self, Malformed> {
        let schema::Picture { width, height, thumbnail } = picture;
        let picture = Self { width, height, thumbnail };
        if picture.is_valid() { Ok(picture) } else { Err(Malformed("no picture")) }
    }
}

impl FileRequest {
    /// Bytes of a request.
    pub const LEN: usize = FileId::LEN + 4;

    /// The bytes of the request.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (id, from) = bytes.split_at_mut(FileId::LEN);
        id.copy_from_slice(self.id.as_bytes());
        from.copy_from_slice(&self.from.to_be_bytes());
        bytes
    }

    /// Reads a request: any bytes of this length are one.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let mut id = [0; FileId::LEN];
        let mut from = [0; 4];
        id.copy_from_slice(&bytes[..FileId::LEN]);
        from.copy_from_slice(&bytes[FileId::LEN..]);
        Self { id: FileId::new(id), from: u32::from_be_bytes(from) }
    }
}

/// Whether a file may have this name: one line of at most [`limits::FILE_NAME_MAX`] bytes that leads nowhere.
pub fn is_file_name(name: &str) -> bool {
    let leads = name.contains(['/', '\\']) || name == "." || name == "..";
    !name.is_empty() && !leads && is_line(name, limits::FILE_NAME_MAX)
}

/// Whether it is a media type without parameters (RFC 6838, section 4.2).
pub fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= limits::MEDIA_TYPE_MAX
        && text.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// Whether it may go along as a thumbnail: nothing, or what begins like a JPEG or a PNG.
pub fn is_thumbnail(bytes: &[u8]) -> bool {
    let known = bytes.starts_with(&[0xFF, 0xD8, 0xFF]) || bytes.starts_with(b"\x89PNG\r\n\x1a\n");
    bytes.is_empty() || known && bytes.len() <= limits::THUMBNAIL_MAX
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn file() -> SentFile {
        SentFile {
            opening: Opening { hash: Digest::new([1; 32]), key: Secret::new([2; 32]), size: 70_000 },
            name: "menu de sexta.pdf".into(),
            media_type: "application/pdf".into(),
            caption: "pão\nquente".into(),
            picture: Some(Picture { width: 800, height: 600, thumbnail: vec![0xFF, 0xD8, 0xFF, 0xE0] }),
        }
    }

    #[test]
    fn a_file_reads_back_and_its_id_hangs_on_all_that_opens_it() {
        let file = file();
        assert_eq!(SentFile::from_schema(file.to_schema()), Ok(file.clone()));
        let Opening { hash, key, size } = file.opening.clone();
        let id = file.opening.id();
        assert_eq!(id.to_string(), "d4cee27f18e08cc9a5c2384a45734946510b852a23e9aa15118b27afdfcdbeca");
        let others = [
            Opening { hash: Digest::new([9; 32]), key: key.clone(), size },
            Opening { hash, key: Secret::new([9; 32]), size },
            Opening { hash, key, size: size + 1 },
        ];
        assert!(others.iter().all(|other| other.id() != id));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let picture = |width, height, thumbnail| Some(Picture { width, height, thumbnail });
        let jpeg = |length| [&[0xFF, 0xD8, 0xFF][..], &vec![0; length - 3]].concat();
        let with = |change: &dyn Fn(&mut SentFile)| {
            let mut changed = file();
            change(&mut changed);
            SentFile::from_schema(changed.to_schema())
        };
        assert!(with(&|file| file.opening.size = limits::FILE_MAX).is_ok());
        assert!(with(&|file| file.opening.size = limits::FILE_MAX + 1).is_err(), "a byte over 2 GiB");
        assert!(with(&|file| file.opening.size = u64::MAX).is_err());
        assert!(with(&|file| file.caption = "x".repeat(limits::CAPTION_MAX + 1)).is_err());
        assert!(with(&|file| file.picture = picture(0, 1, Vec::new())).is_err());
        assert!(with(&|file| file.picture = picture(1, limits::PICTURE_SIDE_MAX + 1, Vec::new())).is_err());
        assert!(with(&|file| file.picture = picture(1, 1, jpeg(limits::THUMBNAIL_MAX))).is_ok());
        assert!(with(&|file| file.picture = picture(1, 1, jpeg(limits::THUMBNAIL_MAX + 1))).is_err());
        assert!(with(&|file| file.picture = picture(1, 1, b"<svg onload=x>".to_vec())).is_err());
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "a\nb", "a\u{202E}gpj.exe", " x", "a\0"] {
            assert!(with(&|file| file.name = name.into()).is_err(), "{name:?}");
        }
        for kind in ["", "text", "/", "text/", "/x", "text/html; charset=x", "te xt/x", "a/b/c", "text/\u{e9}"] {
            assert!(with(&|file| file.media_type = kind.into()).is_err(), "{kind:?}");
        }
        let mut short = file().to_schema();
        short.key.pop();
        assert!(SentFile::from_schema(short).is_err());
    }

    #[test]
    fn a_request_reads_back() {
        let request = FileRequest { id: FileId::new([7; 32]), from: 0x0102_0304 };
        let bytes = request.encode();
        assert_eq!(bytes[32..], [1, 2, 3, 4]);
        assert_eq!(FileRequest::decode(&bytes), request);
    }
}
