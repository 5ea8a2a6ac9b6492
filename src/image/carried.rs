//! What a file says beside its pixels, and the mended PNG goes on saying.
//!
//! | in the photo | in the PNG |
//! |---|---|
//! | ICC profile | `iCCP`, byte for byte; one for grey becomes one for colours where the picture got some |
//! | EXIF | `eXIf`, true of the new pixels (exif.rs) |
//! | XMP | `iTXt`, true of the new pixels (xmp.rs) |
//! | IPTC and comments of a JPEG | text chunks (words.rs) |
//! | resolution (JFIF, `pHYs`), gamma, primaries, comments of a PNG | the same chunks |
//!
//! Film, depth maps and extended XMP inside a JPEG and the other resources of Photoshop are left behind.

use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageFormat};

use super::chunks::{Beside, beside, chunk, xmp_chunk};
use super::exif::settled_exif;
use super::profile::Profile;
use super::whole::moves;
use super::words::word_chunks;
use super::xmp::{orientation_in, settled_xmp};

/// The profile and the metadata of a file.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    pub profile: Option<Profile>,
    /// A TIFF structure, as it stood in the file.
    pub exif: Option<Vec<u8>>,
    /// An XML packet, as it stood in the file.
    pub xmp: Option<Vec<u8>>,
    /// Whether it is an animation, of which the first picture was read.
    pub moves: bool,
    /// Further chunks for a PNG.
    chunks: Vec<u8>,
}

impl Carried {
    /// What `decoder` and the file itself tell. Damaged metadata does not make a picture unusable: it is left behind.
    pub(super) fn of(decoder: &mut impl ImageDecoder, bytes: &[u8], format: ImageFormat) -> Self {
        let profile = decoder.icc_profile().ok().flatten().map(Profile::new);
        let exif = decoder.exif_metadata().ok().flatten();
        let found = match format {
            ImageFormat::Png => beside(bytes),
            ImageFormat::Jpeg => {
                let density = density(bytes).map(|data| chunk(b"pHYs", &data));
                let resources = decoder.iptc_metadata().ok().flatten();
                let words = word_chunks(bytes, resources.as_deref());
                let chunks = [density.unwrap_or_default(), words].concat();
                Beside { chunks, ..Beside::default() }
            }
            _ => Beside::default(),
        };
        Self {
            profile,
            exif: exif.or(found.exif).and_then(tiff_of),
            // The decoder of a PNG sees none behind the pixels.
            xmp: match format {
                ImageFormat::Png => found.xmp,
                _ => decoder.xmp_metadata().ok().flatten(),
            },
            moves: moves(bytes, format),
            chunks: found.chunks,
        }
    }

    /// How the pixels of the file are to be turned: by EXIF, and by XMP where EXIF does not say.
    pub(super) fn orientation(&self) -> Orientation {
        let exif = self.exif.as_deref().and_then(Orientation::from_exif_chunk);
        let xmp = || self.xmp.as_deref().and_then(orientation_in).and_then(Orientation::from_exif);
        exif.or_else(xmp).unwrap_or(Orientation::NoTransforms)
    }

    /// The ICC profile for `image`.
    pub(super) fn profile_for(&self, image: &DynamicImage) -> Option<Vec<u8>> {
        self.profile.as_ref()?.for_pixels(image.color().has_color())
    }

    /// All chunks but the profile for `image`, which is upright.
    pub(super) fn chunks_for(&self, image: &DynamicImage) -> Vec<u8> {
        let mut chunks = self.chunks.clone();
        if let Some(exif) = &self.exif {
            let exif = settled_exif(exif.clone(), image.width(), image.height());
            chunks.extend(chunk(b"eXIf", &exif));
        }
        let turned = self.orientation() != Orientation::NoTransforms;
        let settled = |xmp: &Vec<u8>| settled_xmp(xmp, turned, image.width(), image.height());
        chunks.extend(self.xmp.as_ref().and_then(settled).iter().flat_map(|xmp| xmp_chunk(xmp)));
        chunks
    }
}

/// The TIFF structure of EXIF. Some programs leave the name that it has in a JPEG before it, which readers of a WebP or PNG
/// do not look for; what begins otherwise is no EXIF.
fn tiff_of(mut exif: Vec<u8>) -> Option<Vec<u8>> {
    if exif.starts_with(b"Exif\0\0") {
        exif.drain(..6);
    }
    (exif.starts_with(b"II*\0") || exif.starts_with(b"MM\0*")).then_some(exif)
}

/// The resolution in the JFIF header of a JPEG as the data of a `pHYs` chunk: pixels per metre.
fn density(jpeg: &[u8]) -> Option<[u8; 9]> {
    let header = jpeg.get(2..18)?;
    if !(header.starts_with(&[0xFF, 0xE0]) && header[4..9] == *b"JFIF\0") {
        return None;
    }
    let per_metre = match header[11] {
        1 => 100.0 / 2.54,
        2 => 100.0,
        _ => return None,
    };
    let along = |at: usize| {
        let density = u16::from_be_bytes([header[at], header[at + 1]]);
        ((f64::from(density) * per_metre).round() as u32).to_be_bytes()
    };
    let mut data = [1; 9];
    data[..4].copy_from_slice(&along(12));
    data[4..8].copy_from_slice(&along(14));
    // Without a resolution programs write 1 x 1.
    (u16::from_be_bytes([header[12], header[13]]) > 1).then_some(data)
}
