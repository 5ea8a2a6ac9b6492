//! Contact sheets of an evaluation: degraded | each way | truth.

use ::image::RgbImage;

use super::Compared;
use crate::error::Result;
use crate::image::{Picture, Sheet};

/// A row for each of the first `rows` pictures; `columns` picks the ways shown, all where it is empty.
///
/// # Errors
/// A sheet beyond the limits of a picture.
pub fn sheet(compared: &[Compared], rows: usize, columns: &[&str]) -> Result<RgbImage> {
    let shown = |name: &str| columns.is_empty() || columns.contains(&name);
    let ways = compared.first().map(|one| one.results.as_slice()).unwrap_or_default();
    let names = ways.iter().map(|(name, _)| name.as_str()).filter(|name| shown(name));
    let titles: Vec<&str> =
        std::iter::once("damaged").chain(names).chain(std::iter::once("truth")).collect();
    let mut sheet = Sheet::new(&titles);
    for one in compared.iter().take(rows) {
        let results =
            one.results.iter().filter(|(name, _)| shown(name)).map(|(_, picture)| picture);
        let cells: Vec<&Picture> = std::iter::once(&one.degraded)
            .chain(results)
            .chain(std::iter::once(&one.truth.picture))
            .collect();
        sheet = sheet.row(None, &cells);
    }
    let side = compared.first().map_or(64, |one| one.truth.picture.width());
    sheet.scale((128 / side.max(1)).max(1)).render()
}
