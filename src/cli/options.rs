//! Options that several subcommands share.

use std::path::PathBuf;

use clap::Args;
use lacuna::Result;
use lacuna::config::Layers;

/// Settings: a preset, a file over it, single keys over that.
#[derive(Debug, Args)]
pub(super) struct SettingsOptions {
    /// TOML file laid over the preset; it may name any key, and no other
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One setting, as in `--set train.batch=8`; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

impl SettingsOptions {
    /// Lays them over `layers`.
    pub fn over(&self, mut layers: Layers) -> Result<Layers> {
        if let Some(path) = &self.config {
            layers.file(path)?;
        }
        for assignment in &self.settings {
            layers.set(assignment)?;
        }
        Ok(layers)
    }
}

/// Where it runs and how it tells.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// `cpu`, or with the matching build `cuda:0`, `wgpu`
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// One JSON object a line on stdout for every event, for machines
    #[arg(long)]
    pub json: bool,
}
