//! Trains a model on a folder of photos: `cargo run --release --example train -- PHOTOS RUN`

use std::ops::ControlFlow;
use std::path::Path;

use lacuna::config::Layers;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::Event;
use lacuna::train::{Run, train};
use lacuna::{Error, Result, runtime};

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(out)) = (arguments.next(), arguments.next()) else {
        let remedy = "give PHOTOS RUN [key=value ...]";
        return Err(Error::input("arguments", "2 or more are needed", remedy));
    };
    let mut layers = Layers::preset("photos-64")?;
    for assignment in arguments {
        layers.set(&assignment)?;
    }
    let config = layers.finish()?;
    let mut watch = |event: Event| {
        match event {
            Event::Step { step, steps, loss, seconds_left, .. } if step % 50 == 0 => {
                println!("step {step} of {steps}: loss {loss:.4}, {seconds_left:.0} s left");
            }
            Event::Photos { train, held_out, .. } => {
                println!("{train} photos to learn from, {held_out} held out");
            }
            Event::Skipped { path, problem } => println!("skipped {}: {problem}", path.display()),
            Event::Note { text } => println!("{text}"),
            // What else there is to hear of stands in `lacuna::event`.
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let photos = Photos::scan(Path::new(&folder), PhotoConfig::from(&config), &mut watch)?;
    let device = runtime::device("cpu")?;
    let outcome = train(&photos, &config, &Run::at(out), &device, &mut watch)?;
    println!("{} steps, loss {:.4}: {}", outcome.steps, outcome.loss, outcome.model.display());
    Ok(())
}
