//! The latent convolutional model: phi is fitted, theta stays (paper eq. 4).

use crate::error::Result;
use crate::event::Observer;
use crate::model::Model;
use crate::restore::{Evidence, FitSettings, Restored, Restorer, fit};

/// See the module.
#[derive(Debug)]
pub struct Lcm {
    model: Model,
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

    pub fn model(&self) -> &Model {
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
