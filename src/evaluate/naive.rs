//! What needs no model, beside which a model has to show its worth.

use std::time::Instant;

use super::{Damaged, Outcome};
use crate::error::Result;
use crate::image::Picture;
use crate::method::naive::{
    Biharmonic, Eigenfaces, bicubic, fill_from, fill_mean, lanczos, mean_photo,
};
use crate::restore::{Task, in_photo};

/// Principal components of the eigenfaces, the number that SPEC 10 uses.
const COMPONENTS: usize = 50;

/// A way by its name, in words; empty for what is none of them.
pub fn meaning(way: &str) -> &'static str {
    match way {
        "mean of the known" => "one colour, the mean of what is left",
        "mean photo" => "the mean of all photos learned",
        "biharmonic" => "as smooth as can be, from the edge of the hole on",
        "eigenfaces" => "the nearest mix of 50 main variations",
        "bicubic" => "enlarged as many programs do",
        "Lanczos" => "the same, a little sharper",
        "grey" | "as it is" => "left as it is",
        "filter alone" => "what is done to the model's image, without a model",
        _ => "",
    }
}

/// The naive ways, those that look at other pictures fitted to the training set; without one they are left out.
#[derive(Debug)]
pub struct Naive {
    mean_photo: Option<Picture>,
    eigenfaces: Option<Eigenfaces>,
}

impl Naive {
    /// `train`: the pictures that the model was trained on, at its size.
    ///
    /// # Errors
    /// Pictures of different sizes.
    pub fn fit(train: &[Picture]) -> Result<Self> {
        let eigenfaces = match train.len() {
            0 | 1 => None,
            _ => Some(Eigenfaces::fit(train, COMPONENTS)?),
        };
        let mean_photo = if train.is_empty() { None } else { Some(mean_photo(train)?) };
        Ok(Self { mean_photo, eigenfaces })
    }

    /// Whether those are among them that look at other pictures.
    pub fn has_learned(&self) -> bool {
        self.mean_photo.is_some()
    }

    /// Every way's result for a damaged picture, at `side` x `side`.
    ///
    /// # Errors
    /// A hole that a way cannot fill.
    pub fn results(&self, task: Task, damaged: &Damaged, side: usize) -> Result<Vec<Outcome>> {
        let Damaged { picture, known } = damaged;
        let (mut results, mut began) = (Vec::new(), Instant::now());
        let mut add = |system: &str, picture: Picture| {
            let seconds = began.elapsed().as_secs_f64();
            began = Instant::now();
            results.push(Outcome { system: system.to_string(), picture, steps: None, seconds });
        };
        match (task, known) {
            (Task::Inpaint, Some(known)) => {
                let hole: Vec<bool> = known.iter().map(|known| !known).collect();
                add("mean of the known", fill_mean(picture, &hole)?);
                if let Some(mean_photo) = &self.mean_photo {
                    add("mean photo", fill_from(picture, &hole, mean_photo)?);
                }
                let biharmonic = Biharmonic::new(picture.height(), picture.width(), &hole)?;
                add("biharmonic", biharmonic.fill(picture)?);
                if let Some(eigenfaces) = &self.eigenfaces {
                    add("eigenfaces", eigenfaces.fill(picture, &hole)?);
                }
            }
            (Task::Superres, _) => {
                add("bicubic", bicubic(picture, side, side)?);
                add("Lanczos", lanczos(picture, side, side)?);
            }
            (Task::Colorize, _) => add("grey", picture.clone()),
            (Task::Denoise | Task::Jpeg | Task::Inpaint, _) => {
                add("as it is", picture.clone());
                // What the last step of a restoration does by itself, with one colour for the model's image.
                let plane = picture.height() * picture.width();
                let means = [0, 1, 2].map(|c| {
                    picture.data()[c * plane..][..plane].iter().sum::<f32>() / plane as f32
                });
                let blank = Picture::constant(picture.height(), picture.width(), means)?;
                add("filter alone", in_photo(task, blank, picture, None)?);
            }
        }
        Ok(results)
    }
}
