//! A form with a file (RFC 7578), read piece by piece: what comes of the file is handed on before the next piece is read.

use axum::body::{Body, Bytes};
use futures::StreamExt as _;

use crate::base::cloud_limits as limits;

/// A part of a form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Part {
    /// The field's name.
    pub(super) name: String,
    /// The file's name, where it is a file.
    pub(super) file: Option<String>,
    /// The type that it says to be of; may be empty.
    pub(super) media_type: String,
}

/// Why a form can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Broken(pub(super) &'static str);

/// A form that is being read.
pub(super) struct Form {
    body: axum::body::BodyDataStream,
    /// What stands before every part but the first.
    border: Vec<u8>,
    /// What came and wasn't handed on.
    rest: Vec<u8>,
    /// Whether the last part has begun, and not ended.
    in_part: bool,
    parts: usize,
}

impl Form {
    /// A form with a boundary, as its `Content-Type` names it.
    pub(super) fn new(content_type: &str, body: Body) -> Result<Self, Broken> {
        let boundary = boundary(content_type).ok_or(Broken("the content type names no boundary"))?;
        let border = format!("\r\n--{boundary}").into_bytes();
        // So that the first boundary has the same beginning as the others.
        Ok(Self { body: body.into_data_stream(), border, rest: b"\r\n".to_vec(), in_part: false, parts: 0 })
    }

    /// The next part; none at the end. Whatever wasn't read of the one before is passed over.
    pub(super) async fn part(&mut self) -> Result<Option<Part>, Broken> {
        if self.parts == 0 {
            // Before the first one anything may stand, which ends as a part does.
            self.in_part = true;
        }
        while self.piece().await?.is_some() {}
        self.parts += 1;
        if self.parts > limits::FORM_PARTS_MAX {
            return Err(Broken("the form has too many parts"));
        }
        while self.rest.len() < 2 {
            self.more().await?;
        }
        if self.rest.starts_with(b"--") {
            return Ok(None);
        }
        let end = loop {
            if let Some(end) = find(&self.rest, b"\r\n\r\n") {
                break end;
            }
            if self.rest.len() > limits::FORM_FIELD_MAX {
                return Err(Broken("the head of a part is too long"));
            }
            self.more().await?;
        };
        let head: Vec<u8> = self.rest.drain(..end + 4).collect();
        let head = core::str::from_utf8(&head).map_err(|_| Broken("the head of a part isn't UTF-8"))?;
        self.in_part = true;
        Ok(Some(Part::read(head)))
    }

    /// The next piece of the part; none at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            if !self.in_part {
                return Ok(None);
            }
            if let Some(end) = find(&self.rest, &self.border) {
                let piece: Vec<u8> = self.rest.drain(..end).collect();
                self.rest.drain(..self.border.len());
                self.in_part = false;
                return Ok((!piece.is_empty()).then(|| piece.into()));
            }
            // What could be the beginning of a border stays.
            let sure = self.rest.len().saturating_sub(self.border.len() - 1);
            if sure > 0 {
                return Ok(Some(self.rest.drain(..sure).collect::<Vec<u8>>().into()));
            }
            self.more().await?;
        }
    }

    /// The whole part as a text, if it is a short one.
    pub(super) async fn text(&mut self) -> Result<String, Broken> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece().await? {
            text.extend_from_slice(&piece);
            if text.len() > limits::FORM_FIELD_MAX {
                return Err(Broken("a field is too long"));
            }
        }
        String::from_utf8(text).map_err(|_| Broken("a field isn't UTF-8"))
    }

    async fn more(&mut self) -> Result<(), Broken> {
        let next = tokio::time::timeout(limits::MEDIA_PATIENCE, self.body.next()).await;
        let next = next.map_err(|_| Broken("the form stands still"))?;
        let bytes = next.ok_or(Broken("the form breaks off"))?.map_err(|_| Broken("the form breaks off"))?;
        self.rest.extend_from_slice(&bytes);
        Ok(())
    }
}

impl Part {
    fn read(head: &str) -> Self {
        let mut part = Self::default();
        for line in head.split("\r\n") {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-type") {
                part.media_type = value.trim().to_owned();
            } else if name.eq_ignore_ascii_case("content-disposition") {
                part.name = parameter(value, "name").unwrap_or_default();
                part.file = parameter(value, "filename");
            }
        }
        part
    }
}

/// The value of a parameter, in quotation marks or without.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        rest = after.trim_start();
        let Some((found, after)) = rest.split_once('=') else { continue };
        let quoted = after.strip_prefix('"').and_then(|quoted| quoted.split_once('"'));
        let plain = after.split_once(';').map_or(after, |(plain, _)| plain);
        if found.trim().eq_ignore_ascii_case(name) {
            let text = quoted.map_or(plain.trim(), |(text, _)| text);
            return Some(text.replace("%22", "\""));
        }
        rest = quoted.map_or(after, |(_, after)| after);
    }
    None
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, _) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    // RFC 2046, section 5.1.1.
    parameter(content_type, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = concat!(
        "--XX\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n",
        "--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a;b.png\"\r\ncontent-type: image/png\r\n\r\n",
        "\r\n--X\r\nnot yet\r\n--XX\r\n",
        "Content-Disposition: form-data; name=type\r\n\r\n\r\n",
        "--XX--\r\n"
    );

    fn form(text: &str, step: usize) -> Form {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            text.as_bytes().chunks(step).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Form::new("multipart/form-data; boundary=\"XX\"", Body::from_stream(futures::stream::iter(pieces)))
            .unwrap()
    }

    #[tokio::test]
    async fn a_form_reads_the_same_however_it_is_cut() {
        for step in 1..FORM.len() {
            let mut form = form(FORM, step);
            let first = form.part().await.unwrap().unwrap();
            assert_eq!((first.name.as_str(), first.file), ("messaging_product", None), "{step}");
            assert_eq!(form.text().await.unwrap(), "whatsapp", "{step}");
            let second = form.part().await.unwrap().unwrap();
            assert_eq!((second.file.as_deref(), second.media_type.as_str()), (Some("a;b.png"), "image/png"));
            assert_eq!(form.text().await.unwrap(), "\r\n--X\r\nnot yet", "{step}");
            let third = form.part().await.unwrap().unwrap();
            assert_eq!((third.name.as_str(), form.text().await.unwrap()), ("type", String::new()));
            assert_eq!(form.part().await.unwrap(), None, "{step}");
        }
    }

    #[tokio::test]
    async fn what_is_not_read_is_passed_over() {
        let mut form = form(FORM, 7);
        for name in ["messaging_product", "file", "type"] {
            assert_eq!(form.part().await.unwrap().unwrap().name, name);
        }
        assert_eq!(form.part().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_form_that_breaks_off_or_never_ends_is_refused() {
        for end in 1..FORM.len() - 4 {
            let mut form = form(&FORM[..end], 64);
            let broken = loop {
                match form.part().await {
                    Ok(Some(_)) => {}
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            };
            assert!(broken, "{end}");
        }
        let long = format!("--XX\r\nx: {}", "y".repeat(2 * limits::FORM_FIELD_MAX));
        assert_eq!(form(&long, 512).part().await, Err(Broken("the head of a part is too long")));
        let many = "--XX\r\n\r\n\r\n".repeat(limits::FORM_PARTS_MAX + 1) + "--XX--";
        let mut form = form(&many, 512);
        let parts = async {
            while form.part().await?.is_some() {}
            Ok::<_, Broken>(())
        };
        assert_eq!(parts.await, Err(Broken("the form has too many parts")));
    }

    #[test]
    fn only_a_form_has_a_boundary() {
        assert_eq!(boundary("multipart/form-data; boundary=a-b"), Some("a-b".into()));
        assert_eq!(boundary("multipart/form-data; charset=x; boundary=\"a b\""), Some("a b".into()));
        for wrong in [
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=x",
        ] {
            assert_eq!(boundary(wrong), None, "{wrong}");
        }
    }
}
