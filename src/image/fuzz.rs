//! Arbitrary bytes as a file of a picture, and as what stands beside its pixels.

use std::io::Cursor;
use std::path::Path;

use ::image::{ImageFormat, ImageReader};

use super::chunks::{beside, chunks, xmp_chunk};
use super::exif::settled_exif;
use super::profile::Profile;
use super::save::photo_png_bytes;
use super::whole::{jpeg_channels, missing_end, moves};
use super::words::word_chunks;
use super::xmp::settled_xmp;
use super::{Picture, load_bytes};

/// Whether a picture is larger than is worth the time: its header is tried, its pixels are not.
pub(crate) fn is_large(bytes: &[u8]) -> bool {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let size = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    size.is_some_and(|(width, height)| u64::from(width) * u64::from(height) > 1 << 18)
}

/// Bytes as a file: what is read can be seen by a model, written, and read again as it was.
pub(crate) fn picture(bytes: &[u8]) {
    if is_large(bytes) {
        return;
    }
    let path = Path::new("it");
    let photo = match load_bytes(bytes, path) {
        Ok(photo) => photo,
        Err(error) => return crate::fuzz::refused(&error),
    };
    let seen = photo.picture().expect("what was loaded can be seen");
    assert!(seen.data().iter().all(|value| (0.0..=1.0).contains(value)));
    let _ = (photo.alpha(), photo.is_grey(|_| true));
    let written = photo_png_bytes(path, &photo.original, &photo.carried).expect("it was a picture");
    let again = load_bytes(&written, path).expect("what was written can be read");
    assert!(again.original == photo.original, "other pixels");
    assert_eq!(again.carried.exif.is_some(), photo.carried.exif.is_some());
}

/// Bytes as each of EXIF, ICC, XMP, IPTC, and as a file that is looked through for them.
pub(crate) fn metadata(bytes: &[u8]) {
    let settled = settled_exif(bytes.to_vec(), 40, 30);
    // Only what is said changes, in its place.
    assert!(settled.len() <= bytes.len() + 64, "{} for {}", settled.len(), bytes.len());
    for turned in [false, true] {
        if let Some(xmp) = settled_xmp(bytes, turned, 40, 30) {
            assert!(xmp_chunk(&xmp).len() > xmp.len() || xmp.is_empty());
        }
    }
    let profile = Profile::new(bytes.to_vec());
    let grey = Picture::new(1, 2, vec![0.25, 0.5, 0.25, 0.5, 0.25, 0.5]).expect("it is one");
    let there = profile.to_srgb(grey);
    assert!(there.data().iter().all(|value| value.is_finite()));
    assert!(profile.from_srgb(there).data().iter().all(|value| value.is_finite()));
    let _ = (profile.for_pixels(true), profile.for_pixels(false));

    let _ = (beside(bytes), chunks(bytes).count(), jpeg_channels(bytes));
    let _ = word_chunks(bytes, Some(bytes));
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let _ = (missing_end(bytes, format), moves(bytes, format));
    }
}
