//! The damage of an evaluation: one kind for each task (SPEC 3).

use super::Truth;
use crate::degrade::{Corruption, Grey, Hole, Jpeg, Noise, Punch, Shrink};
use crate::error::Result;
use crate::image::Picture;
use crate::restore::Task;
use crate::runtime::stream;

/// How strongly pictures are damaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Damage {
    pub hole: Hole,
    /// How many times smaller, for super-resolution.
    pub factor: usize,
    /// Standard deviation of the noise, of a range of 1.
    pub sigma: f32,
    /// JPEG quality, 1..=100.
    pub quality: u8,
    /// Of noise and random holes; every picture has a stream of its own.
    pub seed: u64,
}

/// A damaged picture.
#[derive(Debug, Clone)]
pub struct Damaged {
    pub picture: Picture,
    /// `[H, W]`, true = known; for inpainting.
    pub known: Option<Vec<bool>>,
}

impl Damage {
    /// Damages `truth` for `task`.
    ///
    /// # Errors
    /// Strengths outside their range.
    pub fn apply(&self, task: Task, truth: &Truth) -> Result<Damaged> {
        let mut rng = stream(self.seed, &format!("{}/{}", task.name(), truth.id));
        let whole = &truth.picture;
        match self.corruption(task)? {
            Some(corruption) => {
                Ok(Damaged { picture: corruption.corrupt(whole, &mut rng)?, known: None })
            }
            None => {
                let (picture, known) = Punch::new(self.hole).punch(whole, &mut rng)?;
                Ok(Damaged { picture, known: Some(known) })
            }
        }
    }

    /// What is done for `task`, in a line.
    pub fn words(&self, task: Task) -> String {
        match task {
            Task::Inpaint => format!("hole {}, seed {}", self.hole, self.seed),
            Task::Superres => format!("{} times smaller", self.factor),
            Task::Colorize => "grey".to_string(),
            Task::Denoise => format!("noise {} of the range, seed {}", self.sigma, self.seed),
            Task::Jpeg => format!("JPEG quality {}", self.quality),
        }
    }

    /// Whether the strength for `task` is one, whatever the picture: said once, and not for each of a folder.
    ///
    /// # Errors
    /// A strength outside its range.
    pub fn check(&self, task: Task) -> Result<()> {
        self.corruption(task).map(|_| ())
    }

    /// What damages for `task`; `None` for a hole, which also says what is known.
    fn corruption(&self, task: Task) -> Result<Option<Box<dyn Corruption>>> {
        Ok(Some(match task {
            Task::Inpaint => return Ok(None),
            Task::Superres => Box::new(Shrink::new(self.factor)?),
            Task::Colorize => Box::new(Grey),
            Task::Denoise => Box::new(Noise::new(self.sigma)?),
            Task::Jpeg => Box::new(Jpeg::new(self.quality)?),
        }))
    }
}
