//! Beards: stubble, a moustache, a full beard.
//!
//! ```text
//!  |  .===.  |    moustache: over the lip, around the corners of the mouth
//!  |\_/---\_/|    full: from ear to ear below the cheeks, as long as `length` under the chin
//!   \_______/
//! ```

use super::colour::{Colour, mix};
use super::dice::Dice;
use super::easel::{Easel, fade, flat};
use super::head::Head;
use super::shape::{Point, Shape};

pub(super) struct Beard {
    full: bool,
    opacity: f32,
    length: f32,
    cheek: f32,
}

impl Beard {
    /// Mostly none; never with a `soft` face.
    pub(super) fn draw(dice: &mut Dice, soft: f32) -> Option<Self> {
        let wears = dice.chance(0.6) && soft < 0.45;
        // Stubble is a thin beard: the skin shows through.
        let (full, opacity) =
            dice.weighted(&[((true, 0.96), 3.0), ((true, 0.3), 2.0), ((false, 0.96), 1.0)]);
        let length = if opacity > 0.5 { dice.between(0.03, 0.2) } else { 0.0 };
        let beard = Self { full, opacity, length, cheek: dice.between(0.28, 0.42) };
        wears.then_some(beard)
    }

    /// Before the mouth, which lies on it.
    pub(super) fn paint(&self, easel: &mut Easel, head: &Head, hair: Colour) {
        let (x, _) = head.light_on_head();
        let (bright, dark) = (mix(hair, head.skin, 0.16), mix(hair, [0.05, 0.03, 0.04], 0.3));
        let a = head.half_width;
        if self.full {
            let side = |s: f32| {
                [(0.97, 0.0), (0.86, self.cheek - 0.06), (0.66, self.cheek + 0.1), (0.38, 0.45)]
                    .map(|(u, y)| head.on_face(s * u * a, y, 0.0))
            };
            let (left, mut right) = (side(-1.0), side(1.0));
            right.reverse();
            let under = [(1.4, 0.0), (1.3, 1.6), (-1.3, 1.6), (-1.4, 0.0)];
            let beard = Shape::cornered(&[&left, &right, &under]);
            let face = head.face();
            let grown = face.moved(0.0, self.length);
            easel.clip_to(&[&face, &grown]);
            let (from, to) = ((x * 0.7, 0.3), (-x * 0.7, 0.9));
            easel.fill(&beard, fade(from, to, (bright, self.opacity), (dark, self.opacity)));
            easel.unclip();
        }
        let line = |points: [Point; 5]| points.map(|(x, y)| head.on_face(x, y, 0.02));
        let above = line([(-0.32, 0.66), (-0.2, 0.5), (0.0, 0.46), (0.2, 0.5), (0.32, 0.66)]);
        let below = line([(0.32, 0.66), (0.2, 0.58), (0.0, 0.545), (-0.2, 0.58), (-0.32, 0.66)]);
        let lip = mix(hair, dark, 0.6);
        easel.fill(&Shape::cornered(&[&above, &below]), flat(lip, self.opacity));
    }
}
