//! What a picture may claim and cost, looked at before any decoder is asked.
//!
//! | | at most |
//! |---|---|
//! | pixels | 16,384 a side, 100 megapixels; a frame or a layer inside no more than the whole |
//! | bytes of the file | 64 MiB and 8 for each pixel |
//! | all that stands beside the pixels, unpacked | 32 MiB, in 10,000 pieces |
//! | scans of a JPEG | as many as make [`MAX_SCANNED`] pixels, and [`MAX_SCANS`] |
//!
//! So no few bytes can ask for more memory or work than the largest picture within the limits does.

use std::io::Read;
use std::path::Path;

use ::image::ImageFormat;
use flate2::read::ZlibDecoder;

use super::chunks::chunks;
use super::size::{parts, size, webp_chunks, webp_size};
use super::whole::jpeg_markers;
use crate::error::{self, Error};

/// The longest side of a picture, in pixels: beyond any camera (WebP itself ends at 16,383).
pub const MAX_SIDE: u32 = 16_384;

/// The most pixels of a picture: 100 megapixels, 1.2 GB as a [`Picture`](super::Picture).
pub const MAX_PIXELS: u64 = 100_000_000;

/// What a decoder may allocate for pixels. The largest picture within the limits, 100 megapixels of RGBA at 16 bits, is
/// 800 MB; the rest is for its working space.
pub(super) const MAX_ALLOC: u64 = 1 << 30;

/// The bytes that any file may have: room for what stands beside the pixels, and for a film behind them, as phones put it
/// there.
pub(super) const FREE_BYTES: u64 = 64 << 20;

/// The bytes of a file for each pixel: four channels of 16 bits, stored without compression.
const BYTES_A_PIXEL: u64 = 8;

/// The most bytes that may stand beside the pixels, unpacked. Depth maps of phones have 10 MB, histories of editors some
/// more.
pub(super) const MAX_BESIDE: u64 = 32 << 20;

/// What a decoder may allocate for what stands beside the pixels: it holds a piece several times over, while its room
/// grows and as text.
pub(super) const MAX_ALLOC_BESIDE: u64 = 4 * MAX_BESIDE;

/// The most segments or chunks beside the pixels. A profile in a JPEG may have 255.
const MAX_PIECES: usize = 10_000;

/// The most bytes of a piece of the pixels of a PNG that counts as one of the others.
const CRUMB: usize = 64;

/// The most pixels that the scans of a JPEG visit, one pass of all pixels each; progressive ones have about ten.
const MAX_SCANNED: u64 = 20 * MAX_PIXELS;

/// The most scans of a JPEG of any size: the decoder's own limit, which it only sees when it has worked through as many.
const MAX_SCANS: u64 = 100;

const SMALLER: &str = "make the picture smaller";
const WITHOUT: &str = "save it without its metadata";
const RESAVE: &str = super::load::RESAVE;

/// A reason to refuse a file, before it is joined with the path.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    pub problem: String,
    pub remedy: &'static str,
}

/// `Err` with a problem and a remedy.
pub(super) fn refuse<T>(problem: impl Into<String>, remedy: &'static str) -> Result<T, Refusal> {
    Err(Refusal { problem: problem.into(), remedy })
}

/// Refuses what claims or costs more than the limits, by what `bytes` say of themselves.
pub(super) fn check(bytes: &[u8], format: ImageFormat) -> Result<(), Refusal> {
    // What tells no size is left to the decoder, which finds none either.
    let size = size(bytes, format);
    if let Some((width, height)) = size {
        check_size(u64::from(width), u64::from(height))?;
    }
    check_len(bytes.len() as u64, size)?;
    match format {
        ImageFormat::Png => check_png(bytes),
        ImageFormat::Jpeg => check_jpeg(bytes, size),
        ImageFormat::WebP => check_webp(bytes, size),
        _ => Ok(()),
    }
}

/// Refuses a picture of no pixels, or of too many.
pub(super) fn check_size(width: u64, height: u64) -> Result<(), Refusal> {
    if width == 0 || height == 0 {
        return refuse(format!("it is {width} x {height} pixels"), RESAVE);
    }
    if width.max(height) > MAX_SIDE.into() || width.saturating_mul(height) > MAX_PIXELS {
        let most = MAX_PIXELS / 1_000_000;
        let limit = format!("the limit is {MAX_SIDE} a side and {most} megapixels");
        return refuse(format!("it is {width} x {height} pixels, {limit}"), SMALLER);
    }
    Ok(())
}

/// As [`load`](super::load()) refuses a size, for pixels that are not encoded; `path` is what the error names.
pub(crate) fn refuse_size(
    path: impl AsRef<Path>,
    width: usize,
    height: usize,
) -> error::Result<()> {
    let refused = |refusal: Refusal| Error::picture(path, refusal.problem, refusal.remedy);
    check_size(width as u64, height as u64).map_err(refused)
}

/// The most bytes of a file that says it has this size, or none.
pub(super) fn most_bytes(size: Option<(u32, u32)>) -> u64 {
    let pixels = size.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    FREE_BYTES + BYTES_A_PIXEL * pixels.min(MAX_PIXELS)
}

fn check_len(len: u64, size: Option<(u32, u32)>) -> Result<(), Refusal> {
    if len <= most_bytes(size) {
        return Ok(());
    }
    let most = most_bytes(size) >> 20;
    let of = size.map_or("without a size".into(), |(w, h)| format!("of {w} x {h} pixels"));
    refuse(format!("the file is over {most} MiB, the limit for a picture {of}"), RESAVE)
}

/// What stands beside the pixels, counted.
#[derive(Default)]
struct Beside {
    bytes: u64,
    pieces: usize,
}

impl Beside {
    /// One more piece, of so many bytes as it stands.
    fn add(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.bytes += bytes;
        self.pieces += 1;
        if self.bytes > MAX_BESIDE {
            let problem =
                format!("what stands beside its pixels is over {} MiB, unpacked", MAX_BESIDE >> 20);
            return refuse(problem, WITHOUT);
        }
        if self.pieces > MAX_PIECES {
            let problem = format!("over {MAX_PIECES} pieces stand beside its pixels");
            return refuse(problem, WITHOUT);
        }
        Ok(())
    }

    /// The piece that was added last, unpacked: nothing is kept, and no more unpacked than is allowed.
    fn unpack(&mut self, packed: &[u8]) -> Result<(), Refusal> {
        let left = MAX_BESIDE + 1 - self.bytes;
        let mut unpacked = ZlibDecoder::new(packed).take(left);
        let (mut buffer, mut bytes) = ([0; 1 << 15], 0);
        // Where it is damaged, whoever reads it later finds no more than this.
        while let Ok(read @ 1..) = unpacked.read(&mut buffer) {
            bytes += read as u64;
        }
        self.pieces -= 1;
        self.add(bytes)
    }
}

fn check_png(bytes: &[u8]) -> Result<(), Refusal> {
    let mut beside = Beside::default();
    for chunk in chunks(bytes) {
        let (name, data) = (&chunk[4..8], &chunk[8..chunk.len() - 4]);
        match name {
            b"IHDR" | b"PLTE" | b"IEND" | b"fcTL" => continue,
            // Pixels in crumbs are work as well; encoders write thousands of bytes at once.
            b"IDAT" | b"fdAT" if data.len() > CRUMB => continue,
            _ => {}
        }
        beside.add(data.len() as u64)?;
        // A name or keyword, a zero, then what is said of the packing.
        let Some(end) = data.iter().position(|&byte| byte == 0) else { continue };
        let rest = &data[end + 1..];
        match (name, rest) {
            (b"iCCP" | b"zTXt", [_, packed @ ..]) => beside.unpack(packed)?,
            // Language and translated keyword end at a zero each.
            (b"iTXt", [1, _, rest @ ..]) => {
                let mut parts = rest.splitn(3, |&byte| byte == 0);
                beside.unpack(parts.nth(2).unwrap_or_default())?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_jpeg(bytes: &[u8], size: Option<(u32, u32)>) -> Result<(), Refusal> {
    let (mut beside, mut scans) = (Beside::default(), 0);
    for (marker, at) in jpeg_markers(bytes) {
        match marker {
            0xDA => scans += 1,
            _ => {
                let length = bytes.get(at + 2..).and_then(|rest| rest.first_chunk());
                beside.add(length.map_or(0, |&length| u16::from_be_bytes(length).into()))?;
            }
        }
    }
    let pixels = size.map_or(1, |(width, height)| u64::from(width) * u64::from(height));
    let most = (MAX_SCANNED / pixels.max(1)).min(MAX_SCANS);
    if scans > most {
        let of = size.map_or("this size".into(), |(w, h)| format!("{w} x {h} pixels"));
        let problem = format!("it is drawn in {scans} scans, the limit for {of} is {most}");
        return refuse(problem, "save it as a baseline JPEG, or as PNG");
    }
    Ok(())
}

fn check_webp(bytes: &[u8], size: Option<(u32, u32)>) -> Result<(), Refusal> {
    let mut beside = Beside::default();
    for (name, data) in webp_chunks(bytes) {
        match name {
            b"VP8X" | b"ALPH" => {}
            b"VP8 " | b"VP8L" => check_inside(webp_size(name, data), size)?,
            // A place, a size and a time, then chunks of its own.
            b"ANMF" => {
                for (name, data) in parts(data.get(16..).unwrap_or_default()).take(3) {
                    check_inside(webp_size(name, data), size)?;
                }
            }
            _ => beside.add(data.len() as u64)?,
        }
    }
    Ok(())
}

/// Refuses a part of a picture that says it is larger than the whole: its decoder would make room for that first.
fn check_inside(part: Option<(u32, u32)>, whole: Option<(u32, u32)>) -> Result<(), Refusal> {
    match (part, whole) {
        (Some((w, h)), Some((width, height))) if w > width || h > height => refuse(
            format!("a part of it is {w} x {h} pixels, and the whole {width} x {height}"),
            RESAVE,
        ),
        _ => Ok(()),
    }
}
