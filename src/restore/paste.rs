//! A picture of the model in the photo itself, at the photo's own depth and channels: in its hole, where known pixels keep
//! every bit, or in all of it.

use ::image::{DynamicImage, ImageBuffer, Pixel};

use crate::error::{Error, Result};
use crate::image::Picture;

/// `photo` with its missing pixels taken from `fill`, which is resized to the photo; `known` `[H, W]`.
///
/// A filled pixel of a grey photo is the mean of the channels; one under an alpha channel becomes opaque.
///
/// # Errors
/// `known` of another size.
pub fn paste(photo: &DynamicImage, known: &[bool], fill: Picture) -> Result<DynamicImage> {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    if known.len() != width * height {
        let problem = format!("it has {} pixels, the photo {width} x {height}", known.len());
        return Err(Error::input("mask", problem, "make it as large as the photo"));
    }
    painted(photo, fill, Paint { changes: &|at| !known[at], opaque: true })
}

/// `photo` with every pixel taken from `picture`, which is resized to it: its depth, channels and alpha are kept.
///
/// # Errors
/// None for a photo that was loaded.
pub fn repaint(photo: &DynamicImage, picture: Picture) -> Result<DynamicImage> {
    painted(photo, picture, Paint { changes: &|_| true, opaque: false })
}

/// Which pixels are painted, by their place, and whether they become opaque.
#[derive(Clone, Copy)]
struct Paint<'a> {
    changes: &'a dyn Fn(usize) -> bool,
    opaque: bool,
}

fn painted(photo: &DynamicImage, picture: Picture, paint: Paint) -> Result<DynamicImage> {
    use DynamicImage::*;
    let picture = picture.into_resized(photo.height() as usize, photo.width() as usize)?;
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let word = |v: f32| (v.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
    Ok(match photo.clone() {
        ImageLuma8(image) => ImageLuma8(filled(image, &picture, paint, byte)),
        ImageLumaA8(image) => ImageLumaA8(filled(image, &picture, paint, byte)),
        ImageRgb8(image) => ImageRgb8(filled(image, &picture, paint, byte)),
        ImageRgba8(image) => ImageRgba8(filled(image, &picture, paint, byte)),
        ImageLuma16(image) => ImageLuma16(filled(image, &picture, paint, word)),
        ImageLumaA16(image) => ImageLumaA16(filled(image, &picture, paint, word)),
        ImageRgb16(image) => ImageRgb16(filled(image, &picture, paint, word)),
        ImageRgba16(image) => ImageRgba16(filled(image, &picture, paint, word)),
        // No file that is read here holds floats.
        other => ImageRgb16(filled(other.to_rgb16(), &picture, paint, word)),
    })
}

fn filled<P: Pixel>(
    mut image: ImageBuffer<P, Vec<P::Subpixel>>,
    picture: &Picture,
    paint: Paint,
    value: impl Fn(f32) -> P::Subpixel,
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let plane = picture.height() * picture.width();
    let channels = usize::from(P::CHANNEL_COUNT);
    let colours = if channels < 3 { 1 } else { 3 };
    for (at, pixel) in image.pixels_mut().enumerate().filter(|(at, _)| (paint.changes)(*at)) {
        let colour = [0, 1, 2].map(|c| picture.data()[c * plane + at]);
        let grey = (colour[0] + colour[1] + colour[2]) / 3.0;
        for (c, sample) in pixel.channels_mut().iter_mut().enumerate() {
            *sample = match c {
                _ if c >= colours && paint.opaque => value(1.0),
                _ if c >= colours => *sample,
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
            let mended = paste(&photo, &known, fill.clone()).unwrap();
            assert_eq!(mended.color(), photo.color());
            let bytes = usize::from(photo.color().bytes_per_pixel());
            let pairs = mended.as_bytes().chunks(bytes).zip(photo.as_bytes().chunks(bytes));
            for ((new, old), known) in pairs.zip(&known) {
                assert_eq!(new == old, *known, "{:?}", photo.color());
            }
        }
    }

    #[test]
    fn a_repainted_photo_keeps_depth_channels_and_alpha() {
        let picture = Picture::constant(1, 1, [0.0, 0.5, 1.0]).unwrap();
        let grey: DynamicImage = GrayAlphaImage::from_pixel(2, 1, LumaA([9, 7])).into();
        assert_eq!(repaint(&grey, picture.clone()).unwrap().as_bytes(), [128, 7, 128, 7]);
        let deep: DynamicImage = ImageBuffer::from_pixel(1, 1, Rgba([9u16, 9, 9, 40_000])).into();
        let expected: DynamicImage =
            ImageBuffer::from_pixel(1, 1, Rgba([0u16, 32_768, 65_535, 40_000])).into();
        assert_eq!(repaint(&deep, picture).unwrap(), expected);
    }

    #[test]
    fn a_filled_pixel_is_opaque_and_grey_where_the_photo_is() {
        let fill = Picture::constant(1, 2, [0.0, 0.5, 1.0]).unwrap();
        let photo = GrayAlphaImage::from_pixel(2, 1, LumaA([9, 0])).into();
        let mended = paste(&photo, &[true, false], fill.clone()).unwrap();
        assert_eq!(mended.as_bytes(), [9, 0, 128, 255]);
        assert!(paste(&photo, &[true], fill).is_err());
    }
}
