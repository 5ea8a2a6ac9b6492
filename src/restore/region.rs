//! A region of a photo that is mended by itself and put back at its place.

use std::fmt;
use std::str::FromStr;

use ::image::{DynamicImage, ImageBuffer, Pixel};

use crate::error::{Error, Result};

/// A rectangle in the pixels of the upright photo, `x,y,w,h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Region {
    /// # Errors
    /// A photo of `width` x `height` in which it does not lie.
    pub fn check(&self, width: usize, height: usize) -> Result<()> {
        let ends = |start: usize, length: usize| start.checked_add(length);
        let inside = ends(self.x, self.width).is_some_and(|end| end <= width)
            && ends(self.y, self.height).is_some_and(|end| end <= height);
        if !inside {
            let problem =
                format!("the photo is {width} x {height} pixels, it lies outside in part");
            let remedy = "give x,y,w,h within the upright photo";
            return Err(Error::input(format!("region {self}"), problem, remedy));
        }
        Ok(())
    }

    /// Whether the pixel in column `x` and row `y` is in it.
    pub fn holds(&self, x: usize, y: usize) -> bool {
        x.checked_sub(self.x).is_some_and(|x| x < self.width)
            && y.checked_sub(self.y).is_some_and(|y| y < self.height)
    }

    /// That part of `photo`, in which it lies.
    pub fn of(&self, photo: &DynamicImage) -> DynamicImage {
        // A photo's sides fit.
        let [x, y, width, height] =
            [self.x, self.y, self.width, self.height].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        photo.crop_imm(x, y, width, height)
    }

    /// That part of `pixels`, row by row of a photo `width` wide.
    pub fn of_pixels<T: Copy>(&self, pixels: &[T], width: usize) -> Vec<T> {
        let rows = pixels.chunks_exact(width).skip(self.y).take(self.height);
        rows.flat_map(|row| &row[self.x..self.x + self.width]).copied().collect()
    }

    /// `photo` with `part` in this place. A grey photo of which a part has colours now becomes one with colours, every
    /// value as it was.
    ///
    /// # Errors
    /// A part of another depth, or of another size than the region.
    pub fn put_back(&self, part: &DynamicImage, photo: &DynamicImage) -> Result<DynamicImage> {
        use DynamicImage::*;
        self.check(photo.width() as usize, photo.height() as usize)?;
        let part_size = (part.width() as usize, part.height() as usize);
        let photo = match (photo, part) {
            (ImageLuma8(_), ImageRgb8(_)) => ImageRgb8(photo.to_rgb8()),
            (ImageLumaA8(_), ImageRgba8(_)) => ImageRgba8(photo.to_rgba8()),
            (ImageLuma16(_), ImageRgb16(_)) => ImageRgb16(photo.to_rgb16()),
            (ImageLumaA16(_), ImageRgba16(_)) => ImageRgba16(photo.to_rgba16()),
            _ => photo.clone(),
        };
        Ok(match (photo, part) {
            _ if part_size != (self.width, self.height) => {
                let problem = format!("the part is {} x {} pixels", part_size.0, part_size.1);
                return Err(Error::input(format!("region {self}"), problem, "mend it at its size"));
            }
            (ImageLuma8(whole), ImageLuma8(part)) => ImageLuma8(self.replaced(whole, part)),
            (ImageLumaA8(whole), ImageLumaA8(part)) => ImageLumaA8(self.replaced(whole, part)),
            (ImageRgb8(whole), ImageRgb8(part)) => ImageRgb8(self.replaced(whole, part)),
            (ImageRgba8(whole), ImageRgba8(part)) => ImageRgba8(self.replaced(whole, part)),
            (ImageLuma16(whole), ImageLuma16(part)) => ImageLuma16(self.replaced(whole, part)),
            (ImageLumaA16(whole), ImageLumaA16(part)) => ImageLumaA16(self.replaced(whole, part)),
            (ImageRgb16(whole), ImageRgb16(part)) => ImageRgb16(self.replaced(whole, part)),
            (ImageRgba16(whole), ImageRgba16(part)) => ImageRgba16(self.replaced(whole, part)),
            (whole, part) => {
                let problem = format!("{:?} does not fit into {:?}", part.color(), whole.color());
                return Err(Error::input(format!("region {self}"), problem, "keep the depth"));
            }
        })
    }

    fn replaced<P: Pixel>(
        &self,
        mut whole: ImageBuffer<P, Vec<P::Subpixel>>,
        part: &ImageBuffer<P, Vec<P::Subpixel>>,
    ) -> ImageBuffer<P, Vec<P::Subpixel>> {
        let channels = usize::from(P::CHANNEL_COUNT);
        let stride = whole.width() as usize * channels;
        let columns = self.x * channels..(self.x + self.width) * channels;
        let rows = whole.chunks_exact_mut(stride).skip(self.y);
        for (row, new) in rows.zip(part.chunks_exact(self.width * channels)) {
            row[columns.clone()].copy_from_slice(new);
        }
        whole
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |problem: &str| {
            let remedy = "give x,y,w,h in pixels, as in 120,80,64,64";
            Error::input(format!("region `{text}`"), problem, remedy)
        };
        let numbers: Result<Vec<usize>, _> =
            text.split(',').map(|part| part.trim().parse::<usize>()).collect();
        match numbers.as_deref() {
            Ok([_, _, 0, _] | [_, _, _, 0]) => Err(bad("it has no pixels")),
            Ok(&[x, y, width, height]) => Ok(Self { x, y, width, height }),
            _ => Err(bad("it is not four whole numbers, 0 or more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{GrayAlphaImage, Luma, LumaA, Rgb, Rgba};

    #[test]
    fn what_is_no_region_is_refused_and_the_rest_is_read_back() {
        for text in ["", "1,2,3", "1,2,3,4,5", "-1,2,3,4", "a,2,3,4", "1.5,2,3,4", "1,2,0,4"] {
            let message = text.parse::<Region>().unwrap_err().to_string();
            assert!(message.contains("x,y,w,h"), "{message}");
        }
        assert_eq!("1, 2,3,4".parse::<Region>().unwrap().to_string(), "1,2,3,4");
    }

    #[test]
    fn a_region_lies_within_the_photo_or_is_an_error() {
        let region = |text: &str| text.parse::<Region>().unwrap();
        assert!(region("2,1,3,4").check(5, 5).is_ok());
        let huge = format!("1,1,{},1", usize::MAX);
        for text in ["3,1,3,4", "2,2,3,4", "9,9,1,1", &huge] {
            assert!(region(text).check(5, 5).unwrap_err().to_string().contains("5 x 5"), "{text}");
        }
    }

    #[test]
    fn all_but_the_region_keeps_every_bit_at_every_depth() {
        let region: Region = "2,1,3,4".parse().unwrap();
        let n = |x: u32, y: u32| (y * 7 + x) as u16;
        let photos: Vec<DynamicImage> = vec![
            ImageBuffer::from_fn(7, 6, |x, y| Luma([n(x, y) as u8])).into(),
            GrayAlphaImage::from_fn(7, 6, |x, y| LumaA([7, n(x, y) as u8])).into(),
            ImageBuffer::from_fn(7, 6, |x, y| Rgb([n(x, y) as u8, 1, 2])).into(),
            ImageBuffer::from_fn(7, 6, |x, y| Luma([n(x, y) + 40_000])).into(),
            ImageBuffer::from_fn(7, 6, |x, y| LumaA([n(x, y) + 40_000, 3])).into(),
            ImageBuffer::from_fn(7, 6, |x, y| Rgba([n(x, y) + 40_000, 1, 2, 3])).into(),
        ];
        for photo in photos {
            let part = region.of(&photo);
            assert_eq!(region.put_back(&part, &photo).unwrap(), photo);
            let other = region.put_back(&part.fliph(), &photo).unwrap();
            let bytes = usize::from(photo.color().bytes_per_pixel());
            let pairs = other.as_bytes().chunks(bytes).zip(photo.as_bytes().chunks(bytes));
            for (at, (new, old)) in pairs.enumerate() {
                let (x, y) = (at % 7, at / 7);
                // The middle column of three is its own mirror image.
                let changes = (x == 2 || x == 4) && (1..5).contains(&y);
                assert_eq!(new != old, changes, "{x} {y}");
            }
            assert!(region.put_back(&photo, &photo).is_err(), "another size");
        }
    }

    #[test]
    fn a_grey_photo_around_a_coloured_part_keeps_its_values() {
        let region: Region = "1,0,1,1".parse().unwrap();
        let photo = ImageBuffer::from_fn(3, 1, |x, _| Luma([40_000 + x as u16])).into();
        let part = ImageBuffer::from_pixel(1, 1, Rgb([1u16, 2, 3])).into();
        let DynamicImage::ImageRgb16(mended) = region.put_back(&part, &photo).unwrap() else {
            panic!("another kind");
        };
        assert_eq!(mended.as_raw()[..], [40_000, 40_000, 40_000, 1, 2, 3, 40_002, 40_002, 40_002]);
        let shallow = ImageBuffer::from_pixel(1, 1, Rgb([1u8, 2, 3])).into();
        assert!(region.put_back(&shallow, &photo).is_err());
    }

    #[test]
    fn the_same_part_is_cut_from_mask_and_photo() {
        let region: Region = "2,1,3,4".parse().unwrap();
        let photo: DynamicImage =
            ImageBuffer::from_fn(7, 6, |x, y| Luma([(y * 7 + x) as u8])).into();
        assert_eq!(region.of(&photo).as_bytes(), region.of_pixels(photo.as_bytes(), 7));
    }
}
