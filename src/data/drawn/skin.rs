//! Neck, skull, ears and face: everything of skin on which the features stand.
//!
//! ```text
//! light \    a wash from the bright to the shaded side, then a rim of shade around the point turned to the light,
//!        \   then spots: forehead and cheek bright, cheeks flushed, sockets and underlip dark
//!         ( )
//! ```

use super::colour::mix;
use super::easel::{Easel, across, flat, rim};
use super::head::Head;
use super::shape::{Point, Shape};

/// The neck, upright, with the shadow of the tilted chin on it.
pub(super) fn paint_neck(easel: &mut Easel, head: &Head, thick: f32) {
    easel.set_frame(head.body_frame());
    let (half, lean) = (head.half_width * thick, -0.1 * head.turn());
    let side = |s: f32| -> [Point; 4] {
        [
            (s * half + lean, 0.4),
            (s * half + lean * 0.8, 0.9),
            (s * half * 1.04, 1.25),
            (s * half * 1.9, 1.9),
        ]
    };
    let (mut right, left) = (side(1.0), side(-1.0));
    right.reverse();
    let neck = Shape::cornered(&[&left, &right]);
    let (x, _) = head.light;
    easel.fill(&neck, across((x * half, 0.0), (-x * half, 0.0), head.skin, head.shade()));
    easel.clip_to(&[&neck]);
    easel.set_frame(head.frame());
    // The chin's shadow falls away from the light, soft by being drawn twice.
    let (x, _) = head.light_on_head();
    let dark = mix(head.shade(), head.line(), 0.28);
    for (far, opacity) in [(0.27, 0.35), (0.19, 0.6)] {
        easel.fill(&head.face().moved(-x * 0.12, far), flat(dark, opacity * head.contrast));
    }
    easel.unclip();
}

/// Skull and face, in the frame of the head. The ears are apart, for hair may come between.
pub(super) fn paint_face(easel: &mut Easel, head: &Head, bald: bool) {
    let (face, skull) = (head.face(), head.skull(0.0, -0.02));
    let (x, y) = head.light_on_head();
    let toward = |far: f32| (x * far, y * far);
    let wash = || across(toward(0.85), toward(-0.85), head.bright(), head.shade());
    let whole: &[&Shape] = if bald { &[&face, &skull] } else { &[&face] };
    for shape in whole {
        easel.fill(shape, wash());
    }
    easel.clip_to(whole);
    // Seen over the nose, so that the plane of the face stays light when the head turns.
    let nose = head.on_face(0.0, 0.1, 0.0);
    let middle = (nose.0 * 0.6 + x * 0.3, nose.1 * 0.6 + y * 0.25);
    easel.fill(&head.skull(1.0, 1.0), rim(middle, 1.15, head.shade(), 0.85));
    let deep = mix(head.shade(), head.line(), 0.3);
    easel.fill(&head.skull(1.0, 1.0), rim(toward(0.42), 1.5, deep, 0.6 * head.contrast));
    let bright = mix(head.bright(), [1.0; 3], 0.12);
    easel.glow(head.on_face(0.18 * x.signum(), -0.48, 0.0), 0.42, bright, 0.55);
    for side in [-1.0, 1.0] {
        let cheek = head.on_face(0.4 * side, 0.3, 0.0);
        easel.glow(cheek, 0.34, head.flush(), 0.45);
        let toward_light = if side * x > 0.0 { 0.5 } else { 0.12 };
        easel.glow(head.on_face(0.4 * side, 0.17, 0.0), 0.2, bright, toward_light);
        easel.glow(head.on_face(0.27 * side, -0.05, 0.0), 0.27, head.shade(), 0.55);
    }
    easel.glow(head.on_face(0.0, 0.79, 0.0), 0.13, head.shade(), 0.5);
    easel.glow(head.on_face(0.05 * x.signum(), 0.88, 0.0), 0.24, bright, 0.2);
    easel.unclip();
}

/// The ear on `side`.
pub(super) fn paint_ear(easel: &mut Easel, head: &Head, side: f32) {
    let (x, y) = head.ear(side);
    // Turned to the viewer an ear is seen whole, turned away hardly.
    let wide = 0.085 + 0.05 * (-side * head.turn()).max(-0.6);
    let outward = side * wide;
    let outline = Shape::round(&[
        (x - outward * 0.8, y - 0.12),
        (x + outward * 0.35, y - 0.19),
        (x + outward, y - 0.13),
        (x + outward * 0.85, y + 0.06),
        (x + outward * 0.3, y + 0.19),
        (x - outward * 0.8, y + 0.15),
    ]);
    let lit = side * head.light_on_head().0 > 0.0;
    let base = if lit { head.skin } else { head.shade() };
    let warm = mix(base, head.flush(), 0.45);
    easel.fill(&outline, across((x, y - 0.2), (x, y + 0.25), base, warm));
    let inner = Shape::line(&[
        (x + outward * 0.1, y - 0.13),
        (x + outward * 0.55, y - 0.1),
        (x + outward * 0.42, y + 0.02),
        (x + outward * 0.05, y + 0.1),
    ]);
    easel.stroke(&inner, 0.035, flat(mix(head.shade(), head.line(), 0.25), 0.6));
}
