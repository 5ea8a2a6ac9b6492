//! Curves of a training run as a picture: the raw values thin, their moving average thick.

use ::image::{Rgb, RgbImage};
use tiny_skia::{FillRule, Mask, PathBuilder, Pixmap, Rect, Transform};

use super::curve::{drawable, smoothed, thinned};
use super::stroke::{dot, line};
use super::text::{SMALL, TITLE};
use super::ticks::Axis;

/// Colours that are told apart in any order, also by colour-blind eyes (Okabe and Ito's, darkened for thin lines).
pub const PALETTE: [[u8; 3]; 6] =
    [[0, 98, 168], [204, 84, 0], [0, 135, 100], [176, 82, 138], [160, 120, 0], [70, 70, 76]];

/// One line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    /// `(x, y)` in any order; a point that is not finite (or not positive on a logarithmic axis) is left out.
    pub points: Vec<(f64, f64)>,
    pub colour: [u8; 3],
}

const PAPER: [u8; 3] = [255, 255, 255];
const INK: [u8; 3] = [36, 38, 42];
const FAINT: [u8; 3] = [96, 99, 106];
const GRID: [u8; 3] = [232, 233, 236];
const FRAME: [u8; 3] = [150, 153, 160];
const MARGIN: f32 = 16.0;
/// A series of more points is noisy enough to be smoothed.
const SMOOTHED_OVER: usize = 50;

/// Draws `series` as a line chart of `width` x `height` pixels (brought within 240..=8192 and 180..=8192).
///
/// A series of more than 50 points appears as a thin line and, over it, its exponential moving average. Nothing that
/// is handed in fails: without any point that can be drawn, the axes stand alone.
pub fn loss_curve(
    title: &str,
    series: &[Series],
    x_label: &str,
    log_y: bool,
    width: u32,
    height: u32,
) -> RgbImage {
    let (width, height) = (width.clamp(240, 8192), height.clamp(180, 8192));
    let blank = || RgbImage::from_pixel(width, height, Rgb(PAPER));
    // Refused only for sizes that the clamping above excludes.
    let Some(mut canvas) = Pixmap::new(width, height) else { return blank() };
    canvas.fill(tiny_skia::Color::WHITE);

    let curves: Vec<_> = series.iter().map(|s| drawable(&s.points, log_y)).collect();
    let points = || curves.iter().flatten().copied();
    let x_axis = Axis::holding(points().map(|(x, _)| x), false, 0.0);
    let y_axis = Axis::holding(points().map(|(_, y)| y), log_y, 0.04);
    let (x_ticks, y_ticks) = (x_axis.ticks(), y_axis.ticks());

    let legend = Legend::new(series, width, height);
    let y_labels = y_ticks.iter().map(|(_, text)| SMALL.width(text)).max().unwrap_or(0);
    let title_height = if title.is_empty() { 0.0 } else { TITLE.height() as f32 + 6.0 };
    let area = Area {
        left: MARGIN + y_labels as f32 + 8.0,
        right: width as f32 - MARGIN - 12.0,
        top: MARGIN + title_height + legend.height() + 6.0,
        // Below: the numbers and the label of the axis.
        bottom: height as f32 - MARGIN - 2.0 * SMALL.height() as f32 - 8.0,
    };

    for (at, _) in &x_ticks {
        let x = area.x(*at).round() + 0.5;
        line(&mut canvas, &[(x, area.top), (x, area.bottom)], GRID, 1.0, 1.0, None);
    }
    for (at, _) in &y_ticks {
        let y = area.y(*at).round() + 0.5;
        line(&mut canvas, &[(area.left, y), (area.right, y)], GRID, 1.0, 1.0, None);
    }
    let clip = area.mask(width, height);
    for (series, points) in series.iter().zip(&curves) {
        let to_pixels = |points: &[(f64, f64)]| -> Vec<(f32, f32)> {
            let place =
                |&(x, y): &(f64, f64)| Some((area.x(x_axis.place(x)?), area.y(y_axis.place(y)?)));
            thinned(points.iter().filter_map(place))
        };
        let raw = to_pixels(points);
        if points.len() > SMOOTHED_OVER {
            line(&mut canvas, &raw, series.colour, 1.0, 0.35, clip.as_ref());
            line(
                &mut canvas,
                &to_pixels(&smoothed(points, log_y)),
                series.colour,
                2.2,
                1.0,
                clip.as_ref(),
            );
        } else {
            line(&mut canvas, &raw, series.colour, 2.0, 1.0, clip.as_ref());
            raw.iter().for_each(|&at| dot(&mut canvas, at, 3.0, series.colour));
        }
    }
    let (x, y) = (area.left.round() - 0.5, area.bottom.round() + 0.5);
    line(&mut canvas, &[(x, area.top), (x, y), (area.right, y)], FRAME, 1.0, 1.0, None);
    legend.draw_marks(&mut canvas, MARGIN + title_height);

    let mut image = blank();
    for (to, from) in image.pixels_mut().zip(canvas.pixels()) {
        *to = Rgb([from.red(), from.green(), from.blue()]);
    }
    let fitted = TITLE.fitted(title, width - 2 * MARGIN as u32);
    TITLE.draw(&mut image, MARGIN as i64, MARGIN as i64, &fitted, INK);
    legend.draw_names(&mut image, MARGIN + title_height);
    for (at, text) in &x_ticks {
        let x = area.x(*at) as i64 - i64::from(SMALL.width(text)) / 2;
        SMALL.draw(&mut image, x, area.bottom as i64 + 6, text, FAINT);
    }
    for (at, text) in &y_ticks {
        let x = area.left as i64 - 8 - i64::from(SMALL.width(text));
        SMALL.draw(&mut image, x, area.y(*at) as i64 - i64::from(SMALL.height()) / 2, text, FAINT);
    }
    let x_label = SMALL.fitted(x_label, (area.right - area.left).max(0.0) as u32);
    let x = ((area.left + area.right) / 2.0) as i64 - i64::from(SMALL.width(&x_label)) / 2;
    SMALL.draw(&mut image, x, area.bottom as i64 + 8 + i64::from(SMALL.height()), &x_label, FAINT);
    image
}

/// The rectangle between the axes, in pixels.
struct Area {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl Area {
    fn x(&self, place: f64) -> f32 {
        self.left + (self.right - self.left) * place as f32
    }

    fn y(&self, place: f64) -> f32 {
        self.bottom - (self.bottom - self.top) * place as f32
    }

    /// Keeps thick lines off the axes' numbers.
    fn mask(&self, width: u32, height: u32) -> Option<Mask> {
        let mut mask = Mask::new(width, height)?;
        let rect = Rect::from_ltrb(self.left, self.top, self.right + 3.0, self.bottom)?;
        mask.fill_path(
            &PathBuilder::from_rect(rect),
            FillRule::Winding,
            false,
            Transform::identity(),
        );
        Some(mask)
    }
}

/// Names and colours in lines below the title, where no curve can run through them.
struct Legend<'a> {
    /// Where each mark begins, how many lines down it stands, and what it stands for.
    entries: Vec<(u32, u32, String, &'a Series)>,
}

impl<'a> Legend<'a> {
    const MARK: u32 = 20;
    const LINE: u32 = 20;

    fn new(series: &'a [Series], width: u32, height: u32) -> Self {
        let margin = MARGIN as u32;
        let (mut x, mut line) = (margin, 0);
        let mut entries = Vec::new();
        for series in series.iter().filter(|s| !s.name.is_empty()) {
            let name = SMALL.fitted(&series.name, width / 2);
            let needed = Self::MARK + 6 + SMALL.width(&name);
            if x > margin && x + needed > width - margin {
                (x, line) = (margin, line + 1);
            }
            // A long list must leave most of the picture to the curves.
            if (line + 1) * Self::LINE > height / 4 {
                break;
            }
            entries.push((x, line, name, series));
            x += needed + 22;
        }
        Self { entries }
    }

    fn height(&self) -> f32 {
        self.entries.last().map_or(0, |(_, line, ..)| (line + 1) * Self::LINE) as f32
    }

    fn draw_marks(&self, canvas: &mut Pixmap, top: f32) {
        for (x, at, _, series) in &self.entries {
            let (x, y) = (*x as f32, top + (at * Self::LINE + SMALL.height() / 2) as f32 + 0.5);
            let ends = [(x + 1.5, y), (x + Self::MARK as f32 - 1.5, y)];
            line(canvas, &ends, series.colour, 3.0, 1.0, None);
        }
    }

    fn draw_names(&self, image: &mut RgbImage, top: f32) {
        for (x, at, name, _) in &self.entries {
            let y = top as i64 + i64::from(at * Self::LINE);
            SMALL.draw(image, i64::from(x + Self::MARK + 6), y, name, INK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: Vec<(f64, f64)>) -> Series {
        Series { name: "train".into(), points, colour: PALETTE[0] }
    }

    fn blueish(image: &RgbImage) -> usize {
        image.pixels().filter(|p| i32::from(p[2]) - i32::from(p[0]) > 60).count()
    }

    #[test]
    fn a_falling_loss_leaves_its_colour_and_the_size_is_as_asked() {
        let points = (0..300).map(|i| (f64::from(i), 1.0 / f64::from(i + 1))).collect();
        let image = loss_curve("loss", &[series(points)], "step", true, 640, 360);
        assert_eq!(image.dimensions(), (640, 360));
        assert!(blueish(&image) > 500);
    }

    #[test]
    fn degenerate_input_is_drawn_without_a_panic() {
        let (nan, inf, max) = (f64::NAN, f64::INFINITY, f64::MAX);
        let inputs = [
            vec![],
            vec![(1.0, 2.0)],
            vec![(0.0, 0.0); 100],
            vec![(nan, 1.0), (1.0, nan), (inf, -inf)],
            vec![(0.0, -1.0), (1.0, 0.0)],
            vec![(0.0, max), (1.0, -max)],
            vec![(-1e300, -1e300), (1e300, 1e300)],
            vec![(0.0, 5e-324), (5e-324, 0.0)],
            (0..100).map(|i| (f64::from(i), 3.0 + 1e-14 * f64::from(i))).collect(),
            (0..100).map(|i| (5.0, f64::from(i))).collect(),
        ];
        for points in inputs {
            for log in [false, true] {
                for (w, h) in [(640, 360), (0, 0), (240, u32::MAX), (1, 500)] {
                    let all = [series(points.clone()), series(vec![(2.0, 1.0), (3.0, 2.0)])];
                    loss_curve("t", &all[..1], "step", log, w, h.min(1000));
                    loss_curve("\u{4e2d}", &all, &"long ".repeat(99), log, w, h.min(1000));
                }
            }
        }
        assert_eq!(loss_curve("", &[], "", false, 0, 0).dimensions(), (240, 180));
    }

    #[test]
    fn a_single_point_is_seen() {
        let unnamed = Series { name: String::new(), ..series(vec![(1.0, 2.0)]) };
        assert!(blueish(&loss_curve("", &[unnamed], "", false, 300, 200)) > 15);
    }

    #[test]
    fn a_hundred_names_leave_room_for_the_curves() {
        let all = vec![series(vec![(0.0, 1.0), (1.0, 0.0)]); 100];
        let image = loss_curve("many", &all, "step", false, 240, 180);
        assert!(
            image
                .rows()
                .nth(110)
                .is_some_and(|mut row| row.any(|p| p[2] > p[0].saturating_add(60)))
        );
    }
}
