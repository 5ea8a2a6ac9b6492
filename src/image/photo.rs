//! A decoded file: the pixels as the file holds them, and the same as a [`Picture`].

use std::path::PathBuf;

use ::image::{DynamicImage, ImageFormat};

use super::carried::Carried;
use super::picture::{Picture, planes};
use crate::error::Result;

/// A decoded file, upright: the orientation in its EXIF, or else in its XMP, has been applied.
#[derive(Debug, Clone)]
pub struct Photo {
    /// The pixels at the file's own depth and channels; of an animation, the first frame.
    pub original: DynamicImage,
    /// As found in the content, whatever the name says.
    pub format: ImageFormat,
    pub path: PathBuf,
    /// What the file says beside its pixels.
    pub carried: Carried,
}

impl Photo {
    /// What the model sees: [`Photo::values`] in sRGB, by the file's profile.
    ///
    /// Errors: as [`Photo::values`].
    pub fn picture(&self) -> Result<Picture> {
        Ok(self.in_srgb(self.values()?))
    }

    /// `values`, which are those of this file, in sRGB.
    pub fn in_srgb(&self, values: Picture) -> Picture {
        match &self.carried.profile {
            Some(profile) => profile.to_srgb(values),
            None => values,
        }
    }

    /// `original` with all else that is known of this photo: what became of it, or a part of it.
    pub fn with(&self, original: DynamicImage) -> Photo {
        let (path, carried) = (self.path.clone(), self.carried.clone());
        Photo { original, format: self.format, path, carried }
    }

    /// `picture`, which is in sRGB as the model makes it, in the values of this file.
    pub fn in_own_values(&self, picture: Picture) -> Picture {
        match &self.carried.profile {
            Some(profile) => profile.from_srgb(picture),
            None => picture,
        }
    }

    /// The values of the file, `[3,H,W]` in `[0,1]`: grey as three equal channels, 16 bits at full precision, the
    /// colours under an alpha channel as they are (not composited: there is no background to put them on).
    ///
    /// Errors: [`Error::Input`](crate::error::Error::Input), only for a photo put together by hand from an empty image
    /// or from floats that are not finite; one that was loaded has neither.
    pub fn values(&self) -> Result<Picture> {
        use DynamicImage::*;
        let data = match &self.original {
            ImageLuma8(image) => planes(image, 1, of_byte),
            ImageLumaA8(image) => planes(image, 2, of_byte),
            ImageRgb8(image) => planes(image, 3, of_byte),
            ImageRgba8(image) => planes(image, 4, of_byte),
            ImageLuma16(image) => planes(image, 1, of_word),
            ImageLumaA16(image) => planes(image, 2, of_word),
            ImageRgb16(image) => planes(image, 3, of_word),
            ImageRgba16(image) => planes(image, 4, of_word),
            other => planes(&other.to_rgb32f(), 3, |v| v),
        };
        Picture::new(self.original.height() as usize, self.original.width() as usize, data)
    }

    /// Whether it has no colour: one channel, or all channels equal wherever `counts` holds (row-major).
    pub fn is_grey(&self, counts: impl Fn(usize) -> bool) -> bool {
        use DynamicImage::*;
        match &self.original {
            ImageLuma8(_) | ImageLumaA8(_) | ImageLuma16(_) | ImageLumaA16(_) => true,
            ImageRgb8(image) => equal(image, 3, counts),
            ImageRgba8(image) => equal(image, 4, counts),
            ImageRgb16(image) => equal(image, 3, counts),
            ImageRgba16(image) => equal(image, 4, counts),
            _ => false,
        }
    }

    /// The alpha channel, `[H,W]` in `[0,1]` with 1 = opaque; `None` if the file has none.
    pub fn alpha(&self) -> Option<Vec<f32>> {
        use DynamicImage::*;
        match &self.original {
            ImageLumaA8(image) => Some(image.pixels().map(|p| of_byte(p[1])).collect()),
            ImageRgba8(image) => Some(image.pixels().map(|p| of_byte(p[3])).collect()),
            ImageLumaA16(image) => Some(image.pixels().map(|p| of_word(p[1])).collect()),
            ImageRgba16(image) => Some(image.pixels().map(|p| of_word(p[3])).collect()),
            ImageRgba32F(image) => Some(image.pixels().map(|p| p[3]).collect()),
            _ => None,
        }
    }
}

/// Whether the first three of `channels` interleaved samples are one value wherever `counts` holds.
fn equal<T: PartialEq>(raw: &[T], channels: usize, counts: impl Fn(usize) -> bool) -> bool {
    let pixels = raw.chunks_exact(channels).enumerate();
    pixels.into_iter().all(|(at, p)| (p[0] == p[1] && p[1] == p[2]) || !counts(at))
}

fn of_byte(v: u8) -> f32 {
    f32::from(v) / 255.0
}

fn of_word(v: u16) -> f32 {
    f32::from(v) / 65_535.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{GrayAlphaImage, ImageBuffer, Luma, Rgb32FImage, Rgba, RgbaImage};

    fn photo(original: impl Into<DynamicImage>) -> Photo {
        Photo {
            original: original.into(),
            format: ImageFormat::Png,
            path: "a.png".into(),
            carried: Carried::default(),
        }
    }

    #[test]
    fn a_photo_is_grey_when_every_pixel_that_counts_is() {
        let marked = photo(RgbaImage::from_fn(3, 1, |x, _| Rgba([9, 9, 9 + (x == 1) as u8, 7])));
        assert!(!marked.is_grey(|_| true) && marked.is_grey(|at| at != 1));
        assert!(photo(GrayAlphaImage::new(1, 1)).is_grey(|_| true));
    }

    #[test]
    fn grey_becomes_three_equal_channels() {
        let image = ImageBuffer::from_fn(3, 2, |x, y| Luma([(x * 40 + y) as u8]));
        let p = photo(image).picture().unwrap();
        let (red, rest) = p.data().split_at(6);
        assert!(red == &rest[..6] && red == &rest[6..]);
        assert_eq!(p.get(0, 1, 2), Some(81.0 / 255.0));
    }

    #[test]
    fn sixteen_bits_keep_their_neighbours_apart() {
        let image = ImageBuffer::from_fn(2, 1, |x, _| Luma([40_000 + x as u16]));
        let p = photo(image).picture().unwrap();
        assert_eq!(p.data()[..2], [40_000.0 / 65_535.0, 40_001.0 / 65_535.0]);
    }

    #[test]
    fn colours_under_alpha_are_taken_as_they_are() {
        let p = photo(RgbaImage::from_pixel(1, 1, Rgba([255, 51, 0, 0])));
        assert_eq!(p.picture().unwrap().data(), [1.0, 0.2, 0.0]);
        assert_eq!(p.alpha(), Some(vec![0.0]));
    }

    #[test]
    fn alpha_is_one_number_a_pixel_or_nothing() {
        let p = photo(GrayAlphaImage::from_fn(2, 2, |x, _| ::image::LumaA([9, 255 * x as u8])));
        assert_eq!(p.alpha(), Some(vec![0.0, 1.0, 0.0, 1.0]));
        assert_eq!(photo(::image::RgbImage::new(2, 2)).alpha(), None);
    }

    #[test]
    fn an_empty_or_nonfinite_image_made_by_hand_is_an_error() {
        assert!(photo(::image::RgbImage::new(0, 3)).picture().is_err());
        let nan = Rgb32FImage::from_pixel(1, 1, ::image::Rgb([f32::NAN; 3]));
        assert!(photo(nan).picture().is_err());
    }
}
