//! Many numbers in rows on one scale, each row with its mean: what a table of means does not show.

use std::fmt::Write;

use super::html::escape;
use crate::image::ticks::Axis;

/// Numbers of a row that are drawn as dots at most.
const DOTS: usize = 200;

/// Rows of positive numbers on a logarithmic scale.
#[derive(Debug, Clone)]
pub struct Spread {
    x: String,
    caption: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    name: String,
    numbers: Vec<f64>,
    mean: f64,
    /// To either side of the mean.
    error: f64,
}

impl Spread {
    /// An empty one; `x` is the name of the scale.
    pub fn new(x: &str, caption: &str) -> Self {
        Self { x: x.to_owned(), caption: caption.to_owned(), rows: Vec::new() }
    }

    /// Adds a row of numbers, with their mean and how far its bar reaches to either side. A number that is not finite, or
    /// not positive, has no dot; of many a part is drawn.
    #[must_use]
    pub fn row(mut self, name: &str, numbers: &[f64], (mean, error): (f64, f64)) -> Self {
        let stride = numbers.len().div_ceil(DOTS).max(1);
        let numbers = numbers.iter().step_by(stride).copied().collect();
        self.rows.push(Row { name: name.to_owned(), numbers, mean, error });
        self
    }

    pub(super) fn html(&self) -> String {
        let all = self.rows.iter().flat_map(|row| row.numbers.iter().copied().chain([row.mean]));
        let axis = Axis::holding(all, true, 0.04);
        let place = |value: f64| axis.place(value).map(|at| 100.0 * at.clamp(0.0, 1.0));
        let (mut rows, mut ticks) = (String::new(), String::new());
        for Row { name, numbers, mean, error } in &self.rows {
            let mut marks = String::new();
            for left in numbers.iter().filter_map(|&number| place(number)) {
                let _ = write!(marks, "<i style=\"left:{left:.2}%\"></i>");
            }
            if let Some(at) = place(*mean) {
                let low = place(mean - error).unwrap_or(0.0);
                let high = place(mean + error).unwrap_or(at);
                let _ = write!(
                    marks,
                    "<b class=\"bar\" style=\"left:{low:.2}%;width:{:.2}%\"></b>\
                     <b class=\"at\" style=\"left:{at:.2}%\"></b>",
                    high - low
                );
            }
            let told = format!("{name}: mean {mean:.4}, {} numbers", numbers.len());
            let _ = writeln!(
                rows,
                "<div class=\"row\" title=\"{}\"><span>{}</span><div class=\"track\">{marks}</div></div>",
                escape(&told),
                escape(name),
            );
        }
        for (at, text) in axis.ticks() {
            let _ = write!(ticks, "<span style=\"left:{:.2}%\">{text}</span>", 100.0 * at);
        }
        let caption = match self.caption.as_str() {
            "" => String::new(),
            text => format!("<figcaption>{}</figcaption>", escape(text)),
        };
        format!(
            "<figure class=\"spread\" role=\"img\" aria-label=\"{x}\">\n{rows}\
             <div class=\"row\"><span></span><div class=\"ticks\">{ticks}</div></div>\
             <p class=\"axis below\">{x}</p>{caption}</figure>\n",
            x = escape(&self.x),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_dot_on_one_scale_and_a_row_its_mean() {
        let spread = Spread::new("error", "").row("a", &[0.01, 0.1], (0.05, 0.02));
        let html = spread.row("b", &[1.0], (1.0, 0.0)).html();
        assert_eq!((html.matches("<i ").count(), html.matches("class=\"at\"").count()), (3, 2));
        // Two decades between 4 % of room at either end.
        assert!(html.contains("left:3.70%") && html.contains("left:50.00%"), "{html}");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out_and_of_many_a_part_is_drawn() {
        let odd = [f64::NAN, 0.0, -1.0, f64::INFINITY];
        let html = Spread::new("", "").row("a", &odd, (f64::NAN, 0.0)).html();
        assert!(!html.contains("<i ") && !html.contains("left:NaN"), "{html}");
        let many: Vec<f64> = (1..5000).map(f64::from).collect();
        let html = Spread::new("", "").row("a", &many, (9.0, 99.0)).html();
        assert!((150..=DOTS).contains(&html.matches("<i ").count()));
        // A bar that would reach below 0 begins at the edge.
        assert!(html.contains("class=\"bar\" style=\"left:0.00%"), "{html}");
    }
}
