//! A file, as a message speaks of it.

use serde::{Deserialize, Serialize};

use crate::base::file_limits as limits;
use crate::base::id::Digest;
use crate::crypto::secret::Secret;
use crate::wire::decode::{Malformed, array, is_text};
use crate::wire::file::{Opening, is_file_name, is_media_type};
use crate::wire::schema;

/// A file as a message speaks of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

impl SentFile {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.opening.shape().is_none() {
            return Err(Malformed("a file has at most 2 GiB"));
        }
        if !is_file_name(&self.name) || !is_media_type(&self.media_type) {
            return Err(Malformed("not a name and a type of a file"));
        }
        if !is_text(&self.caption, limits::CAPTION_MAX) {
            return Err(Malformed("a caption is a text of at most 4,096 bytes"));
        }
        match &self.picture {
            Some(picture) if !picture.is_valid() => Err(Malformed("not a picture")),
            _ => Ok(()),
        }
    }

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
        let opening = Opening {
            hash: Digest::new(array(&file.hash)?),
            key: Secret::new(array(&file.key)?),
            size: file.size,
        };
        let (name, media_type, caption) = (file.name, file.media_type, file.caption);
        let file =
            Self { opening, name, media_type, caption, picture: file.picture.map(Picture::from_schema) };
        file.check().map(|()| file)
    }
}

impl Picture {
    /// Whether it may be sent.
    pub fn is_valid(&self) -> bool {
        let sides = [self.width, self.height];
        sides.iter().all(|side| (1..=limits::PICTURE_SIDE_MAX).contains(side))
            && is_thumbnail(&self.thumbnail)
    }

    pub(super) fn to_schema(&self) -> schema::Picture {
        schema::Picture { width: self.width, height: self.height, thumbnail: self.thumbnail.clone() }
    }

    pub(super) fn from_schema(picture: schema::Picture) -> Self {
        let schema::Picture { width, height, thumbnail } = picture;
        Self { width, height, thumbnail }
    }
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
    fn a_file_reads_back() {
        for file in [file(), SentFile { picture: None, caption: String::new(), ..file() }] {
            assert_eq!(SentFile::from_schema(file.to_schema()), Ok(file));
        }
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
        assert!(with(&|file| file.caption = "x".repeat(limits::CAPTION_MAX)).is_ok());
        assert!(with(&|file| file.caption = "x".repeat(limits::CAPTION_MAX + 1)).is_err());
        assert!(with(&|file| file.caption = "\u{1b}[2J".into()).is_err());
        assert!(with(&|file| file.picture = picture(0, 1, Vec::new())).is_err());
        assert!(with(&|file| file.picture = picture(1, limits::PICTURE_SIDE_MAX + 1, Vec::new())).is_err());
        assert!(with(&|file| file.picture = picture(1, 1, jpeg(limits::THUMBNAIL_MAX))).is_ok());
        assert!(with(&|file| file.picture = picture(1, 1, jpeg(limits::THUMBNAIL_MAX + 1))).is_err());
        assert!(with(&|file| file.picture = picture(1, 1, b"<svg onload=x>".to_vec())).is_err());
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "a\nb", "a\u{202E}gpj.exe", " x", "a\0"] {
            assert!(with(&|file| file.name = name.into()).is_err(), "{name:?}");
        }
        for kind in
            ["", "text", "/", "text/", "/x", "text/html; charset=x", "te xt/x", "a/b/c", "text/\u{e9}"]
        {
            assert!(with(&|file| file.media_type = kind.into()).is_err(), "{kind:?}");
        }
        let mut short = file().to_schema();
        short.key.pop();
        assert!(SentFile::from_schema(short).is_err());
    }

    #[test]
    fn the_largest_file_can_be_said() {
        use prost::Message as _;
        let file = SentFile {
            name: "x".repeat(limits::FILE_NAME_MAX),
            media_type: format!("{}/{}", "x".repeat(127), "x".repeat(127)),
            caption: "x".repeat(limits::CAPTION_MAX),
            picture: Some(Picture {
                width: limits::PICTURE_SIDE_MAX,
                height: limits::PICTURE_SIDE_MAX,
                thumbnail: [&[0xFF, 0xD8, 0xFF][..], &[0; limits::THUMBNAIL_MAX - 3]].concat(),
            }),
            ..file()
        };
        assert_eq!(file.check(), Ok(()));
        assert!(file.to_schema().encoded_len() <= crate::base::said_limits::SAID_MAX);
    }
}
