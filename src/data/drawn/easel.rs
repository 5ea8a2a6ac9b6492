//! The canvas: shapes in any frame of coordinates, flat or shaded paint, a clip, and the way to a [`Picture`].
//!
//! ```text
//! shapes --frame--> canvas of at least 64 pixels --mean of factor x factor--> Picture of side pixels
//! ```

use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Pixmap,
    RadialGradient, Shader, SpreadMode, Stroke, Transform,
};

use super::colour::Colour;
use super::shape::{Point, Shape};
use crate::error::{Error, Result};
use crate::image::Picture;

/// The canvas has at least this many pixels a side, so that a smaller picture is a large one seen from afar. Edges are
/// antialiased as they are: twice the canvas at 64 pixels looked no better and took twice as long.
const CANVAS: usize = 64;
/// The canvas of a picture this large takes 64 MB; nobody learns from larger ones.
const MAX_SIDE: usize = 4096;

pub(super) struct Easel {
    canvas: Pixmap,
    factor: usize,
    frame: Transform,
    clip: Option<Mask>,
}

impl Easel {
    pub(super) fn new(side: usize) -> Result<Self> {
        let refused = || {
            Error::input(
                "size of a drawn portrait",
                format!("{side} pixels cannot be drawn"),
                format!("choose a side from 1 to {MAX_SIDE}"),
            )
        };
        if side == 0 || side > MAX_SIDE {
            return Err(refused());
        }
        let factor = CANVAS.div_ceil(side);
        let pixels = (side * factor) as u32;
        let canvas = Pixmap::new(pixels, pixels).ok_or_else(refused)?;
        Ok(Self { canvas, factor, frame: Transform::identity(), clip: None })
    }

    /// From here on a shape's coordinates are taken by `frame` to the picture, whose sides are 1.
    pub(super) fn set_frame(&mut self, frame: Transform) {
        let side = self.canvas.width() as f32;
        self.frame = frame.post_scale(side, side);
    }

    /// From here on paint stays within the union of `shapes`.
    pub(super) fn clip_to(&mut self, shapes: &[&Shape]) {
        self.clip = Mask::new(self.canvas.width(), self.canvas.height());
        if let Some(mask) = &mut self.clip {
            for path in shapes.iter().filter_map(|shape| shape.0.as_ref()) {
                mask.fill_path(path, FillRule::Winding, true, self.frame);
            }
        }
    }

    pub(super) fn unclip(&mut self) {
        self.clip = None;
    }

    pub(super) fn fill(&mut self, shape: &Shape, shader: Shader<'_>) {
        if let Some(path) = &shape.0 {
            let rule = FillRule::Winding;
            self.canvas.fill_path(path, &paint(shader), rule, self.frame, self.clip.as_ref());
        }
    }

    /// A line of `width` along `shape`, with round ends.
    pub(super) fn stroke(&mut self, shape: &Shape, width: f32, shader: Shader<'_>) {
        if let Some(path) = &shape.0 {
            let (line_cap, line_join) = (LineCap::Round, LineJoin::Round);
            let stroke = Stroke { width, line_cap, line_join, ..Stroke::default() };
            self.canvas.stroke_path(path, &paint(shader), &stroke, self.frame, self.clip.as_ref());
        }
    }

    /// A soft spot that fades to nothing at `radius`.
    pub(super) fn glow(&mut self, centre: Point, radius: f32, colour: Colour, opacity: f32) {
        self.fill(&Shape::oval(centre, radius, radius), spot(centre, radius, colour, opacity));
    }

    /// The picture under light of the colour `light`.
    pub(super) fn finish(self, light: Colour) -> Result<Picture> {
        let (wide, factor) = (self.canvas.width() as usize, self.factor);
        let side = wide / factor;
        // Everything stands on an opaque backdrop: premultiplied colour is colour.
        let pixels = self.canvas.data();
        let mut data = Vec::with_capacity(3 * side * side);
        for (c, light) in light.into_iter().enumerate() {
            for y in 0..side {
                for x in 0..side {
                    let mut sum = 0;
                    for row in y * factor..(y + 1) * factor {
                        let start = 4 * (row * wide + x * factor) + c;
                        let samples = pixels[start..].iter().step_by(4).take(factor);
                        sum += samples.map(|&v| u32::from(v)).sum::<u32>();
                    }
                    let mean = sum as f32 / (255 * factor * factor) as f32;
                    data.push((mean * light).clamp(0.0, 1.0));
                }
            }
        }
        Picture::new(side, side, data)
    }
}

/// One colour all over.
pub(super) fn flat(colour: Colour, opacity: f32) -> Shader<'static> {
    Shader::SolidColor(pigment(colour, opacity))
}

/// From `a` at one point to `b` at the other.
pub(super) fn across(from: Point, to: Point, a: Colour, b: Colour) -> Shader<'static> {
    fade(from, to, (a, 1.0), (b, 1.0))
}

/// From colour and opacity `a` at one point to `b` at the other.
pub(super) fn fade(from: Point, to: Point, a: (Colour, f32), b: (Colour, f32)) -> Shader<'static> {
    let stops = vec![stop(0.0, a), stop(1.0, b)];
    let shader =
        LinearGradient::new(from.into(), to.into(), stops, SpreadMode::Pad, Transform::identity());
    // `None` where both points are one: no way to fade along.
    shader.unwrap_or_else(|| flat(a.0, a.1))
}

/// Full in the middle, nothing at `radius`, without an edge to be seen.
pub(super) fn spot(centre: Point, radius: f32, colour: Colour, opacity: f32) -> Shader<'static> {
    rings(centre, radius, &[(0.0, 1.0), (0.35, 0.76), (0.7, 0.22), (1.0, 0.0)], colour, opacity)
}

/// Nothing in the middle, full at `radius` and beyond: the dark side of something round.
pub(super) fn rim(centre: Point, radius: f32, colour: Colour, opacity: f32) -> Shader<'static> {
    rings(centre, radius, &[(0.0, 0.0), (0.45, 0.0), (0.75, 0.35), (1.0, 1.0)], colour, opacity)
}

fn rings(
    centre: Point,
    radius: f32,
    ring: &[(f32, f32)],
    colour: Colour,
    opacity: f32,
) -> Shader<'static> {
    let stops = ring.iter().map(|&(at, share)| stop(at, (colour, opacity * share))).collect();
    let (at, identity) = (centre.into(), Transform::identity());
    let shader = RadialGradient::new(at, 0.0, at, radius, stops, SpreadMode::Pad, identity);
    shader.unwrap_or_else(|| flat(colour, 0.0))
}

fn stop(at: f32, (colour, opacity): (Colour, f32)) -> GradientStop {
    GradientStop::new(at, pigment(colour, opacity))
}

fn pigment([r, g, b]: Colour, opacity: f32) -> Color {
    let kept = |v: f32| v.clamp(0.0, 1.0);
    Color::from_rgba(kept(r), kept(g), kept(b), kept(opacity)).unwrap_or(Color::BLACK)
}

fn paint(shader: Shader<'_>) -> Paint<'_> {
    Paint { shader, anti_alias: true, ..Paint::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canvas_painted_all_over_is_that_colour_at_every_size() {
        for side in [1, 16, 63, 64, 256] {
            let mut easel = Easel::new(side).unwrap();
            easel.set_frame(Transform::identity());
            easel.fill(&Shape::oval((0.5, 0.5), 2.0, 2.0), flat([1.0, 0.6, 0.0], 1.0));
            let picture = easel.finish([0.5, 1.0, 1.0]).unwrap();
            assert_eq!((picture.height(), picture.width()), (side, side));
            for (plane, want) in picture.data().chunks(side * side).zip([0.5, 0.6, 0.0]) {
                assert!(plane.iter().all(|v| (v - want).abs() < 1e-3), "{side}");
            }
        }
    }

    #[test]
    fn sizes_that_cannot_be_drawn_are_errors() {
        for side in [0, MAX_SIDE + 1, usize::MAX] {
            assert!(Easel::new(side).is_err(), "{side}");
        }
    }

    #[test]
    fn paint_stays_within_the_clip() {
        let mut easel = Easel::new(32).unwrap();
        easel.set_frame(Transform::identity());
        let all = Shape::oval((0.5, 0.5), 2.0, 2.0);
        easel.fill(&all, flat([0.0; 3], 1.0));
        easel.clip_to(&[&Shape::oval((0.25, 0.5), 0.2, 0.2)]);
        easel.fill(&all, flat([1.0; 3], 1.0));
        let picture = easel.finish([1.0; 3]).unwrap();
        assert_eq!(picture.get(0, 16, 8), Some(1.0));
        assert_eq!(picture.get(0, 16, 24), Some(0.0));
    }
}
