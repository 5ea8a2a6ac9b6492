//! How large a picture says it is, read from its first bytes: before any decoder is asked, and anything allocated.

use ::image::ImageFormat;

use super::whole::jpeg_frame;

/// Width and height as the header of `bytes` tells them; `None` where it tells none, or is not all there.
pub(super) fn size(bytes: &[u8], format: ImageFormat) -> Option<(u32, u32)> {
    match format {
        ImageFormat::Png => Some((big(bytes, 16)?, big(bytes, 20)?)),
        ImageFormat::Jpeg => {
            let frame = jpeg_frame(bytes)?;
            let side =
                |at: usize| Some(u32::from(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?)));
            Some((side(3)?, side(1)?))
        }
        ImageFormat::WebP => webp_size(bytes.get(12..16)?, bytes.get(20..)?),
        _ => None,
    }
}

/// The size that the data of a WebP's chunk `name` begins with.
pub(super) fn webp_size(name: &[u8], data: &[u8]) -> Option<(u32, u32)> {
    match name {
        // Two sides of 24 bits, each one less.
        b"VP8X" => {
            let side = |at: usize| {
                let &[low, middle, high] = data.get(at..)?.first_chunk()?;
                Some(u32::from_le_bytes([low, middle, high, 0]) + 1)
            };
            Some((side(4)?, side(7)?))
        }
        // A signature, then two sides of 14 bits, each one less.
        b"VP8L" => {
            let sides = little(data, 1)?;
            Some(((sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1))
        }
        // Three bytes, a start code of three, two sides of 14 bits.
        b"VP8 " => {
            let sides = little(data, 6)?;
            Some((sides & 0x3FFF, sides >> 16 & 0x3FFF))
        }
        _ => None,
    }
}

/// The chunks of a WebP; what stands behind its length is none.
pub(super) fn webp_chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let end = little(bytes, 4).map_or(0, |length| (length as usize).saturating_add(8));
    parts(bytes.get(12..end.min(bytes.len())).unwrap_or_default())
}

/// The chunks in `rest`, each its name and as much of its data as there is; one that claims more is the
/// last.
pub(super) fn parts(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let length = little(rest, 4)? as usize;
        let (name, data) = (rest.get(..4)?, rest.get(8..)?);
        let whole = data.get(..length);
        rest = whole.and_then(|_| data.get(length.next_multiple_of(2)..)).unwrap_or_default();
        Some((name, whole.unwrap_or(data)))
    })
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ::image::RgbImage;

    use super::*;

    #[test]
    fn the_header_of_every_format_tells_the_size_and_a_cut_one_none() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut bytes = Cursor::new(Vec::new());
            RgbImage::new(300, 7).write_to(&mut bytes, format).unwrap();
            let bytes = bytes.into_inner();
            assert_eq!(size(&bytes, format), Some((300, 7)), "{format:?}");
            for cut in 0..bytes.len() {
                let told = size(&bytes[..cut], format);
                assert!(told.is_none() || told == Some((300, 7)), "{format:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn the_parts_of_a_webp_tell_their_sizes() {
        let canvas = [0x10, 0, 0, 0, 0xFF, 0xFF, 0xFF, 4, 1, 0];
        assert_eq!(webp_size(b"VP8X", &canvas), Some((1 << 24, 261)));
        // A key frame; the two highest bits of each side are for scaling.
        let lossy = [0x30, 1, 0, 0x9D, 1, 0x2A, 0x40, 0x41, 7, 0x80];
        assert_eq!(webp_size(b"VP8 ", &lossy), Some((320, 7)));
        assert_eq!(webp_size(b"EXIF", &canvas), None);
    }

    #[test]
    fn chunks_end_where_the_bytes_do() {
        let chunks = |bytes: &'static [u8]| parts(bytes).collect::<Vec<_>>();
        let odd = b"ICCP\x01\0\0\0a\0EXIF\x02\0\0\0bc";
        assert_eq!(chunks(odd), [(&b"ICCP"[..], &b"a"[..]), (b"EXIF", b"bc")]);
        assert_eq!(chunks(b"ICCP\xff\xff\xff\xffab"), [(&b"ICCP"[..], &b"ab"[..])]);
        assert!(chunks(b"ICCP\x01").is_empty());
        let whole = [b"RIFF\x0e\0\0\0WEBP", &odd[..10], b"EXIF behind it"].concat();
        assert_eq!(webp_chunks(&whole).collect::<Vec<_>>(), [(&b"ICCP"[..], &b"a"[..])]);
    }
}
