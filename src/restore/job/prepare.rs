//! One damaged file: read, told apart from what was mended before, decoded, turned into evidence.

use std::path::PathBuf;

use ::image::DynamicImage;
use burn::tensor::Device;

use super::mask::{self, Unclear, mask_of};
use super::refuse::{check_hole, check_size, named, no_mask};
use super::{Input, Job, MaskSource};
use crate::config::Config;
use crate::data::Id;
use crate::error::{Error, Result};
use crate::image::{Photo, Picture, load_bytes, read_bytes};
use crate::restore::{Evidence, Region, Task, noise_of};
use crate::runtime::stream;

/// The files of one input, not decoded yet.
#[derive(Debug)]
pub(super) struct Files {
    pub input: Input,
    bytes: Vec<u8>,
    /// Who the photo is, whatever its name.
    pub content: Id,
    mask: Option<(PathBuf, Vec<u8>)>,
    /// Of all that the result depends on.
    pub fingerprint: String,
}

/// A damaged picture, decoded.
#[derive(Debug)]
pub(super) struct Damaged {
    pub input: Input,
    /// What is mended: the photo, or a region of it.
    pub photo: Photo,
    /// The same as the model sees it, in sRGB.
    pub picture: Picture,
    /// `[H, W]`, true = known; for inpainting.
    pub known: Option<Vec<bool>>,
    /// The mask that says so, where it is hardly one.
    pub unclear: Option<Unclear>,
    /// Whether the whole photo has no colour. What stands in the hole says nothing of it: a red mark on a grey photo is no
    /// colour of its own.
    pub is_grey: bool,
    /// For denoising.
    pub noise: Option<Noise>,
    /// The region and the photo that it is of.
    pub whole: Option<(Region, DynamicImage)>,
    pub content: Id,
    pub fingerprint: String,
    /// The share of what the mask shows to be filled that lies outside the region, and so stays damaged.
    pub outside: f64,
    /// What is unusual in it, for the record.
    pub notes: Vec<String>,
}

/// Standard deviation of the noise that is taken away, of a range of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Noise {
    Given(f64),
    Found(f64),
}

impl Noise {
    /// That of the `values` of `photo`, where it is not wholly transparent.
    fn found_in(photo: &Photo, values: &Picture) -> Self {
        let alpha = photo.alpha();
        let counts = |at: usize| alpha.as_ref().is_none_or(|alpha| alpha[at] > 0.0);
        Self::Found(noise_of(values, counts))
    }

    pub fn sigma(self) -> f64 {
        match self {
            Self::Given(sigma) | Self::Found(sigma) => sigma,
        }
    }
}

impl Damaged {
    /// Pixels of the photo, also of one of which a region is mended.
    pub fn pixels(&self) -> u64 {
        let image = self.whole.as_ref().map_or(&self.photo.original, |(_, whole)| whole);
        u64::from(image.width()) * u64::from(image.height())
    }

    /// Whether pixel `at` says something of the photo.
    pub fn counts(&self, at: usize) -> bool {
        self.known.as_ref().is_none_or(|known| known[at])
    }
}

impl Files {
    /// Reads `input` and its mask.
    pub fn read(input: &Input, job: &Job) -> Result<Self> {
        let bytes = read_bytes(&input.path)?;
        let mask = match (&job.mask, job.task) {
            (MaskSource::File(path), Task::Inpaint) => {
                let path = mask_of(path, &input.below)?;
                let bytes = read_bytes(&path)?;
                Some((path, bytes))
            }
            _ => None,
        };
        let fingerprint = fingerprint(&bytes, mask.as_ref().map(|(_, bytes)| &bytes[..]), job);
        let content = Id::of(&bytes);
        Ok(Self { input: input.clone(), bytes, content, mask, fingerprint })
    }

    /// Decodes them; the evidence is for a model of `config` on `device`.
    pub fn decode(
        self,
        job: &Job,
        config: &Config,
        device: &Device,
    ) -> Result<(Damaged, Evidence)> {
        let mut photo = load_bytes(&self.bytes, &self.input.path)?;
        let named = |error: Error| named(&self.input.path, error);
        let (width, height) = (photo.original.width() as usize, photo.original.height() as usize);
        if let Some(region) = &job.crop {
            region.check(width, height).map_err(named)?;
        }
        check_size(job, [width, height], config.size).map_err(named)?;
        let (mut known, unclear) = match (&job.mask, job.task) {
            (MaskSource::Hole(_), Task::Inpaint) => (None, None),
            (_, Task::Inpaint) => {
                let (known, unclear) = self.known_by_mask(&photo).map_err(named)?;
                (Some(known), unclear)
            }
            _ => (None, None),
        };
        let mut whole = None;
        let (mut is_grey, mut outside) = (true, 0.0);
        if let Some(region) = job.crop {
            // A grey coat in a photo with colours may get some.
            let around = |at: usize| !region.holds(at % width, at / width);
            let counts = |at: usize| around(at) && known.as_ref().is_none_or(|known| known[at]);
            is_grey = photo.is_grey(counts);
            let all = missing(known.as_deref());
            known = known.map(|known| region.of_pixels(&known, width));
            outside = (all - missing(known.as_deref())) as f64 / all.max(1) as f64;
            check_hole(&region, known.as_deref()).map_err(named)?;
            let part = region.of(&photo.original);
            whole = Some((region, std::mem::replace(&mut photo.original, part)));
        }
        if let (MaskSource::Hole(hole), Task::Inpaint) = (&job.mask, job.task) {
            let mut rng = stream(job.seed, &format!("hole/{}", self.content));
            let (width, height) = (photo.original.width(), photo.original.height());
            let hole = hole.known_from(height as usize, width as usize, &mut rng);
            known = Some(hole.map_err(named)?);
        }
        is_grey &= photo.is_grey(|at| known.as_ref().is_none_or(|known| known[at]));
        let values = photo.values()?;
        let noise = (job.task == Task::Denoise)
            .then(|| job.sigma.map_or_else(|| Noise::found_in(&photo, &values), Noise::Given));
        let picture = photo.in_srgb(values);
        let evidence =
            job.task.evidence(&picture, known.as_deref(), config, device).map_err(named)?;
        let Self { input, content, fingerprint, .. } = self;
        let notes = Vec::new();
        let damaged = Damaged {
            input,
            photo,
            picture,
            known,
            unclear,
            is_grey,
            noise,
            whole,
            content,
            fingerprint,
            outside,
            notes,
        };
        Ok((damaged, evidence))
    }

    /// Which pixels of `photo` are known, by the mask that was given or its own alpha; and the mask if it is hardly one.
    fn known_by_mask(&self, photo: &Photo) -> Result<(Vec<bool>, Option<Unclear>)> {
        let (width, height) = (photo.original.width(), photo.original.height());
        let Some((path, bytes)) = &self.mask else {
            let alpha = photo.alpha().ok_or_else(|| no_mask(&self.input.path))?;
            return Ok((alpha.iter().map(|&alpha| alpha >= 1.0).collect(), None));
        };
        mask::known_in(bytes, path, (width, height), &self.input.path)
    }
}

/// Pixels that are to be filled.
fn missing(known: Option<&[bool]>) -> usize {
    known.unwrap_or_default().iter().filter(|&&known| !known).count()
}

fn fingerprint(bytes: &[u8], mask: Option<&[u8]>, job: &Job) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    add(bytes);
    add(mask.unwrap_or_default());
    let hole = match &job.mask {
        MaskSource::Alpha => "alpha".to_string(),
        MaskSource::File(_) => "file".to_string(),
        MaskSource::Hole(hole) => format!("{hole} {}", job.seed),
    };
    add(hole.as_bytes());
    add(job.crop.map(|region| region.to_string()).unwrap_or_default().as_bytes());
    add(format!("{:?} {:?}", job.feather, job.sigma).as_bytes());
    add(job.task.name().as_bytes());
    add(format!("{:?}", job.fit).as_bytes());
    add(job.settings.as_bytes());
    add(job.model.1.as_bytes());
    hasher.finalize().to_hex()[..32].to_string()
}
