//! Glasses: two lenses in a plane before the eyes, a bridge and two arms.

use std::f32::consts::TAU;

use super::colour::{Colour, FRAMES, TINTS, mix};
use super::dice::Dice;
use super::easel::{Easel, fade, flat};
use super::head::Head;
use super::shape::{Point, Shape, blend, squared};

/// The plane of the lenses, before the middle of the head.
const PLANE: f32 = 0.66;

pub(super) struct Glasses {
    frame: Colour,
    thick: f32,
    tint: Colour,
    opacity: f32,
    half_width: f32,
    half_height: f32,
    /// The exponent of the superellipse: 2 a circle, 5 nearly a rectangle.
    square: f32,
}

impl Glasses {
    pub(super) fn draw(dice: &mut Dice) -> Option<Self> {
        let wears = dice.chance(0.3);
        let (square, half_width, half_height) = dice.weighted(&[
            ((2.0, 0.235, 0.225), 1.0),
            ((4.0, 0.25, 0.18), 1.0),
            ((2.8, 0.255, 0.205), 0.7),
        ]);
        let tinted = dice.chance(0.25);
        let glasses = Self {
            frame: dice.pick(&FRAMES),
            thick: dice.between(0.028, 0.05),
            tint: if tinted { dice.pick(&TINTS) } else { [0.9, 0.96, 1.0] },
            opacity: if tinted { dice.between(0.55, 0.88) } else { 0.12 },
            half_width,
            half_height,
            square,
        };
        wears.then_some(glasses)
    }

    /// `hidden`: the ears are under hair, and so are the ends of the arms.
    pub(super) fn paint(&self, easel: &mut Easel, head: &Head, hidden: bool) {
        let frame = || flat(self.frame, 1.0);
        let centre = self.half_width + 0.075;
        for side in [-1.0, 1.0] {
            let hinge = head.at(side * (centre + self.half_width), -0.05, PLANE - 0.03);
            if head.is_near(side) || head.turn().abs() < 0.25 {
                let (x, y) = head.ear(side);
                let ear = (x - side * 0.02, y - 0.14);
                let end = if hidden { blend(hinge, ear, 0.4) } else { ear };
                easel.stroke(&Shape::line(&[hinge, end]), self.thick, frame());
            }
            let lens = self.lens(head, side * centre);
            let (top, bottom) = (head.at(0.0, -0.2, PLANE), head.at(0.0, 0.24, PLANE));
            let deep = mix(self.tint, [0.0; 3], 0.15);
            easel.fill(
                &lens,
                fade(top, bottom, (deep, self.opacity), (self.tint, self.opacity * 0.72)),
            );
            // A window's reflection, a slanted band toward the light.
            easel.clip_to(&[&lens]);
            let glare = |dx: f32, dy: f32| {
                head.at(side * centre + dx * self.half_width, dy * self.half_height + 0.02, PLANE)
            };
            let band = [glare(-0.75, 0.5), glare(0.1, -1.1), glare(0.5, -1.1), glare(-0.4, 0.9)];
            easel.fill(&Shape::polygon(&band), flat([1.0; 3], 0.13));
            easel.unclip();
            easel.stroke(&lens, self.thick, frame());
        }
        let bridge = [(-0.085, -0.03), (0.0, -0.065), (0.085, -0.03)];
        let bridge = bridge.map(|(x, y)| head.at(x, y, PLANE + 0.04));
        easel.stroke(&Shape::line(&bridge), self.thick, frame());
    }

    fn lens(&self, head: &Head, middle: f32) -> Shape {
        let points: Vec<Point> = (0..24)
            .map(|i| squared(i as f32 / 24.0 * TAU, self.square))
            .map(|(u, v)| {
                let (x, y) = (u * self.half_width, v * self.half_height);
                // Lenses bend back a little at the temples.
                let x = middle + x;
                head.at(x, y + 0.02, PLANE - 0.12 * x * x)
            })
            .collect();
        Shape::round(&points)
    }
}
