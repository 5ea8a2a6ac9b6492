//! One picture in memory: RGB, planar `[3,H,W]`, nominally in `[0,1]`.

use ::image::imageops::{self, FilterType};
use ::image::{Rgb, Rgb32FImage, RgbImage};

use crate::error::{Error, Result};

/// An RGB picture as the networks see it: `data[(c * height + y) * width + x]`, never empty, every value finite.
///
/// Values are nominally in `[0,1]`. A model may overshoot a little and the picture keeps what it was given;
/// [`Picture::to_rgb8`] and [`Picture::resized`] clamp.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    height: usize,
    width: usize,
    data: Vec<f32>,
}

impl Picture {
    /// A picture of `data`, `[3, height, width]`.
    ///
    /// Errors: [`Error::Input`] if a side is zero, the length is not `3 * height * width`, or a value is not finite.
    pub fn new(height: usize, width: usize, data: Vec<f32>) -> Result<Self> {
        let wanted = values(height, width)?;
        if data.len() != wanted {
            return Err(Error::input(
                "picture",
                format!("{} values were given for {width} x {height} pixels", data.len()),
                format!("give 3 x {height} x {width} = {wanted} values"),
            ));
        }
        if let Some(at) = data.iter().position(|v| !v.is_finite()) {
            return Err(Error::input(
                "picture",
                format!("value {at} is {}", data[at]),
                "give finite values; a model that makes others has diverged, lower its learning rate",
            ));
        }
        Ok(Self { height, width, data })
    }

    /// A picture of one colour. Errors: as [`Picture::new`].
    pub fn constant(height: usize, width: usize, colour: [f32; 3]) -> Result<Self> {
        // Before the allocation, so that an absurd size is an error and not an abort.
        let plane = values(height, width)? / 3;
        let data = colour.iter().flat_map(|&c| std::iter::repeat_n(c, plane)).collect();
        Self::new(height, width, data)
    }

    /// The picture of 8-bit RGB: `v / 255`. Errors: [`Error::Input`] if a side is zero.
    pub fn from_rgb8(image: &RgbImage) -> Result<Self> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        Self::new(height, width, planes(image.as_raw(), 3, |v| f32::from(v) / 255.0))
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// `[3, height, width]`, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The value of channel `c` (0 red, 1 green, 2 blue) at row `y`, column `x`; `None` outside the picture.
    pub fn get(&self, c: usize, y: usize, x: usize) -> Option<f32> {
        let inside = c < 3 && y < self.height && x < self.width;
        inside.then(|| self.data[(c * self.height + y) * self.width + x])
    }

    /// Mirrored left to right.
    pub fn flipped(&self) -> Self {
        let rows = self.data.chunks_exact(self.width);
        let data = rows.flat_map(|row| row.iter().rev().copied()).collect();
        Self { data, ..*self }
    }

    /// A copy with the pixels for which `which` holds (row-major, `y * width + x`) in one colour.
    #[must_use]
    pub fn painted(&self, which: impl Fn(usize) -> bool, colour: [f32; 3]) -> Self {
        let plane = self.height * self.width;
        let value = |(at, &v): (usize, &f32)| {
            if which(at % plane) { colour[at / plane] } else { v }
        };
        Self { data: self.data.iter().enumerate().map(value).collect(), ..*self }
    }

    /// Scaled to `height` x `width` (the aspect may change) by an antialiased Lanczos-3 filter, clamped to `[0,1]`.
    ///
    /// The picture's own size gives back the same bits, unclamped. Errors: [`Error::Input`] if a side is zero or over
    /// the range of `u32`.
    pub fn resized(&self, height: usize, width: usize) -> Result<Self> {
        if (height, width) == (self.height, self.width) {
            return Ok(self.clone());
        }
        self.scaled(height, width)
    }

    /// [`resized`](Picture::resized) without a copy of a picture that has the size already.
    ///
    /// Errors: as there.
    pub fn into_resized(self, height: usize, width: usize) -> Result<Self> {
        match (height, width) == (self.height, self.width) {
            true => Ok(self),
            false => self.scaled(height, width),
        }
    }

    fn scaled(&self, height: usize, width: usize) -> Result<Self> {
        values(height, width)?;
        let (Some(source), Ok(h), Ok(w)) =
            (self.to_rgb32f(), u32::try_from(height), u32::try_from(width))
        else {
            return Err(Error::input(
                "size of a picture",
                format!("{width} x {height} is too large"),
                "choose a smaller size",
            ));
        };
        // In f32 throughout: by way of 8 bits, small differences between two restorations would be rounded away.
        let scaled = imageops::resize(&source, w, h, FilterType::Lanczos3);
        Self::new(height, width, planes(scaled.as_raw(), 3, |v: f32| v.clamp(0.0, 1.0)))
    }

    /// The mean of the three channels at each pixel, `[height, width]`: the grey of a colourless copy.
    pub fn channel_mean(&self) -> Vec<f32> {
        let (red, rest) = self.data.split_at(self.data.len() / 3);
        let (green, blue) = rest.split_at(rest.len() / 2);
        red.iter().zip(green).zip(blue).map(|((r, g), b)| (r + g + b) / 3.0).collect()
    }

    /// Without colour: its [`channel_mean`](Picture::channel_mean) in all three channels.
    #[must_use]
    pub fn greyed(&self) -> Self {
        Self { data: self.channel_mean().repeat(3), ..*self }
    }

    /// Brought to `[0,1]` by its own minimum and maximum over all channels, so that hue is kept and faint structure
    /// shows. A picture of one value stays as it is.
    pub fn stretched(&self) -> Self {
        // In f64, where the difference of any two f32 is finite.
        let (low, high) =
            self.data.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| {
                (l.min(f64::from(v)), h.max(f64::from(v)))
            });
        if high <= low {
            return self.clone();
        }
        let stretch = |&v: &f32| ((f64::from(v) - low) / (high - low)) as f32;
        Self { data: self.data.iter().map(stretch).collect(), ..*self }
    }

    /// 8-bit RGB: clamped to `[0,1]`, then rounded half up. An 8-bit picture comes back exactly.
    pub fn to_rgb8(&self) -> RgbImage {
        // A side over `u32` needs more than 48 GB of data; the saturation only keeps the conversion total.
        let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        RgbImage::from_fn(side(self.width), side(self.height), |x, y| {
            Rgb(self.pixel(y as usize, x as usize).map(byte))
        })
    }

    /// `None` if a side is over the range of `u32`.
    fn to_rgb32f(&self) -> Option<Rgb32FImage> {
        let (w, h) = (u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?);
        Some(Rgb32FImage::from_fn(w, h, |x, y| Rgb(self.pixel(y as usize, x as usize))))
    }

    fn pixel(&self, y: usize, x: usize) -> [f32; 3] {
        let (plane, at) = (self.height * self.width, y * self.width + x);
        [0, 1, 2].map(|c| self.data[c * plane + at])
    }
}

/// `3 * height * width`, or the error that says why there is no such picture.
fn values(height: usize, width: usize) -> Result<usize> {
    let bytes = height.checked_mul(width).and_then(|n| n.checked_mul(3 * size_of::<f32>()));
    match bytes {
        Some(bytes) if bytes > 0 && bytes <= isize::MAX as usize => Ok(bytes / size_of::<f32>()),
        _ => Err(Error::input(
            "size of a picture",
            format!("{width} x {height} pixels cannot be held"),
            "choose sides of at least 1 and at most some thousands of pixels",
        )),
    }
}

/// The first three of `channels` interleaved samples as planes, `[3,H,W]`; grey (1 or 2 channels) three times.
pub(super) fn planes<T: Copy>(raw: &[T], channels: usize, value: impl Fn(T) -> f32) -> Vec<f32> {
    let mut data = Vec::with_capacity(raw.len() / channels * 3);
    for c in 0..3 {
        let c = if channels < 3 { 0 } else { c };
        data.extend(raw.chunks_exact(channels).map(|pixel| value(pixel[c])));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture without symmetry: every value differs from its neighbours.
    fn ramp(height: usize, width: usize) -> Picture {
        let n = 3 * height * width;
        Picture::new(height, width, (0..n).map(|i| i as f32 / n as f32).collect()).unwrap()
    }

    #[test]
    fn wrong_length_and_nonfinite_values_and_absurd_sizes_are_errors() {
        for (h, w, n) in [(2, 2, 11), (0, 4, 0), (usize::MAX, 2, 6), (1 << 40, 1 << 40, 0)] {
            assert!(Picture::new(h, w, vec![0.0; n]).is_err());
        }
        assert!(Picture::new(1, 1, vec![0.0, f32::NAN, 0.0]).is_err());
        assert!(Picture::new(1, 1, vec![0.0, f32::INFINITY, 0.0]).is_err());
        assert!(Picture::constant(0, 3, [0.0; 3]).is_err());
        assert!(Picture::constant(usize::MAX, usize::MAX, [0.0; 3]).is_err());
        assert!(ramp(2, 2).resized(0, 5).is_err());
        assert!(ramp(2, 2).resized(usize::MAX, 1).is_err());
        assert!(Picture::from_rgb8(&RgbImage::new(0, 0)).is_err());
    }

    #[test]
    fn every_byte_survives_the_way_through_floats() {
        let image = RgbImage::from_fn(16, 16, |x, y| {
            let v = (y * 16 + x) as u8;
            Rgb([v, 255 - v, v ^ 0x55])
        });
        assert_eq!(Picture::from_rgb8(&image).unwrap().to_rgb8(), image);
    }

    #[test]
    fn bytes_are_rounded_half_up_and_clamped() {
        let p = Picture::new(1, 1, vec![0.5 / 255.0, -3.0, 1e30]).unwrap();
        assert_eq!(p.to_rgb8().get_pixel(0, 0).0, [1, 0, 255]);
    }

    #[test]
    fn get_follows_the_planar_order_and_ends_at_the_border() {
        let p = ramp(2, 3);
        assert_eq!(p.get(1, 1, 2), Some(p.data()[6 + 3 + 2]));
        assert!(p.get(3, 0, 0).is_none() && p.get(0, 2, 0).is_none() && p.get(0, 0, 3).is_none());
    }

    #[test]
    fn flipping_mirrors_columns_and_twice_is_the_identity() {
        let p = ramp(4, 5);
        assert_eq!(p.flipped().get(2, 3, 0), p.get(2, 3, 4));
        assert_ne!(p.flipped(), p);
        assert_eq!(p.flipped().flipped(), p);
    }

    #[test]
    fn a_constant_stays_constant_when_resized() {
        let p = Picture::constant(13, 7, [0.2, 0.5, 1.0]).unwrap();
        for (h, w) in [(1, 1), (5, 30), (64, 64), (13, 8)] {
            let r = p.resized(h, w).unwrap();
            assert_eq!((r.height(), r.width(), r.data().len()), (h, w, 3 * h * w));
            for (plane, want) in r.data().chunks(h * w).zip([0.2, 0.5, 1.0]) {
                assert!(plane.iter().all(|v| (v - want).abs() < 1e-5), "{h} x {w}");
            }
        }
    }

    #[test]
    fn resizing_to_the_same_size_keeps_every_bit_and_elsewhere_stays_in_range() {
        let p = Picture::new(2, 2, vec![1.5; 12]).unwrap();
        assert_eq!(p.resized(2, 2).unwrap(), p);
        // A hard edge makes Lanczos ring beyond the range.
        let edge = (0..3 * 64).map(|i| if i % 8 < 4 { 0.0 } else { 1.0 }).collect();
        let r = Picture::new(8, 8, edge).unwrap().resized(29, 31).unwrap();
        assert!(r.data().iter().all(|v| (0.0..=1.0).contains(v)));
    }

    #[test]
    fn shrinking_averages_instead_of_skipping_pixels() {
        let checks = (0..3 * 256).map(|i| ((i / 16 + i % 16) % 2) as f32).collect();
        let r = Picture::new(16, 16, checks).unwrap().resized(4, 4).unwrap();
        assert!(r.data().iter().all(|v| (v - 0.5).abs() < 0.05));
    }

    #[test]
    fn channel_mean_is_the_grey_at_each_pixel() {
        let p = Picture::new(1, 2, vec![0.0, 0.3, 0.6, 0.3, 0.9, 0.3]).unwrap();
        let mean = p.channel_mean();
        assert_eq!(mean.len(), 2);
        assert!((mean[0] - 0.5).abs() < 1e-6 && (mean[1] - 0.3).abs() < 1e-6);
    }

    #[test]
    fn stretching_reaches_both_ends_and_leaves_a_flat_picture_alone() {
        let s = Picture::new(1, 1, vec![0.4, 0.5, 0.6]).unwrap().stretched();
        assert!((s.data()[1] - 0.5).abs() < 1e-6 && s.data()[0] == 0.0 && s.data()[2] == 1.0);
        let flat = Picture::constant(3, 3, [0.4; 3]).unwrap();
        assert_eq!(flat.stretched(), flat);
        let wide = Picture::new(1, 1, vec![f32::MIN, 0.0, f32::MAX]).unwrap().stretched();
        assert_eq!(wide.data(), [0.0, 0.5, 1.0]);
    }
}
