//! Hair: a style, its colours, and the outlines it is painted in.
//!
//! ```text
//!     _.-----._      outer edge: the skull, larger by the style's lift and uneven by its locks
//!   .' _.---._ '.    hairline: points of the face, so it turns with the head
//!   | /       \ |
//!   |(  o   o  )|    curtains: what hangs before the ears
//! ```
//! Painted twice: what hangs behind the neck first, what lies on the forehead last (in `locks.rs`).

use std::f32::consts::PI;

use super::colour::{Colour, DARK_HAIR, DYED_HAIR, FAIR_HAIR, GREY_HAIR, lit, mix};
use super::dice::Dice;
use super::easel::{Easel, across, flat};
use super::head::{Head, SKULL};
use super::shape::{Point, Shape, squared};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Style {
    Bald,
    Buzz,
    Short,
    Swept,
    Curly,
    Afro,
    Bob,
    Long,
    Bun,
}
use Style::{Afro, Bald, Bob, Bun, Buzz, Curly, Long, Short, Swept};

pub(super) struct Hair {
    pub(super) style: Style,
    pub(super) colour: Colour,
    /// As it grows: dye reaches neither brows nor beard.
    pub(super) natural: Colour,
    pub(super) volume: f32,
    hairline: f32,
    /// Where it is parted, as a share of the half width.
    pub(super) part: f32,
    pub(super) fringe: bool,
    length: f32,
    pub(super) wave: f32,
    /// Long hair behind the ears.
    pub(super) tucked: bool,
    /// What sets one curl or lock apart from the next, in `[-1,1)`.
    pub(super) locks: [f32; 24],
}

impl Hair {
    /// `soft` in `[0,1]`: mostly long at 1, mostly short at 0.
    pub(super) fn draw(dice: &mut Dice, head: &Head, soft: f32) -> Self {
        let long = [
            (Short, 0.6),
            (Swept, 0.5),
            (Curly, 1.0),
            (Afro, 0.8),
            (Bob, 2.2),
            (Long, 3.0),
            (Bun, 1.6),
        ];
        let short = [
            (Bald, 0.8),
            (Buzz, 0.9),
            (Short, 2.6),
            (Swept, 2.6),
            (Curly, 1.3),
            (Afro, 0.5),
            (Long, 0.4),
        ];
        let style = dice.weighted(if soft > 0.5 { &long } else { &short });
        // Fair hair is found with fair skin, rarely else.
        let fair = dice.chance(1.1 * (head.pallor - 0.35).max(0.0));
        let natural = if fair { dice.pick(&FAIR_HAIR) } else { dice.pick(&DARK_HAIR) };
        let (grey, dyed) = (dice.pick(&GREY_HAIR), dice.pick(&DYED_HAIR));
        let natural = if dice.chance(0.1) { grey } else { natural };
        let colour = if dice.chance(0.05) { dyed } else { natural };
        let fringe = dice.chance(if soft > 0.5 { 0.4 } else { 0.25 });
        Self {
            style,
            colour,
            natural,
            volume: dice.between(0.06, 0.16),
            hairline: dice.bell(-0.66, -0.48),
            part: dice.sign() * dice.between(0.15, 0.5),
            fringe: fringe && matches!(style, Short | Bob | Long),
            length: dice.between(1.35, 2.1),
            wave: dice.between(0.0, 0.07),
            tucked: dice.chance(0.3),
            locks: std::array::from_fn(|_| dice.between(-1.0, 1.0)),
        }
    }

    pub(super) fn is_bald(&self) -> bool {
        self.style == Bald
    }

    /// Whether it hangs below the ears.
    pub(super) fn falls(&self) -> bool {
        matches!(self.style, Bob | Long)
    }

    /// Whether the ears are under it.
    pub(super) fn hides_ears(&self) -> bool {
        self.falls() && !self.tucked || self.style == Afro
    }

    pub(super) fn dark(&self) -> Colour {
        mix(lit(self.colour, [0.62, 0.58, 0.62]), [0.05, 0.04, 0.06], 0.12)
    }

    pub(super) fn bright(&self) -> Colour {
        mix(self.colour, [1.0, 0.9, 0.76], 0.22)
    }

    /// How far the hair stands from the skull: above, beside.
    pub(super) fn lift(&self) -> (f32, f32) {
        let v = self.volume;
        match self.style {
            Bald => (0.0, 0.0),
            Buzz => (0.015, 0.01),
            Short => (0.05 + v * 0.5, 0.02),
            Swept => (0.05 + v * 0.4, 0.02),
            Curly => (0.1 + v * 0.6, 0.07),
            Afro => (0.24 + v, 0.24 + v),
            Bob | Long => (0.05 + v * 0.5, 0.08 + v * 0.4),
            Bun => (0.035, 0.015),
        }
    }

    /// Number and radius of the curls along the outer edge.
    pub(super) fn curls(&self) -> Option<(usize, f32)> {
        match self.style {
            Curly => Some((15, 0.14 + self.volume * 0.3)),
            Afro => Some((22, 0.15 + self.volume * 0.4)),
            _ => None,
        }
    }

    /// The outer edge: the point a `share` of the way from the left side over the crown to the right, both at the
    /// height `down`.
    pub(super) fn outer_at(&self, head: &Head, share: f32, down: f32) -> Point {
        let ((cx, cy), (above, beside)) = (head.skull_centre(), self.lift());
        let (rx, ry) = (head.half_width + 0.01 + beside, 0.87 + above);
        let dip = ((down - cy) / ry).clamp(-0.9, 0.9).asin();
        let (cos, sin) = squared(PI - dip + share * (PI + 2.0 * dip), SKULL);
        let top = (-sin).max(0.0);
        let lump = match self.style {
            // A crop stands up unevenly.
            Short => 0.022 * self.locks[(share * 16.0) as usize] * top,
            // What is swept from the parting piles up on the other side.
            Swept => {
                let off = (cos + self.part.signum() * 0.3) / 0.7;
                (0.03 + 0.7 * self.volume) * (-off * off).exp() * top
            }
            _ => 0.0,
        };
        (cx + (rx + lump) * cos, cy + (ry + lump) * sin)
    }

    /// `n` points of [`Self::outer_at`].
    pub(super) fn outer(&self, head: &Head, n: usize, down: f32) -> Vec<Point> {
        (0..n).map(|i| self.outer_at(head, i as f32 / (n - 1) as f32, down)).collect()
    }

    /// The edge on the forehead at `u` half widths, from the left temple (-1) to the right one (1).
    pub(super) fn hairline_at(&self, head: &Head, u: f32) -> Point {
        let (h, side) = (self.hairline, u.abs());
        let low = if self.falls() { 0.05 } else { 0.12 };
        let lock = self.locks[((u + 1.0) * 6.5) as usize % 24];
        let round = h + (low - h) * side.powf(5.0);
        let y = match self.style {
            _ if self.fringe && side > 0.9 => low,
            _ if self.fringe => -0.29 + 0.035 * lock + 0.07 * side,
            Swept | Bob | Long => {
                // Highest at the parting, falling away from it to both sides.
                let far = ((u - self.part) / (1.0 + self.part.abs())).abs();
                h + (low - h) * far.powf(2.2).min(1.0)
            }
            Short => round + 0.03 * lock * (1.0 - side),
            _ => round,
        };
        head.on_face(u * head.half_width, y, 0.0)
    }

    /// 13 points of [`Self::hairline_at`].
    pub(super) fn hairline(&self, head: &Head) -> Vec<Point> {
        [-0.99, -0.95, -0.86, -0.65, -0.4, -0.2, 0.0, 0.2, 0.4, 0.65, 0.86, 0.95, 0.99]
            .map(|u| self.hairline_at(head, u))
            .to_vec()
    }

    /// How far down it hangs.
    pub(super) fn end(&self) -> f32 {
        if self.style == Bob { 0.5 + (self.length - 1.35) * 0.6 } else { self.length }
    }

    /// Behind the head, before the neck is painted.
    pub(super) fn paint_behind(&self, easel: &mut Easel, head: &Head) {
        if self.is_bald() {
            return;
        }
        let (x, _) = head.light_on_head();
        let (dark, back) = (self.dark(), mix(self.dark(), [0.04, 0.03, 0.05], 0.3));
        let wash = || across((x * 0.9, -0.2), (-x * 0.9, 0.4), mix(self.colour, dark, 0.65), back);
        if self.style == Bun {
            self.paint_bun(easel, head);
        }
        let (above, beside) = self.lift();
        // A little less than the cap in front, or it would show as a dark outline.
        easel.fill(&head.skull(above - 0.03, beside - 0.005), wash());
        if let Some((n, r)) = self.curls() {
            let down = if self.style == Afro { 0.5 } else { 0.2 };
            for (i, &(x, y)) in self.outer(head, n, down).iter().enumerate() {
                let r = r * (1.0 + 0.2 * self.locks[i]);
                easel.fill(&Shape::oval((x, y), r, r), flat(mix(self.colour, dark, 0.75), 1.0));
            }
        }
        if self.falls() {
            let (end, w) = (self.end(), head.half_width + 0.01 + beside);
            let ((cx, cy), drop) = (head.skull_centre(), self.end() - head.skull_centre().1);
            let side = |s: f32| {
                [0.0, 0.2, 0.4, 0.6, 0.8, 0.95].map(|share: f32| {
                    let wave = self.wave * share.sqrt() * (share * 9.0 + s).sin();
                    let x = s * (w + 0.16 * share - 0.14 * share.powi(6) + wave);
                    (cx * (1.0 - share) + x, cy + share * drop)
                })
            };
            let (left, mut right) = (side(-1.0), side(1.0));
            right.reverse();
            let hem = [(-0.5, end + 0.03), (0.0, end + 0.06), (0.5, end + 0.03)];
            let down: Vec<Point> = left.into_iter().chain(hem).chain(right).collect();
            easel.fill(&Shape::cornered(&[&down]), wash());
        }
    }

    fn paint_bun(&self, easel: &mut Easel, head: &Head) {
        let (x, y) = head.light_on_head();
        let (bright, dark) = (self.bright(), self.dark());
        let r = 0.22 + self.volume;
        let at = (head.skull_centre().0 * 1.6 + 0.15 * self.part, -1.0 - r * 0.6);
        let toward = |far: f32| (at.0 + x * r * far, at.1 + y * r * far);
        let knot = Shape::oval(at, r * 1.12, r);
        easel.fill(&knot, across(toward(0.9), toward(-0.9), mix(self.colour, bright, 0.5), dark));
        easel.clip_to(&[&knot]);
        for k in [-0.6, -0.15, 0.3, 0.7] {
            let strand = [
                (at.0 - r * 1.1, at.1 + (k + 0.3) * r),
                (at.0, at.1 + (k - 0.25) * r),
                (at.0 + r * 1.1, at.1 + k * r),
            ];
            easel.stroke(&Shape::line(&strand), 0.03, flat(dark, 0.45));
        }
        easel.glow(toward(0.45), r * 0.6, bright, 0.5);
        easel.unclip();
    }
}
