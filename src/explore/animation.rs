//! Frames as an animated GIF.
//!
//! A GIF and not an APNG: it moves wherever a picture can be shown, in mail and chats too, and its 256 colours a frame are
//! enough for a look; the strip beside it has them all. Written by the crate `gif` and not by that feature of `image`, which
//! would make GIFs pictures to learn from and to mend, too.

use std::path::Path;

use ::image::RgbImage;
use gif::{Encoder, Frame, Repeat};

use crate::error::{Error, Result};

/// Of colours: 1 is best and slowest, 30 worst; above 10 colours of neighbouring frames differ enough to flicker.
const SPEED: i32 = 10;

/// A GIF that goes round and round; each of `frames`, all of one size, with the hundredths of a second that it stays.
/// `path` is named in errors.
///
/// # Errors
/// No frames, frames of different sizes, or larger than 65,535 pixels a side.
pub fn gif_bytes(path: &Path, frames: &[(RgbImage, u16)]) -> Result<Vec<u8>> {
    let cannot = |problem: String| {
        Error::picture(path, problem, "take frames of one size, of 65,535 pixels a side at most")
    };
    let size = frames.first().map(|(frame, _)| frame.dimensions());
    let (width, height) = size.ok_or_else(|| cannot("it would have no frame".into()))?;
    if frames.iter().any(|(frame, _)| frame.dimensions() != (width, height)) {
        return Err(cannot("its frames have different sizes".into()));
    }
    let (Ok(w), Ok(h)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(cannot(format!("{width} x {height} pixels are too many for a GIF")));
    };
    let wrong = |e: gif::EncodingError| cannot(format!("it cannot be encoded ({e})"));
    let mut bytes = Vec::new();
    {
        let mut encoder = Encoder::new(&mut bytes, w, h, &[]).map_err(wrong)?;
        encoder.set_repeat(Repeat::Infinite).map_err(wrong)?;
        for (frame, hundredths) in frames {
            let mut frame = Frame::from_rgb_speed(w, h, frame.as_raw(), SPEED);
            frame.delay = *hundredths;
            encoder.write_frame(&frame).map_err(wrong)?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::Rgb;

    #[test]
    fn every_frame_comes_back_in_its_colours_and_time() {
        let frame = |c: u8| RgbImage::from_fn(6, 4, |x, _| Rgb([c, 40 * x as u8, 200]));
        let frames = [(frame(0), 50), (frame(120), 4), (frame(255), 50)];
        let bytes = gif_bytes(Path::new("a.gif"), &frames).unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(&bytes[..]).unwrap();
        assert_eq!((decoder.width(), decoder.height(), decoder.repeat()), (6, 4, Repeat::Infinite));
        for (image, delay) in &frames {
            let found = decoder.read_next_frame().unwrap().unwrap();
            assert_eq!(found.delay, *delay);
            for (a, b) in found.buffer.chunks(4).zip(image.pixels()) {
                assert!(a.iter().zip(b.0).all(|(a, b)| a.abs_diff(b) <= 8), "{a:?} for {b:?}");
            }
        }
        assert!(decoder.read_next_frame().unwrap().is_none());
    }

    #[test]
    fn no_frames_and_frames_of_two_sizes_are_errors() {
        let frames = [(RgbImage::new(2, 2), 1), (RgbImage::new(2, 3), 1)];
        for frames in [&frames[..0], &frames[..]] {
            let message = gif_bytes(Path::new("a.gif"), frames).unwrap_err().to_string();
            assert!(message.contains("a.gif") && message.contains("frame"), "{message}");
        }
    }
}
