//! Shoulders and what is worn on them, in the frame of the body.

use super::colour::{CLOTHES, Colour, brightness, mix};
use super::dice::Dice;
use super::easel::{Easel, across, flat};
use super::head::Head;
use super::shape::{Point, Shape};

#[derive(Clone, Copy)]
enum Collar {
    Round,
    Vee,
    Shirt,
    Rolled,
}

pub(super) struct Clothes {
    colour: Colour,
    collar: Collar,
    shoulders: f32,
    slope: f32,
    pub(super) neck: f32,
}

impl Clothes {
    pub(super) fn draw(dice: &mut Dice, soft: f32) -> Self {
        Self {
            colour: dice.pick(&CLOTHES),
            collar: dice.pick(&[Collar::Round, Collar::Vee, Collar::Shirt, Collar::Rolled]),
            shoulders: dice.between(1.35, 1.6) - 0.2 * soft,
            slope: dice.between(1.28, 1.4),
            neck: dice.between(0.54, 0.64) - 0.1 * soft,
        }
    }

    pub(super) fn paint(&self, easel: &mut Easel, head: &Head) {
        let (neck, width) = (head.half_width * self.neck, self.shoulders);
        let (x, _) = head.light;
        let dark = mix(self.colour, [0.06, 0.05, 0.1], 0.38 * head.contrast);
        let bright = mix(self.colour, [1.0, 0.97, 0.9], 0.12);
        let wash = across((x * 1.1, 1.1), (-x * 1.1, 1.7), bright, dark);
        let depth = match self.collar {
            Collar::Round => 1.42,
            Collar::Vee => 1.75,
            Collar::Shirt => 1.62,
            Collar::Rolled => 1.3,
        };
        let right: [Point; 5] = [
            (neck * 1.18, 1.13),
            (neck * 1.7, self.slope - 0.02),
            (width * 0.8, self.slope + 0.16),
            (width, self.slope + 0.42),
            (width * 1.06, 2.6),
        ];
        let mut left = right.map(|(x, y)| (-x, y));
        left.reverse();
        let neckline: &[Point] = match self.collar {
            Collar::Vee | Collar::Shirt => {
                &[(-neck * 1.18, 1.13), (0.0, depth), (neck * 1.18, 1.13)]
            }
            _ => &[
                (-neck * 1.18, 1.13),
                (-neck * 0.7, depth - 0.09),
                (0.0, depth),
                (neck * 0.7, depth - 0.09),
                (neck * 1.18, 1.13),
            ],
        };
        let corners: Vec<&[Point]> = match self.collar {
            Collar::Vee | Collar::Shirt => vec![&right, &left, &neckline[1..2]],
            _ => vec![&right, &left, neckline],
        };
        let body = Shape::cornered(&corners);
        easel.fill(&body, wash);
        let edge = if brightness(self.colour) > 0.3 { dark } else { bright };
        match self.collar {
            Collar::Round => {
                easel.stroke(
                    &Shape::line(neckline),
                    0.075,
                    flat(mix(self.colour, edge, 0.55), 1.0),
                );
            }
            Collar::Vee => {
                let (a, b) = (Shape::line(&neckline[..2]), Shape::line(&neckline[1..]));
                for half in [a, b] {
                    easel.stroke(&half, 0.075, flat(mix(self.colour, edge, 0.55), 1.0));
                }
            }
            Collar::Shirt => {
                for s in [-1.0, 1.0] {
                    let (top, fold) = ((s * neck * 1.12, 1.0), (s * neck * 1.45, 1.2));
                    let flap = [top, fold, (s * neck * 1.1, 1.62), (s * 0.02, depth)];
                    let lit = if s * x > 0.0 { bright } else { mix(self.colour, dark, 0.6) };
                    let flap = Shape::polygon(&flap);
                    easel.fill(&flap, flat(lit, 1.0));
                    easel.stroke(&flap, 0.02, flat(dark, 0.6));
                }
            }
            Collar::Rolled => {
                let roll = |s: f32| {
                    [(s * neck * 1.14, 0.98), (s * neck * 1.2, 1.16), (s * neck * 1.3, 1.36)]
                };
                let (left, mut right) = (roll(-1.0), roll(1.0));
                right.reverse();
                let below = [(neck * 0.6, 1.45), (0.0, 1.48), (-neck * 0.6, 1.45)];
                let above = [(-neck * 0.5, 1.06), (0.0, 1.09), (neck * 0.5, 1.06)];
                let mut left_up = left;
                left_up.reverse();
                right.reverse();
                let roll = Shape::cornered(&[&above, &right, &below, &left_up]);
                easel.fill(&roll, across((x * 0.5, 1.0), (-x * 0.5, 1.4), bright, dark));
                easel.stroke(
                    &Shape::line(&[
                        (-neck * 1.3, 1.36),
                        below[2],
                        below[1],
                        below[0],
                        (neck * 1.3, 1.36),
                    ]),
                    0.025,
                    flat(dark, 0.5),
                );
            }
        }
    }
}
