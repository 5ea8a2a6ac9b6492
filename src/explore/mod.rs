//! Beyond restoration: between two photos, and photos that never were (SPEC 7).
//!
//! ```text
//! A, B --fit phi to each--> phi_A, phi_B --lerp--> phi_t --g(f_phi(s))--> strip.png, between.gif
//!    '-------------------------------cross-fade of pixels-------------------'
//!
//! phi of training [n, P] --Pca--> y [n, d] --Gmm--> Sampler --draw--> y --> m + components y --box--> g(f_phi(s)) --> PNGs
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | interpolate.rs | rows fitted to two pictures, and what lies between |
//! | animation.rs | frames as a GIF |
//! | latents.rs | the rows of a run, or of an export, gone through again and again |
//! | pca.rs | principal components of rows that need not fit into memory |
//! | gmm.rs, kmeans.rs | a mixture of Gaussians, and its start |
//! | sampler.rs | both together, as a file that goes with the model |
//! | sample.rs | rows drawn, rendered and written |

mod animation;
mod gmm;
mod interpolate;
mod kmeans;
mod latents;
mod pca;
mod sample;
mod sampler;

#[cfg(test)]
mod tests;

pub use animation::gif_bytes;
pub use gmm::{Gmm, GmmSettings};
pub use interpolate::{End, cross_fade, fit_ends, frames, lerp, times};
pub use latents::{Latents, Side};
pub use pca::{Coordinates, Pass, Pca, PcaSettings, Rows};
pub use sample::{SampleJob, Sampled};
pub use sampler::{Facts, Sampler, SamplerSettings};
