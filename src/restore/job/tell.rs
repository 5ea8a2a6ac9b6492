//! What is worth knowing of a photo that is mended, and stops nothing.

use std::path::{Path, PathBuf};

use super::mask::Unclear;
use super::prepare::{Damaged, Noise};
use super::{Job, MaskSource};
use crate::report::counted;
use crate::restore::Task;

/// One thing that is unusual in a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    /// What follows the photo's name.
    pub one: String,
    /// What follows `212 photos`: the same for all of which the same is to be said.
    pub all: String,
}

/// Remarks of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    remark: Remark,
    first: PathBuf,
    count: usize,
}

impl Kind {
    /// Counts `remark` on the photo `path` among `kinds`.
    pub fn count(kinds: &mut Vec<Self>, path: &Path, remark: Remark) {
        match kinds.iter_mut().find(|kind| kind.remark.all == remark.all) {
            Some(kind) => kind.count += 1,
            None => kinds.push(Self { remark, first: path.to_path_buf(), count: 1 }),
        }
    }

    /// How many photos it holds.
    pub fn pictures(&self) -> usize {
        self.count
    }

    /// The one line that says it, of however many photos it holds.
    pub fn text(&self) -> String {
        let (Remark { one, all }, first) = (&self.remark, self.first.display());
        match self.count {
            1 => format!("`{first}` {one}"),
            n => format!("{} {all}; first: `{first}`", counted(n, "photo")),
        }
    }
}

/// Whatever is unusual in `damaged`, for a model of `side` x `side`.
pub(super) fn all(damaged: &Damaged, job: &Job, side: usize) -> Vec<Remark> {
    let remarks = [
        of_size(damaged, job, side),
        of_mask(damaged),
        of_hole(damaged, job),
        of_region(damaged),
        of_noise(damaged),
        of_alpha(damaged, job),
        of_colour(damaged, job),
        of_profile(damaged, job),
        of_frames(damaged),
    ];
    remarks.into_iter().flatten().collect()
}

/// A photo larger than the model's images comes out softer than it went in: that is said, not hidden.
fn of_size(damaged: &Damaged, job: &Job, side: usize) -> Option<Remark> {
    let (width, height) = (damaged.picture.width(), damaged.picture.height());
    if width.max(height) <= side {
        return None;
    }
    let [what, whats] = match job.task {
        Task::Inpaint => ["its hole is filled", "their holes are filled"],
        Task::Colorize => ["its colours are made", "their colours are made"],
        _ => ["it is mended", "they are mended"],
    };
    let [of, ofs] = match damaged.whole {
        Some(_) => ["has a region of", "have a region larger than the model"],
        None => ["is", "are larger than the model"],
    };
    let then = format!("at the model's {side} x {side}, then enlarged");
    Some(Remark {
        one: format!("{of} {width} x {height}: {what} {then}"),
        all: format!("{ofs}: {whats} {then}"),
    })
}

/// A photo in place of a mask, or one in several colours, is filled somewhere, but hardly where it was meant.
fn of_mask(damaged: &Damaged) -> Option<Remark> {
    let Unclear { path, between } = damaged.unclear.as_ref()?;
    let rule = "filled where brightness times opacity is half or more; paint what is to be filled white and opaque, all \
                else black";
    let (mask, share) = (path.display(), 100.0 * between);
    Some(Remark {
        one: format!(
            "has a mask of more than two values, `{mask}`: {share:.0} % of its pixels lie between, each pixel is {rule}"
        ),
        all: format!("have masks of more than two values: each pixel is {rule}"),
    })
}

/// A mask the wrong way round replaces the photo and keeps the scratch.
fn of_hole(damaged: &Damaged, job: &Job) -> Option<Remark> {
    /// More is rarely meant.
    const MOST: f64 = 0.5;
    let known = damaged.known.as_ref()?;
    let missing = known.iter().filter(|&&known| !known).count() as f64 / known.len() as f64;
    let (rule, ask) = match &job.mask {
        MaskSource::File(_) => {
            ("white is filled, black is kept", "is the mask the wrong way round?")
        }
        MaskSource::Alpha => ("what is not opaque is filled", "is that meant?"),
        MaskSource::Hole(_) => return None,
    };
    // Of a mask that is hardly one that is said, which is more.
    (missing > MOST && damaged.unclear.is_none()).then(|| Remark {
        one: format!("is new to {:.0} %: {rule}; {ask}", 100.0 * missing),
        all: format!("are new to more than {:.0} %: {rule}; {ask}", 100.0 * MOST),
    })
}

/// Of a mask of the whole photo only what is in the region is filled.
fn of_region(damaged: &Damaged) -> Option<Remark> {
    (damaged.outside > 0.0).then(|| Remark {
        one: format!(
            "stays damaged outside the region: {:.0} % of what its mask shows is there",
            100.0 * damaged.outside
        ),
        all: "stay damaged outside the region, where their masks show more".into(),
    })
}

/// A photo in which hardly any noise is found comes back as it was, which may look like a failure.
fn of_noise(damaged: &Damaged) -> Option<Remark> {
    /// Of a range of 1: what is found in sound photos of textures that are not fine is 0.003 to 0.009.
    const HARDLY: f64 = 0.01;
    let Some(Noise::Found(sigma)) = damaged.noise else { return None };
    let then = "so hardly anything changes; --sigma names the noise where there is more";
    (sigma < HARDLY).then(|| Remark {
        one: format!(
            "shows hardly any noise, {sigma:.4} of a range of 1 (standard deviation), {then}"
        ),
        all: format!(
            "show hardly any noise, less than {HARDLY} of a range of 1 (standard deviation), {then}"
        ),
    })
}

/// Transparency that is not the mask is not understood: the colours under it are taken as they are.
fn of_alpha(damaged: &Damaged, job: &Job) -> Option<Remark> {
    let is_mask = job.task == Task::Inpaint && job.mask == MaskSource::Alpha;
    let transparent = damaged.photo.alpha().is_some_and(|alpha| alpha.iter().any(|&a| a < 1.0));
    let text = "transparent in part: the colours under it count as they are";
    (transparent && !is_mask)
        .then(|| Remark { one: format!("is {text}"), all: format!("are {text}") })
}

/// A photo with colours to be coloured may be the wrong file, or the wrong task.
fn of_colour(damaged: &Damaged, job: &Job) -> Option<Remark> {
    /// Mean distance of the channels from their grey: JPEG's rounding of a grey photo leaves a few thousandths.
    const COLOUR: f32 = 0.02;
    if job.task != Task::Colorize {
        return None;
    }
    let grey = damaged.picture.channel_mean();
    let data = damaged.picture.data();
    let distance: f32 =
        data.iter().zip(grey.iter().cycle()).map(|(v, grey)| (v - grey).abs()).sum();
    (distance / data.len() as f32 > COLOUR).then(|| Remark {
        one: "has colour already: only its grey is used, the colour is new".into(),
        all: "have colour already: only their grey is used, the colour is new".into(),
    })
}

/// A profile that cannot be converted both ways goes along, and the model sees the values as if they were sRGB.
fn of_profile(damaged: &Damaged, job: &Job) -> Option<Remark> {
    let photo = &damaged.photo;
    let profile = photo.carried.profile.as_ref().filter(|profile| !profile.is_understood())?;
    let coloured = job.task == Task::Colorize || photo.original.color().has_color();
    let fate = match profile.for_pixels(coloured) {
        Some(_) => "kept",
        None => "left out, as it does not fit the result's channels",
    };
    let text = format!(
        "a colour profile that cannot be converted: the values count as if they were sRGB, the profile is {fate}"
    );
    Some(Remark { one: format!("has {text}"), all: format!("have {text}") })
}

/// A PNG or WebP may move; what is mended does not.
fn of_frames(damaged: &Damaged) -> Option<Remark> {
    damaged.photo.carried.moves.then(|| Remark {
        one: "is an animation: its first picture alone is mended".into(),
        all: "are animations: their first pictures alone are mended".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_of_many_photos_is_one_line_that_counts_them() {
        let (mut kinds, large) = (Vec::new(), |side: u32| Remark {
            one: format!("is {side} x {side}: shrunk"),
            all: "are larger: shrunk".into(),
        });
        Kind::count(&mut kinds, Path::new("a.jpg"), large(90));
        assert_eq!(kinds[0].text(), "`a.jpg` is 90 x 90: shrunk");
        let other = Remark { one: "moves".into(), all: "move".into() };
        Kind::count(&mut kinds, Path::new("b.jpg"), other);
        (0..1233).for_each(|_| Kind::count(&mut kinds, Path::new("c.jpg"), large(70)));
        let texts: Vec<String> = kinds.iter().map(Kind::text).collect();
        assert_eq!(texts, ["1,234 photos are larger: shrunk; first: `a.jpg`", "`b.jpg` moves"]);
    }
}
