//! Was a file cut short? Asked before decoding, because the JPEG decoder does not tell.
//!
//! `image` runs `zune-jpeg` in its lenient mode, where the rest of a truncated picture becomes mid-grey (128) and the
//! call succeeds; the strict mode cannot be reached through `image`. Each format says itself where it ends, and that
//! is cheap to follow without decoding: JPEG up to its end-of-image marker, PNG up to its IEND chunk, WebP by the
//! length in its first bytes. What stands behind the end (a motion photo's film, padding) is nobody's business here.
//!
//! A JPEG that has all its pixels and lacks only the two bytes of the marker is refused too: nothing in it says so.

use ::image::ImageFormat;

use super::chunks::chunks;

/// What is missing at the end of `bytes`, or `None` if the file is whole (or of a format that is not judged here).
pub(super) fn missing_end(bytes: &[u8], format: ImageFormat) -> Option<&'static str> {
    let (whole, missing) = match format {
        ImageFormat::Jpeg => (jpeg_ends(bytes).is_some(), "its end-of-image marker is missing"),
        ImageFormat::Png => (png_ends(bytes).is_some(), "its IEND chunk is missing"),
        ImageFormat::WebP => (webp_ends(bytes).is_some(), "it is shorter than its header says"),
        _ => return None,
    };
    (!whole).then_some(missing)
}

/// The marker of each segment of a JPEG with its place, through the entropy-coded data as well, up to the end of the
/// image.
///
/// Searching for the bytes FF D9 instead would stop at the thumbnail inside the EXIF segment of nearly every camera's
/// file, and looking at the last two bytes only would refuse whole files with something behind them.
pub(super) fn jpeg_markers(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let mut next = Some(2);
    std::iter::from_fn(move || {
        let mut at = next?;
        loop {
            // Bytes between segments are skipped, as every decoder does; in the entropy-coded data this does the work.
            at += bytes.get(at..)?.iter().position(|&b| b == 0xFF)?;
            match *bytes.get(at + 1)? {
                // FF may be repeated as filling before a marker.
                0xFF => at += 1,
                // A stuffed zero, restart markers, start-of-image and TEM have no length.
                0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
                END_OF_IMAGE => {
                    next = None;
                    return Some((END_OF_IMAGE, at));
                }
                marker => {
                    let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
                    next = Some(at + 2 + usize::from(length.max(2)));
                    return Some((marker, at));
                }
            }
        }
    })
}

const END_OF_IMAGE: u8 = 0xD9;

/// The comments of a JPEG, as they are.
pub(super) fn jpeg_comments(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let comments = jpeg_markers(bytes).filter(|&(marker, _)| marker == 0xFE);
    comments.filter_map(|(_, at)| {
        let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
        bytes.get(at + 4..at + 2 + usize::from(length))
    })
}

/// Whether a PNG or WebP is an animation, as its chunk `acTL` before the pixels or a flag in its header says.
pub(super) fn moves(bytes: &[u8], format: ImageFormat) -> bool {
    let chunk = |at: usize| {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize;
        Some((bytes.get(at + 4..at + 8)?, at.checked_add(length)?.checked_add(12)?))
    };
    match format {
        ImageFormat::WebP => {
            bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
        }
        ImageFormat::Png => {
            let mut chunks = std::iter::successors(chunk(8), |&(_, next)| chunk(next));
            chunks
                .find(|(name, _)| matches!(*name, b"acTL" | b"IDAT"))
                .is_some_and(|(n, _)| n == b"acTL")
        }
        _ => false,
    }
}

/// `Some` at the end-of-image marker.
fn jpeg_ends(bytes: &[u8]) -> Option<()> {
    jpeg_markers(bytes).any(|(marker, _)| marker == END_OF_IMAGE).then_some(())
}

/// How many channels a JPEG has, by its frame header: 1 grey, 3 colours, 4 inks.
pub(super) fn jpeg_channels(bytes: &[u8]) -> Option<u8> {
    jpeg_frame(bytes)?.get(5).copied()
}

/// The frame header of a JPEG and what follows: depth, height, width, channels.
pub(super) fn jpeg_frame(bytes: &[u8]) -> Option<&[u8]> {
    // Start of frame, in all its kinds; C4, C8 and CC are other segments.
    let is_frame = |m: u8| matches!(m, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF);
    let (_, at) = jpeg_markers(bytes).find(|&(marker, _)| is_frame(marker))?;
    bytes.get(at + 4..)
}

/// `Some` at the IEND chunk.
fn png_ends(bytes: &[u8]) -> Option<()> {
    chunks(bytes).any(|chunk| &chunk[4..8] == b"IEND").then_some(())
}

/// `RIFF`, the number of bytes that follow, `WEBP`, ...
fn webp_ends(bytes: &[u8]) -> Option<()> {
    let length = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?) as usize;
    bytes.len().checked_sub(length.checked_add(8)?).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SOI, APP1 with a whole thumbnail inside, SOS, data with a stuffed FF and a restart marker, filling, EOI.
    const JPEG: [u8; 27] = [
        0xFF, 0xD8, 0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9, 0xFF, 0xDA, 0, 3, 0, 1, 0xFF, 0, 2,
        0xFF, 0xD0, 3, 4, 0xFF, 0xFF, 0xFF, 0xD9,
    ];

    #[test]
    fn a_jpeg_is_whole_only_with_its_own_end_marker() {
        assert_eq!(missing_end(&JPEG, ImageFormat::Jpeg), None);
        for cut in 0..JPEG.len() {
            assert!(missing_end(&JPEG[..cut], ImageFormat::Jpeg).is_some(), "cut at {cut}");
        }
    }

    #[test]
    fn bytes_behind_the_end_do_not_matter() {
        let mut bytes = JPEG.to_vec();
        bytes.extend([0; 50]);
        assert_eq!(missing_end(&bytes, ImageFormat::Jpeg), None);
    }

    #[test]
    fn a_tail_of_zeros_instead_of_data_is_noticed() {
        // What an interrupted download into a preallocated file looks like.
        let mut bytes = JPEG.to_vec();
        bytes[20..].fill(0);
        assert!(missing_end(&bytes, ImageFormat::Jpeg).is_some());
    }

    #[test]
    fn an_animation_says_so_before_its_pixels() {
        let webp = |flags: u8| {
            [&b"RIFF\x12\0\0\0WEBPVP8X\x0a\0\0\0"[..], &[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
        };
        assert!(moves(&webp(0x12), ImageFormat::WebP) && !moves(&webp(0x10), ImageFormat::WebP));
        let png = |names: [&[u8; 4]; 2]| {
            let chunks = names.map(|name| [&[0, 0, 0, 0], &name[..], &[0; 4]].concat());
            [&[0; 8], &chunks.concat()[..]].concat()
        };
        assert!(moves(&png([b"IHDR", b"acTL"]), ImageFormat::Png));
        assert!(!moves(&png([b"IDAT", b"acTL"]), ImageFormat::Png), "not as standards have it");
        let whole = png([b"IHDR", b"IHDR"]);
        for cut in 0..whole.len() {
            assert!(
                !moves(&whole[..cut], ImageFormat::Png) && !moves(&whole[..cut], ImageFormat::WebP)
            );
        }
    }

    #[test]
    fn short_and_absurd_lengths_do_not_panic() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            for n in 0..40 {
                assert!(missing_end(&vec![0xFF; n], format).is_some());
            }
        }
        assert_eq!(missing_end(&[], ImageFormat::Gif), None);
    }
}
