//! The mouth, from a frown to a laugh.
//!
//! ```text
//!   corner .--v--. corner     upper lip: two arcs that meet in a notch
//!          \_____/            `open` parts the lips over teeth and dark
//!           `---'             lower lip: fuller, and lighter where it turns up
//! ```

use super::colour::{Colour, lit, mix};
use super::dice::Dice;
use super::easel::{Easel, across, flat};
use super::head::Head;
use super::shape::{Point, Shape};

pub(super) struct Mouth {
    y: f32,
    half_width: f32,
    smile: f32,
    open: f32,
    full: f32,
    lip: Colour,
}

impl Mouth {
    pub(super) fn draw(dice: &mut Dice, head: &Head, soft: f32) -> Self {
        let smile = dice.between(-0.35, 1.0);
        let parted = dice.chance(if smile > 0.35 { 0.6 } else { 0.12 });
        let natural = mix(lit(head.skin, [0.86, 0.58, 0.56]), [0.76, 0.36, 0.36], 0.3);
        let painted = dice.pick(&[[0.72, 0.16, 0.2], [0.8, 0.3, 0.36], [0.55, 0.16, 0.25]]);
        let wears = soft > 0.5 && dice.chance(0.4);
        Self {
            y: dice.bell(0.56, 0.62),
            half_width: dice.between(0.21, 0.26) + 0.05 * smile.max(0.0),
            smile,
            open: if parted { dice.between(0.35, 1.0) * smile.max(0.3) } else { 0.0 },
            full: dice.between(0.75, 1.2),
            lip: if wears { mix(natural, painted, 0.75) } else { natural },
        }
    }

    pub(super) fn paint(&self, easel: &mut Easel, head: &Head) {
        let (w, f) = (self.half_width, self.full);
        let corner = -0.075 * self.smile;
        let gap = 0.125 * self.open;
        // A smile thins the lips.
        let (upper, lower) = (0.06 * f, 0.085 * f * (1.0 - 0.2 * self.smile.max(0.0)));
        let sag = 0.02 * self.smile;
        let points = |shape: &[Point]| head.around((0.0, self.y), shape);
        let (left, right) = ((-w, corner), (w, corner));
        let top = points(&[
            left,
            (-w * 0.5, -upper * 0.72 + corner * 0.25),
            (-w * 0.16, -upper + sag * 0.3),
            (0.0, -upper * 0.72 + sag * 0.3),
            (w * 0.16, -upper + sag * 0.3),
            (w * 0.5, -upper * 0.72 + corner * 0.25),
            right,
        ]);
        let parting_above = points(&[
            right,
            (w * 0.5, corner * 0.3 + sag),
            (0.0, sag + 0.008),
            (-w * 0.5, corner * 0.3 + sag),
            left,
        ]);
        let parting_below = points(&[
            right,
            (w * 0.55, corner * 0.2 + sag + gap * 0.75),
            (0.0, sag + gap + 0.008),
            (-w * 0.55, corner * 0.2 + sag + gap * 0.75),
            left,
        ]);
        let bottom = points(&[
            left,
            (-w * 0.55, corner * 0.1 + sag + gap * 0.85 + lower * 0.72),
            (0.0, sag + gap + lower),
            (w * 0.55, corner * 0.1 + sag + gap * 0.85 + lower * 0.72),
            right,
        ]);

        if self.open > 0.0 {
            let mut closing = parting_below.clone();
            closing.reverse();
            let inside = Shape::cornered(&[&parting_above, &closing]);
            easel.fill(&inside, flat([0.27, 0.08, 0.1], 1.0));
            easel.clip_to(&[&inside]);
            let teeth = points(&[
                (w, corner - 0.05),
                (w * 0.85, corner * 0.6 + sag + gap * 0.35),
                (0.0, sag + gap * 0.62),
                (-w * 0.85, corner * 0.6 + sag + gap * 0.35),
                (-w, corner - 0.05),
            ]);
            easel.fill(&Shape::round(&teeth), flat([0.96, 0.94, 0.9], 1.0));
            easel.unclip();
        }
        let upper_lip = mix(self.lip, head.line(), 0.2);
        let (_, y) = top[3];
        let high = mix(self.lip, [1.0, 0.85, 0.8], 0.2);
        easel.fill(
            &Shape::cornered(&[&bottom, &parting_below]),
            across((0.0, y + upper + gap), (0.0, y + upper + gap + lower), high, self.lip),
        );
        easel.fill(&Shape::cornered(&[&top, &parting_above]), flat(upper_lip, 1.0));
        let dark = mix(head.line(), [0.3, 0.06, 0.09], 0.4);
        if self.open == 0.0 {
            easel.stroke(&Shape::line(&parting_above), 0.02, flat(dark, 0.85));
        }
        for side in [-1.0, 1.0] {
            let at = head.on_face(side * w, self.y + corner, 0.0);
            easel.glow(at, 0.05, dark, 0.5);
            if self.smile > 0.45 {
                let fold = [
                    head.on_face(side * (w * 0.75), self.y - 0.22, 0.0),
                    head.on_face(side * (w + 0.07), self.y - 0.12, 0.0),
                    head.on_face(side * (w + 0.1), self.y + corner + 0.03, 0.0),
                ];
                let dark = mix(head.shade(), head.line(), 0.2);
                easel.stroke(&Shape::line(&fold), 0.025, flat(dark, 0.5));
            }
        }
    }
}
