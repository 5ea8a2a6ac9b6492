//! Colours of the model on the brightness of the photo, at the photo's own size and depth.
//!
//! ```text
//! S = the channel sum of the photo's pixel, d = colour of the model - its channel mean
//! v = S/3 + t d,   t in [0, 1] the largest for which v is in range;   then whole numbers whose sum is S
//! ```
//! So a large photo stays as sharp as it was: what the eye sees sharply is brightness, and colours may be soft, as in every
//! JPEG. A pixel whose brightness leaves no room for its colour (white, black) loses colour, never brightness.

use ::image::{DynamicImage, ImageBuffer, Pixel, Primitive, Rgb, Rgba};

use crate::error::Result;
use crate::image::Picture;

/// `photo` with the colours of `colours`, which is resized to it. The sum of the channels of each pixel is the photo's,
/// to the last digit (three times its grey); alpha is kept.
///
/// # Errors
/// None for a photo that was loaded.
pub fn recolour(photo: &DynamicImage, colours: &Picture) -> Result<DynamicImage> {
    use DynamicImage::*;
    let colours = colours.resized(photo.height() as usize, photo.width() as usize)?;
    let depth = (255, 65_535);
    Ok(match photo {
        ImageLuma8(_) | ImageRgb8(_) => ImageRgb8(coloured(photo.to_rgb8(), &colours, depth.0)),
        ImageLumaA8(_) | ImageRgba8(_) => ImageRgba8(coloured(photo.to_rgba8(), &colours, depth.0)),
        ImageLumaA16(_) | ImageRgba16(_) => {
            ImageRgba16(coloured(photo.to_rgba16(), &colours, depth.1))
        }
        // No file that is read here holds floats.
        _ => ImageRgb16(coloured(photo.to_rgb16(), &colours, depth.1)),
    })
}

/// Pixels with red, green and blue, and perhaps alpha behind them.
trait Coloured: Pixel<Subpixel: Primitive + Into<u32> + TryFrom<u32>> {}
impl<T: Primitive + Into<u32> + TryFrom<u32>> Coloured for Rgb<T> where Rgb<T>: Pixel<Subpixel = T> {}
impl<T: Primitive + Into<u32> + TryFrom<u32>> Coloured for Rgba<T> where Rgba<T>: Pixel<Subpixel = T>
{}

fn coloured<P: Coloured>(
    mut image: ImageBuffer<P, Vec<P::Subpixel>>,
    colours: &Picture,
    most: u32,
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let plane = colours.height() * colours.width();
    for (at, pixel) in image.pixels_mut().enumerate() {
        let samples = &mut pixel.channels_mut()[..3];
        let sum = samples.iter().map(|&sample| sample.into()).sum();
        let colour = [0, 1, 2].map(|c| colours.data()[c * plane + at]);
        for (sample, value) in samples.iter_mut().zip(with_sum(sum, colour, most)) {
            // Never more than `most`, which fits.
            *sample = P::Subpixel::try_from(value).unwrap_or(*sample);
        }
    }
    image
}

/// Three numbers of 0..=`most` of mean `mean` with the colour of `colour` (0..1) as far as there is room.
pub(super) fn with_mean(mean: f64, colour: [f32; 3], most: f64) -> [f64; 3] {
    let grey = colour.iter().map(|&v| f64::from(v)).sum::<f64>() / 3.0;
    let away = colour.map(|v| (f64::from(v) - grey) * most);
    let room = |d: f64| match d {
        d if d > 0.0 => (most - mean) / d,
        d if d < 0.0 => mean / -d,
        _ => 1.0,
    };
    let t = away.iter().fold(1.0f64, |t, &d| t.min(room(d))).max(0.0);
    away.map(|d| (mean + t * d).clamp(0.0, most))
}

/// The same in whole numbers whose sum is `sum`.
fn with_sum(sum: u32, colour: [f32; 3], most: u32) -> [u32; 3] {
    let values = with_mean(f64::from(sum) / 3.0, colour, f64::from(most));
    // Down first; what is missing goes to those that lost most, at most one each but for rounding of f64.
    let mut whole = values.map(|v| v as u32);
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| (values[b].fract()).total_cmp(&values[a].fract()));
    let mut missing = sum.saturating_sub(whole.iter().sum());
    for &c in order.iter().cycle().take(9) {
        if missing > 0 && whole[c] < most {
            whole[c] += 1;
            missing -= 1;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{Luma, LumaA};

    #[test]
    fn every_sum_is_kept_whatever_the_colour() {
        for most in [255, 65_535] {
            for sum in (0..=3 * most).step_by(most as usize / 51 + 2).chain([1, 3 * most]) {
                for colour in [[1.0, 0.0, 0.0], [0.2, 0.9, 0.4], [0.5; 3], [0.0, 1.0, 1.0]] {
                    let values = with_sum(sum, colour, most);
                    assert_eq!(values.iter().sum::<u32>(), sum, "{colour:?} {values:?}");
                    assert!(values.iter().all(|&v| v <= most));
                }
            }
        }
    }

    #[test]
    fn a_colour_with_room_is_taken_whole_and_one_without_is_turned_down_not_cut() {
        assert_eq!(with_sum(300, [0.5, 0.3, 0.1], 255), [151, 100, 49]);
        // 0.4, 0, -0.4 of 255 about 204: there is room for half of it.
        assert_eq!(with_sum(612, [0.9, 0.5, 0.1], 255), [255, 204, 153]);
        assert_eq!(with_sum(765, [0.9, 0.5, 0.1], 255), [255; 3]);
        assert_eq!(with_sum(0, [0.9, 0.5, 0.1], 255), [0; 3]);
    }

    #[test]
    fn depth_alpha_and_brightness_are_the_photos() {
        let colours = Picture::constant(2, 2, [0.8, 0.5, 0.2]).unwrap();
        let n = |x: u32, y: u32| (900 * (x + 7 * y)) as u16;
        let photo = ImageBuffer::from_fn(7, 9, |x, y| LumaA([n(x, y), 77])).into();
        let DynamicImage::ImageRgba16(image) = recolour(&photo, &colours).unwrap() else {
            panic!("another kind");
        };
        for (x, y, pixel) in image.enumerate_pixels() {
            let sum: u32 = pixel.0[..3].iter().map(|&v| u32::from(v)).sum();
            assert_eq!((sum, pixel[3]), (3 * u32::from(n(x, y)), 77));
        }
        assert!(image.get_pixel(3, 4)[0] > image.get_pixel(3, 4)[2]);
        let photo: DynamicImage = ImageBuffer::from_pixel(3, 2, Luma([100u8])).into();
        assert!(matches!(recolour(&photo, &colours).unwrap(), DynamicImage::ImageRgb8(_)));
    }
}
