//! Contact sheets: pictures side by side under titles, for people to compare.

use ::image::{Rgb, RgbImage};

use super::limits::{MAX_PIXELS, MAX_SIDE};
use super::picture::Picture;
use super::text::{SMALL, SMALL_BOLD};
use crate::error::{Error, Result};

const PAPER: Rgb<u8> = Rgb([250, 250, 248]);
/// An empty cell: seen to be empty, and not mistaken for a picture.
const EMPTY: Rgb<u8> = Rgb([240, 240, 237]);
const INK: [u8; 3] = [40, 42, 46];
const FAINT: [u8; 3] = [110, 113, 120];
/// Between two pictures: enough to part them, little enough to compare across.
const GAP: u32 = 6;
const MARGIN: u32 = 12;
/// The widest row label; a longer one is cut.
const MAX_LABEL: u32 = 240;

/// A table of pictures: one title a column, any number of rows, an optional label before each row.
///
/// ```
/// use lacuna::image::{Picture, Sheet};
/// # fn main() -> lacuna::Result<()> {
/// let (low, mended) = (Picture::constant(8, 8, [0.2; 3])?, Picture::constant(64, 64, [0.4; 3])?);
/// let sheet = Sheet::new(&["evidence", "restored"]).row(Some("a.jpg"), &[&low, &mended]).scale(2);
/// assert!(sheet.render()?.width() > 2 * 2 * 64);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Sheet {
    titles: Vec<String>,
    rows: Vec<Row>,
    scale: usize,
}

/// Pictures are held at 8 bits, a quarter of their size: a sheet of an evaluation collects hundreds.
#[derive(Debug, Clone)]
struct Row {
    label: String,
    cells: Vec<Option<RgbImage>>,
}

impl Sheet {
    /// An empty sheet; without any titles (or with empty ones only) there is no line for them.
    pub fn new(column_titles: &[&str]) -> Self {
        let titles = column_titles.iter().map(|&t| t.to_owned()).collect();
        Self { titles, rows: Vec::new(), scale: 1 }
    }

    /// Adds a row; it may have fewer or more pictures than there are titles.
    #[must_use]
    pub fn row(self, label: Option<&str>, pictures: &[&Picture]) -> Self {
        let cells: Vec<_> = pictures.iter().map(|&p| Some(p)).collect();
        self.row_with_gaps(label, &cells)
    }

    /// [`Sheet::row`] in which some cells stay empty.
    #[must_use]
    pub fn row_with_gaps(mut self, label: Option<&str>, pictures: &[Option<&Picture>]) -> Self {
        let cells = pictures.iter().map(|cell| cell.map(Picture::to_rgb8)).collect();
        self.rows.push(Row { label: label.unwrap_or_default().to_owned(), cells });
        self
    }

    /// Enlarges each pixel to `k` x `k`, so that small pictures can be seen; 0 counts as 1, the default.
    #[must_use]
    pub fn scale(mut self, k: usize) -> Self {
        self.scale = k.max(1);
        self
    }

    /// Draws the sheet. All cells have the size of the largest picture times the scale; a smaller picture is enlarged
    /// to fill its cell, its pixels as blocks, with its aspect kept.
    ///
    /// Errors: [`Error::Input`] if the sheet would be larger than what [`load`](super::load()) reads back.
    pub fn render(&self) -> Result<RgbImage> {
        let cells = || self.rows.iter().flat_map(|row| &row.cells).flatten();
        let side = |longest: u32| (longest.max(1) as usize).saturating_mul(self.scale) as u64;
        let cell_w = side(cells().map(RgbImage::width).max().unwrap_or(0));
        let cell_h = side(cells().map(RgbImage::height).max().unwrap_or(0));
        let columns = self.rows.iter().map(|r| r.cells.len()).max().unwrap_or(0);
        let columns = columns.max(self.titles.len());

        let labels = self.rows.iter().map(|r| SMALL.width(&r.label)).max().unwrap_or(0);
        let labels = labels.min(MAX_LABEL);
        let left = u64::from(MARGIN + if labels > 0 { labels + GAP } else { 0 });
        let titled = self.titles.iter().any(|t| !t.is_empty());
        let top = u64::from(MARGIN + if titled { SMALL_BOLD.height() + GAP } else { 0 });

        let extent = |first: u64, n: usize, cell: u64| {
            let cells = (cell.saturating_add(GAP.into())).saturating_mul(n as u64);
            first
                .saturating_add(cells)
                .saturating_sub(if n > 0 { GAP.into() } else { 0 })
                .saturating_add(MARGIN.into())
        };
        let width = extent(left, columns, cell_w);
        let height = extent(top, self.rows.len(), cell_h);
        if width.max(height) > MAX_SIDE.into() || width.saturating_mul(height) > MAX_PIXELS {
            return Err(Error::input(
                "contact sheet",
                format!("it would be {width} x {height} pixels"),
                "take fewer or smaller pictures, or a smaller scale",
            ));
        }

        // Within the limit now, so that every number below fits in 32 bits.
        let mut sheet = RgbImage::from_pixel(width as u32, height as u32, PAPER);
        let x_of = |column: usize| left + column as u64 * (cell_w + u64::from(GAP));
        let y_of = |row: usize| top + row as u64 * (cell_h + u64::from(GAP));
        for (column, title) in self.titles.iter().enumerate() {
            let title = SMALL_BOLD.fitted(title, cell_w as u32);
            let indent = (cell_w - u64::from(SMALL_BOLD.width(&title))) / 2;
            let x = (x_of(column) + indent) as i64;
            SMALL_BOLD.draw(&mut sheet, x, MARGIN.into(), &title, INK);
        }
        for (r, row) in self.rows.iter().enumerate() {
            let label = SMALL.fitted(&row.label, labels);
            let y = y_of(r) as i64 + (cell_h as i64 - i64::from(SMALL.height())) / 2;
            SMALL.draw(&mut sheet, MARGIN.into(), y, &label, FAINT);
            for (column, picture) in row.cells.iter().enumerate() {
                let corner = (x_of(column) as u32, y_of(r) as u32);
                let cell = (cell_w as u32, cell_h as u32);
                match picture {
                    Some(picture) => place(&mut sheet, picture, corner, cell),
                    None => place(
                        &mut sheet,
                        &RgbImage::from_pixel(cell.0, cell.1, EMPTY),
                        corner,
                        cell,
                    ),
                }
            }
        }
        Ok(sheet)
    }
}

/// Enlarges `picture` by nearest neighbour to the largest size of its aspect within `cell`, in the middle of it.
fn place(sheet: &mut RgbImage, picture: &RgbImage, corner: (u32, u32), cell: (u32, u32)) {
    let (w, h) = (u64::from(picture.width()), u64::from(picture.height()));
    let (cell_w, cell_h) = (u64::from(cell.0), u64::from(cell.1));
    // Compares cell_w / w with cell_h / h in integers: where the cell is a multiple, all blocks are equal.
    let (fit_w, fit_h) = if cell_w * h <= cell_h * w {
        (cell_w, (h * cell_w / w).max(1))
    } else {
        ((w * cell_h / h).max(1), cell_h)
    };
    let (x0, y0) =
        (u64::from(corner.0) + (cell_w - fit_w) / 2, u64::from(corner.1) + (cell_h - fit_h) / 2);
    for y in 0..fit_h {
        for x in 0..fit_w {
            let pixel = *picture.get_pixel((x * w / fit_w) as u32, (y * h / fit_h) as u32);
            sheet.put_pixel((x0 + x) as u32, (y0 + y) as u32, pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb<u8> = Rgb([255, 0, 0]);

    fn red(h: usize, w: usize) -> Picture {
        Picture::constant(h, w, [1.0, 0.0, 0.0]).unwrap()
    }

    fn count(sheet: &RgbImage, colour: Rgb<u8>) -> usize {
        sheet.pixels().filter(|&&p| p == colour).count()
    }

    #[test]
    fn every_picture_fills_its_cell_at_the_scale() {
        let p = red(10, 20);
        let sheet = Sheet::new(&["a", "b"]).row(Some("x"), &[&p, &p]).row(None, &[&p, &p]).scale(3);
        assert_eq!(count(&sheet.render().unwrap(), RED), 4 * 200 * 9);
    }

    #[test]
    fn a_low_resolution_picture_shows_as_equal_blocks() {
        let data = (0..3 * 64).map(|i| (i % 64) as f32 / 63.0).collect();
        let low = Picture::new(8, 8, data).unwrap();
        let sheet = Sheet::new(&[]).row(None, &[&low, &red(64, 64)]).render().unwrap();
        for (x, y) in [(0, 0), (7, 7), (8, 0), (63, 63), (17, 42)] {
            let want = low.to_rgb8().get_pixel(x / 8, y / 8).0;
            assert_eq!(sheet.get_pixel(MARGIN + x, MARGIN + y).0, want);
        }
    }

    #[test]
    fn another_aspect_is_kept_and_centred() {
        let sheet = Sheet::new(&[]).row(None, &[&red(4, 16), &red(32, 32)]).render().unwrap();
        assert_eq!(count(&sheet, RED), 32 * 32 + 8 * 32);
        assert_eq!(*sheet.get_pixel(MARGIN, MARGIN), PAPER);
        assert_eq!(*sheet.get_pixel(MARGIN, MARGIN + 16), RED);
    }

    #[test]
    fn gaps_and_short_rows_and_missing_titles_stay_empty() {
        let p = red(8, 8);
        let sheet = Sheet::new(&["one"])
            .row_with_gaps(Some("gap"), &[None, Some(&p), None])
            .row(None, &[&p])
            .row(Some("nothing"), &[]);
        let sheet = sheet.render().unwrap();
        assert_eq!((count(&sheet, RED), count(&sheet, EMPTY)), (2 * 64, 2 * 64));
    }

    #[test]
    fn degenerate_sheets_are_drawn_without_a_panic() {
        let p = red(1, 1);
        for sheet in [
            Sheet::new(&[]),
            Sheet::new(&["a title without any row"]),
            Sheet::new(&[""]).row(Some(""), &[]),
            Sheet::new(&["\u{4e2d}"]).row(Some(&"long ".repeat(400)), &[&p]).scale(0),
            Sheet::new(&["a"; 40]).row(None, &[&p, &red(1, 3000)]).scale(1),
        ] {
            let _ = sheet.render();
        }
        assert!(Sheet::new(&[]).render().is_ok());
    }

    #[test]
    fn a_sheet_beyond_the_limits_is_an_error_that_names_its_size() {
        for scale in [2_000, usize::MAX] {
            let err = Sheet::new(&[]).row(None, &[&red(10, 10)]).scale(scale).render().unwrap_err();
            assert!(err.to_string().contains(" x "), "{err}");
        }
        let err = Sheet::new(&[]).row(None, &[&red(10, 10)]).scale(2_000).render().unwrap_err();
        assert!(err.to_string().contains("20024 x 20024"), "{err}");
    }
}
