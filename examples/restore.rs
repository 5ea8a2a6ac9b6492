//! Fills a hole of one photo with a trained model:
//! `cargo run --release --example restore -- RUN PHOTO MASK OUT.png` (in the mask, white is to be filled)

use std::path::Path;

use lacuna::event::Silent;
use lacuna::image::{load, save_photo};
use lacuna::method::Lcm;
use lacuna::restore::{FitSettings, Restorer, Task, paste};
use lacuna::{Error, Model, Result, runtime};

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, photo, mask, out] = &arguments[..] else {
        return Err(Error::input("arguments", "4 are needed", "give RUN PHOTO MASK OUT.png"));
    };
    let device = runtime::device("cpu")?;
    let model = Model::open(Path::new(run), &device)?;
    let config = model.config.clone();

    // What is known of the photo.
    let photo = load(photo)?;
    let white = load(mask)?.picture()?.channel_mean();
    let known: Vec<bool> = white.iter().map(|&white| white < 0.5).collect();
    let evidence = Task::Inpaint.evidence(&photo.picture()?, Some(&known), &config, &device)?;

    // The image of the model that agrees with it, and the photo with its hole filled from that image.
    let restorer = Lcm::new(model, FitSettings::new(config.restore.inpaint, &config))?;
    let restored = restorer.restore(&[evidence], &mut Silent)?;
    for restored in restored.into_iter().flatten() {
        println!("{} steps, energy {:.4}", restored.steps, restored.energy);
        let mended = paste(&photo.original, &known, photo.in_own_values(restored.image))?;
        save_photo(out, &mended, &photo.carried)?;
    }
    Ok(())
}
