//! A curve with its axes, as lines that stay sharp at every width, and numbers under the pointer.

use std::fmt::Write;

use super::html::escape;
use crate::image::ticks::Axis;
use crate::image::{drawable, smoothed};

/// A curve of more points is noisy enough to be smoothed, as in the pictures of a run.
const SMOOTHED_OVER: usize = 50;

/// Points that are drawn at most: as many as there are pixels on a wide screen.
const DRAWN: usize = 1000;

/// Points that answer the pointer at most.
const TOLD: usize = 240;

/// One curve over the steps of something, its values on a logarithmic axis.
#[derive(Debug, Clone)]
pub struct Chart {
    points: Vec<(f64, f64)>,
    x: String,
    y: String,
    caption: String,
}

impl Chart {
    /// `(x, y)` in any order, the names of the two axes, and a caption; a point that is not finite, or whose y is not
    /// positive, is left out.
    pub fn new(points: &[(f64, f64)], (x, y): (&str, &str), caption: &str) -> Self {
        let (x, y, caption) = (x.to_owned(), y.to_owned(), caption.to_owned());
        Self { points: drawable(points, true), x, y, caption }
    }

    pub(super) fn html(&self) -> String {
        let xs = Axis::holding(self.points.iter().map(|p| p.0), false, 0.0);
        let ys = Axis::holding(self.points.iter().map(|p| p.1), true, 0.04);
        // Places in thousandths from the upper left corner.
        let place =
            |&(x, y): &(f64, f64)| Some((1000.0 * xs.place(x)?, 1000.0 * (1.0 - ys.place(y)?)));
        let line = |points: &[(f64, f64)]| {
            let mut text = String::new();
            for (x, y) in points.iter().filter_map(place) {
                let _ = write!(text, "{x:.1},{y:.1} ");
            }
            text
        };
        let mut grid = String::new();
        let mut labels = String::new();
        for (at, text) in xs.ticks() {
            let _ = write!(grid, "M{:.1} 0V1000", 1000.0 * at);
            let _ =
                write!(labels, "<span class=\"x\" style=\"left:{:.2}%\">{text}</span>", 100.0 * at);
        }
        for (at, text) in ys.ticks() {
            let _ = write!(grid, "M0 {:.1}H1000", 1000.0 * (1.0 - at));
            let top = 100.0 * (1.0 - at);
            let _ = write!(labels, "<span class=\"y\" style=\"top:{top:.2}%\">{text}</span>");
        }
        let is_noisy = self.points.len() > SMOOTHED_OVER;
        let mut mean = if is_noisy { smoothed(&self.points, true) } else { self.points.clone() };
        let raw = match is_noisy {
            true => {
                format!("<polyline class=\"raw\" points=\"{}\"/>", line(&extremes(&self.points)))
            }
            false => String::new(),
        };
        let mut told = Vec::new();
        for point in every(&mean, TOLD) {
            if let Some((x, y)) = place(&point) {
                told.push(format!("[{:.2},{:.2},{},{:.5}]", x / 10.0, y / 10.0, point.0, point.1));
            }
        }
        if let &[point] = &mean[..] {
            // A line of one point has no length; of two, its round ends are a dot.
            mean.push(point);
        }
        let caption = match self.caption.as_str() {
            "" => String::new(),
            text => format!("<figcaption>{}</figcaption>", escape(text)),
        };
        format!(
            "<figure class=\"chart\"><p class=\"axis\">{y}</p>\
             <div class=\"plot\" tabindex=\"0\" role=\"img\" aria-label=\"{alt}\" data-x=\"{x}\" data-y=\"{y}\" \
             data-points=\"[{told}]\">\
             <svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <path class=\"grid\" d=\"{grid}\"/>{raw}<polyline class=\"mean\" points=\"{mean}\"/></svg>\
             {labels}<i class=\"mark\" hidden></i><output class=\"told\" hidden></output></div>\
             <p class=\"axis below\">{x}</p>{caption}</figure>\n",
            x = escape(&self.x),
            y = escape(&self.y),
            alt = escape(&self.alt()),
            told = told.join(","),
            mean = line(&every(&mean, DRAWN)),
        )
    }

    /// What is to be seen, in words.
    fn alt(&self) -> String {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) => format!(
                "{} from {:.4} at {} {} to {:.4} at {}",
                self.y, first.1, self.x, first.0, last.1, last.0
            ),
            _ => format!("{} over {}: no points yet", self.y, self.x),
        }
    }
}

/// At most `most` of `points`, evenly spaced, the last among them.
fn every(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let stride = points.len().div_ceil(most).max(1);
    // Counted from the end: where training stands is what is looked for.
    let mut kept: Vec<_> = points.iter().rev().step_by(stride).copied().collect();
    kept.reverse();
    kept
}

/// The lowest and the highest of every few neighbours: looks the same as all of them.
fn extremes(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let ends = |few: &[(f64, f64)]| {
        let low = few.iter().min_by(by_value).copied();
        let high = few.iter().max_by(by_value).copied();
        let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        ends
    };
    points.chunks(points.len().div_ceil(DRAWN / 2).max(1)).flat_map(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(points: &[(f64, f64)]) -> String {
        Chart::new(points, ("step", "loss"), "").html()
    }

    #[test]
    fn a_curve_spans_its_axes_and_tells_its_numbers() {
        let html = html(&[(0.0, 1.0), (10.0, 0.1), (20.0, 0.01)]);
        assert!(
            html.contains("aria-label=\"loss from 1.0000 at step 0 to 0.0100 at 20\""),
            "{html}"
        );
        assert!(
            html.contains(">0.1</span>") && html.contains("[50.00,50.00,10,0.10000]"),
            "{html}"
        );
    }

    #[test]
    fn a_million_points_make_a_small_page_that_ends_where_they_end() {
        let points: Vec<_> =
            (0..1_000_000).map(|i| (f64::from(i), 1.0 / f64::from(i % 7 + 1))).collect();
        let html = html(&points);
        assert!(html.len() < 80_000, "{}", html.len());
        assert!(html.contains(",999999,"));
    }

    #[test]
    fn nothing_and_what_cannot_be_drawn_give_axes_without_a_curve() {
        for points in [&[][..], &[(f64::NAN, 1.0), (1.0, 0.0), (2.0, f64::INFINITY)]] {
            let html = html(points);
            assert!(html.contains("no points yet") && html.contains("points=\"\""), "{html}");
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
        }
        let one = html(&[(3.0, 0.5)]);
        assert_eq!(one.matches(",3,0.5").count(), 1, "{one}");
    }
}
