//! The demo's portraits: which they are, and their files.

use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::Path;

use lacuna::config::Config;
use lacuna::data::drawn::portrait;
use lacuna::data::{Id, is_held_out};
use lacuna::image::png_bytes;
use lacuna::store::write_atomically;
use lacuna::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::cli::interrupt;

/// Where they lie, below the folder of the demo.
pub(super) const FOLDER: &str = "portraits";

/// The file that says which portraits a folder holds.
const RECORD: &str = "demo.json";

/// Which portraits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Drawn {
    pub portraits: u64,
    pub seed: u64,
}

/// A folder that is not there is empty; what cannot be listed is none.
fn is_empty(folder: &Path) -> bool {
    !folder.exists() || fs::read_dir(folder).is_ok_and(|mut files| files.next().is_none())
}

impl Drawn {
    /// Refuses portraits that cannot make a demo, a folder with others, which would be learned too, and one with
    /// files of someone else, which would be replaced.
    pub fn check(&self, out: &Path, config: &Config) -> Result<()> {
        let refused = |problem: String| {
            let what = format!("output `{}`", out.display());
            Err(Error::input(what, problem, "choose another folder with --out"))
        };
        match fs::read(out.join(RECORD)).map(|bytes| serde_json::from_slice::<Drawn>(&bytes)) {
            Ok(Ok(there)) if there == *self => {}
            Ok(Ok(Drawn { portraits, seed })) => {
                return refused(format!("it holds a demo of {portraits} portraits (seed {seed})"));
            }
            Ok(Err(error)) => return refused(format!("its {RECORD} is damaged ({error})")),
            Err(error) if error.kind() == ErrorKind::NotFound && is_empty(out) => {}
            Err(_) => {
                return refused(format!(
                    "it is not empty, and has no {RECORD} of a demo to go on with"
                ));
            }
        }
        // By its content a portrait is held out or not, so they are drawn to see, until there is one on either side.
        let (mut learned, mut held_out) = (false, false);
        for index in 0..self.portraits {
            match is_held_out(&Id::of(&self.png(out, index, config.size)?), config.data.hold_out) {
                true => held_out = true,
                false => learned = true,
            }
            if learned && held_out {
                return Ok(());
            }
        }
        let what = format!("--portraits {}", self.portraits);
        Err(Error::input(
            what,
            "none of so few would be held out to be mended",
            "draw more, as in 40",
        ))
    }

    /// Draws those that are not there yet.
    pub fn draw(&self, out: &Path, size: usize) -> Result<ControlFlow<()>> {
        let record =
            serde_json::to_vec(self).map_err(|e| Error::write(out.join(RECORD))(e.into()))?;
        write_atomically(out.join(RECORD), &record)?;
        for index in 0..self.portraits {
            let path = out.join(FOLDER).join(format!("{index:04}.png"));
            if !path.exists() {
                write_atomically(&path, &self.png(&path, index, size)?)?;
            }
            if interrupt::asked().is_break() {
                return Ok(interrupt::asked());
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn png(&self, path: &Path, index: u64, size: usize) -> Result<Vec<u8>> {
        png_bytes(path, portrait(self.seed, index, size)?.to_rgb8())
    }
}
