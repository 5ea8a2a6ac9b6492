//! What is refused of a photo, and said before anything is decoded wherever its header and its name suffice.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, absolute};

use super::mask::mask_of;
use super::prepare::Files;
use super::{Input, Job, MaskSource, Record, below};
use crate::data::Id;
use crate::error::{Error, Result};
use crate::image::{MAX_PIXELS, header};
use crate::restore::task::check_small;
use crate::restore::{Region, Task};

/// Refuses `input` for all that can be known without decoding it, for a model of `side` x `side`. Comes before the look
/// whether it was mended earlier: what an earlier job was allowed to do, this one may not be.
///
/// # Errors
/// The one that decoding it would end with; a photo for which memory does not suffice.
pub fn check_early(input: &Input, job: &Job, side: usize) -> Result<()> {
    if let (MaskSource::File(path), Task::Inpaint) = (&job.mask, job.task) {
        mask_of(path, &input.below)?;
    }
    // What has no header that can be read is refused for that, when its turn comes.
    let Some(header) = header(&input.path) else { return Ok(()) };
    let pixels = u64::from(header.width) * u64::from(header.height);
    // What is over the limits of any photo is refused for that.
    if pixels > MAX_PIXELS {
        return Ok(());
    }
    let size = [header.width as usize, header.height as usize];
    if pixels > job.most_pixels {
        let problem =
            format!("mending {} x {} pixels takes more memory than there is", size[0], size[1]);
        let remedy = "close other programs, or mend a smaller copy of it";
        return Err(Error::picture(&input.path, problem, remedy));
    }
    let named = |error| named(&input.path, error);
    if let Some(region) = &job.crop {
        let [width, height] = size;
        let lies_in_it = region.check(width, height);
        // An orientation may stand behind the pixels.
        lies_in_it.or_else(|error| region.check(height, width).map_err(|_| named(error)))?;
    }
    check_size(job, size, side).map_err(named)?;
    if job.task == Task::Superres {
        let [width, height] = mended(job, size);
        check_small([height, width], side).map_err(named)?;
    }
    if job.task == Task::Inpaint && job.mask == MaskSource::Alpha && !header.has_alpha {
        return Err(no_mask(&input.path));
    }
    Ok(())
}

/// Refuses to replace the result in the place of that of `files` where somebody has worked on it since, or where it is that
/// of another photo.
///
/// # Errors
/// It is.
pub(super) fn check_replaced(files: &Files, job: &Job, record: &Record) -> Result<()> {
    let result = files.input.result();
    let Some(entry) = record.images.get(&below(&result, &job.out)) else { return Ok(()) };
    let bytes = match fs::read(&result) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::read(&result)(error)),
    };
    let refuse = |problem: String| {
        let remedy = "move it away, or choose another folder with --out";
        Err(Error::input(format!("output `{}`", result.display()), problem, remedy))
    };
    if entry.written.is_some_and(|written| written != Id::of(&bytes)) {
        return refuse("it was changed since it was written".into());
    }
    // The same photo may have been moved, or changed where it is.
    let is_other = entry.content.is_some_and(|content| content != files.content)
        && entry.source != absolute(&files.input.path).ok();
    match is_other {
        true => refuse(format!("it holds the result of `{}`", entry.input.display())),
        false => Ok(()),
    }
}

/// What is wrong with the numbers of a picture is said with its name.
pub(in crate::restore) fn named(path: &Path, error: Error) -> Error {
    match error {
        Error::Input { what, problem, remedy } => {
            Error::picture(path, format!("{what}: {problem}"), remedy)
        }
        other => other,
    }
}

/// Width and height of what is mended of a photo.
fn mended(job: &Job, photo: [usize; 2]) -> [usize; 2] {
    job.crop.map_or(photo, |region| [region.width, region.height])
}

/// What would come out softer than it went in is asked for or refused. Colours alone may be soft.
pub(super) fn check_size(job: &Job, photo: [usize; 2], side: usize) -> Result<()> {
    let [width, height] = mended(job, photo);
    let soft_is_fine = job.shrink || job.task == Task::Colorize;
    // For superres the evidence says it, as nothing else helps there.
    if soft_is_fine || job.task == Task::Superres || width.max(height) <= side {
        return Ok(());
    }
    let (what, remedy) = match job.crop {
        Some(_) => ("the region", "choose a smaller one"),
        None => ("the photo", "mend a region of it (--crop X,Y,W,H)"),
    };
    let problem = format!("the model makes {side} x {side}");
    let remedy = format!("{remedy}, or add --shrink: mend it at that size, then enlarge");
    Err(Error::input(format!("{what} is {width} x {height} pixels"), problem, remedy))
}

/// Whether the part of the mask in `region` says anything.
pub(super) fn check_hole(region: &Region, known: Option<&[bool]>) -> Result<()> {
    let Some(known) = known else { return Ok(()) };
    let missing = known.iter().filter(|&&known| !known).count();
    let (problem, remedy) = match missing {
        0 => {
            let remedy = "choose a region (--crop X,Y,W,H) that holds what the mask shows white";
            ("nothing in it is to be filled", remedy)
        }
        all if all == known.len() => {
            let remedy = "choose a larger region (--crop X,Y,W,H), with some of what is known";
            ("all of it is to be filled", remedy)
        }
        _ => return Ok(()),
    };
    Err(Error::input(format!("region {region}"), problem, remedy))
}

/// Nothing says what is to be filled.
pub(super) fn no_mask(path: &Path) -> Error {
    let problem = "it has no alpha channel to say what is missing";
    Error::picture(path, problem, "give --mask FILE or --hole center:40%")
}
