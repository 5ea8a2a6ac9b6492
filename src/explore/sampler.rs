//! What draws phi that never were: principal components of the phi of training, and a mixture of Gaussians over them, in one
//! file that goes with the model.
//!
//! ```text
//! phi of training --Pca--> y [d, n] --Gmm--> Sampler --file.rs--> sampler.safetensors
//!                                               '--draw--> y --> phi = m + components y
//! ```
//! The paper takes 30,000 phi, 512 dimensions and 3 components. Of fewer rows a covariance of so many dimensions is not
//! known: dimensions are at most an eighth of the rows, and every covariance counts as many rows of the pooled one as it has
//! dimensions.

mod file;

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{Coordinates, Gmm, GmmSettings, Latents, Pass, Pca, PcaSettings};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::runtime::stream;

/// Rows for each dimension at least. Of 944 rows, rows that were held out were likeliest in 64 to 128 dimensions, and less
/// likely in 236, a quarter, than in 16 (docs/results.md).
const ROWS_PER_DIMENSION: usize = 8;
/// Rows to begin with.
const LEAST_ROWS: usize = 8;
/// What is added to a covariance, of the mean variance of a dimension: less than rounding of rows to f32 leaves.
const RIDGE: f64 = 1e-6;

/// What is asked of a sampler.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplerSettings {
    /// Dimensions at most.
    pub dimensions: usize,
    /// Components of the mixture at most.
    pub components: usize,
    /// Of the components' start.
    pub seed: u64,
}

/// What came of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Rows that were learned from, mirrored copies among them, and rows that were held out.
    pub rows: usize,
    pub mirrored: usize,
    pub held_out: usize,
    /// Numbers of a row, P; dimensions, d; components, K.
    pub row_len: usize,
    pub dimensions: usize,
    pub components: usize,
    /// Passes over the rows, and steps of EM.
    pub passes: usize,
    pub steps: usize,
    /// Share of the variance of rows that lies along the dimensions: of those that were learned, and of the others, if
    /// any, about the same mean.
    pub explained: f64,
    pub explained_held_out: Option<f64>,
    /// Mean ln p of a row in its d coordinates, of both; and of the others by a single Gaussian. Others lie nearer to the mean
    /// in directions that were chosen for the rows that were learned, so theirs may be the higher one.
    pub log_likelihood: f64,
    pub log_likelihood_held_out: Option<f64>,
    pub log_likelihood_one_gaussian: Option<f64>,
    /// Mean ln p of a whole row, for each of its P numbers: in all other directions it has the one variance that was left
    /// out (M. Tipping and C. Bishop, 1999). Of both; this says how true the sampler is of others.
    pub row_log_likelihood: f64,
    pub row_log_likelihood_held_out: Option<f64>,
    pub seed: u64,
    /// The version of this program that made it.
    pub version: String,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    pub pca: Pca,
    pub gmm: Gmm,
    pub facts: Facts,
}

impl Sampler {
    /// Bytes of memory that a fit takes at most: the components three times, a chunk of rows twice, rows in coordinates, the
    /// mixture; and what `latents` hold.
    pub fn memory(latents: &Latents, settings: &SamplerSettings) -> u64 {
        const CHUNK: u64 = 64 << 20;
        let (rows, width) = (latents.rows() as u64, latents.width() as u64);
        let d = dimensions(settings, latents.rows()) as u64;
        let block = (d + d / 8 + 16).min(width);
        let k = settings.components as u64;
        3 * 4 * width * block
            + CHUNK
            + 2 * 8 * rows * d
            + 8 * (8 * block * block + (8 + 4) * k * d * d)
            + latents.held_bytes()
    }

    /// A sampler of the rows of `latents`, of which those that are held out only measure it.
    ///
    /// # Errors
    /// Fewer than eight rows; a file that is damaged; [`Error::Stopped`].
    pub fn fit(
        latents: &mut Latents,
        settings: &SamplerSettings,
        watch: &mut dyn Observer,
    ) -> Result<Self> {
        let total = latents.rows();
        let mut reading = |done: usize| {
            let told = done.is_multiple_of(256) || done == total;
            match told && watch.on(Event::Gathered { done, total }).is_break() {
                true => Err(stopped()),
                false => Ok(()),
            }
        };
        latents.hold(&mut reading)?;
        let (train, held_out) = (latents.side(false), latents.side(true));
        let (count, mirrored) = train.count()?;
        if count < LEAST_ROWS {
            let problem = format!("{count} latents are too few to draw others from");
            let remedy =
                format!("train on more photos: {LEAST_ROWS} are the least, thousands are good");
            return Err(Error::input("sampler", problem, remedy));
        }
        let dimensions = dimensions(settings, count);
        let mut tell = |pass: Pass| {
            let Pass { pass, passes, rows, explained } = pass;
            watch.on(Event::Components { pass, passes, done: rows, total: count, explained })
        };
        let pca = Pca::fit(&train, &PcaSettings::new(dimensions, settings.seed), &mut tell)?;
        let (passes, explained) = (pca.passes, pca.explained());
        let mut on = |done: usize| {
            let pass = Pass { pass: passes, passes, rows: done, explained };
            if tell(pass).is_break() { Err(stopped()) } else { Ok(()) }
        };
        let learned = pca.coordinates(&train, &mut on)?;
        let others = pca.coordinates(&held_out, &mut on)?;
        Self::of_coordinates(pca, &learned, &others, mirrored, settings, watch)
    }

    fn of_coordinates(
        pca: Pca,
        learned: &Coordinates,
        others: &Coordinates,
        mirrored: usize,
        settings: &SamplerSettings,
        watch: &mut dyn Observer,
    ) -> Result<Self> {
        let (d, count) = learned.points.shape();
        let mixture = GmmSettings {
            components: settings.components.clamp(1, count),
            prior_rows: d as f64,
            ridge: RIDGE * learned.points.norm_squared() / learned.points.len() as f64,
            tolerance: 1e-3,
            most_steps: 100,
            seed: settings.seed,
        };
        let steps = mixture.most_steps;
        let (gmm, likelihoods) = Gmm::fit(&learned.points, &mixture, &mut |step, likelihood| {
            watch.on(Event::Mixture { step, steps, log_likelihood: likelihood })
        })?;
        let has_others = others.points.ncols() > 0;
        let held_out = |gmm: &Gmm| match has_others {
            true => gmm.log_likelihood(&others.points).map(Some),
            false => Ok(None),
        };
        let one = Gmm::of_groups(
            &learned.points,
            &vec![0; count],
            &GmmSettings { components: 1, ..mixture },
        )?;
        let log_likelihood = gmm.log_likelihood(&learned.points)?;
        let log_likelihood_held_out = held_out(&gmm)?;
        let whole =
            |of: &Coordinates, likelihood| of_whole_rows(learned, of, likelihood, pca.mean.len());
        let facts = Facts {
            rows: count,
            mirrored,
            held_out: others.points.ncols(),
            row_len: pca.mean.len(),
            dimensions: d,
            components: mixture.components,
            passes: pca.passes,
            steps: likelihoods.len(),
            explained: learned.explained(),
            explained_held_out: has_others.then(|| others.explained()),
            log_likelihood,
            log_likelihood_held_out,
            row_log_likelihood: whole(learned, log_likelihood),
            row_log_likelihood_held_out: log_likelihood_held_out.map(|value| whole(others, value)),
            log_likelihood_one_gaussian: held_out(&one)?,
            seed: settings.seed,
            version: env!("CARGO_PKG_VERSION").to_string(),
        };
        Ok(Self { pca, gmm, facts }.rounded())
    }

    /// The phi number `number` under `seed`, `[P]`, still to be brought into the box. It does not depend on how many are
    /// drawn.
    pub fn draw(&self, seed: u64, number: usize) -> Vec<f32> {
        let mut rng = stream(seed, &format!("sample/{number}"));
        self.pca.row(self.gmm.draw(&mut rng).as_slice())
    }

    /// As it is after a file: the same draws before and after.
    fn rounded(mut self) -> Self {
        let round = |x: f64| f64::from(x as f32);
        // So few digits are the same number after they are read again.
        let digits = |x: f64| format!("{x:.7e}").parse().unwrap_or(x);
        let facts = &mut self.facts;
        for x in [&mut facts.explained, &mut facts.log_likelihood, &mut facts.row_log_likelihood] {
            *x = digits(*x);
        }
        for x in [
            &mut facts.explained_held_out,
            &mut facts.log_likelihood_held_out,
            &mut facts.log_likelihood_one_gaussian,
            &mut facts.row_log_likelihood_held_out,
        ] {
            *x = x.map(digits);
        }
        self.pca.variances.iter_mut().for_each(|x| *x = round(*x));
        self.gmm.weights.iter_mut().for_each(|x| *x = round(*x));
        self.gmm.means.iter_mut().for_each(|mean| mean.apply(|x| *x = round(*x)));
        self.gmm.factors.iter_mut().for_each(|factor| factor.apply(|x| *x = round(*x)));
        self
    }
}

/// At most what is asked for, and an eighth of the rows; one at least.
fn dimensions(settings: &SamplerSettings, rows: usize) -> usize {
    settings.dimensions.min(rows / ROWS_PER_DIMENSION).max(1)
}

/// `likelihood` of the coordinates of `rows` with that of the `width - d` directions beside them, for each number:
/// `-(P - d)/2 ln(2 pi s^2) - |rest|^2 / (2 s^2)`, s^2 being what is left of the `learned` ones.
fn of_whole_rows(learned: &Coordinates, rows: &Coordinates, likelihood: f64, width: usize) -> f64 {
    let rest = |of: &Coordinates| {
        let left = (of.total - of.points.norm_squared()).max(0.0);
        left / of.points.ncols().max(1) as f64
    };
    let directions = width.saturating_sub(learned.points.nrows()) as f64;
    let variance = rest(learned) / directions.max(1.0);
    if variance == 0.0 {
        return likelihood / width as f64;
    }
    let beside = directions * (2.0 * PI * variance).ln() + rest(rows) / variance;
    (likelihood - 0.5 * beside) / width as f64
}

fn stopped() -> Error {
    Error::stopped("reading latents: nothing was fitted yet")
}
