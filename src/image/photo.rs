//! A decoded file: the pixels as the file holds them, and the same as a [`Picture`].

use std::path::PathBuf;

use ::image::{DynamicImage, ImageFormat};

use super::picture::{Picture, planes};
use crate::error::Result;

/// A decoded file, upright: the EXIF orientation has been applied.
#[derive(Debug, Clone)]
pub struct Photo {
    /// The pixels at the file's own depth and channels; of an animation, the first frame.
    pub original: DynamicImage,
    /// As found in the content, whatever the name says.
    pub format: ImageFormat,
    pub path: PathBuf,
}

impl Photo {
    /// `[3,H,W]` in `[0,1]`: grey as three equal channels, 16 bits at full precision, the colours under an alpha
    /// channel as they are (not composited: there is no background to put them on).
    ///
    /// Errors: [`Error::Input`](crate::error::Error::Input), only for a photo put together by hand from an empty image
    /// or from floats that are not finite; one that was loaded has neither.
    pub fn picture(&self) -> Result<Picture> {
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
        Photo { original: original.into(), format: ImageFormat::Png, path: "a.png".into() }
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
