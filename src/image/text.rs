//! Words on a picture: Noto Sans Mono, regular and bold, blended glyph by glyph.

use ::image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// One size and weight; each character is as wide as the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    weight: FontWeight,
    size: RasterHeight,
}

/// Labels and numbers: 16 pixels a line.
pub(super) const SMALL: Font = Font { weight: FontWeight::Regular, size: RasterHeight::Size16 };
/// Column titles: 16 pixels a line.
pub(super) const SMALL_BOLD: Font = Font { weight: FontWeight::Bold, size: RasterHeight::Size16 };
/// The title of a figure: 20 pixels a line.
pub(super) const TITLE: Font = Font { weight: FontWeight::Bold, size: RasterHeight::Size20 };

/// Stands at the end of a text that was cut. The font's Latin-1 has no '…'.
const CUT: &str = "..";

impl Font {
    /// Pixels from one line to the next, ascenders and descenders included.
    pub(super) fn height(self) -> u32 {
        self.size.val() as u32
    }

    /// Pixels that `text` takes up.
    pub(super) fn width(self, text: &str) -> u32 {
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        characters.saturating_mul(get_raster_width(self.weight, self.size) as u32)
    }

    /// `text` if it is at most `width` pixels wide, else as much of its beginning as fits, with `..` behind.
    pub(super) fn fitted(self, text: &str, width: u32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let room = width as usize / get_raster_width(self.weight, self.size);
        let kept = text.chars().take(room.saturating_sub(CUT.len())).collect::<String>();
        kept.trim_end().chars().chain(CUT.chars().take(room)).collect()
    }

    /// Draws `text` with its upper left corner at `(x, y)`; what lies outside the image is left out.
    ///
    /// A character that the font does not have appears as '?'.
    pub(super) fn draw(self, image: &mut RgbImage, x: i64, y: i64, text: &str, ink: [u8; 3]) {
        let step = get_raster_width(self.weight, self.size) as i64;
        for (left, character) in (0..).map(|i| x + i * step).zip(text.chars()) {
            let glyph = get_raster(character, self.weight, self.size)
                .or_else(|| get_raster('?', self.weight, self.size));
            for (top, row) in (y..).zip(glyph.iter().flat_map(|g| g.rows())) {
                for (at, &coverage) in (left..).zip(row) {
                    blend(image, at, top, ink, coverage);
                }
            }
        }
    }
}

fn blend(image: &mut RgbImage, x: i64, y: i64, ink: [u8; 3], coverage: u8) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
    let Some(Rgb(pixel)) = image.get_pixel_mut_checked(x, y) else { return };
    for (below, ink) in pixel.iter_mut().zip(ink) {
        let (paper, ink, part) = (u32::from(*below), u32::from(ink), u32::from(coverage));
        *below = ((paper * (255 - part) + ink * part + 127) / 255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb<u8> = Rgb([255; 3]);

    fn drawn(text: &str, x: i64, y: i64) -> RgbImage {
        let mut image = RgbImage::from_pixel(60, 20, WHITE);
        SMALL.draw(&mut image, x, y, text, [0, 0, 0]);
        image
    }

    #[test]
    fn text_leaves_ink_within_its_width_only() {
        let image = drawn("Hä", 2, 2);
        let right = 2 + SMALL.width("Hä");
        assert!(image.pixels().any(|p| p[0] < 60));
        assert!(image.enumerate_pixels().all(|(x, _, p)| (2..right).contains(&x) || *p == WHITE));
    }

    #[test]
    fn an_unknown_character_becomes_a_question_mark() {
        assert_eq!(drawn("a\u{4e2d}\u{1f600}", 0, 0), drawn("a??", 0, 0));
        assert_eq!(drawn("\n", 0, 0), drawn("?", 0, 0));
    }

    #[test]
    fn text_outside_the_image_is_left_out() {
        let blank = drawn("", 0, 0);
        for (x, y) in [(-500, 0), (500, 0), (0, -500), (0, 500), (i64::MIN / 2, i64::MAX / 2)] {
            assert_eq!(drawn("lacuna", x, y), blank);
        }
        assert_ne!(drawn("lacuna", -10, -3), blank);
    }

    #[test]
    fn a_long_text_is_cut_to_fit_and_a_short_one_is_not() {
        assert_eq!(SMALL.fitted("low res", SMALL.width("low res")), "low res");
        let room = SMALL.width("12345678");
        let cut = SMALL.fitted("low resolution", room);
        assert_eq!(cut, "low re..");
        assert_eq!(SMALL.fitted("one two three", SMALL.width("123456")), "one..");
        for width in 0..60 {
            assert!(SMALL.width(&SMALL.fitted("a picture", width)) <= width);
        }
    }
}
