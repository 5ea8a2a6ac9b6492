//! The demo's `report.html`.

use burn::tensor::Device;
use lacuna::Result;
use lacuna::evaluate::{Compared, IN_PHOTO, Summary, meaning, sheet};
use lacuna::image::{Picture, load};
use lacuna::report::{
    Chart, Column, Figure, Kind, Page, Section, Slider, Table, clock, counted, grouped, quoted,
    versions,
};
use lacuna::restore::Task;
use lacuna::train::Run;

use super::Shown;

/// Rows of a contact sheet.
const ROWS: usize = 6;

/// Portraits with a border to move.
const SLIDERS: usize = 3;

pub(super) fn render(shown: &Shown, run: &Run, device: &Device) -> Result<String> {
    let learned = shown.portraits - shown.held_out;
    let lead = format!(
        "A small model learned {} that this program drew itself. Then it mended {} that it had never seen, each \
         damaged in three ways, without being told of any of them while it learned.",
        counted(learned, "portrait"),
        mended(shown),
    );
    let mut page = Page::new(Kind::Demo, "Portraits, learned and mended").lead(&lead).facts(&[
        (grouped(learned as u64), "portraits learned"),
        (clock(shown.outcome.seconds), "of learning"),
        (grouped(shown.mended() as u64), "portraits mended"),
        (clock(shown.mending_seconds), "of mending"),
    ]);
    for (at, (task, compared)) in shown.tasks.iter().enumerate() {
        let how = if at == 0 { how(*task, shown) } else { String::new() };
        page = page.section(section(*task, compared, shown, &how)?);
    }
    let page = page.section(learning(run)?).section(next(run)).section(settings(shown, device));
    Ok(page.render())
}

/// `24 portraits`, or `the first 24 of 40 portraits` where not all that were held out were mended.
fn mended(shown: &Shown) -> String {
    match shown.mended() {
        all if all == shown.held_out => counted(all, "portrait"),
        some => format!("the first {some} of {}", counted(shown.held_out, "portrait")),
    }
}

/// How the portraits were mended, and what is shown of that.
fn how(task: Task, shown: &Shown) -> String {
    format!(
        "The model looked for the image of its own that agrees best with the rest, in at most {} steps. What `restore` \
         makes of it and of what is known stands beside the damaged portrait; the sheet below shows the model's raw image (lcm) too. Move the borders, or tap a picture.",
        task.fit(&shown.config.restore).steps
    )
}

/// What was damaged, what came of it, in pictures and numbers.
fn section(task: Task, compared: &[Compared], shown: &Shown, how: &str) -> Result<Section> {
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
    let section =
        Section::new(heading).paragraph(&format!("{what} {how}")).sliders(&sliders(compared)?);

    let caption = format!(
        "The first {} of {} that were mended: damaged, by each way of the table, and the truth.",
        compared.len().min(ROWS),
        shown.mended()
    );
    let figure = Figure::from_rgb8(&sheet(compared, ROWS, &[])?, &caption)?;
    let summaries: Vec<Summary> =
        shown.scores.summaries().into_iter().filter(|summary| summary.task == task).collect();
    let columns = [Column::lower("error", 4), Column::plain("\u{b1}", 4)];
    let table = summaries.iter().fold(Table::new("way", &columns), |table, one| {
        let main = one.main();
        let numbers = [main.map(|stat| stat.mean), main.map(|stat| stat.error)];
        table.explained_row(&one.system, way(&one.system), &numbers)
    });
    let place = if task == Task::Inpaint { " in the hole" } else { "" };
    let numbers = format!(
        "Error: the mean squared difference from the truth{place}, of a range of 1, mean over {} and its standard error.",
        counted(shown.mended(), "portrait")
    );
    let (figure, table) = (Section::new("").figures(&[figure]), Section::new("").table(table));
    let numbers = Section::new("").note(&numbers);
    // A sheet of many ways takes the whole width.
    Ok(match summaries.len() {
        ..=3 => section.beside(figure, table.append(numbers)),
        _ => section.append(figure).beside(table, numbers),
    })
}

/// The first few portraits, damaged and mended.
fn sliders(compared: &[Compared]) -> Result<Vec<Slider>> {
    let mut sliders = Vec::new();
    for one in compared.iter().take(SLIDERS) {
        if let Some(mended) = one.results.last().map(|one| &one.picture) {
            let damaged = in_blocks(&one.degraded, mended.width())?;
            sliders.push(Slider::new(("damaged", &damaged), ("mended", mended), &one.truth.name)?);
        }
    }
    Ok(sliders)
}

/// A way by its name in the scores, in words.
fn way(system: &str) -> &'static str {
    match system {
        "lcm" => "the model of this demo, its raw image",
        _ if system.ends_with(IN_PHOTO) => "the same, put into what is known",
        "mean photo" => "the mean of all portraits learned",
        naive => meaning(naive),
    }
}

fn learning(run: &Run) -> Result<Section> {
    let preview: Picture = load(run.preview())?.picture()?;
    let points: Vec<(f64, f64)> =
        run.losses().iter().map(|line| (line.step as f64, f64::from(line.loss))).collect();
    let caption = "Thin: the loss on each few minibatches. Thick: its moving average. Lower is closer to the portraits.";
    Ok(Section::new("How it learned")
        .paragraph(
            "Every portrait has a small network of its own; fed with one and the same noise it yields the latent that \
             one large shared network turns into the portrait. All are fitted together.",
        )
        .figures(&[Figure::new(&preview, "Portraits it learned from, and as the model has them.")?])
        .chart(&Chart::new(&points, ("step", "loss"), caption)))
}

fn next(run: &Run) -> Section {
    let run = quoted(run.folder());
    Section::new("What to do next").commands(&[
        ("Learn your own photos", "lacuna train ~/photos --out runs/mine".to_string()),
        (
            "Mend one of them",
            "lacuna restore inpaint --model runs/mine photo.jpg --mask mask.png --shrink --out mended"
                .into(),
        ),
        (
            "Measure the model of this demo in more ways",
            format!("lacuna evaluate --model {run} --out evaluation --tasks denoise,jpeg"),
        ),
    ])
}

fn settings(shown: &Shown, device: &Device) -> Section {
    let config = &shown.config;
    let count = |n: usize| grouped(n as u64);
    let learned = Section::new("This demo").settings(&[
        ("pixels", format!("{0} x {0}", config.size)),
        ("portraits drawn", count(shown.portraits)),
        ("held out", count(shown.held_out)),
        ("numbers for each", count(config.latent.row_len())),
        ("steps, of generator and latents jointly", grouped(shown.outcome.steps)),
        ("loss at the end", format!("{:.4}", shown.outcome.loss)),
        ("seed", config.train.seed.to_string()),
    ]);
    let made = Section::new("What it was made with").settings(&versions(device));
    Section::new("Settings and versions")
        .beside(learned, made)
        .folded("All settings (config.toml)", &config.to_toml())
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
