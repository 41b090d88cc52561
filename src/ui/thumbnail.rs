//! Small pictures of large ones, made within bounds that are looked at before anything is decoded.

use jpeg_encoder::{ColorType, Encoder};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

use crate::base::file_limits as limits;
use crate::wire::said::file::Picture;

/// How well a thumbnail is kept, of 100.
const QUALITY: u8 = 60;

/// Whether a picture of this media type can be decoded here.
pub(in crate::ui) fn is_known(media_type: &str) -> bool {
    matches!(media_type, "image/jpeg" | "image/png")
}

/// What is to be said of a JPEG or a PNG: its sides, and a thumbnail. Nothing of what is neither, or too large.
pub(in crate::ui) fn picture_of(bytes: &[u8]) -> Option<Picture> {
    let pixels = if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) { jpeg(bytes)? } else { png(bytes)? };
    let (width, height) = (u32::try_from(pixels.width).ok()?, u32::try_from(pixels.height).ok()?);
    let mut side = limits::THUMBNAIL_SIDE;
    while side > 0 {
        let thumbnail = pixels.encoded(side as usize)?;
        if thumbnail.len() <= limits::THUMBNAIL_MAX {
            return Some(Picture { width, height, thumbnail });
        }
        side /= 2;
    }
    None
}

/// A decoded picture: three bytes a pixel.
struct Pixels {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// Whether so many pixels are decoded.
fn fits(width: usize, height: usize) -> bool {
    let all = (width as u64).checked_mul(height as u64);
    width > 0 && height > 0 && all.is_some_and(|all| all <= limits::PICTURE_PIXELS_MAX)
}

fn jpeg(bytes: &[u8]) -> Option<Pixels> {
    let mut decoder = JpegDecoder::new(ZCursor::new(bytes));
    decoder.decode_headers().ok()?;
    let info = decoder.info()?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if !fits(width, height) {
        return None;
    }
    // The decoder's own default: whatever the colours were, red, green and blue come out.
    let rgb = decoder.decode().ok().filter(|rgb| rgb.len() == width * height * 3)?;
    Some(Pixels { width, height, rgb })
}

fn png(bytes: &[u8]) -> Option<Pixels> {
    let most = usize::try_from(4 * limits::PICTURE_PIXELS_MAX).ok()?;
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), png::Limits { bytes: most });
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let length = reader.output_buffer_size().filter(|length| fits(width, height) && *length <= most)?;
    let mut buffer = vec![0; length];
    let frame = reader.next_frame(&mut buffer).ok()?;
    buffer.truncate(frame.buffer_size());
    let rgb = match frame.color_type {
        png::ColorType::GrayscaleAlpha => {
            buffer.chunks_exact(2).flat_map(|pixel| [on_white(pixel[0], pixel[1]); 3]).collect()
        }
        png::ColorType::Rgba => {
            let over = |pixel: &[u8]| [0, 1, 2].map(|channel| on_white(pixel[channel], pixel[3]));
            buffer.chunks_exact(4).flat_map(over).collect()
        }
        // The transformations leave no other.
        _ => return None,
    };
    let pixels = Pixels { width, height, rgb };
    (pixels.rgb.len() == width * height * 3).then_some(pixels)
}

/// What is transparent shows white paper.
fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    u8::try_from((value * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

impl Pixels {
    /// A JPEG whose longer side has at most so many pixels.
    fn encoded(&self, side: usize) -> Option<Vec<u8>> {
        let longer = self.width.max(self.height).max(1);
        let shrink = |length: usize| (length * side.min(longer) / longer).max(1);
        let (width, height) = (shrink(self.width), shrink(self.height));
        let small = self.shrunk(width, height);
        let mut bytes = Vec::new();
        let (width, height) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
        Encoder::new(&mut bytes, QUALITY).encode(&small, width, height, ColorType::Rgb).ok()?;
        Some(bytes)
    }

    /// Each pixel is the mean of those that it stands for.
    fn shrunk(&self, width: usize, height: usize) -> Vec<u8> {
        let mut small = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            let rows = span(y, height, self.height);
            for x in 0..width {
                let columns = span(x, width, self.width);
                let mut sums = [0u64; 3];
                for row in rows.clone() {
                    let line = (row * self.width + columns.start) * 3..(row * self.width + columns.end) * 3;
                    for pixel in self.rgb.get(line).unwrap_or_default().chunks_exact(3) {
                        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
                    }
                }
                let count = (rows.len() * columns.len()).max(1) as u64;
                small.extend(sums.map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX)));
            }
        }
        small
    }
}

/// The part of `from` that the place `at` of `to` stands for; never empty.
fn span(at: usize, to: usize, from: usize) -> core::ops::Range<usize> {
    let begin = at * from / to;
    begin..((at + 1) * from / to).max(begin + 1).min(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32, color: png::ColorType, bytes: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(bytes).unwrap();
        file
    }

    fn decoded(jpeg: &[u8]) -> (usize, usize, Vec<u8>) {
        let pixels = super::jpeg(jpeg).unwrap();
        (pixels.width, pixels.height, pixels.rgb)
    }

    fn is_near(value: u8, expected: u8) -> bool {
        value.abs_diff(expected) < 16
    }

    #[test]
    fn a_picture_has_its_sides_and_a_thumbnail_that_looks_like_it() {
        // The left half red, the right half transparent.
        let (width, height) = (400u32, 200u32);
        let line: Vec<u8> =
            (0..width).flat_map(|x| if x < width / 2 { [200, 0, 0, 255] } else { [9, 9, 9, 0] }).collect();
        let file = png_of(width, height, png::ColorType::Rgba, &line.repeat(height as usize));
        let picture = picture_of(&file).unwrap();
        assert_eq!((picture.width, picture.height), (width, height));
        assert!(picture.is_valid());
        let (width, height, rgb) = decoded(&picture.thumbnail);
        assert_eq!((width, height), (160, 80));
        let at = |x: usize, y: usize| &rgb[(y * width + x) * 3..][..3];
        assert!(at(20, 40).iter().zip([200, 0, 0]).all(|(value, expected)| is_near(*value, expected)));
        assert!(at(140, 40).iter().all(|value| is_near(*value, 255)), "nothing is shown as white");
    }

    #[test]
    fn a_jpeg_has_one_too_and_what_is_noise_gets_a_smaller_one() {
        let noise: Vec<u8> =
            (0..900usize * 600 * 3).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut file = Vec::new();
        Encoder::new(&mut file, 90).encode(&noise, 900, 600, ColorType::Rgb).unwrap();
        let picture = picture_of(&file).unwrap();
        assert_eq!((picture.width, picture.height), (900, 600));
        assert!(picture.thumbnail.len() <= limits::THUMBNAIL_MAX && picture.is_valid());
        let (width, height, _) = decoded(&picture.thumbnail);
        assert!(height == width * 2 / 3, "{width} by {height}");
    }

    #[test]
    fn gray_pictures_and_tiny_ones_have_one() {
        let gray = picture_of(&png_of(3, 1, png::ColorType::Grayscale, &[0, 128, 255])).unwrap();
        assert_eq!((gray.width, gray.height), (3, 1));
        assert_eq!(decoded(&gray.thumbnail).1, 1);
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_not_decoded() {
        // A header is cheap: 60,000 by 60,000 pixels of one bit, compressed, are a few megabytes at most.
        let mut file = png_of(1, 1, png::ColorType::Grayscale, &[0]);
        for at in [16, 20] {
            file[at..at + 4].copy_from_slice(&60_000u32.to_be_bytes());
        }
        let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&file[12..29]);
        file[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert!(picture_of(&file).is_none());
        assert!(!fits(60_000, 60_000) && fits(6_000, 4_000) && !fits(usize::MAX, 2));
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, 50).encode(&[0; 3], 1, 1, ColorType::Rgb).unwrap();
        let sof = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        jpeg[sof + 5..sof + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
        assert!(picture_of(&jpeg).is_none());
    }

    #[test]
    fn what_is_no_picture_or_a_broken_one_has_none() {
        assert!(picture_of(b"").is_none() && picture_of(b"%PDF-1.7").is_none());
        let file = png_of(9, 9, png::ColorType::Grayscale, &[7; 81]);
        for length in 0..file.len() - 12 {
            let _ = picture_of(&file[..length]);
        }
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, 50).encode(&[9; 16 * 16 * 3], 16, 16, ColorType::Rgb).unwrap();
        for at in 0..jpeg.len() {
            let mut broken = jpeg.clone();
            broken[at] ^= 0x55;
            let _ = picture_of(&broken);
        }
    }
}
