//! A file becomes a [`Photo`], or an error of one line that says what is wrong with it.

use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::carried::Carried;
use super::photo::Photo;
use super::whole::{jpeg_channels, missing_end};
use crate::error::{Error, Result};

/// The extensions of the files that [`load`] reads; a file is then judged by its content.
pub const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// The longest side of a picture, in pixels: beyond any camera (WebP itself ends at 16,383).
pub const MAX_SIDE: u32 = 16_384;

/// The most pixels of a picture: 100 megapixels, 1.2 GB as a [`Picture`](super::Picture).
pub const MAX_PIXELS: u64 = 100_000_000;

/// What a decoder may allocate. The largest picture within the limits, 100 megapixels of RGBA at 16 bits, is 800 MB;
/// the rest is for its working space. A header cannot ask for more, whatever it claims.
const MAX_ALLOC: u64 = 1 << 30;

/// The most bytes of a file: more than [`MAX_ALLOC`] are never needed, even stored without compression.
const MAX_FILE: u64 = MAX_ALLOC;

const RESAVE: &str = "save it again from the original, or leave it out";

/// Reads and decodes the file `path`.
///
/// Errors: [`Error::Read`] if it cannot be read; [`Error::Picture`] if it is not a whole JPEG, PNG or WebP of at most
/// [`MAX_SIDE`] and [`MAX_PIXELS`], or a JPEG of inks (CMYK, YCCK).
pub fn load(path: impl AsRef<Path>) -> Result<Photo> {
    let path = path.as_ref();
    load_bytes(&read_bytes(path)?, path)
}

/// The bytes of the file `path`, at most one more than a picture may have: [`load_bytes`] refuses the rest.
///
/// Errors: [`Error::Read`].
pub fn read_bytes(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let mut bytes = Vec::new();
    // `take` instead of asking for the length first: a device or a growing file has no length to ask for.
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(Error::read(path))?;
    Ok(bytes)
}

/// [`load`] for a caller who has read the file already; `path` is only named, not opened.
pub fn load_bytes(bytes: &[u8], path: &Path) -> Result<Photo> {
    let refuse = |problem: String, remedy: &str| Err(Error::picture(path, problem, remedy));
    if bytes.is_empty() {
        return refuse("the file is empty".into(), RESAVE);
    }
    if bytes.len() as u64 > MAX_FILE {
        return refuse(
            format!("the file is over {} MiB", MAX_FILE >> 20),
            "make the picture smaller",
        );
    }
    let format = match ::image::guess_format(bytes) {
        Ok(format) if is_read(format) => format,
        Ok(other) => {
            let name = other.extensions_str().first().unwrap_or(&"other").to_uppercase();
            return refuse(format!("it is a {name} file"), "convert it to PNG, JPEG or WebP");
        }
        Err(_) => {
            return refuse(
                "its content is no JPEG, PNG or WebP".into(),
                "leave it out, or convert it",
            );
        }
    };
    // The decoders are pure Rust and meant not to panic, but they are large and the files are anybody's. The closure
    // owns all it changes, so nothing half-made is seen after an unwind. The process's panic hook still runs (by
    // default it prints): whether to silence it is the program's decision, not a library's.
    match catch_unwind(AssertUnwindSafe(|| decode(bytes, format))) {
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

/// What is known of a picture before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Upright, where the orientation stands before the pixels.
    pub width: u32,
    pub height: u32,
    /// Whether it has an alpha channel.
    pub has_alpha: bool,
}

/// The [`Header`] of the file `path`; `None` where it cannot be read.
pub(crate) fn header(path: &Path) -> Option<Header> {
    let reader = ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    let read = || {
        let mut decoder = reader.into_decoder().ok()?;
        let (width, height) = decoder.dimensions();
        let turned = decoder.orientation().is_ok_and(|orientation| {
            use Orientation::*;
            matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
        });
        let (width, height) = if turned { (height, width) } else { (width, height) };
        Some(Header { width, height, has_alpha: decoder.color_type().has_alpha() })
    };
    catch_unwind(AssertUnwindSafe(read)).ok()?
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
    read.is_ok() && ::image::guess_format(&head).is_ok_and(is_read)
}

fn is_read(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
}

/// A reason to refuse a file, before it is joined with the path.
struct Refusal {
    problem: String,
    remedy: &'static str,
}

impl From<ImageError> for Refusal {
    fn from(error: ImageError) -> Self {
        // One line, whatever the decoder says.
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { problem: format!("it cannot be decoded ({text})"), remedy: RESAVE }
    }
}

/// Header, size, wholeness, pixels, in this order: each step is only taken on what the one before has passed.
fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Carried), Refusal> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;

    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Refusal {
            problem: format!("it is {width} x {height} pixels"),
            remedy: RESAVE,
        });
    }
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        let most = MAX_PIXELS / 1_000_000;
        return Err(Refusal {
            problem: format!(
                "it is {width} x {height} pixels, the limit is {MAX_SIDE} a side and {most} megapixels"
            ),
            remedy: "make the picture smaller",
        });
    }
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
    limits.reserve(decoder.total_bytes())?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(carried.orientation());
    Ok((image, carried))
}

#[cfg(test)]
mod tests;
