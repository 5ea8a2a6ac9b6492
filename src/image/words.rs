//! What a JPEG says in words: its comments and its IPTC (caption, author, rights), as text chunks of a PNG.
//!
//! PNG has no place of its own for IPTC; ImageMagick and exiftool read and write it as hexadecimal text under the keyword
//! `Raw profile type iptc`. Of the Photoshop resources around it in a JPEG that one alone is taken: others hold
//! thumbnails of the photo as it was.

use super::chunks::chunk;
use super::whole::jpeg_comments;

/// The number of IPTC among the resources of Photoshop.
const IPTC: u16 = 0x0404;

/// The chunks for the comments of `jpeg`, and for the IPTC in its Photoshop `resources`.
pub(super) fn word_chunks(jpeg: &[u8], resources: Option<&[u8]>) -> Vec<u8> {
    let comments = jpeg_comments(jpeg).flat_map(comment_chunk);
    comments.chain(resources.and_then(iptc).into_iter().flat_map(iptc_chunk)).collect()
}

/// Nothing for an empty comment; text ends at a zero.
fn comment_chunk(comment: &[u8]) -> Vec<u8> {
    let end = comment.iter().position(|&b| b == 0).unwrap_or(comment.len());
    let text = &comment[..end];
    match std::str::from_utf8(text) {
        _ if text.is_empty() => Vec::new(),
        // Not compressed, no language, no translated keyword.
        Ok(utf8) if !utf8.is_ascii() => chunk(b"iTXt", &[b"Comment\0\0\0\0\0", text].concat()),
        // Bytes without a name for their meaning: Latin-1, as PNG has it.
        _ => chunk(b"tEXt", &[b"Comment\0", text].concat()),
    }
}

/// The IPTC among `resources`, each `8BIM`, number, name, length, data, the last two padded to even lengths.
fn iptc(mut resources: &[u8]) -> Option<&[u8]> {
    loop {
        let rest = resources.strip_prefix(b"8BIM")?;
        let number = u16::from_be_bytes(*rest.first_chunk()?);
        let name = (usize::from(*rest.get(2)?) + 1).next_multiple_of(2);
        let rest = rest.get(2 + name..)?;
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let data = rest[4..].get(..length)?;
        if number == IPTC {
            return (!data.is_empty()).then_some(data);
        }
        resources = rest[4..].get(length.checked_next_multiple_of(2)?..)?;
    }
}

fn iptc_chunk(iptc: &[u8]) -> Vec<u8> {
    let length = (iptc.len() as u32).to_be_bytes();
    let padding: &[u8] = if iptc.len().is_multiple_of(2) { &[] } else { &[0] };
    let number = IPTC.to_be_bytes();
    let resource = [&b"8BIM"[..], &number, &[0, 0], &length, iptc, padding].concat();
    let mut text = format!("Raw profile type iptc\0\niptc\n{:8}", resource.len()).into_bytes();
    for (at, byte) in resource.iter().enumerate() {
        // 72 digits a line, as ImageMagick writes them.
        if at % 36 == 0 {
            text.push(b'\n');
        }
        text.extend(format!("{byte:02x}").bytes());
    }
    text.push(b'\n');
    chunk(b"tEXt", &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iptc_is_found_behind_a_thumbnail_and_every_cut_is_borne() {
        let thumbnail = b"8BIM\x04\x0c\x03abc\0\0\0\x03xyz\0";
        let caption = b"8BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x78\0\0\0";
        let all = [&thumbnail[..], caption].concat();
        assert_eq!(iptc(&all), Some(&b"\x1c\x02\x78\0\0"[..]));
        assert_eq!(iptc(thumbnail), None);
        for cut in 0..all.len() - 1 {
            assert_eq!(iptc(&all[..cut]), None, "{cut}");
        }
        let huge = b"8BIM\x04\x0c\0\0\xff\xff\xff\xffx";
        assert_eq!(iptc(huge), None);
    }

    #[test]
    fn a_comment_is_latin_1_or_utf_8_and_an_empty_one_is_none() {
        assert_eq!(comment_chunk(b"box 7\0"), chunk(b"tEXt", b"Comment\0box 7"));
        assert_eq!(comment_chunk(b"caf\xe9"), chunk(b"tEXt", b"Comment\0caf\xe9"));
        let utf8 = [&b"Comment\0\0\0\0\0"[..], "café".as_bytes()].concat();
        assert_eq!(comment_chunk("café".as_bytes()), chunk(b"iTXt", &utf8));
        assert_eq!(comment_chunk(b"\0\0"), b"");
    }
}
