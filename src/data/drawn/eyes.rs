//! Eyes, their lids and their brows.
//!
//! ```text
//!   --======--      brow: thick inside, thin outside, lifted by `arch`
//!    .-(@@)-.       upper lid: a line that thickens outward; the iris looks where `gaze` says
//!   <  (@@)  >      corners: the outer one is raised by `tilt`
//!    `-.__.-'
//! ```

use super::colour::{Colour, DARK_IRIS, FAIR_IRIS, lit, mix};
use super::dice::Dice;
use super::easel::{Easel, across, flat};
use super::head::Head;
use super::shape::{Point, Shape};

pub(super) struct Eyes {
    iris: Colour,
    iris_radius: f32,
    apart: f32,
    half_length: f32,
    open: f32,
    tilt: f32,
    gaze: Point,
    lashes: f32,
    brow_lift: f32,
    brow_arch: f32,
    brow_slant: f32,
    brow_thick: f32,
}

impl Eyes {
    /// `soft` in `[0,1]`: thin brows and long lashes at 1.
    pub(super) fn draw(dice: &mut Dice, head: &Head, soft: f32) -> Self {
        // Pale eyes are found with pale skin, rarely else.
        let fair = dice.chance(0.05 + 0.75 * (head.pallor - 0.45).max(0.0));
        Self {
            iris: if fair { dice.pick(&FAIR_IRIS) } else { dice.pick(&DARK_IRIS) },
            iris_radius: dice.between(0.106, 0.122),
            apart: dice.between(0.285, 0.325),
            half_length: dice.between(0.16, 0.19),
            open: dice.bell(0.5, 1.05),
            tilt: dice.bell(-0.03, 0.06),
            gaze: (dice.bell(-0.07, 0.07), dice.bell(-0.015, 0.02)),
            lashes: 0.025 + 0.035 * soft,
            brow_lift: dice.bell(0.2, 0.3),
            brow_arch: dice.between(0.01, 0.055),
            brow_slant: dice.bell(-0.055, 0.03),
            brow_thick: dice.between(0.045, 0.075) * (1.25 - 0.55 * soft),
        }
    }

    pub(super) fn paint(&self, easel: &mut Easel, head: &Head, hair: Colour) {
        for side in [-1.0, 1.0] {
            self.paint_eye(easel, head, side);
            self.paint_brow(easel, head, side, hair);
        }
    }

    fn paint_eye(&self, easel: &mut Easel, head: &Head, side: f32) {
        let (l, o) = (self.half_length, 0.125 * self.open);
        let centre = (side * self.apart, 0.0);
        let outer = side;
        let upper_lid = [
            (-outer * l, 0.035),
            (-outer * l * 0.6, -o * 0.62),
            (-outer * l * 0.05, -o),
            (outer * l * 0.6, -o * 0.72 - self.tilt * 0.6),
            (outer * l, -self.tilt),
        ];
        let lower_lid = [
            (outer * l, -self.tilt),
            (outer * l * 0.45, o * 0.62 - self.tilt * 0.4),
            (-outer * l * 0.2, o * 0.74),
            (-outer * l, 0.035),
        ];
        let (upper, lower) = (head.around(centre, &upper_lid), head.around(centre, &lower_lid));
        let opening = Shape::cornered(&[&upper, &lower]);
        let (_, top) = upper[2];
        let white = mix([0.97, 0.95, 0.93], head.skin, 0.1);
        let shaded = lit(white, mix([0.78, 0.74, 0.76], head.skin, 0.15));
        easel.fill(&opening, across((0.0, top), (0.0, top + o * 1.1), shaded, white));

        easel.clip_to(&[&opening]);
        let ring = |radius: f32| {
            let circle = (0..12).map(|i| (i as f32 * std::f32::consts::TAU / 12.0).sin_cos());
            let points: Vec<_> = circle
                .map(|(s, c)| (self.gaze.0 + radius * c, self.gaze.1 - 0.012 + radius * s))
                .collect();
            head.around(centre, &points)
        };
        let r = self.iris_radius;
        let middle = head.on_face(centre.0 + self.gaze.0, self.gaze.1 - 0.012, 0.0);
        let rim = mix(self.iris, [0.08, 0.06, 0.07], 0.62);
        easel.fill(&Shape::round(&ring(r)), flat(rim, 1.0));
        let bright = mix(self.iris, [1.0, 0.93, 0.8], 0.22);
        let (above, below) = ((0.0, middle.1 - r), (0.0, middle.1 + r * 0.8));
        let depth = across(above, below, mix(self.iris, rim, 0.6), bright);
        easel.fill(&Shape::round(&ring(r * 0.84)), depth);
        easel.fill(&Shape::round(&ring(r * 0.44)), flat([0.05, 0.04, 0.05], 1.0));
        // The lid's shadow on the ball.
        easel.stroke(&Shape::line(&upper), 0.07, flat([0.2, 0.12, 0.12], 0.28));
        easel.unclip();

        let (x, y) = head.light_on_head();
        let glint = (middle.0 + x * r * 0.42, middle.1 + y * r * 0.45);
        easel.fill(&Shape::oval(glint, 0.026, 0.026), flat([1.0; 3], 0.92));

        let line = head.line();
        easel.stroke(&Shape::line(&lower), 0.014, flat(line, 0.45));
        let dark = mix(line, [0.08, 0.05, 0.06], 0.5);
        let thick = self.lashes;
        let lash: Vec<_> = upper_lid
            .iter()
            .rev()
            .map(|&(dx, dy)| {
                let share = (dx * outer / l + 1.0) / 2.0;
                (dx * (1.0 + 0.08 * share), dy - thick * (0.35 + 0.9 * share))
            })
            .collect();
        easel.fill(&Shape::cornered(&[&upper, &head.around(centre, &lash)]), flat(dark, 0.95));
        let crease: Vec<_> =
            upper_lid.iter().map(|&(dx, dy)| (dx * 0.95, dy * 1.1 - 0.06)).collect();
        easel.stroke(&Shape::line(&head.around(centre, &crease)), 0.016, flat(line, 0.38));
    }

    fn paint_brow(&self, easel: &mut Easel, head: &Head, side: f32, hair: Colour) {
        let (x, y) = (side * self.apart, -self.brow_lift);
        let (slant, t) = (self.brow_slant, self.brow_thick);
        let spine = [
            (-0.17, slant),
            (-0.03, slant * 0.4 - self.brow_arch * 0.6),
            (0.1, -self.brow_arch),
            (0.23, 0.03 - slant * 0.6),
        ];
        let edge = |offset: [f32; 4]| -> Vec<Point> {
            let along = spine.iter().zip(offset);
            let points: Vec<_> = along.map(|(&(dx, dy), o)| (side * dx, dy + o)).collect();
            head.around((x, y), &points)
        };
        let above = edge([-0.4 * t, -0.6 * t, -0.5 * t, 0.0]);
        let mut below = edge([0.6 * t, 0.45 * t, 0.3 * t, 0.0]);
        below.reverse();
        let brow = Shape::cornered(&[&above, &below]);
        let (inner, outer) = (above[0], above[3]);
        let hair = mix(hair, head.line(), 0.4);
        let soft = mix(hair, head.skin, 0.2);
        easel.fill(&brow, across(inner, outer, soft, hair));
    }
}
