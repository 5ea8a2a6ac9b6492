//! What a file says beside its pixels, and the mended PNG goes on saying.
//!
//! | in the photo | in the PNG |
//! |---|---|
//! | ICC profile | `iCCP`, byte for byte; one for grey becomes one for colours where the picture got some |
//! | EXIF | `eXIf`, true of the new pixels (exif.rs) |
//! | XMP | `iTXt`, its orientation upright |
//! | resolution (JFIF, `pHYs`), gamma, primaries, comments of a PNG | the same chunks |
//!
//! IPTC, film and depth maps inside a JPEG have no place in a PNG and are left behind.

use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageFormat};

use super::chunks::{Beside, beside, chunk, xmp_chunk};
use super::exif::{settled_exif, settled_xmp};
use super::profile::Profile;

/// The profile and the metadata of a file.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    pub profile: Option<Profile>,
    /// A TIFF structure, as it stood in the file.
    pub exif: Option<Vec<u8>>,
    /// An XML packet, as it stood in the file.
    pub xmp: Option<Vec<u8>>,
    /// Further chunks for a PNG.
    chunks: Vec<u8>,
}

impl Carried {
    /// What `decoder` and the file itself tell. Damaged metadata does not make a picture unusable: it is left behind.
    pub(super) fn of(decoder: &mut impl ImageDecoder, bytes: &[u8], format: ImageFormat) -> Self {
        let profile = decoder.icc_profile().ok().flatten().map(Profile::new);
        let exif = decoder.exif_metadata().ok().flatten();
        let xmp = decoder.xmp_metadata().ok().flatten();
        let found = match format {
            ImageFormat::Png => beside(bytes),
            ImageFormat::Jpeg => {
                let chunks = density(bytes).map(|data| chunk(b"pHYs", &data)).unwrap_or_default();
                Beside { chunks, ..Beside::default() }
            }
            _ => Beside::default(),
        };
        Self {
            profile,
            exif: exif.or(found.exif),
            xmp: if format == ImageFormat::Png { found.xmp } else { xmp },
            chunks: found.chunks,
        }
    }

    /// How the pixels of the file are to be turned.
    pub(super) fn orientation(&self) -> Orientation {
        let exif = self.exif.as_deref().and_then(Orientation::from_exif_chunk);
        exif.unwrap_or(Orientation::NoTransforms)
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
        if let Some(xmp) = &self.xmp {
            chunks.extend(xmp_chunk(&settled_xmp(xmp.clone())));
        }
        chunks
    }
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
