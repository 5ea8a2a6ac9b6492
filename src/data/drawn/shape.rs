//! Curves through points.
//!
//! ```text
//! p0 .. p1 .. p2 .. p3    Catmull-Rom: the tangent at p1 is (p2 - p0) / 2, so the cubic from p1 to p2
//!                         has the handles p1 + (p2 - p0) / 6 and p2 - (p3 - p1) / 6
//! ```

use std::f32::consts::TAU;

use tiny_skia::{Path, PathBuilder, Rect, Transform};

/// A point: right, down.
pub(super) type Point = (f32, f32);

/// An outline to fill, stroke or clip by; of too few points it is empty and draws nothing.
#[derive(Debug, Clone)]
pub(super) struct Shape(pub(super) Option<Path>);

impl Shape {
    /// A smooth loop through `points`.
    pub(super) fn round(points: &[Point]) -> Self {
        let n = points.len();
        let mut path = PathBuilder::new();
        if n > 2 {
            path.move_to(points[0].0, points[0].1);
            for i in 0..n {
                let at = |k: usize| points[(i + k) % n];
                curve(&mut path, at(n - 1), at(0), at(1), at(2));
            }
            path.close();
        }
        Self(path.finish())
    }

    /// A closed outline of smooth runs that meet in corners: the eye's upper and lower lid, say.
    pub(super) fn cornered(runs: &[&[Point]]) -> Self {
        let mut path = PathBuilder::new();
        for run in runs {
            through(&mut path, run);
        }
        path.close();
        Self(path.finish())
    }

    /// A closed outline of straight sides.
    pub(super) fn polygon(corners: &[Point]) -> Self {
        Self::cornered(&corners.chunks(1).collect::<Vec<_>>())
    }

    /// A smooth open line, to be stroked.
    pub(super) fn line(points: &[Point]) -> Self {
        let mut path = PathBuilder::new();
        through(&mut path, points);
        Self(path.finish())
    }

    pub(super) fn oval((x, y): Point, rx: f32, ry: f32) -> Self {
        let rect = Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry);
        Self(rect.and_then(PathBuilder::from_oval))
    }

    /// Between an oval (`corners` 2) and its bounding box (`corners` large): |x/rx|^n + |y/ry|^n = 1.
    pub(super) fn squarish((x, y): Point, rx: f32, ry: f32, corners: f32) -> Self {
        let points: Vec<Point> = (0..32)
            .map(|i| squared(i as f32 / 32.0 * TAU, corners))
            .map(|(u, v)| (x + rx * u, y + ry * v))
            .collect();
        Self::round(&points)
    }

    pub(super) fn moved(&self, dx: f32, dy: f32) -> Self {
        Self(self.0.clone().and_then(|path| path.transform(Transform::from_translate(dx, dy))))
    }
}

/// Continues `path` through `points`; a corner stands where it comes from elsewhere.
fn through(path: &mut PathBuilder, points: &[Point]) {
    let Some((&(x, y), n)) = points.first().map(|first| (first, points.len())) else { return };
    if path.is_empty() {
        path.move_to(x, y)
    } else {
        path.line_to(x, y)
    }
    for i in 0..n - 1 {
        let at = |k: usize| points[(i + k).saturating_sub(1).min(n - 1)];
        curve(path, at(0), at(1), at(2), at(3));
    }
}

fn curve(path: &mut PathBuilder, p0: Point, p1: Point, p2: Point, p3: Point) {
    let handle = |p: Point, from: Point, to: Point, s: f32| {
        (p.0 + s * (to.0 - from.0) / 6.0, p.1 + s * (to.1 - from.1) / 6.0)
    };
    let (a, b) = (handle(p1, p0, p2, 1.0), handle(p2, p1, p3, -1.0));
    path.cubic_to(a.0, a.1, b.0, b.1, p2.0, p2.1);
}

/// The point of the curve |u|^n + |v|^n = 1 at `angle`: a circle for `n` = 2.
pub(super) fn squared(angle: f32, n: f32) -> Point {
    let bend = |v: f32| v.signum() * v.abs().powf(2.0 / n);
    let (sin, cos) = angle.sin_cos();
    (bend(cos), bend(sin))
}

/// The point a share of the way from `a` to `b`.
pub(super) fn blend(a: Point, b: Point, share: f32) -> Point {
    (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_through_a_circles_points_is_nearly_the_circle() {
        let points: Vec<Point> = (0..12)
            .map(|i| (i as f32 / 12.0 * std::f32::consts::TAU).sin_cos())
            .map(|(sin, cos)| (cos, sin))
            .collect();
        let bounds = Shape::round(&points).0.unwrap().compute_tight_bounds().unwrap();
        for side in [bounds.width(), bounds.height()] {
            assert!((side - 2.0).abs() < 0.01, "{side}");
        }
    }

    #[test]
    fn too_few_points_and_impossible_ovals_are_empty() {
        assert!(Shape::round(&[(0.0, 0.0), (1.0, 1.0)]).0.is_none());
        assert!(Shape::line(&[]).0.is_none() && Shape::line(&[(1.0, 1.0)]).0.is_none());
        assert!(Shape::cornered(&[]).0.is_none());
        assert!(Shape::oval((0.0, 0.0), -1.0, f32::NAN).0.is_none());
    }
}
