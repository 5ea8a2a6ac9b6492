//! A run as TensorBoard shows it: event files that a listener writes beside whatever else listens.
//!
//! ```text
//! mod.rs     the listener: events -> scalars, images
//! file.rs    DIR/events.out.tfevents.TIME.lacuna.PID
//! record.rs  TFRecord framing
//! proto.rs   the messages in the records
//! ```
//! `tensorboard-rs` (last release in 2022, on protobuf 2 and image 0.23) and `tboard` (2023, needs `protoc` to build)
//! do the same; what is needed of them is these four short files.

mod file;
mod proto;
mod record;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::log::EVERY;
use crate::config::TrainConfig;
use crate::event::{Event, Observer};
use file::EventFile;
use proto::{Image, SessionLog, Value, What};

/// Writes what a training tells of into a folder that TensorBoard reads, and passes it on.
///
/// | tag | what |
/// |---|---|
/// | `loss` | the batch mean of the loss, mean over ten steps: the run's own log |
/// | `images_per_second` | |
/// | `learning_rate/theta`, `learning_rate/phi` | |
/// | `preview` | photos, and what the model makes of them |
///
/// A part of a run that is resumed has a file of its own, whose steps go on. A folder that can no longer be written is
/// told of once and ends no training.
pub struct TensorBoard<'a> {
    folder: PathBuf,
    rates: [(&'static str, f64); 2],
    inner: &'a mut dyn Observer,
    file: Option<EventFile>,
    failed: bool,
    /// Sum and number of the losses that are not written yet.
    open: (f64, u32),
    step: u64,
    images_per_second: f64,
}

impl<'a> TensorBoard<'a> {
    /// Event files of a training by `config` go into `folder`, which is made when there is something to write; all
    /// that is heard goes on to `inner`, which alone may ask to stop.
    pub fn new(folder: &Path, config: &TrainConfig, inner: &'a mut dyn Observer) -> Self {
        let rates = [("theta", config.lr_theta), ("phi", config.lr_phi)];
        Self {
            folder: folder.to_path_buf(),
            rates,
            inner,
            file: None,
            failed: false,
            open: (0.0, 0),
            step: 0,
            images_per_second: 0.0,
        }
    }

    fn hear(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Resumed { step, .. } => {
                self.step = *step;
                // What a killed process wrote after its last checkpoint is forgotten: it is learned again.
                let start = What::SessionLog(SessionLog { status: SessionLog::START });
                self.write(step + 1, start)
            }
            Event::Step { step, loss, images_per_second, .. } => {
                self.step = *step;
                self.open = (self.open.0 + f64::from(*loss), self.open.1 + 1);
                self.images_per_second = *images_per_second;
                if step.is_multiple_of(EVERY) { self.scalars() } else { Ok(()) }
            }
            Event::Model { .. } => self.scalars(),
            Event::Preview { path } => self.image("preview", path),
            _ => Ok(()),
        }
    }

    fn scalars(&mut self) -> io::Result<()> {
        let (sum, steps) = std::mem::take(&mut self.open);
        if steps == 0 {
            return Ok(());
        }
        let rates = self.rates.map(|(name, rate)| (format!("learning_rate/{name}"), rate));
        let measured = [
            ("loss".to_string(), sum / f64::from(steps)),
            ("images_per_second".to_string(), self.images_per_second),
        ];
        let values = measured.into_iter().chain(rates);
        let values = values.map(|(tag, number)| Value::scalar(tag, number as f32)).collect();
        self.write(self.step, What::summary(values))
    }

    fn image(&mut self, tag: &str, path: &Path) -> io::Result<()> {
        let png = fs::read(path)?;
        let (width, height) = ::image::image_dimensions(path).map_err(io::Error::other)?;
        let image = Image::png(height, width, png);
        self.write(self.step, What::summary(vec![Value::image(tag.to_string(), image)]))
    }

    fn write(&mut self, step: u64, what: What) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(EventFile::create(&self.folder)?),
        };
        file.write(step, what)
    }
}

impl Observer for TensorBoard<'_> {
    fn on(&mut self, event: Event) -> ControlFlow<()> {
        if !self.failed
            && let Err(error) = self.hear(&event)
        {
            self.failed = true;
            let folder = self.folder.display();
            let text = format!("cannot write `{folder}`: {error}; training goes on without it");
            let _ = self.inner.on(Event::Note { text });
        }
        self.inner.on(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;

    #[test]
    fn a_folder_that_cannot_be_written_is_told_of_once_and_nothing_that_is_heard_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"kept").unwrap();
        let config = Layers::preset("bench-64").unwrap().finish().unwrap().train;
        let mut heard = Vec::new();
        let mut inner = |event: Event| {
            heard.push(event);
            if heard.len() > 40 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut board = TensorBoard::new(&file, &config, &mut inner);
        let step = |step| Event::Step {
            step,
            steps: 50,
            loss: 0.5,
            images_per_second: 1.0,
            seconds_left: 1.0,
        };
        let flow: Vec<_> = (1..=50).map(|at| board.on(step(at))).collect();
        let stopped = flow.iter().position(|flow| flow.is_break());
        let notes = heard.iter().filter(|event| matches!(event, Event::Note { .. })).count();
        assert_eq!((heard.len(), notes, stopped), (51, 1, Some(39)));
        assert_eq!(fs::read(&file).unwrap(), b"kept");
    }
}
