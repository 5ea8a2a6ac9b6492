//! The XMP of a photo that was mended: what it says of the pixels must be true again.
//!
//! | | becomes |
//! |---|---|
//! | orientation | 1 where the pixels were turned upright, so that nobody turns them twice; else as it is |
//! | width and height | those of the result |
//! | thumbnails | gone: they show the photo as it was |

use std::ops::Range;

/// Thumbnails, in the two prefixes that programs use.
const THUMBNAILS: [&str; 2] = ["xmp:Thumbnails", "xap:Thumbnails"];

/// `xmp` for a result of `width` x `height`; `turned`: its orientation was applied to the pixels. `None` where thumbnails
/// cannot be told from the rest.
pub(super) fn settled_xmp(xmp: &[u8], turned: bool, width: u32, height: u32) -> Option<Vec<u8>> {
    let mut xmp = xmp.to_vec();
    for name in THUMBNAILS {
        xmp = without(&xmp, name)?;
    }
    if turned {
        xmp = with_number(&xmp, "tiff:Orientation", 1);
    }
    for (name, value) in [
        ("tiff:ImageWidth", width),
        ("tiff:ImageLength", height),
        ("exif:PixelXDimension", width),
        ("exif:PixelYDimension", height),
    ] {
        xmp = with_number(&xmp, name, value);
    }
    Some(xmp)
}

/// The number that `xmp` gives to turn the pixels by, as in EXIF; `None` where it gives none.
pub(super) fn orientation_in(xmp: &[u8]) -> Option<u8> {
    const NAME: &str = "tiff:Orientation";
    let mut rest = xmp;
    while let Some(at) = find(rest, NAME.as_bytes()) {
        rest = &rest[at + NAME.len()..];
        if let Some(digits) = number_behind(rest) {
            return std::str::from_utf8(&rest[digits]).ok()?.parse().ok();
        }
    }
    None
}

/// Where the number stands in what follows a property's name: `="6"`, `= '6'` or `>6<`.
fn number_behind(after: &[u8]) -> Option<Range<usize>> {
    let count = |bytes: &[u8], is: &[u8]| bytes.iter().take_while(|b| is.contains(b)).count();
    let start = count(after, b"=>'\" \t\r\n");
    let end = start + count(&after[start..], b"0123456789");
    let is_closed = matches!(after.get(end), Some(b'"' | b'\'' | b'<'));
    (start > 0 && end > start && is_closed).then_some(start..end)
}

/// `xmp` with `value` in the property `name`, whichever way it is written.
fn with_number(xmp: &[u8], name: &str, value: u32) -> Vec<u8> {
    let mut changed = Vec::with_capacity(xmp.len());
    let mut rest = xmp;
    while let Some(at) = find(rest, name.as_bytes()) {
        let (before, after) = rest.split_at(at + name.len());
        changed.extend(before);
        rest = after;
        if let Some(digits) = number_behind(after) {
            changed.extend(&after[..digits.start]);
            changed.extend(value.to_string().bytes());
            rest = &after[digits.end..];
        }
    }
    changed.extend(rest);
    changed
}

/// `xmp` without the elements `name`; `None` where one has no end.
fn without(xmp: &[u8], name: &str) -> Option<Vec<u8>> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    // Each is copied over once: taking them out one by one would move the rest for every one of a million.
    let (mut kept, mut rest) = (Vec::with_capacity(xmp.len()), xmp);
    while let Some(start) = find(rest, open.as_bytes()) {
        kept.extend(&rest[..start]);
        let tag = start + rest[start..].iter().position(|&b| b == b'>')?;
        let end = match rest[tag - 1] {
            b'/' => tag + 1,
            _ => start + find(&rest[start..], close.as_bytes())? + close.len(),
        };
        rest = &rest[end..];
    }
    kept.extend(rest);
    Some(kept)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(xmp: &str, turned: bool) -> String {
        String::from_utf8(settled_xmp(xmp.as_bytes(), turned, 300, 20).unwrap()).unwrap()
    }

    #[test]
    fn the_orientation_is_upright_however_it_is_written() {
        for (before, after) in [
            (r#"<a tiff:Orientation="6" b="6">"#, r#"<a tiff:Orientation="1" b="6">"#),
            ("tiff:Orientation = '8'", "tiff:Orientation = '1'"),
            ("<tiff:Orientation>3</tiff:Orientation>", "<tiff:Orientation>1</tiff:Orientation>"),
            ("tiff:Orientation", "tiff:Orientation"),
            ("tiff:Orientation=\"left\"", "tiff:Orientation=\"left\""),
        ] {
            assert_eq!(settled(before, true), after);
            assert_eq!(settled(before, false), before, "nothing was turned");
        }
    }

    #[test]
    fn the_orientation_is_read_however_it_is_written() {
        for (xmp, number) in [
            (r#"<a tiff:Orientation="6" b="3">"#, Some(6)),
            ("tiff:Orientation = '8'", Some(8)),
            ("<tiff:Orientation>3</tiff:Orientation>", Some(3)),
            ("<tiff:Orientation/><b tiff:Orientation='4'>", Some(4)),
            ("tiff:Orientation", None),
            ("tiff:Orientation=\"left\"", None),
            ("tiff:Orientation=\"600\"", None),
            ("exif:PixelXDimension=\"6\"", None),
        ] {
            assert_eq!(orientation_in(xmp.as_bytes()), number, "{xmp}");
        }
    }

    #[test]
    fn the_size_is_that_of_the_result() {
        let before = "<a tiff:ImageWidth='4000' tiff:ImageLength=\"30\" exif:PixelXDimension='4000'>\
                      <exif:PixelYDimension>3000</exif:PixelYDimension>";
        let after = "<a tiff:ImageWidth='300' tiff:ImageLength=\"20\" exif:PixelXDimension='300'>\
                     <exif:PixelYDimension>20</exif:PixelYDimension>";
        assert_eq!(settled(before, false), after);
    }

    /// Taken out one by one they would take minutes.
    #[test]
    fn a_million_thumbnails_are_gone_as_well() {
        let xmp = format!("<a>{}</a>", "<xmp:Thumbnails/>".repeat(1_000_000));
        assert_eq!(settled(&xmp, false), "<a></a>");
    }

    #[test]
    fn thumbnails_are_gone_and_what_has_no_end_is_refused() {
        let before = "<a><xmp:Thumbnails><rdf:Alt>/9j/4AAQ</rdf:Alt></xmp:Thumbnails><b/></a>\
                      <xap:Thumbnails/><c>";
        assert_eq!(settled(before, true), "<a><b/></a><c>");
        for cut in before.find("<xmp:T").unwrap() + 15..before.find("<b/>").unwrap() {
            assert_eq!(settled_xmp(&before.as_bytes()[..cut], true, 1, 1), None, "{cut}");
        }
    }
}
