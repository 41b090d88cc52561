//! QR codes: drawn for terminals, as SVG and as PNG, and read from PNG.

use core::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a code (ISO/IEC 18004 wants four).
const QUIET: usize = 4;
/// Pixels of a module in a picture.
const SCALE: usize = 6;
/// The most pixels of a side of a picture that is read.
const SIDE_MAX: u32 = 8_192;

/// The code of a text: of level M, which EPC069-12 asks for, or L where it fits no other.
fn code(text: &str) -> Option<QrCode> {
    let medium = QrCode::with_error_correction_level(text, EcLevel::M);
    medium.or_else(|_| QrCode::with_error_correction_level(text, EcLevel::L)).ok()
}

/// The text as half blocks, dark on light in a dark terminal; none where no code holds it.
pub(super) fn terminal(text: &str) -> Option<String> {
    let code = code(text)?;
    let mut drawing = code.render::<Dense1x2>();
    let drawing = drawing.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    Some(drawing.quiet_zone(true).build())
}

/// The text as an SVG picture.
pub(super) fn svg(text: &str) -> Option<String> {
    let code = code(text)?;
    let (width, colors) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (place, _) in colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (x, y) = (place % width + QUIET, place / width + QUIET);
        // Writing to a string doesn't fail.
        let _ = write!(path, "M{x} {y}h1v1h-1z");
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{0}\" height=\"{0}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>",
        side * SCALE
    ))
}

/// The text as a PNG picture.
pub(super) fn png(text: &str) -> Option<Vec<u8>> {
    let code = code(text)?;
    let (width, colors) = (code.width(), code.to_colors());
    let side = (width + 2 * QUIET) * SCALE;
    let mut pixels = vec![0xFF_u8; side * side];
    for (place, _) in colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (x, y) = ((place % width + QUIET) * SCALE, (place / width + QUIET) * SCALE);
        for row in y..y + SCALE {
            pixels[row * side + x..row * side + x + SCALE].fill(0);
        }
    }
    let side = u32::try_from(side).ok()?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
    Some(bytes)
}

/// The text of the only QR code in a PNG picture; none where there is none, or several.
pub(super) fn read_png(bytes: &[u8]) -> Option<String> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > SIDE_MAX || height > SIDE_MAX {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    let channels = frame.color_type.samples();
    let (width, height) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let brightness = |x: usize, y: usize| {
        let at = (y * width + x) * channels;
        let pixel = pixels.get(at..at + channels).unwrap_or_default();
        let colors = &pixel[..channels.saturating_sub(1).min(pixel.len())];
        let sum: usize = colors.iter().map(|part| usize::from(*part)).sum();
        // What is transparent is light.
        let opaque = pixel.last().is_none_or(|alpha| *alpha > 127);
        if opaque { u8::try_from(sum / colors.len().max(1)).unwrap_or(u8::MAX) } else { u8::MAX }
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, brightness);
    let codes = image.detect_grids();
    match codes.as_slice() {
        [one] => one.decode().ok().map(|(_, text)| text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_independent_decoder_reads_what_is_drawn() {
        let long = format!("SIGILLO-RECEIPT:{}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".repeat(40));
        for text in ["upi://pay?pa=chai@okbank&am=10.00", "BCD\n002\n1\nSCT\n\nMüller\n", long.as_str()] {
            let picture = png(text).unwrap();
            assert_eq!(read_png(&picture).as_deref(), Some(text));
        }
        assert_eq!(png(&"x".repeat(3_000)), None, "no code holds it");
    }

    #[test]
    fn the_svg_and_the_terminals_blocks_are_the_same_code() {
        let text = "00020126580014br.gov.bcb.pix";
        let svg = svg(text).unwrap();
        // Drawn again from the path alone.
        let (mut side, mut dark) = (0, Vec::new());
        for part in svg.split("d=\"").last().unwrap().split('M').skip(1) {
            let numbers: Vec<usize> = part
                .split(|c: char| !c.is_ascii_digit())
                .take(2)
                .filter_map(|number| number.parse().ok())
                .collect();
            dark.push((numbers[0], numbers[1]));
            side = side.max(numbers[0] + 1 + QUIET);
        }
        let scale = 4;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * scale, side * scale, |x, y| {
            if dark.contains(&(x / scale, y / scale)) { 0 } else { 255 }
        });
        assert_eq!(image.detect_grids()[0].decode().unwrap().1, text);
        let blocks = terminal(text).unwrap();
        let rows: Vec<Vec<char>> = blocks.lines().map(|line| line.chars().collect()).collect();
        let light = |x: usize, y: usize| match rows[y / 2][x] {
            '█' => true,
            '▀' => y.is_multiple_of(2),
            '▄' => !y.is_multiple_of(2),
            _ => false,
        };
        let (width, height) = (rows[0].len(), rows.len() * 2);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * scale, height * scale, |x, y| {
            if light(x / scale, y / scale) { 255 } else { 0 }
        });
        assert_eq!(image.detect_grids()[0].decode().unwrap().1, text);
    }
}
