//! The demo's `report.html`.

use lacuna::Result;
use lacuna::evaluate::{Compared, sheet};
use lacuna::image::{Picture, load};
use lacuna::report::{Column, Figure, Page, Section, Slider, Table};
use lacuna::restore::Task;
use lacuna::train::Run;

use super::Shown;
use crate::cli::progress::clock;

/// Rows of a contact sheet.
const ROWS: usize = 8;

pub(super) fn render(shown: &Shown, run: &Run) -> Result<String> {
    let lead = format!(
        "A small model learned {} portraits that this program drew itself, in {}. Then it mended {} that it had \
         never seen, each damaged in three ways, without being told of any of them while it learned.",
        shown.portraits - shown.held_out,
        clock(shown.outcome.seconds),
        mended(shown),
    );
    let mut page = Page::new("A prior learned and put to work").lead(&lead);
    for (task, compared) in &shown.tasks {
        page = page.section(section(*task, compared, shown)?);
    }
    let picture = |path| -> Result<Picture> { load(path)?.picture() };
    let learning = Section::new("How it learned")
        .paragraph(
            "Every portrait has a small network of its own; fed with one and the same noise it yields the latent that \
             one large shared network turns into the portrait. All are fitted together.",
        )
        .figures(&[
            Figure::new(&picture(run.preview())?, "Portraits it learned from, and as the model has them")?,
            Figure::new(&picture(run.curve())?, "The loss over the joint steps")?,
        ]);
    let config = &shown.config;
    let count = |n: usize| n.to_string();
    let settings = Section::new("Settings").settings(&[
        ("pixels", format!("{0} x {0}", config.size)),
        ("portraits learned from", count(shown.portraits - shown.held_out)),
        ("held out", count(shown.held_out)),
        ("mended, of those", count(shown.mended())),
        ("numbers per portrait", count(config.latent.row_len())),
        ("joint steps", shown.outcome.steps.to_string()),
        ("loss at the end", format!("{:.4}", shown.outcome.loss)),
        ("training", clock(shown.outcome.seconds)),
        ("mending", clock(shown.mending_seconds)),
        ("seed", config.train.seed.to_string()),
        ("version", env!("CARGO_PKG_VERSION").to_string()),
    ]);
    Ok(page.section(learning).section(settings).render())
}

/// `24 portraits`, or `the first 24 of 40 portraits` where not all that were held out were mended.
fn mended(shown: &Shown) -> String {
    match shown.mended() {
        all if all == shown.held_out => format!("{all} portraits"),
        some => format!("the first {some} of {} portraits", shown.held_out),
    }
}

/// What was damaged, what came of it, in pictures and numbers.
fn section(task: Task, compared: &[Compared], shown: &Shown) -> Result<Section> {
    let fit = task.fit(&shown.config.restore);
    let (heading, what) = match task {
        Task::Inpaint => {
            ("A hole over the face", "The middle 25 x 25 of 64 x 64 pixels are missing.")
        }
        Task::Superres => ("Eight times smaller", "Only 8 x 8 pixels are left of 64 x 64."),
        Task::Colorize => ("Without colour", "Only the mean of red, green and blue is left."),
        Task::Denoise => ("Noise", "Gaussian noise was added."),
        Task::Jpeg => {
            ("Heavy compression", "The portrait went through a JPEG file of low quality.")
        }
    };
    let text = format!(
        "{what} The model's image that agrees best with the rest was looked for in at most {} steps. Shown is the raw \
         image of the model, nothing is pasted back; `lcm` is the model.",
        fit.steps
    );
    let mut section = Section::new(heading).paragraph(&text);
    if let Some(one) = compared.first()
        && let Some((_, mended)) = one.results.last()
    {
        let damaged = in_blocks(&one.degraded, mended.width())?;
        let caption = format!("{}, the raw image of the model", one.truth.name);
        let slider = Slider::new(("damaged", &damaged), ("mended", mended), &caption)?;
        section = section.slider(&slider);
    }
    let caption =
        format!("The first {} of {} held-out portraits", compared.len().min(ROWS), shown.held_out);
    let figure = Figure::from_rgb8(&sheet(compared, ROWS, &[])?, &caption)?;
    let measured = if task == Task::Inpaint { "MSE in the hole" } else { "MSE" };
    let columns = [
        Column::lower(measured, 4),
        Column::plain("standard error", 4),
        Column::plain("portraits", 0),
    ];
    let summaries = shown.scores.summaries().into_iter().filter(|summary| summary.task == task);
    let table = summaries.fold(Table::new("way", &columns), |table, summary| {
        let numbers = [summary.mean, summary.error, summary.pictures as f64];
        table.row(&summary.system, &numbers.map(Some))
    });
    Ok(section.figures(&[figure]).table(table))
}

/// `picture` enlarged to `side` x `side` by whole pixels: what is left of it, not an interpolation.
fn in_blocks(picture: &Picture, side: usize) -> Result<Picture> {
    let (height, width) = (picture.height(), picture.width());
    let value = |at: usize| {
        let (c, y, x) = (at / (side * side), at / side % side, at % side);
        picture.get(c, y * height / side, x * width / side).unwrap_or_default()
    };
    Picture::new(side, side, (0..3 * side * side).map(value).collect())
}
