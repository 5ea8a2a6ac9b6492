//! What is behind: a wash, two tones, or soft light.

use tiny_skia::Transform;

use super::colour::{BACKDROPS, Colour, mix};
use super::dice::Dice;
use super::easel::{Easel, across, flat};
use super::head::Head;
use super::shape::{Point, Shape};

#[derive(Clone, Copy)]
enum Pattern {
    Wash,
    TwoTone,
    Disc,
    Soft,
}

pub(super) struct Backdrop {
    pattern: Pattern,
    first: Colour,
    second: Colour,
    angle: f32,
    level: f32,
    spots: [(Point, f32); 4],
}

impl Backdrop {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let weights = [
            (Pattern::Wash, 3.0),
            (Pattern::TwoTone, 1.5),
            (Pattern::Disc, 1.5),
            (Pattern::Soft, 2.0),
        ];
        let (first, other) = (dice.pick(&BACKDROPS), dice.pick(&BACKDROPS));
        Self {
            pattern: dice.weighted(&weights),
            first,
            second: mix(first, other, dice.between(0.3, 0.6)),
            angle: dice.between(-0.6, 0.6),
            level: dice.between(0.42, 0.68),
            spots: std::array::from_fn(|_| {
                ((dice.between(0.0, 1.0), dice.between(0.0, 0.8)), dice.between(0.14, 0.34))
            }),
        }
    }

    pub(super) fn paint(&self, easel: &mut Easel, head: &Head) {
        easel.set_frame(Transform::identity());
        let all = Shape::oval((0.5, 0.5), 1.0, 1.0);
        let (x, y) = head.light;
        let toward = |far: f32| (0.5 + x * far, 0.5 + y * far);
        let (bright, dark) =
            (mix(self.first, [1.0, 0.98, 0.94], 0.22), mix(self.first, [0.14, 0.12, 0.2], 0.2));
        match self.pattern {
            Pattern::Wash => {
                easel.fill(
                    &all,
                    across(toward(0.6), toward(-0.6), bright, mix(dark, self.second, 0.6)),
                );
            }
            Pattern::TwoTone => {
                easel.fill(&all, across(toward(0.6), toward(-0.6), bright, self.first));
                let slope = self.angle.tan();
                let edge = |x: f32| (x, self.level + (x - 0.5) * slope * 0.5);
                let below = [edge(-0.1), edge(1.1), (1.1, 1.2), (-0.1, 1.2)];
                let second = mix(self.second, dark, 0.35);
                easel.fill(&Shape::polygon(&below), flat(second, 1.0));
            }
            Pattern::Disc => {
                easel.fill(&all, across(toward(0.6), toward(-0.6), self.first, dark));
                let disc = Shape::oval((0.5, 0.47), 0.42, 0.42);
                let second = mix(self.second, [1.0, 0.97, 0.92], 0.4);
                easel.fill(&disc, flat(second, 0.85));
            }
            Pattern::Soft => {
                easel.fill(&all, across(toward(0.6), toward(-0.6), self.first, dark));
                for (i, &(at, radius)) in self.spots.iter().enumerate() {
                    let colour = if i % 2 == 0 { bright } else { self.second };
                    easel.glow(at, radius, colour, 0.8);
                }
            }
        }
    }
}
