//! A round trip through a JPEG file.
//!
//! ```text
//! x --8 bits--> encode at quality q --> decode --> y
//! ```
//! Baseline, colours at full resolution (4:4:4), the quantisation tables of the standard scaled as libjpeg scales them.
//! Another version of the codec may round a level differently; the evidence is the copy, never a fresh one.

use std::io::Cursor;

use ::image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use ::image::{DynamicImage, ImageResult, RgbImage};
use rand_chacha::ChaCha8Rng;

use super::Corruption;
use crate::error::{Error, Result};
use crate::image::Picture;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jpeg {
    quality: u8,
}

impl Jpeg {
    /// Of quality 1 (worst) to 100 (best).
    ///
    /// # Errors
    /// Any other quality.
    pub fn new(quality: u8) -> Result<Self> {
        if (1..=100).contains(&quality) {
            return Ok(Self { quality });
        }
        Err(Error::input(
            format!("JPEG quality {quality}"),
            "it is not in 1..=100",
            "give 10 for heavy compression, 75 for a usual one",
        ))
    }
}

impl Corruption for Jpeg {
    fn corrupt(&self, picture: &Picture, _: &mut ChaCha8Rng) -> Result<Picture> {
        let copy = round_trip(&picture.to_rgb8(), self.quality).map_err(|source| {
            Error::input(
                format!("{} x {} pixels as JPEG", picture.width(), picture.height()),
                source.to_string(),
                "use a picture with sides of at most 65535 pixels",
            )
        })?;
        Picture::from_rgb8(&copy)
    }
}

fn round_trip(image: &RgbImage, quality: u8) -> ImageResult<RgbImage> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image)?;
    Ok(DynamicImage::from_decoder(JpegDecoder::new(Cursor::new(bytes))?)?.to_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::stream;

    fn error_at(quality: u8, picture: &Picture) -> f32 {
        let copy = Jpeg::new(quality).unwrap().corrupt(picture, &mut stream(1, "jpeg")).unwrap();
        assert_eq!((copy.height(), copy.width()), (picture.height(), picture.width()));
        let squares = copy.data().iter().zip(picture.data()).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f32>() / picture.data().len() as f32
    }

    #[test]
    fn a_lower_quality_loses_more_and_the_best_almost_nothing() {
        let wave = |i: usize| 0.5 + 0.4 * ((i % 37) as f32 / 5.0 + (i / 37) as f32 / 7.0).sin();
        let picture = Picture::new(21, 37, (0..3 * 21 * 37).map(wave).collect()).unwrap();
        let errors = [100, 60, 10, 1].map(|quality| error_at(quality, &picture));
        assert!(errors.is_sorted() && errors[0] < 1e-4 && errors[3] > 1e-3, "{errors:?}");
    }

    #[test]
    fn qualities_out_of_range_are_errors() {
        for quality in [0, 101] {
            assert!(Jpeg::new(quality).unwrap_err().to_string().contains(&quality.to_string()));
        }
    }
}
