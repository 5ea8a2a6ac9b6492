//! Antialiased lines and dots, in pixels.

use tiny_skia::{FillRule, LineCap, LineJoin, Mask, Paint, PathBuilder, Pixmap, Stroke, Transform};

/// A line through `points`, in pixels, with round joins.
pub(super) fn line(
    canvas: &mut Pixmap,
    points: &[(f32, f32)],
    colour: [u8; 3],
    width: f32,
    opacity: f32,
    clip: Option<&Mask>,
) {
    let mut path = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    // `None` for fewer than two points: there is no line then.
    let Some(path) = path.finish() else { return };
    let (line_cap, line_join) = (LineCap::Round, LineJoin::Round);
    let stroke = Stroke { width, line_cap, line_join, ..Stroke::default() };
    canvas.stroke_path(&path, &paint(colour, opacity), &stroke, Transform::identity(), clip);
}

pub(super) fn dot(canvas: &mut Pixmap, (x, y): (f32, f32), radius: f32, colour: [u8; 3]) {
    if let Some(circle) = PathBuilder::from_circle(x, y, radius) {
        let rule = FillRule::Winding;
        canvas.fill_path(&circle, &paint(colour, 1.0), rule, Transform::identity(), None);
    }
}

fn paint([r, g, b]: [u8; 3], opacity: f32) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, (255.0 * opacity) as u8);
    paint
}
