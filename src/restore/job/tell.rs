//! What is worth knowing of a photo that is mended, and stops nothing.

use super::prepare::Damaged;
use super::{Job, MaskSource};
use crate::event::{Event, Observer};
use crate::restore::Task;

/// Tells `watch` of whatever is unusual in `damaged`, for a model of `side` x `side`.
pub(super) fn all(damaged: &Damaged, job: &Job, side: usize, watch: &mut dyn Observer) {
    tell_of_size(damaged, job, side, watch);
    tell_of_alpha(damaged, job, watch);
    tell_of_colour(damaged, job, watch);
    tell_of_profile(damaged, job, watch);
    tell_of_frames(damaged, watch);
}

/// A photo larger than the model's images comes out softer than it went in: that is said, not hidden.
fn tell_of_size(damaged: &Damaged, job: &Job, side: usize, watch: &mut dyn Observer) {
    let (width, height) = (damaged.picture.width(), damaged.picture.height());
    if width.max(height) > side {
        let what = match job.task {
            Task::Inpaint => "its hole is filled",
            Task::Colorize => "its colours are made",
            _ => "it is mended",
        };
        let of = if damaged.whole.is_some() { "the region of " } else { "" };
        let text = format!(
            "{of}`{}` is {width} x {height}: {what} at the model's {side} x {side}, then enlarged",
            damaged.input.path.display()
        );
        let _ = watch.on(Event::Note { text });
    }
}

/// Transparency that is not the mask is not understood: the colours under it are taken as they are.
fn tell_of_alpha(damaged: &Damaged, job: &Job, watch: &mut dyn Observer) {
    let is_mask = job.task == Task::Inpaint && job.mask == MaskSource::Alpha;
    let transparent = damaged.photo.alpha().is_some_and(|alpha| alpha.iter().any(|&a| a < 1.0));
    if transparent && !is_mask {
        let path = damaged.input.path.display();
        let text =
            format!("`{path}` is transparent in part: the colours under it count as they are");
        let _ = watch.on(Event::Note { text });
    }
}

/// A photo with colours to be coloured may be the wrong file, or the wrong task.
fn tell_of_colour(damaged: &Damaged, job: &Job, watch: &mut dyn Observer) {
    /// Mean distance of the channels from their grey: JPEG's rounding of a grey photo leaves a few thousandths.
    const COLOUR: f32 = 0.02;
    if job.task != Task::Colorize {
        return;
    }
    let grey = damaged.picture.channel_mean();
    let data = damaged.picture.data();
    let distance: f32 =
        data.iter().zip(grey.iter().cycle()).map(|(v, grey)| (v - grey).abs()).sum();
    if distance / data.len() as f32 > COLOUR {
        let path = damaged.input.path.display();
        let text = format!("`{path}` has colour already: only its grey is used, the colour is new");
        let _ = watch.on(Event::Note { text });
    }
}

/// A profile that cannot be converted both ways goes along, and the model sees the values as if they were sRGB.
fn tell_of_profile(damaged: &Damaged, job: &Job, watch: &mut dyn Observer) {
    let photo = &damaged.photo;
    if let Some(profile) = photo.carried.profile.as_ref().filter(|profile| !profile.is_understood())
    {
        let coloured = job.task == Task::Colorize || photo.original.color().has_color();
        let fate = match profile.for_pixels(coloured) {
            Some(_) => "kept",
            None => "left out, as it does not fit the result's channels",
        };
        let path = damaged.input.path.display();
        let text = format!(
            "`{path}` has a colour profile that cannot be converted: its values count as if they were sRGB, the profile is {fate}"
        );
        let _ = watch.on(Event::Note { text });
    }
}

/// A PNG or WebP may move; what is mended does not.
fn tell_of_frames(damaged: &Damaged, watch: &mut dyn Observer) {
    if damaged.photo.carried.moves {
        let path = damaged.input.path.display();
        let text = format!("`{path}` is an animation: its first picture alone is mended");
        let _ = watch.on(Event::Note { text });
    }
}
