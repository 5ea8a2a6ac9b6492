//! Which pictures are to be mended, and where each result goes.
//!
//! ```text
//! FILE                    -> OUT/STEM.png
//! FOLDER/a/b/NAME.jpg     -> OUT/a/b/NAME.png
//! two of one stem         -> OUT/a/b/NAME.jpg.png, OUT/a/b/NAME.png.png
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Record;
use crate::data::list_pictures;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::store::probe;

/// One picture to mend.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Its path below the folder that was named, or its bare name.
    pub below: PathBuf,
    /// Where its results go, without extension.
    pub out: PathBuf,
}

impl Input {
    /// `OUT/NAME.png`, the mended picture.
    pub fn result(&self) -> PathBuf {
        self.with("png")
    }

    /// `OUT/NAME.raw.png`, the image of the model.
    pub fn raw(&self) -> PathBuf {
        self.with("raw.png")
    }

    /// `OUT/NAME.residual.png`, how far the image is from the evidence.
    pub fn residual(&self) -> PathBuf {
        self.with("residual.png")
    }

    /// `OUT/NAME.strip.png`, input, raw and result side by side.
    pub fn strip(&self) -> PathBuf {
        self.with("strip.png")
    }

    /// All files that a restoration writes for it.
    pub fn files(&self) -> [PathBuf; 4] {
        [self.result(), self.raw(), self.residual(), self.strip()]
    }

    fn with(&self, ending: &str) -> PathBuf {
        let mut name = self.out.file_name().unwrap_or_default().to_os_string();
        name.push(".");
        name.push(ending);
        self.out.with_file_name(name)
    }
}

/// The pictures under `inputs` (files and folders), each with its place under `out`. A folder's files that are
/// no pictures are reported and passed over, and so is `out` itself where it lies inside.
///
/// # Errors
/// An input that is missing, a folder without pictures, or a result that would replace an input or a file
/// that is no result.
pub fn list(inputs: &[PathBuf], out: &Path, watch: &mut dyn Observer) -> Result<Vec<Input>> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for input in inputs {
        let kind = fs::metadata(input).map_err(Error::read(input))?;
        if !kind.is_dir() {
            let name = input.file_name().unwrap_or_default();
            found.push((input.clone(), name.into()));
            continue;
        }
        check_apart(input, out)?;
        let (paths, skipped) = list_pictures(input, watch)?;
        for skipped in skipped {
            let path = input.join(skipped.path);
            let _ = watch.on(Event::Skipped { path, problem: skipped.problem });
        }
        let before = found.len();
        // What an earlier restoration wrote beside its results is no photo.
        let companions = companions(input)?;
        let of_out = |path: &Path| companions.contains(path) || inside(path, out);
        let none_at_all = paths.is_empty();
        found.extend(paths.into_iter().map(|p| (input.join(&p), p)).filter(|(p, _)| !of_out(p)));
        if found.len() == before {
            let problem = match none_at_all {
                true => "there is no picture in it",
                false => "there is no picture in it but results of an earlier job",
            };
            let what = format!("folder `{}`", input.display());
            return Err(Error::input(what, problem, "name a folder with jpg, png or webp files"));
        }
    }

    let mut stems: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (_, below) in &found {
        *stems.entry(below.with_extension("")).or_default() += 1;
    }
    let place = |(path, below): (PathBuf, PathBuf)| {
        let stem = below.with_extension("");
        let out = if stems[&stem] == 1 { out.join(stem) } else { out.join(&below) };
        Input { path, below, out }
    };
    let inputs: Vec<Input> = found.into_iter().map(place).collect();
    check(&inputs)?;
    Ok(inputs)
}

/// Refuses results in the folder of the photos itself, or around it: nothing could tell them apart later. Inside it they
/// can be.
fn check_apart(input: &Path, out: &Path) -> Result<()> {
    if !inside(input, out) {
        return Ok(());
    }
    let (photos, what) = (input.display(), format!("--out `{}`", out.display()));
    let problem = match inside(out, input) {
        true => "it is the folder of the photos itself".to_string(),
        false => format!("the folder of the photos, `{photos}`, lies in it"),
    };
    let remedy = "name a folder for the results alone, as in `--out mended`";
    Err(Error::input(what, problem, remedy))
}

/// No two files of one name, and none where an input stands.
fn check(inputs: &[Input]) -> Result<()> {
    let originals: BTreeSet<PathBuf> =
        inputs.iter().filter_map(|input| fs::canonicalize(&input.path).ok()).collect();
    let mut places: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for input in inputs {
        if input.path.to_str().is_none() {
            let what = format!("`{}`", input.path.display());
            return Err(Error::input(what, "its name is no UTF-8", "rename it"));
        }
        for file in input.files() {
            if let Some(other) = places.insert(file.clone(), &input.path) {
                let what = format!("`{}` and `{}`", other.display(), input.path.display());
                let problem = format!("both would write `{}`", file.display());
                return Err(Error::input(what, problem, "mend them into two folders"));
            }
            if fs::canonicalize(&file).is_ok_and(|file| originals.contains(&file)) {
                return Err(occupied(&file, "it is one of the inputs"));
            }
        }
    }
    Ok(())
}

/// Refuses a result that would replace a file which no restoration wrote: that would have the raw image, which
/// is written first, beside it.
///
/// # Errors
/// The first such result.
pub(super) fn check_strangers(inputs: &[Input]) -> Result<()> {
    match inputs.iter().find(|input| input.result().exists() && !input.raw().exists()) {
        None => Ok(()),
        Some(input) => {
            Err(occupied(&input.result(), "it exists and is no result of a restoration"))
        }
    }
}

/// Whether the results of `inputs` can be written where they go: known before the first fit, and nothing is left
/// behind.
///
/// # Errors
/// The first folder that cannot be made or written.
pub fn probe_places(inputs: &[Input]) -> Result<()> {
    let folders: BTreeSet<&Path> = inputs.iter().filter_map(|input| input.out.parent()).collect();
    folders.into_iter().try_for_each(probe)
}

fn occupied(file: &Path, problem: &str) -> Error {
    let what = format!("output `{}`", file.display());
    Error::input(what, problem, "choose another folder with --out")
}

/// The raw images, residuals and strips that the record in `folder` names, by their full paths.
fn companions(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let images = Record::open(folder)?.images.into_values();
    Ok(images.flat_map(|one| [one.raw, one.residual, one.strip]).map(|p| folder.join(p)).collect())
}

fn inside(path: &Path, folder: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(folder)) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;
    use ::image::RgbImage;
    use std::slice;

    fn names(inputs: &[PathBuf], out: &Path) -> Result<Vec<String>> {
        let inputs = list(inputs, out, &mut Silent)?;
        let below = |path: PathBuf| path.strip_prefix(out).unwrap().display().to_string();
        Ok(inputs.iter().map(|input| below(input.result())).collect())
    }

    #[test]
    fn tree_and_names_are_kept_and_two_of_one_stem_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let (photos, out) = (dir.path().join("photos"), dir.path().join("photos/mended"));
        for name in ["a.v2.png", "b/c.png", "b/c.jpg", "mended/old.png"] {
            let path = photos.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            RgbImage::new(2, 2).save(path).unwrap();
        }
        let found = names(slice::from_ref(&photos), &out).unwrap();
        assert_eq!(found, ["a.v2.png", "b/c.jpg.png", "b/c.png.png"]);
        assert_eq!(names(&[photos.join("b/c.jpg")], &out).unwrap(), ["c.png"]);
        let refused = |out: &Path| names(slice::from_ref(&photos), out).unwrap_err().to_string();
        for (out, word) in [
            (photos.clone(), "the folder of the photos itself"),
            (photos.join("b/.."), "the folder of the photos itself"),
            (dir.path().to_path_buf(), "lies in it"),
        ] {
            let message = refused(&out);
            assert!(message.contains(word) && message.contains("--out mended"), "{message}");
        }
    }

    #[test]
    fn an_input_is_never_replaced_and_neither_is_a_file_of_someone_else() {
        let dir = tempfile::tempdir().unwrap();
        let photo = dir.path().join("a.png");
        RgbImage::new(2, 2).save(&photo).unwrap();
        let message = names(slice::from_ref(&photo), dir.path()).unwrap_err().to_string();
        assert!(message.contains("a.png") && message.contains("--out"), "{message}");
        let two = [photo.clone(), photo];
        assert!(
            names(&two, &dir.path().join("out"))
                .unwrap_err()
                .to_string()
                .contains("both would write")
        );
        assert!(names(&[dir.path().join("none.png")], dir.path()).is_err());
    }
}
