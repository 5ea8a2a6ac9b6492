//! Contact sheets of an evaluation: degraded | each way | truth.

use ::image::RgbImage;

use super::Compared;
use crate::error::Result;
use crate::image::{Picture, Sheet};
use crate::restore::Task;

/// The file of the sheet of `task` in the folder of an evaluation.
pub fn sheet_file(task: Task) -> String {
    format!("sheet-{}.png", task.name())
}

/// A row for each of the first `rows` pictures; `columns` picks the ways shown, all where it is empty.
///
/// # Errors
/// A sheet beyond the limits of a picture.
pub fn sheet(compared: &[Compared], rows: usize, columns: &[&str]) -> Result<RgbImage> {
    let shown = |name: &str| columns.is_empty() || columns.contains(&name);
    let ways = compared.first().map(|one| one.results.as_slice()).unwrap_or_default();
    let names = ways.iter().map(|one| one.system.as_str()).filter(|name| shown(name));
    let rows = compared.iter().take(rows).map(|one| {
        let results = one.results.iter().filter(|one| shown(&one.system));
        let cells = std::iter::once(&one.degraded)
            .chain(results.map(|one| &one.picture))
            .chain(std::iter::once(&one.truth.picture));
        (None, cells.map(Some).collect())
    });
    draw(&titles(names), rows.collect())
}

/// `damaged`, `names` and `truth`.
pub(super) fn titles<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    std::iter::once("damaged").chain(names).chain(std::iter::once("truth")).collect()
}

/// Rows of pictures under `titles`, each with its label; the last picture of a row says how large the cells are.
///
/// # Errors
/// As [`sheet`].
pub(super) fn draw(
    titles: &[&str],
    rows: Vec<(Option<&str>, Vec<Option<&Picture>>)>,
) -> Result<RgbImage> {
    let last = rows.first().and_then(|(_, cells)| cells.last().copied().flatten());
    let side = last.map_or(64, Picture::width);
    let mut sheet = Sheet::new(titles);
    for (label, cells) in &rows {
        sheet = sheet.row_with_gaps(*label, cells);
    }
    sheet.scale((128 / side.max(1)).max(1)).render()
}
