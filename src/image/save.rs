//! Pictures become PNG files.

use std::path::Path;

use ::image::codecs::png::PngEncoder;
use ::image::{DynamicImage, ImageEncoder};

use super::carried::Carried;
use super::chunks::inserted;

use crate::error::{Error, Result};
use crate::store::write_atomically;

/// Writes `image` (an `RgbImage` or a `DynamicImage`, at its own depth and channels) as the PNG file `path`, whole or
/// not at all; missing folders are created.
///
/// Errors: [`Error::Picture`] if PNG cannot hold it (it is empty or of floats); [`Error::Write`].
pub fn save_png(path: impl AsRef<Path>, image: impl Into<DynamicImage>) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, &png_bytes(path, image)?)
}

/// What [`save_png`] writes; `path` is only named in errors.
///
/// Errors: [`Error::Picture`] if PNG cannot hold the image.
pub fn png_bytes(path: &Path, image: impl Into<DynamicImage>) -> Result<Vec<u8>> {
    photo_png_bytes(path, &image.into(), &Carried::default())
}

/// Writes `image` as [`save_png`] does, with the profile and the metadata of the photo that it was made of. `image` is
/// upright, and what goes with it says so.
///
/// Errors: as [`save_png`].
pub fn save_photo(path: impl AsRef<Path>, image: &DynamicImage, carried: &Carried) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, &photo_png_bytes(path, image, carried)?)
}

pub(super) fn photo_png_bytes(
    path: &Path,
    image: &DynamicImage,
    carried: &Carried,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    if let Some(profile) = carried.profile_for(image) {
        // PNG always has a place for it.
        let _ = encoder.set_icc_profile(profile);
    }
    image.write_with_encoder(encoder).map_err(|err| {
        let size = format!("{} x {} pixels of {:?}", image.width(), image.height(), image.color());
        Error::picture(
            path,
            format!("{size} cannot be saved as PNG ({err})"),
            "convert to 8 or 16 bits a channel",
        )
    })?;
    Ok(inserted(bytes, &carried.chunks_for(image)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Picture, load};
    use ::image::{Rgb, Rgb32FImage, RgbImage, Rgba, Rgba32FImage};

    #[test]
    fn a_picture_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/a.png");
        let image = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8 * 30, y as u8 * 50, 200]));
        let picture = Picture::from_rgb8(&image).unwrap();
        save_png(&path, picture.to_rgb8()).unwrap();
        assert_eq!(load(&path).unwrap().picture().unwrap(), picture);
    }

    #[test]
    fn sixteen_bits_and_alpha_survive_their_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let image = ::image::ImageBuffer::from_fn(4, 4, |x, y| {
            Rgba([40_000 + x as u16, y as u16, 65_535, 30_001 * (x as u16 % 2)])
        });
        let image = DynamicImage::ImageRgba16(image);
        save_png(&path, image.clone()).unwrap();
        assert_eq!(load(&path).unwrap().original, image);
    }

    #[test]
    fn what_png_cannot_hold_is_an_error_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        assert!(save_png(&path, RgbImage::new(0, 0)).is_err());
        for image in [
            DynamicImage::from(Rgb32FImage::new(2, 2)),
            DynamicImage::from(Rgba32FImage::new(2, 2)),
        ] {
            let err = save_png(&path, image).unwrap_err().to_string();
            assert!(err.contains("2 x 2") && err.contains("16 bits"), "{err}");
        }
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
    }
}
