//! The hole filled in the photo itself: known pixels keep every bit, at the photo's own depth and channels.

use ::image::{DynamicImage, ImageBuffer, Pixel};

use crate::error::{Error, Result};
use crate::image::Picture;

/// `photo` with its missing pixels taken from `fill`, which is resized to the photo; `known` `[H, W]`.
///
/// A filled pixel of a grey photo is the mean of the channels; one under an alpha channel becomes opaque.
///
/// # Errors
/// `known` of another size.
pub fn paste(photo: &DynamicImage, known: &[bool], fill: &Picture) -> Result<DynamicImage> {
    use DynamicImage::*;
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    if known.len() != width * height {
        let problem = format!("it has {} pixels, the photo {width} x {height}", known.len());
        return Err(Error::input("mask", problem, "make it as large as the photo"));
    }
    let fill = fill.resized(height, width)?;
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let word = |v: f32| (v.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
    Ok(match photo.clone() {
        ImageLuma8(image) => ImageLuma8(filled(image, known, &fill, byte)),
        ImageLumaA8(image) => ImageLumaA8(filled(image, known, &fill, byte)),
        ImageRgb8(image) => ImageRgb8(filled(image, known, &fill, byte)),
        ImageRgba8(image) => ImageRgba8(filled(image, known, &fill, byte)),
        ImageLuma16(image) => ImageLuma16(filled(image, known, &fill, word)),
        ImageLumaA16(image) => ImageLumaA16(filled(image, known, &fill, word)),
        ImageRgb16(image) => ImageRgb16(filled(image, known, &fill, word)),
        ImageRgba16(image) => ImageRgba16(filled(image, known, &fill, word)),
        // No file that is read here holds floats.
        other => ImageRgb16(filled(other.to_rgb16(), known, &fill, word)),
    })
}

fn filled<P: Pixel>(
    mut image: ImageBuffer<P, Vec<P::Subpixel>>,
    known: &[bool],
    fill: &Picture,
    value: impl Fn(f32) -> P::Subpixel,
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let plane = known.len();
    let channels = usize::from(P::CHANNEL_COUNT);
    let colours = if channels < 3 { 1 } else { 3 };
    for (at, pixel) in image.pixels_mut().enumerate().filter(|(at, _)| !known[*at]) {
        let colour = [0, 1, 2].map(|c| fill.data()[c * plane + at]);
        let grey = (colour[0] + colour[1] + colour[2]) / 3.0;
        for (c, sample) in pixel.channels_mut().iter_mut().enumerate() {
            *sample = match c {
                _ if c >= colours => value(1.0),
                _ if colours == 1 => value(grey),
                _ => value(colour[c]),
            };
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{GrayAlphaImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};

    #[test]
    fn known_pixels_keep_every_bit_at_every_depth() {
        let known: Vec<bool> = (0..30).map(|at| at % 3 != 0).collect();
        let fill = Picture::constant(4, 4, [0.2, 0.4, 0.9]).unwrap();
        let n = |x: u32, y: u32| (y * 5 + x) as u16;
        let photos: Vec<DynamicImage> = vec![
            ImageBuffer::from_fn(5, 6, |x, y| Luma([n(x, y) as u8])).into(),
            GrayAlphaImage::from_fn(5, 6, |x, y| LumaA([7, n(x, y) as u8])).into(),
            ImageBuffer::from_fn(5, 6, |x, y| Rgb([n(x, y) as u8, 1, 2])).into(),
            ImageBuffer::from_fn(5, 6, |x, y| Rgba([n(x, y) as u8, 1, 2, 9])).into(),
            ImageBuffer::from_fn(5, 6, |x, y| Luma([n(x, y) + 40_000])).into(),
            ImageBuffer::from_fn(5, 6, |x, y| Rgb([n(x, y) + 40_000, 1, 2])).into(),
            ImageBuffer::from_fn(5, 6, |x, y| Rgba([n(x, y) + 40_000, 1, 2, 3])).into(),
        ];
        for photo in photos {
            let mended = paste(&photo, &known, &fill).unwrap();
            assert_eq!(mended.color(), photo.color());
            let bytes = usize::from(photo.color().bytes_per_pixel());
            let pairs = mended.as_bytes().chunks(bytes).zip(photo.as_bytes().chunks(bytes));
            for ((new, old), known) in pairs.zip(&known) {
                assert_eq!(new == old, *known, "{:?}", photo.color());
            }
        }
    }

    #[test]
    fn a_filled_pixel_is_opaque_and_grey_where_the_photo_is() {
        let fill = Picture::constant(1, 2, [0.0, 0.5, 1.0]).unwrap();
        let photo = GrayAlphaImage::from_pixel(2, 1, LumaA([9, 0])).into();
        let mended = paste(&photo, &[true, false], &fill).unwrap();
        assert_eq!(mended.as_bytes(), [9, 0, 128, 255]);
        assert!(paste(&photo, &[true], &fill).is_err());
    }
}
