//! What a PNG says of itself beside its pixels: read from one, put into another.
//!
//! A chunk is its length, name, data and CRC-32. `image` writes the pixels and the colour profile; it has no words for
//! the rest (gamma, resolution, comments, XMP), and reads none that stands behind the pixels.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::limits::MAX_BESIDE;

/// The keyword of XMP in an `iTXt` chunk.
const XMP: &[u8] = b"XML:com.adobe.xmp\0";

/// EXIF as text, as older programs wrote it.
const RAW_EXIF: [&[u8]; 2] = [b"Raw profile type exif\0", b"Raw profile type APP1\0"];

/// How the values are meant, how large the pixels are, and what is said in words: true of the mended picture too.
const KEPT: [&[u8; 4]; 10] =
    [b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI", b"pHYs", b"tEXt", b"zTXt", b"iTXt"];

/// The bytes before the first chunk that may be added: signature and IHDR.
const HEAD: usize = 8 + 25;

/// What stands beside the pixels of a PNG.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Beside {
    /// Whole chunks, as they are.
    pub chunks: Vec<u8>,
    pub exif: Option<Vec<u8>>,
    pub xmp: Option<Vec<u8>>,
}

/// Looks through all of `png`, also behind its pixels; damaged chunks are passed over.
pub(super) fn beside(png: &[u8]) -> Beside {
    let mut found = Beside::default();
    let mut kept: Vec<(&[u8], &[u8])> = Vec::new();
    for chunk in chunks(png) {
        let (name, data) = (&chunk[4..8], &chunk[8..chunk.len() - 4]);
        if crc32fast::hash(&chunk[4..chunk.len() - 4]).to_be_bytes() != chunk[chunk.len() - 4..] {
            continue;
        }
        match name {
            b"eXIf" => found.exif = Some(data.to_vec()),
            // What cannot be read is left out: it may say that the pixels lie.
            b"iTXt" if data.starts_with(XMP) => found.xmp = text(&data[XMP.len()..]).or(found.xmp),
            _ if KEPT.iter().any(|kept| *kept == name) => kept.push((chunk, data)),
            _ => {}
        }
    }
    // The same as text would contradict what is said once more below.
    let twice = |data: &[u8]| {
        found.exif.is_some() && RAW_EXIF.iter().any(|keyword| data.starts_with(keyword))
    };
    found.chunks =
        kept.iter().filter(|(_, data)| !twice(data)).flat_map(|(c, _)| *c).copied().collect();
    found
}

/// The whole chunks of `png`, one after the other, up to the last or one that is cut short: what stands behind `IEND` is
/// none.
pub(super) fn chunks(png: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = png.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let (chunk, tail) = rest.split_at_checked(length.checked_add(12)?)?;
        rest = if &chunk[4..8] == b"IEND" { &[] } else { tail };
        Some(chunk)
    })
}

/// The text of an `iTXt` chunk behind its keyword; `None` if it is damaged, or unpacks to more than is read.
fn text(rest: &[u8]) -> Option<Vec<u8>> {
    let (flags, rest) = rest.split_at_checked(2)?;
    let language = rest.iter().position(|&b| b == 0)?;
    let keyword = rest[language + 1..].iter().position(|&b| b == 0)?;
    let text = &rest[language + 1 + keyword + 1..];
    if flags[0] == 0 {
        return Some(text.to_vec());
    }
    let mut unpacked = Vec::new();
    ZlibDecoder::new(text).take(MAX_BESIDE + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() as u64 <= MAX_BESIDE).then_some(unpacked)
}

/// The chunk `name` with `data`.
pub(super) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&name[..], data].concat();
    let length = (data.len() as u32).to_be_bytes();
    [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

/// The chunk of `xmp`.
pub(super) fn xmp_chunk(xmp: &[u8]) -> Vec<u8> {
    // Not compressed, no language, no translated keyword.
    chunk(b"iTXt", &[XMP, &[0, 0, 0, 0], xmp].concat())
}

/// `png` with `chunks` before its pixels.
pub(super) fn inserted(mut png: Vec<u8>, chunks: &[u8]) -> Vec<u8> {
    if png.len() >= HEAD {
        png.splice(HEAD..HEAD, chunks.iter().copied());
    }
    png
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{ImageFormat, RgbImage};
    use std::io::Cursor;

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let image = RgbImage::from_pixel(3, 2, ::image::Rgb([1, 2, 3]));
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn what_was_put_in_is_found_and_the_pixels_are_as_before() {
        let chunks = [
            chunk(b"gAMA", &45_455u32.to_be_bytes()),
            chunk(b"tEXt", b"Comment\0one"),
            chunk(b"tEXt", b"Raw profile type exif\0old"),
        ]
        .concat();
        let kept = chunks.len() - chunk(b"tEXt", b"Raw profile type exif\0old").len();
        let all = [&chunks[..], &chunk(b"eXIf", b"II*\0"), &xmp_chunk(b"<x/>")].concat();
        let with = inserted(png(), &all);
        let found = beside(&with);
        assert_eq!(found.chunks, chunks[..kept]);
        assert_eq!(found.exif.as_deref(), Some(&b"II*\0"[..]));
        assert_eq!(found.xmp.as_deref(), Some(&b"<x/>"[..]));
        let open = |bytes: &[u8]| ::image::load_from_memory(bytes).unwrap();
        assert_eq!(open(&with), open(&png()));
    }

    #[test]
    fn compressed_xmp_is_unpacked_and_damaged_one_left_out() {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        encoder.write_all(b"<x tiff:Orientation='6'/>").unwrap();
        let mut data = [XMP, &[1, 0, 0, 0], &encoder.finish().unwrap()].concat();
        let found = beside(&inserted(png(), &chunk(b"iTXt", &data)));
        assert_eq!(found.xmp.as_deref(), Some(&b"<x tiff:Orientation='6'/>"[..]));
        data.truncate(data.len() - 8);
        assert_eq!(beside(&inserted(png(), &chunk(b"iTXt", &data))), Beside::default());
    }

    #[test]
    fn a_damaged_chunk_and_a_cut_file_are_borne() {
        let mut with = inserted(png(), &chunk(b"tEXt", b"Comment\0one"));
        with[HEAD + 10] ^= 1;
        assert_eq!(beside(&with), Beside::default());
        for cut in 0..with.len() {
            beside(&with[..cut]);
        }
    }
}
