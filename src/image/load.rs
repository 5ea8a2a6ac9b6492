//! A file becomes a [`Photo`], or an error of one line that says what is wrong with it.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::carried::Carried;
use super::limits::{MAX_ALLOC, MAX_ALLOC_BESIDE, Refusal, check, check_size, most_bytes};
use super::photo::Photo;
use super::size::size;
use super::whole::{jpeg_channels, missing_end};
use crate::error::{Error, Result};
use crate::guarded::guarded;

/// The extensions of the files that [`load`] reads; a file is then judged by its content.
pub const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

pub(super) const RESAVE: &str = "save it again from the original, or leave it out";

/// Reads and decodes the file `path`.
///
/// Errors: [`Error::Read`] if it cannot be read; [`Error::Picture`] if it is not a whole JPEG, PNG or WebP within the
/// [limits](super::MAX_PIXELS), or a JPEG of inks (CMYK, YCCK).
pub fn load(path: impl AsRef<Path>) -> Result<Photo> {
    let path = path.as_ref();
    load_bytes(&read_bytes(path)?, path)
}

/// The bytes of the file `path`; of one that is no picture, or larger than its picture may be, the first of them, which
/// [`load_bytes`] refuses.
///
/// Errors: [`Error::Read`].
pub fn read_bytes(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    /// Where the headers of most pictures end.
    const FIRST: u64 = 1 << 20;
    let path = path.as_ref();
    let read = || {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        // `take` instead of asking for the length first: a device or a growing file has no length to ask for.
        (&mut file).take(FIRST).read_to_end(&mut bytes)?;
        let Some(format) = format_of(&bytes).filter(|&format| is_read(format)) else {
            return Ok(bytes);
        };
        for _ in 0..2 {
            let most = most_bytes(size(&bytes, format)) + 1;
            let more = most.saturating_sub(bytes.len() as u64);
            (&mut file).take(more).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    read().map_err(Error::read(path))
}

/// [`load`] for a caller who has read the file already; `path` is only named, not opened.
pub fn load_bytes(bytes: &[u8], path: &Path) -> Result<Photo> {
    let refuse = |problem: String, remedy: &str| Err(Error::picture(path, problem, remedy));
    if bytes.is_empty() {
        return refuse("the file is empty".into(), RESAVE);
    }
    let format = match format_of(bytes) {
        Some(format) if is_read(format) => format,
        Some(other) => {
            let name = other.extensions_str().first().unwrap_or(&"other").to_uppercase();
            return refuse(format!("it is a {name} file"), "convert it to PNG, JPEG or WebP");
        }
        None => {
            return refuse(
                "its content is no JPEG, PNG or WebP".into(),
                "leave it out, or convert it",
            );
        }
    };
    match guarded(|| decode(bytes, format)) {
        Ok(Ok((original, carried))) => {
            Ok(Photo { original, format, path: path.to_path_buf(), carried })
        }
        Ok(Err(refusal)) => refuse(refusal.problem, refusal.remedy),
        Err(_) => refuse("the decoder gave up on its content".into(), RESAVE),
    }
}

/// Width and height of the file `path` as its header tells them, without decoding it; `None` where it tells none.
pub fn dimensions(path: &Path) -> Option<(u32, u32)> {
    header(path).map(|header| (header.width, header.height))
}

/// Width and height as the first bytes of a picture tell them; `None` where they tell none.
pub(crate) fn size_of(bytes: &[u8]) -> Option<(u32, u32)> {
    size(bytes, format_of(bytes)?)
}

/// What is known of a picture before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Upright.
    pub width: u32,
    pub height: u32,
    /// Whether it has an alpha channel.
    pub has_alpha: bool,
    /// Channels, alpha among them, and bytes of each pixel, decoded: 1 and 1 to 4 and 8.
    pub channels: u8,
    pub bytes: u8,
}

/// The [`Header`] of the file `path`; `None` where it cannot be read, or is refused by its limits.
pub fn header(path: &Path) -> Option<Header> {
    let bytes = read_bytes(path).ok()?;
    let format = format_of(&bytes).filter(|&format| is_read(format))?;
    let read = || {
        let mut decoder = decoder(&bytes, format).ok()?;
        let (width, height) = decoder.dimensions();
        let turned = {
            use Orientation::*;
            let orientation = Carried::of(&mut decoder, &bytes, format).orientation();
            matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
        };
        let (width, height) = if turned { (height, width) } else { (width, height) };
        let colour = decoder.color_type();
        let (channels, bytes) = (colour.channel_count(), colour.bytes_per_pixel());
        Some(Header { width, height, has_alpha: colour.has_alpha(), channels, bytes })
    };
    guarded(read).ok()?
}

/// Whether the name looks like a picture's, in either case; a hint for listings, [`load`] looks at the content.
pub fn is_picture_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// Whether the content of `path` begins as a JPEG, PNG or WebP does, whatever it is called.
pub fn is_picture_content(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut head));
    read.is_ok() && format_of(&head).is_some_and(is_read)
}

/// By its first bytes, whatever it is called.
fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    ::image::guess_format(bytes).ok()
}

fn is_read(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
}

impl From<ImageError> for Refusal {
    fn from(error: ImageError) -> Self {
        // One line, whatever the decoder says.
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { problem: format!("it cannot be decoded ({text})"), remedy: RESAVE }
    }
}

/// The decoder of what is within the limits. It has read the header, and of a PNG what stands before the pixels.
fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, Refusal> {
    check(bytes, format)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOC_BESIDE);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    // Once more, as what was looked at may not be what the decoder has found.
    let (width, height) = decoder.dimensions();
    check_size(width.into(), height.into())?;
    Ok(decoder)
}

/// Limits, header, wholeness, pixels, in this order: each step is only taken on what the one before has passed.
fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Carried), Refusal> {
    let mut decoder = decoder(bytes, format)?;
    if let Some(missing) = missing_end(bytes, format) {
        return Err(Refusal {
            problem: format!("the file was cut short: {missing}"),
            remedy: RESAVE,
        });
    }

    // The decoder would turn the inks into colours without their profile, and nothing would say how wrong they are.
    if format == ImageFormat::Jpeg && jpeg_channels(bytes) == Some(4) {
        return Err(Refusal {
            problem: "its colours are inks (CMYK), made for a press".into(),
            remedy: "convert it to RGB in the program it comes from (ImageMagick: `-profile sRGB.icc`)",
        });
    }

    let carried = Carried::of(&mut decoder, bytes, format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOC);
    limits.reserve(decoder.total_bytes())?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(carried.orientation());
    Ok((image, carried))
}

#[cfg(test)]
mod tests;
