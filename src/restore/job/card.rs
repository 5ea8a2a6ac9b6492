//! One mended picture as the page shows it: whole, or as a tile among many.

use std::path::Path;

use ::image::imageops::{self, FilterType};
use ::image::{GenericImageView, Rgb, RgbImage};

use super::Mended;
use super::prepare::Damaged;
use crate::error::Result;
use crate::image::{Photo, load, within};
use crate::report::{Figure, Section, Slider, counted, shrunk, tenths};
use crate::restore::{Region, Stop, Task};

/// The longest side of a picture in a slider, in pixels.
const SHOWN: u32 = 960;
/// That of a mask or a residual.
const SMALL: u32 = 320;
/// That of each half of a tile.
const TILE: u32 = 128;
/// The squares that stand for what is missing, as in a program for drawing.
const CHECKS: [Rgb<u8>; 2] = [Rgb([150, 150, 150]), Rgb([190, 190, 190])];

/// What the page has of a picture.
#[derive(Debug)]
pub(super) struct Card {
    pub energy: f32,
    /// All of it; dropped where there are too many pictures to show all of each.
    pub case: Option<Section>,
    /// Before and after, small; dropped where the page has no room for more of them.
    pub tile: Option<Figure>,
}

impl Card {
    /// Bytes of its tile.
    pub fn tile_bytes(&self) -> usize {
        self.tile.as_ref().map_or(0, Figure::bytes)
    }

    /// The card of the result `below` the folder `out`. `fresh` is what was mended, where it is still at hand; else
    /// it is read again, if it can be. Where a region was mended, the card is of that region.
    ///
    /// # Errors
    /// A result that cannot be read, or in which the region does not lie.
    pub fn of(below: &Path, entry: &Mended, out: &Path, fresh: Option<&Damaged>) -> Result<Self> {
        let region: Option<Region> = entry.crop.as_deref().map(str::parse).transpose()?;
        let after = load(out.join(below))?;
        let after = match region {
            // An enlarged region is all of its result.
            Some(region) if entry.task != Task::Superres.name() => part(region, &after)?,
            _ => after,
        };
        let again = || {
            let photo = load(&entry.input)?;
            match region {
                Some(region) => part(region, &photo),
                None => Ok(photo),
            }
        };
        let read = if fresh.is_some() { None } else { again().ok() };
        let before = fresh.map(|damaged| &damaged.photo).or(read.as_ref());
        let known = fresh.and_then(|damaged| damaged.known.as_deref());

        let shown = small(&after, SHOWN)?;
        let hole = before.and_then(|before| hole(entry, before, &after, known, &shown));
        let clear = before.zip(hole.as_ref()).map(|(before, hole)| clear(before, hole, &shown));
        let before = before.map(|before| laid_under(before, &shown)).transpose()?.flatten();
        // What a mask covers is shown as it came: the scratch that is to go.
        let before = before.map(|before| match &clear {
            Some(clear) => checked(before, clear),
            None => before,
        });
        let case = case(below, entry, out, before.as_ref(), &shown, hole.as_ref())?;
        let energy = format!("energy {:.4}", entry.energy);
        let name = below.display().to_string();
        let tile = tile(before.as_ref(), &shown);
        let tile = Figure::thumbnail(&tile, 2 * TILE, &name)?.link(below).note(&energy);
        Ok(Self { energy: entry.energy, case: Some(case), tile: Some(tile) })
    }
}

fn part(region: Region, photo: &Photo) -> Result<Photo> {
    region.check(photo.original.width() as usize, photo.original.height() as usize)?;
    Ok(photo.with(region.of(&photo.original)))
}

/// `photo` as a page shows it, which has no profile to say what else its values would mean.
fn in_srgb(photo: &Photo) -> Result<RgbImage> {
    Ok(photo.picture()?.to_rgb8())
}

fn small(photo: &Photo, longest: u32) -> Result<RgbImage> {
    let image = &photo.original;
    // Shrunk before it is converted: a scan of a hundred megapixels stays one.
    match within(image.dimensions(), longest) {
        Some((width, height)) => in_srgb(&photo.with(image.thumbnail_exact(width, height))),
        None => in_srgb(photo),
    }
}

/// The input at the size of its result as it is shown: a smaller one by whole pixels, for it is not an interpolation
/// that was given. `None` where the two are not of one shape.
fn laid_under(before: &Photo, shown: &RgbImage) -> Result<Option<RgbImage>> {
    let (width, height) = shown.dimensions();
    let image = &before.original;
    let [w, h, width_, height_] = [image.width(), image.height(), width, height].map(i64::from);
    // The shape of a result is rounded to whole pixels.
    if (w * height_ - h * width_).abs() > w.max(h).max(width_).max(height_) {
        return Ok(None);
    }
    Ok(Some(match image.width() > width {
        true => in_srgb(&before.with(image.thumbnail_exact(width, height)))?,
        false => imageops::resize(&in_srgb(before)?, width, height, FilterType::Nearest),
    }))
}

/// Where something was filled, at the size of `shown`. By the mask where it is at hand, else where the result differs
/// from the input: all other pixels are the same bit for bit, and what was not opaque is now.
fn hole(
    entry: &Mended,
    before: &Photo,
    after: &Photo,
    known: Option<&[bool]>,
    shown: &RgbImage,
) -> Option<Vec<bool>> {
    let (before, after) = (&before.original, &after.original);
    let size = (before.width(), before.height());
    if entry.missing_pixels == 0 || size != (after.width(), after.height()) {
        return None;
    }
    let is_filled = |x: u32, y: u32| match known {
        Some(known) => known.get((y * size.0 + x) as usize) == Some(&false),
        None => before.get_pixel(x, y) != after.get_pixel(x, y),
    };
    Some(places(size, shown.dimensions()).map(|(x, y)| is_filled(x, y)).collect())
}

/// Which of the pixels that were filled came transparent, at the size of `shown`.
fn clear(before: &Photo, hole: &[bool], shown: &RgbImage) -> Vec<bool> {
    let image = &before.original;
    let places = places((image.width(), image.height()), shown.dimensions());
    places.zip(hole).map(|((x, y), &hole)| hole && image.get_pixel(x, y)[3] < u8::MAX).collect()
}

/// Where in a picture of `whole` the pixels of one of `shown` are, row by row.
pub(super) fn places(
    whole: (u32, u32),
    (width, height): (u32, u32),
) -> impl Iterator<Item = (u32, u32)> {
    let at = |place: u32, shown: u32, whole: u32| {
        (u64::from(place) * u64::from(whole) / u64::from(shown)) as u32
    };
    let rows = (0..height).map(move |y| at(y, height, whole.1));
    rows.flat_map(move |y| (0..width).map(move |x| (at(x, width, whole.0), y)))
}

/// `image` with squares where `clear` says that there is nothing.
fn checked(mut image: RgbImage, clear: &[bool]) -> RgbImage {
    let side = (image.width().max(image.height()) / 48).max(2);
    for ((x, y, pixel), _) in image.enumerate_pixels_mut().zip(clear).filter(|(_, clear)| **clear) {
        *pixel = CHECKS[((x / side + y / side) % 2) as usize];
    }
    image
}

/// White where something was filled, as in the masks that the program reads.
fn mask(hole: &[bool], size: (u32, u32)) -> RgbImage {
    let value = |x: u32, y: u32| hole.get((y * size.0 + x) as usize) == Some(&true);
    RgbImage::from_fn(size.0, size.1, |x, y| Rgb([if value(x, y) { 255 } else { 0 }; 3]))
}

fn tile(before: Option<&RgbImage>, after: &RgbImage) -> RgbImage {
    let small = |image: &RgbImage| shrunk(image, TILE).unwrap_or_else(|| image.clone());
    let after = small(after);
    let Some(before) = before.map(small) else { return after };
    let (width, height) = after.dimensions();
    let mut both = RgbImage::new(2 * width, height);
    imageops::replace(&mut both, &before, 0, 0);
    imageops::replace(&mut both, &after, i64::from(width), 0);
    both
}

/// Slider, numbers, and the files beside it.
fn case(
    below: &Path,
    entry: &Mended,
    out: &Path,
    before: Option<&RgbImage>,
    shown: &RgbImage,
    hole: Option<&Vec<bool>>,
) -> Result<Section> {
    let left = match before {
        Some(before) => {
            let before = Figure::photo(before, "damaged")?;
            let slider = Slider::of(before, Figure::photo(shown, "mended")?, "")?;
            Section::new("").slider(&slider)
        }
        None => Section::new("").figures(&[Figure::photo(shown, "mended")?]),
    };
    let mut files = Vec::new();
    if let Some(hole) = hole {
        files.push(Figure::photo(&scaled(mask(hole, shown.dimensions())), "mask")?);
    }
    for (path, caption) in [(&entry.raw, "model's image"), (&entry.residual, "residual")] {
        if let Ok(photo) = load(out.join(path)) {
            let longest = if caption == "residual" { SMALL } else { SHOWN };
            files.push(Figure::photo(&small(&photo, longest)?, caption)?.link(path));
        }
    }
    let right = Section::new("").settings(&facts(entry)).figures(&files);
    Ok(Section::new(&below.display().to_string()).beside(left, right))
}

fn scaled(image: RgbImage) -> RgbImage {
    shrunk(&image, SMALL).unwrap_or(image)
}

fn facts(entry: &Mended) -> Vec<(&'static str, String)> {
    let why = match entry.stop {
        Stop::Steps => "as many as allowed",
        Stop::Plateau => "then it had settled",
    };
    let mut facts = vec![
        ("task", entry.task.clone()),
        ("size", format!("{} x {} pixels", entry.width, entry.height)),
    ];
    if let Some(region) = &entry.crop {
        facts.push(("region", region.clone()));
    }
    if entry.missing_pixels > 0 {
        let all = (entry.width * entry.height).max(1);
        let share = 100.0 * entry.missing_pixels as f64 / all as f64;
        let filled = counted(entry.missing_pixels, "pixel");
        facts.push(("filled", format!("{filled}, {share:.1} %")));
    }
    if let Some(sigma) = entry.sigma {
        let noise = format!("{:.2} % of the range (standard deviation)", 100.0 * sigma);
        facts.push(("noise taken out", noise));
    }
    facts.extend([
        ("steps", format!("{}, {why}", entry.steps)),
        ("energy", format!("{:.4}", entry.energy)),
        ("residual", format!("{:.1} % of the range (rms)", 100.0 * entry.residual_rms)),
        ("time", tenths(entry.seconds)),
    ]);
    facts
}

/// What was done to each.
pub(super) fn what(task: Task) -> &'static str {
    match task {
        Task::Inpaint => "What was missing is filled, every known pixel is as it was.",
        Task::Superres => "Small pictures are enlarged.",
        Task::Colorize => "Grey pictures have colour.",
        Task::Denoise => "Noise is taken out.",
        Task::Jpeg => "Traces of heavy JPEG compression are taken out.",
    }
}
