//! The nose: a ridge that stands out of the face, so it shows the turn of the head most.
//!
//! ```text
//!    |\        the flank away from the light is shaded, the ridge and the tip catch it
//!    | \
//!   (o__)      tip, wings and nostrils
//! ```

use super::colour::mix;
use super::dice::Dice;
use super::easel::{Easel, fade, flat, spot};
use super::head::Head;
use super::shape::Shape;

pub(super) struct Nose {
    tip: f32,
    half_width: f32,
    out: f32,
    bridge: f32,
}

impl Nose {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        Self {
            tip: dice.bell(0.29, 0.39),
            half_width: dice.between(0.115, 0.17),
            out: dice.between(0.12, 0.2),
            bridge: dice.between(0.03, 0.055),
        }
    }

    pub(super) fn paint(&self, easel: &mut Easel, head: &Head) {
        let (w, tip, out) = (self.half_width, self.tip, self.out);
        let (x, y) = head.light_on_head();
        // The flank in shade: away from the light, unless the turn hides it.
        let dark_side = if head.turn().abs() > 0.45 { head.turn().signum() } else { -x.signum() };
        let shade = mix(head.shade(), head.line(), 0.18);
        let top = head.on_face(dark_side * self.bridge, -0.1, 0.06);
        let ridge = [
            top,
            head.on_face(dark_side * self.bridge * 0.6, 0.08, out * 0.6),
            head.on_face(dark_side * w * 0.3, tip - 0.08, out),
            head.on_face(dark_side * w * 0.35, tip + 0.03, out * 0.9),
        ];
        let base = [
            head.on_face(dark_side * w * 0.4, tip + 0.06, out * 0.5),
            head.on_face(dark_side * w, tip + 0.03, 0.02),
            head.on_face(dark_side * w * 1.12, tip - 0.06, 0.0),
            head.on_face(dark_side * w * 0.95, tip - 0.14, 0.0),
            head.on_face(dark_side * self.bridge * 2.4, 0.02, 0.0),
            top,
        ];
        let bottom = (top.0, top.1 + tip + 0.1);
        easel.fill(
            &Shape::cornered(&[&ridge, &base]),
            fade(top, bottom, (shade, 0.15), (shade, 0.8)),
        );
        // Under the tip.
        let under = [
            head.on_face(-w, tip + 0.01, 0.02),
            head.on_face(-w * 0.45, tip + 0.07, out * 0.5),
            head.on_face(0.0, tip + 0.085, out * 0.75),
            head.on_face(w * 0.45, tip + 0.07, out * 0.5),
            head.on_face(w, tip + 0.01, 0.02),
        ];
        let beneath = [
            head.on_face(w * 0.5, tip + 0.105, 0.0),
            head.on_face(0.0, tip + 0.14, 0.0),
            head.on_face(-w * 0.5, tip + 0.105, 0.0),
        ];
        easel.fill(&Shape::cornered(&[&under, &beneath]), flat(shade, 0.75));
        let tip_at = head.on_face(0.0, tip - 0.02, out);
        easel.fill(&Shape::oval(tip_at, 0.17, 0.14), spot(tip_at, 0.15, head.flush(), 0.5));
        // The wings.
        for side in [-1.0, 1.0] {
            let wing = [
                head.on_face(side * w * 0.92, tip - 0.08, 0.02),
                head.on_face(side * w * 1.1, tip - 0.01, 0.0),
                head.on_face(side * w * 0.85, tip + 0.045, 0.02),
            ];
            easel.stroke(&Shape::line(&wing), 0.022, flat(head.line(), 0.42));
            let nostril = [
                head.on_face(side * w * 0.25, tip + 0.055, out * 0.55),
                head.on_face(side * w * 0.5, tip + 0.03, out * 0.45),
                head.on_face(side * w * 0.75, tip + 0.05, out * 0.2),
                head.on_face(side * w * 0.5, tip + 0.075, out * 0.4),
            ];
            easel.fill(&Shape::round(&nostril), flat(head.line(), 0.72));
        }
        // The light on ridge and tip.
        let bright = mix(head.bright(), [1.0; 3], 0.3);
        let lit_ridge = [
            head.on_face(x * 0.02, -0.06, 0.07),
            head.on_face(x * 0.02, 0.1, out * 0.75),
            head.on_face(x * w * 0.2, tip - 0.07, out),
        ];
        easel.stroke(&Shape::line(&lit_ridge), 0.05, flat(bright, 0.28));
        easel.glow((tip_at.0 + x * 0.04, tip_at.1 + y * 0.05), 0.085, bright, 0.75);
    }
}
