//! The head in space: where a feature lands when the head turns, and the outlines that follow.
//!
//! ```text
//!        y = -1 crown            A feature at (x, y) lies on an ellipsoid, z = depth(x, y) toward the viewer,
//!     .-------.                  and is turned with the head:
//!    /  o   o  \  y = 0 eyes       x' = x cos yaw + z sin yaw       (yaw > 0: toward the right of the picture)
//!   |     v     |                  z' = z cos yaw - x sin yaw
//!    \   ---   / y = 0.6           y' = y cos pitch - z' sin pitch  (pitch > 0: up)
//!     `-._____.-' y = 1 chin     Every part goes through here, so all of them shift and foreshorten together.
//! ```
//! The unit is half the height of the head; the roll, the scale and the place in the picture are the frame.

use tiny_skia::Transform;

use super::colour::{Colour, SKINS, along, lit, mix};
use super::dice::Dice;
use super::shape::{Point, Shape};

/// How far the face bulges toward the viewer. Less than a skull's: at 30 degrees the far eye stays a whole eye.
const DEPTH: f32 = 0.58;

/// Skulls are broader at the top than ovals: the exponent of [`squared`](super::shape::squared).
pub(super) const SKULL: f32 = 2.3;

pub(super) struct Head {
    yaw: f32,
    pitch: f32,
    roll: f32,
    scale: f32,
    centre: Point,
    /// Half the width at the temples.
    pub(super) half_width: f32,
    jaw: f32,
    chin: f32,
    cheek: f32,
    pub(super) skin: Colour,
    /// 0 the deepest, 1 the palest skin.
    pub(super) pallor: f32,
    /// Unit vector from the head toward the light, in the picture.
    pub(super) light: Point,
    /// How dark the side away from the light is, in `[0,1]`.
    pub(super) contrast: f32,
}

impl Head {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let pallor = dice.between(0.0, 1.0);
        // A touch of rose or olive, so that one tone is not one line of the palette.
        let tone = mix([1.03, 0.98, 0.98], [0.98, 1.01, 0.97], dice.between(0.0, 1.0));
        let angle = dice.between(0.35, 1.05);
        Self {
            yaw: dice.between(-0.5, 0.5),
            pitch: dice.bell(-0.16, 0.16),
            roll: dice.bell(-0.22, 0.22),
            scale: dice.bell(0.285, 0.33),
            centre: (0.5 + dice.bell(-0.035, 0.035), 0.475 + dice.bell(-0.025, 0.025)),
            half_width: dice.between(0.7, 0.8),
            jaw: dice.between(0.82, 1.0),
            chin: dice.between(0.8, 1.15),
            cheek: dice.between(0.96, 1.04),
            skin: lit(along(&SKINS, pallor), tone),
            pallor,
            light: (dice.sign() * angle.sin(), -angle.cos()),
            contrast: dice.between(0.5, 1.0),
        }
    }

    /// The frame of the head: tilted with it.
    pub(super) fn frame(&self) -> Transform {
        Transform::from_rotate(self.roll.to_degrees()).post_concat(self.body_frame())
    }

    /// The frame of neck and shoulders: they stay upright.
    pub(super) fn body_frame(&self) -> Transform {
        let (x, y) = self.centre;
        Transform::from_scale(self.scale, self.scale).post_translate(x, y)
    }

    /// The direction of the light as the tilted head sees it.
    pub(super) fn light_on_head(&self) -> Point {
        let ((x, y), (sin, cos)) = (self.light, self.roll.sin_cos());
        (x * cos + y * sin, y * cos - x * sin)
    }

    /// -1 turned to the left of the picture as far as portraits turn, 1 to the right.
    pub(super) fn turn(&self) -> f32 {
        self.yaw / 0.5
    }

    /// A point in front of (or behind) the middle of the head, turned with it.
    pub(super) fn at(&self, x: f32, y: f32, z: f32) -> Point {
        let (sin, cos) = self.yaw.sin_cos();
        let toward = z * cos - x * sin;
        (x * cos + z * sin, y * self.pitch.cos() - toward * self.pitch.sin())
    }

    /// A point of the face, `out` in front of its surface.
    pub(super) fn on_face(&self, x: f32, y: f32, out: f32) -> Point {
        let (u, v) = (x / self.half_width, y / 1.15);
        self.at(x, y, DEPTH * (1.0 - 0.9 * u * u - 0.5 * v * v).max(0.0).sqrt() + out)
    }

    /// `points` of the face, relative to `(x, y)`.
    pub(super) fn around(&self, (x, y): Point, points: &[Point]) -> Vec<Point> {
        points.iter().map(|&(dx, dy)| self.on_face(x + dx, y + dy, 0.0)).collect()
    }

    /// Half the width of the face at each height, from the crown to the chin.
    fn profile(&self) -> [(f32, f32); 9] {
        let (a, jaw) = (self.half_width, self.jaw);
        [
            (-1.0, 0.0),
            (-0.93, 0.45 * a),
            (-0.66, 0.85 * a),
            (-0.25, 0.98 * a),
            (0.15, 0.97 * a * self.cheek),
            (0.45, 0.9 * a * (0.6 * jaw + 0.4)),
            (0.72, 0.68 * a * jaw),
            (0.92, 0.33 * a * (0.5 * jaw + 0.5 * self.chin)),
            (1.0, 0.0),
        ]
    }

    /// The outline of the face: the chin moves more than the crown when the head turns.
    pub(super) fn face(&self) -> Shape {
        let (sin, tilt) = (self.yaw.sin(), self.pitch.sin());
        let place = |side: f32, (y, half): (f32, f32)| {
            let shift = sin * (0.02 + 0.2 * ((y + 0.6) / 1.6).max(0.0));
            // The far cheekbone stands out over the far eye; on the near side the jaw comes into view.
            let far = side * sin > 0.0;
            let bump = if far { -0.06 * (1.0 - (y / 0.3).powi(2)).max(0.0) } else { 0.0 };
            let jaw = if far || y < 0.3 { 0.0 } else { 0.18 * (1.0 - (y - 0.65).abs() / 0.35) };
            let half = half + sin.abs() * (bump + jaw.max(0.0) * self.half_width);
            (side * half + shift, y - tilt * 0.22 * (y + 1.0).max(0.0))
        };
        let profile = self.profile();
        let down = profile.iter().map(|&p| place(1.0, p));
        let up = profile[1..8].iter().rev().map(|&p| place(-1.0, p));
        Shape::round(&down.chain(up).collect::<Vec<_>>())
    }

    /// The middle of the skull: behind the face, so it moves against the turn.
    pub(super) fn skull_centre(&self) -> Point {
        (-0.16 * self.yaw.sin(), -0.14)
    }

    /// The outline of the skull, `above` and `beside` larger than life for the hair on it.
    pub(super) fn skull(&self, above: f32, beside: f32) -> Shape {
        let wide = self.half_width + 0.01 + beside;
        Shape::squarish(self.skull_centre(), wide, 0.87 + above, SKULL)
    }

    /// The middle of the ear on `side` (-1 left of the picture, 1 right).
    pub(super) fn ear(&self, side: f32) -> Point {
        self.at(side * (self.half_width + 0.02), 0.1, 0.04)
    }

    /// Whether the ear on `side` is turned toward the viewer.
    pub(super) fn is_near(&self, side: f32) -> bool {
        side * self.yaw < 0.0
    }

    /// Skin away from the light: darker and redder, as the blood under it makes it.
    pub(super) fn shade(&self) -> Colour {
        lit(self.skin, mix([0.9, 0.83, 0.81], [0.7, 0.55, 0.53], self.contrast))
    }

    /// Skin toward the light.
    pub(super) fn bright(&self) -> Colour {
        mix(self.skin, [1.0, 0.95, 0.86], 0.12 + 0.14 * self.contrast)
    }

    /// Skin where the blood shows: cheeks, nose, ears.
    pub(super) fn flush(&self) -> Colour {
        lit(self.skin, [1.0, 0.7, 0.66])
    }

    /// The colour of lines drawn in the face: lids, nostrils, the parting of the lips.
    pub(super) fn line(&self) -> Colour {
        mix(lit(self.skin, [0.42, 0.28, 0.27]), [0.13, 0.07, 0.08], 0.35)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> impl Iterator<Item = Head> {
        (0..300).map(|index| Head::draw(&mut Dice::new(1, index, "head")))
    }

    fn in_picture(head: &Head, (x, y): Point) -> Point {
        let mut point = [tiny_skia::Point::from_xy(x, y)];
        head.frame().map_points(&mut point);
        (point[0].x, point[0].y)
    }

    #[test]
    fn heads_are_aligned_the_nose_of_each_in_the_middle_of_the_picture() {
        let middle = (0.5 - 25.0 / 128.0)..(0.5 + 25.0 / 128.0);
        for head in heads() {
            let (x, y) = in_picture(&head, head.on_face(0.0, 0.34, 0.15));
            assert!(middle.contains(&x) && middle.contains(&y), "{x} {y}");
        }
    }

    #[test]
    fn turning_moves_the_nose_more_than_the_eyes_and_narrows_the_far_half() {
        for head in heads().filter(|head| head.turn().abs() > 0.3) {
            let to = head.turn().signum();
            let at = |x: f32, out: f32| head.on_face(to * x, 0.0, out).0 * to;
            assert!(at(0.0, 0.15) > at(0.0, 0.0) && at(0.0, 0.0) > 0.0);
            let (far, near) = (at(0.45, 0.0) - at(0.15, 0.0), at(-0.15, 0.0) - at(-0.45, 0.0));
            assert!(far > 0.0 && far < near, "{far} {near}");
        }
    }

    #[test]
    fn the_light_stands_still_when_the_head_tilts() {
        for head in heads() {
            let (x, y) = head.light_on_head();
            let (sin, cos) = head.roll.sin_cos();
            let back = (x * cos - y * sin, x * sin + y * cos);
            assert!((back.0 - head.light.0).abs() + (back.1 - head.light.1).abs() < 1e-5);
            assert!(y < 0.0, "lit from above");
        }
    }
}
