//! A degradation of one's own: every second row of the sensor is dead. The model needs no training for it.
//! `cargo run --release --example degradation -- RUN PHOTO OUT.png`

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use lacuna::degrade::Degradation;
use lacuna::event::Silent;
use lacuna::image::{batch_of, load, save_png};
use lacuna::method::Lcm;
use lacuna::restore::{Energy, Evidence, FitSettings, Restorer};
use lacuna::{Error, Model, Result, runtime};

/// A(x) = r x, where r is 1 in the rows that work.
#[derive(Debug)]
struct DeadRows(Tensor<4>);

impl DeadRows {
    fn new(side: usize, device: &Device) -> Self {
        let rows: Vec<f32> = (0..side).map(|y| if y % 2 == 0 { 1.0 } else { 0.0 }).collect();
        Self(Tensor::from_data(TensorData::new(rows, [1, 1, side, 1]), device))
    }
}

impl Degradation for DeadRows {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        image * self.0.clone()
    }

    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        evidence
    }
}

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, photo, out] = &arguments[..] else {
        return Err(Error::input("arguments", "3 are needed", "give RUN PHOTO OUT.png"));
    };
    let device = runtime::device("cpu")?;
    let model = Model::open(Path::new(run), &device)?;
    let config = model.config.clone();
    let photo = load(photo)?.picture()?.resized(config.size, config.size)?;
    let degradation = Box::new(DeadRows::new(config.size, &device));
    let measured = degradation.apply(batch_of(&[photo], &device)?);
    let evidence = Evidence { measured, degradation, energy: Energy::new(config.loss) };
    let restorer = Lcm::new(model, FitSettings::new(config.restore.inpaint, &config))?;
    for restored in restorer.restore(&[evidence], &mut Silent)?.into_iter().flatten() {
        save_png(out, restored.image.to_rgb8())?;
    }
    Ok(())
}
