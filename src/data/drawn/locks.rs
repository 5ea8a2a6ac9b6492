//! The hair in front: the cap with its shadow, then the strands, curls and curtains that show how it lies.
//!
//! ```text
//!  swept from a parting    fringe       crop        pulled back to a bun
//!      .-//|\\-.          .-|||||-.    .-'''''-.        .-\|/-.
//!     / // | \\ \        / ||||||| \   /'''''''\       / \ | / \
//! ```

use super::colour::mix;
use super::easel::{Easel, across, fade, flat};
use super::hair::{Hair, Style};
use super::head::Head;
use super::shape::{Point, Shape, blend};

impl Hair {
    /// On the forehead and before the ears, last.
    pub(super) fn paint_front(&self, easel: &mut Easel, head: &Head) {
        if self.is_bald() {
            return;
        }
        let (x, y) = head.light_on_head();
        let edge = self.hairline(head);
        let outer = self.outer(head, 17, 0.12);
        let (face, skull) = (head.face(), Shape::cornered(&[&outer]));
        // All that is above the hairline, however far.
        let (left, right) = (edge[0], edge[edge.len() - 1]);
        let far = [(3.0, right.1), (3.0, -3.0), (-3.0, -3.0), (-3.0, left.1)];
        let runs: Vec<&[Point]> = [&edge[..]].into_iter().chain(far.chunks(1)).collect();
        let region = Shape::cornered(&runs);

        easel.clip_to(&[&face]);
        let shadow = mix(head.shade(), head.line(), 0.2);
        for (far, opacity) in [(0.1, 0.25), (0.05, 0.45)] {
            easel.fill(&region.moved(-x * far * 0.7, far), flat(shadow, opacity));
        }
        let opacity = if self.style == Style::Buzz { 0.75 } else { 1.0 };
        let curly = self.curls().is_some();
        // Between curls it is dark.
        let bright = if curly { self.dark() } else { mix(self.colour, self.bright(), 0.6) };
        let (from, to) = ((x * 0.75, y * 0.8 - 0.4), (-x * 0.8, 0.1));
        easel.clip_to(&[&skull, &face]);
        easel.fill(&region, fade(from, to, (bright, opacity), (self.dark(), opacity)));
        match self.curls() {
            Some((_, r)) => {
                easel.unclip();
                self.paint_curls(easel, head, r);
            }
            None => {
                self.paint_strands(easel, head, &outer, &edge);
                easel.unclip();
            }
        }
        if self.falls() && !self.tucked {
            self.paint_curtains(easel, head, &outer);
        }
    }

    fn paint_curls(&self, easel: &mut Easel, head: &Head, r: f32) {
        let (x, y) = head.light_on_head();
        let rows: &[f32] = if self.style == Style::Afro {
            &[0.98, 0.74, 0.5, 0.28, 0.08]
        } else {
            &[0.95, 0.5, 0.1]
        };
        // From the back to the front, each row over the last.
        for (row, &share) in rows.iter().enumerate() {
            let n = 9;
            for i in 0..n {
                let lock = self.locks[(i * 5 + row * 7) % 24];
                // Every other row stands in the gaps of the last.
                let along = (i as f32 + 0.5 * (row % 2) as f32) / (n as f32 - 0.5);
                let edge = self.hairline_at(head, 1.96 * along - 0.98);
                let at = blend(edge, self.outer_at(head, along, 0.12), share);
                let r = r * (0.92 + 0.16 * lock);
                let colour = mix(self.colour, self.dark(), 0.38 + 0.22 * lock);
                easel.fill(&Shape::oval(at, r, r), flat(colour, 1.0));
                easel.glow((at.0 + x * r * 0.3, at.1 + y * r * 0.3), r * 0.75, self.bright(), 0.4);
            }
        }
    }

    fn paint_strands(&self, easel: &mut Easel, head: &Head, outer: &[Point], edge: &[Point]) {
        let (x, _) = head.light_on_head();
        let faint = if self.style == Style::Buzz { 0.3 } else { 1.0 };
        let parted = matches!(self.style, Style::Swept | Style::Bob | Style::Long) && !self.fringe;
        let mut strand = |points: &[Point], lock: f32, lit: bool| {
            let (colour, opacity) = if lit {
                (self.bright(), 0.34)
            } else {
                (self.dark(), if parted { 0.5 } else { 0.36 })
            };
            let (width, shader) = (0.028 + 0.012 * lock, flat(colour, opacity * faint));
            easel.stroke(&Shape::line(points), width, shader);
        };
        if parted {
            // Nested curves from the parting down to each side, the first along the hairline, the last along the
            // outer edge: none crosses another.
            for (k, s) in (0..12).zip([-1.0, 1.0].into_iter().cycle()) {
                let (lock, depth) = (self.locks[k], (k / 2) as f32 / 6.0 + 0.1);
                let top = 0.5 + 0.22 * self.part;
                let points = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| {
                    let u = self.part + (s * 0.97 - self.part) * share;
                    let over = top + ((s + 1.0) / 2.0 - top) * share;
                    blend(self.hairline_at(head, u), self.outer_at(head, over, 0.12), depth)
                });
                strand(&points, lock, lock > 0.0 && x * points[2].0 > -0.1);
            }
        } else {
            let crown = (head.skull_centre().0 * 1.4, -0.95);
            for i in 1..12 {
                let (lock, near, far) = (self.locks[i], edge[i], outer[2 + i]);
                let points = match self.style {
                    Style::Bun => [near, blend(near, far, 0.5), crown],
                    _ if self.fringe => [blend(near, far, 0.85), blend(near, far, 0.4), near],
                    _ => {
                        let lean = (near.0 + 0.06 * lock, near.1);
                        [blend(lean, far, 0.1), blend(near, far, 0.35), blend(near, far, 0.7)]
                    }
                };
                strand(&points, lock, lock > 0.15 && x * points[1].0 > -0.2);
            }
        }
        // The gleam: a soft spot on the side of the light.
        let (near, far) = if x > 0.0 { (edge[8], outer[11]) } else { (edge[4], outer[5]) };
        let opacity = if self.style == Style::Buzz { 0.15 } else { 0.5 };
        easel.glow(blend(near, far, 0.55), 0.34, self.bright(), opacity);
    }

    fn paint_curtains(&self, easel: &mut Easel, head: &Head, outer: &[Point]) {
        let (x, _) = head.light_on_head();
        let end = self.end();
        for s in [-1.0, 1.0] {
            let (top, edge) = if s < 0.0 { (outer[3], outer[0]) } else { (outer[13], outer[16]) };
            let wave = |share: f32| self.wave * (share * 9.0 + s).sin();
            let inner = |u: f32, y: f32| head.on_face(s * u * head.half_width, y, 0.0);
            let (temple, cheek) = (inner(0.84, -0.4), inner(0.97, 0.2));
            let fall = end - cheek.1;
            let bend = |share: f32| s * (0.05 * share + wave(share));
            let within = [
                temple,
                cheek,
                (cheek.0 + bend(0.5), cheek.1 + fall * 0.5),
                (cheek.0 + bend(0.9) + s * 0.03, cheek.1 + fall * 0.92),
            ];
            let without = [
                (edge.0 + s * 0.02 + bend(1.0), end + 0.02),
                (edge.0 + s * 0.1 + bend(0.8), cheek.1 + fall * 0.75),
                (edge.0 + s * 0.06 + bend(0.4), cheek.1 + fall * 0.4),
                (edge.0 + s * 0.01, edge.1 - 0.1),
                top,
            ];
            let outline: Vec<Point> = within.into_iter().chain(without).collect();
            let lock = Shape::round(&outline);
            let lit = s * x > 0.0;
            let root = if lit { self.colour } else { mix(self.colour, self.dark(), 0.6) };
            easel.fill(&lock, across((0.0, -0.4), (0.0, end), root, self.dark()));
            easel.clip_to(&[&lock]);
            for (k, share) in [0.25, 0.5, 0.75].into_iter().enumerate() {
                let strand = [
                    blend(within[0], without[4], share),
                    blend(within[1], without[3], share),
                    blend(within[2], without[2], share),
                    blend(within[3], without[1], share),
                ];
                let colour = if lit && k != 1 { self.bright() } else { self.dark() };
                easel.stroke(&Shape::line(&strand), 0.035, flat(colour, 0.35));
            }
            easel.unclip();
        }
    }
}
