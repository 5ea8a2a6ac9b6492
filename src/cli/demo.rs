//! `lacuna demo`

use clap::Args;
use lacuna::Result;

use super::Ending;

#[derive(Debug, Args)]
pub(super) struct DemoArguments {}

pub(super) fn run(_: DemoArguments) -> Result<Ending> {
    Ok(Ending::Done)
}
