//! The latent convolutional model: phi is fitted, theta stays (paper eq. 4).

use crate::error::Result;
use crate::event::Observer;
use crate::model::{Model, Prior};
use crate::restore::{Evidence, FitSettings, Restored, Restorer, fit};

/// See the module.
#[derive(Debug)]
pub struct Lcm {
    model: Prior,
    pub settings: FitSettings,
}

impl Lcm {
    /// A restorer by `model`, which is frozen.
    ///
    /// # Errors
    /// As [`Model::frozen`].
    pub fn new(model: Model, settings: FitSettings) -> Result<Self> {
        Ok(Self { model: model.frozen()?, settings })
    }

    pub fn model(&self) -> &Prior {
        &self.model
    }
}

impl Restorer for Lcm {
    fn restore(
        &self,
        evidence: &[Evidence],
        watch: &mut dyn Observer,
    ) -> Result<Option<Vec<Restored>>> {
        fit(&self.model, evidence, &self.settings, watch)
    }
}
