//! The page of an evaluation: `report.html`.

mod rest;

use ::image::RgbImage;

use super::compare::IN_PHOTO;
use super::naive::meaning;
use super::outputs::{Looked, Outputs};
use super::scores::{Scores, Summary};
use super::table::{MEANING, Reconstruction};
use crate::error::Result;
use crate::report::{Column, Figure, Kind, Page, Section, Spread, Table, clock, counted, grouped};
use crate::restore::Task;

use rest::{seen, settings, whole};

/// The whole page.
///
/// # Errors
/// A picture that cannot be in it.
pub(super) fn render(
    outputs: &Outputs,
    scores: &Scores,
    reconstruction: &[Reconstruction],
    looked: &[(Task, Looked)],
) -> Result<String> {
    let record = &outputs.record;
    let pictures = outputs.held_out.pictures.len();
    let counted_ones = match outputs.plan.include_near {
        true => pictures,
        false => pictures - outputs.held_out.near().count(),
    };
    let systems = match &record.systems[..] {
        [_] => "A model was".to_string(),
        all => format!("{} were", counted(all.len(), "model")),
    };
    let (they_have, them) = match record.systems.len() {
        1 => ("it has", "it"),
        _ => ("they have", "them"),
    };
    let known = match outputs.held_out.unknown {
        0 => "",
        _ => ", as far as is known,",
    };
    let lead = format!(
        "{systems} measured on {} that{known} {they_have} not learned: each was damaged, mended, and compared with what it \
         had been. Ways that need no model stand beside {them}.",
        counted(pictures, "photo"),
    );
    let seconds: f64 = scores.all().iter().map(|score| score.seconds).sum();
    let mut facts = vec![
        (grouped(pictures as u64), "photos measured"),
        (grouped(scores.tasks().len() as u64), "kinds of damage"),
        (clock(seconds), "of mending"),
    ];
    if counted_ones != pictures {
        facts.insert(1, (grouped(counted_ones as u64), "of them count in the means"));
    }
    let mut page = Page::new(Kind::Evaluate, &title(outputs)).lead(&lead).facts(&facts);
    page = page.section(glance(outputs, scores));
    for (task, looked) in looked {
        page = page.section(of_task(outputs, *task, scores, looked)?);
    }
    if !reconstruction.is_empty() {
        page = page.section(whole(reconstruction));
    }
    Ok(page.section(seen(outputs)?).section(settings(outputs)).render())
}

fn title(outputs: &Outputs) -> String {
    match &outputs.record.systems[..] {
        [one] => {
            let name = super::System::names(&[one.folder.clone(), "/".into()]).swap_remove(0);
            format!("The model \u{201c}{name}\u{201d}, measured")
        }
        all => format!("{} compared", counted(all.len(), "model")),
    }
}

/// Every system's error in every task.
fn glance(outputs: &Outputs, scores: &Scores) -> Section {
    let head = &scores.heads[0];
    let tasks = scores.tasks();
    let columns: Vec<Column> = tasks
        .iter()
        .map(|task| column(task.name(), head.digits, head.lower_is_better).unmarked())
        .collect();
    let of_tasks: Vec<Vec<Summary>> = tasks.iter().map(|&task| scores.of_task(task)).collect();
    let mut table = Table::new("system", &columns).sortable();
    let names = outputs
        .record
        .systems
        .iter()
        .flat_map(|one| [one.name.clone(), format!("{} {IN_PHOTO}", one.name)]);
    let mut rows = 0;
    for name in names {
        let found: Vec<Option<&Summary>> =
            of_tasks.iter().map(|all| all.iter().find(|one| one.system == name)).collect();
        let numbers: Vec<Option<f64>> =
            found.iter().map(|one| one.and_then(|one| one.main()).map(|stat| stat.mean)).collect();
        table = table.explained_row(&name, words(&name), &numbers);
        for (at, one) in found.iter().enumerate() {
            if one.is_some_and(|one| one.best) {
                table = table.mark(rows, at);
            }
        }
        rows += 1;
    }
    // The bar that each has to clear.
    let is_model = |system: &str| {
        outputs
            .record
            .systems
            .iter()
            .any(|one| system == one.name || system == format!("{} {IN_PHOTO}", one.name))
    };
    let naive = |all: &Vec<Summary>| {
        let naive = all.iter().filter(|one| !is_model(&one.system));
        let with_mean = naive.filter_map(|one| Some((one.main()?.mean, one.best)));
        with_mean.min_by(|a, b| a.0.total_cmp(&b.0))
    };
    let naive: Vec<Option<(f64, bool)>> = of_tasks.iter().map(naive).collect();
    let numbers: Vec<Option<f64>> = naive.iter().map(|one| one.map(|one| one.0)).collect();
    table =
        table.explained_row("the best way without a model", "another one in each task", &numbers);
    for (at, _) in naive.iter().enumerate().filter(|(_, one)| one.is_some_and(|one| one.1)) {
        table = table.mark(rows, at);
    }
    Section::new("At a glance")
        .paragraph(
            "The error is the mean squared difference from the truth, of a range of 1: in the hole for inpaint, else of the \
             whole picture. Lower is better. Click a heading to sort by it.",
        )
        .table(table)
        .note(&marks())
}

/// What the marks mean, without Markdown's word for them.
fn marks() -> String {
    MEANING.replace("Bold:", "Marked:").replace("bold wants", "the mark wants")
}

fn column(head: &str, digits: usize, lower_is_better: bool) -> Column {
    match lower_is_better {
        true => Column::lower(head, digits),
        false => Column::higher(head, digits),
    }
}

fn of_task(outputs: &Outputs, task: Task, scores: &Scores, looked: &Looked) -> Result<Section> {
    let damage = outputs.record.settings.damage.get(task.name()).map_or("", String::as_str);
    let summaries = scores.of_task(task);
    let main = &scores.heads[0];
    let is_shown = |at: &usize| {
        scores.heads[*at].shown && summaries.iter().any(|one| one.stats[*at].is_some())
    };
    let shown: Vec<usize> = (0..scores.heads.len()).filter(is_shown).collect();
    let mut columns = Vec::new();
    for &at in &shown {
        let head = &scores.heads[at];
        columns.push(column(&head.title, head.digits, head.lower_is_better).unmarked());
        if at == 0 {
            columns.push(Column::plain("\u{b1}", head.digits));
        }
    }
    columns.extend([
        Column::plain("p", 3).at_least(0.001),
        Column::plain("photos", 0),
        Column::plain("steps", 0),
        Column::plain("s a photo", 3).at_least(0.001),
    ]);
    let mut table = Table::new("system", &columns).sortable();
    for (row, one) in summaries.iter().enumerate() {
        let mut numbers = Vec::new();
        for &at in &shown {
            numbers.push(one.stats[at].map(|stat| stat.mean));
            if at == 0 {
                numbers.push(one.stats[at].map(|stat| stat.error));
            }
        }
        numbers.extend([one.p, Some(one.pictures as f64), one.steps, Some(one.seconds)]);
        table = table.explained_row(&one.system, words(&one.system), &numbers);
        if one.best {
            table = table.mark(row, 0);
        }
    }
    let mut spread = Spread::new(
        &format!("{} of each photo", main.title),
        "A dot for each photo, on a logarithmic scale. The bar is the mean with two standard errors to either side.",
    );
    for one in &summaries {
        let numbers = scores.counted(task, &one.system);
        let numbers: Vec<f64> = numbers.filter_map(|score| score.readings[0].number()).collect();
        if let Some(stat) = one.main() {
            spread = spread.row(&one.system, &numbers, (stat.mean, 2.0 * stat.error));
        }
    }
    let mut section = Section::new(heading(task))
        .paragraph(&format!("{} Here: {damage}.", what(task)))
        .table(table)
        .note(&format!("\u{b1} is the standard error of the mean, p is against the lowest mean as said above, PSNR is that of the whole picture in dB, steps and seconds are means for a photo. {}", missing(scores, task)))
        .spread(&spread)
        .figures(&[figure(
            &looked.sheet,
            "The first photos of the list: damaged, by each system of the table, and the truth. A click shows them large.",
        )?]);
    let first = outputs.record.systems.first().map_or("the model", |one| one.name.as_str());
    for (sheet, which) in [(&looked.worst, "worst"), (&looked.best, "best")] {
        if let Some(sheet) = sheet {
            let caption = format!(
                "The {which} of all for {first}, with its error, by which they are sorted, and the name of the photo."
            );
            section = section
                .subheading(&format!("Where {first} is {which}"))
                .figures(&[figure(sheet, &caption)?]);
        }
    }
    Ok(section)
}

/// A sheet: small ones with every pixel, large ones compressed, or a page of five tasks would be a hundred megabytes.
fn figure(sheet: &RgbImage, caption: &str) -> Result<Figure> {
    const PIXELS: u32 = 2_500_000;
    const LONGEST: u32 = 4096;
    match sheet.width() * sheet.height() {
        ..=PIXELS => Figure::from_rgb8(sheet, caption),
        _ => Figure::thumbnail(sheet, LONGEST, caption),
    }
}

/// Why a measure has no number, each reason once; what holds of the whole task is no news.
fn missing(scores: &Scores, task: Task) -> String {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for score in scores.all().iter().filter(|score| score.task == task) {
        for (head, reading) in scores.heads.iter().zip(&score.readings) {
            if let (true, super::Reading::Missing { why }) = (head.shown, reading) {
                let reason = format!("{} has no number: {why}", head.title);
                match reasons.iter_mut().find(|(other, _)| *other == reason) {
                    Some((_, count)) => *count += 1,
                    None => reasons.push((reason, 1)),
                }
            }
        }
    }
    let reasons = reasons.into_iter().filter(|(reason, _)| !reason.contains("nothing was missing"));
    reasons.map(|(reason, count)| format!("{reason} ({count} times). ")).collect()
}

fn heading(task: Task) -> &'static str {
    match task {
        Task::Inpaint => "A hole (inpaint)",
        Task::Superres => "Made small (superres)",
        Task::Colorize => "Without colour (colorize)",
        Task::Denoise => "Noise (denoise)",
        Task::Jpeg => "Heavy compression (jpeg)",
    }
}

fn what(task: Task) -> &'static str {
    match task {
        Task::Inpaint => "A part of each photo was taken away, and filled again from the rest.",
        Task::Superres => "Each photo was made small, and enlarged again.",
        Task::Colorize => "The colour of each photo was taken away, and made anew from its grey.",
        Task::Denoise => "Noise was added to each photo, and taken out again.",
        Task::Jpeg => {
            "Each photo went through a JPEG file of low quality, and its traces were taken out."
        }
    }
}

/// A system by its name, in words.
fn words(system: &str) -> &'static str {
    match meaning(system) {
        "" if system.ends_with(IN_PHOTO) => "the same, put into what is known",
        "" => "a model, its raw image",
        naive => naive,
    }
}
