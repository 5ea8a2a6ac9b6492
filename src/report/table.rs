//! A table of numbers in which the best of each column is marked.

use std::fmt::Write;

use super::html::escape;

/// A column: its head, how many digits follow the point, and which end is best.
#[derive(Debug, Clone)]
pub struct Column {
    head: String,
    digits: usize,
    better: Better,
    /// Whether the best is found by the numbers alone.
    marked: bool,
    /// Below this a number is written as `<` this.
    least: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Better {
    Lower,
    Higher,
    Neither,
}

impl Column {
    /// Lower is better, as of an error.
    pub fn lower(head: &str, digits: usize) -> Self {
        Self::new(head, digits, Better::Lower)
    }

    /// Higher is better, as of a PSNR.
    pub fn higher(head: &str, digits: usize) -> Self {
        Self::new(head, digits, Better::Higher)
    }

    /// Nothing is best, as of a count.
    pub fn plain(head: &str, digits: usize) -> Self {
        Self::new(head, digits, Better::Neither)
    }

    fn new(head: &str, digits: usize, better: Better) -> Self {
        Self { head: head.to_owned(), digits, better, marked: true, least: 0.0 }
    }

    /// The numbers alone do not say which is best: only what [`Table::mark`] names is marked.
    #[must_use]
    pub fn unmarked(self) -> Self {
        Self { marked: false, ..self }
    }

    /// Numbers above 0 and below `least` are written as `<` that.
    #[must_use]
    pub fn at_least(self, least: f64) -> Self {
        Self { least, ..self }
    }

    fn text(&self, value: f64) -> String {
        if value.is_nan() {
            return "NaN".to_owned();
        }
        if value.is_infinite() {
            return if value > 0.0 { "\u{221e}" } else { "\u{2212}\u{221e}" }.to_owned();
        }
        if value > 0.0 && value < self.least {
            return format!("<{:.*}", self.digits, self.least);
        }
        format!("{value:.*}", self.digits).replace('-', "\u{2212}")
    }

    /// The best of `values` as it is printed: two numbers that read the same are equally good, and where all of
    /// several read the same none is the best.
    fn best(&self, values: impl Iterator<Item = f64>) -> Option<String> {
        if !self.marked {
            return None;
        }
        let values: Vec<f64> = values.filter(|v| !v.is_nan()).collect();
        let best = match self.better {
            Better::Lower => values.iter().copied().min_by(f64::total_cmp),
            Better::Higher => values.iter().copied().max_by(f64::total_cmp),
            Better::Neither => None,
        };
        let best = self.text(best?);
        let all_equal = values.len() > 1 && values.iter().all(|&v| self.text(v) == best);
        (!all_equal).then_some(best)
    }
}

/// Rows of numbers under column heads.
#[derive(Debug, Clone)]
pub struct Table {
    corner: String,
    columns: Vec<Column>,
    rows: Vec<Row>,
    sortable: bool,
    /// Row and column.
    marked: Vec<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Row {
    name: String,
    meaning: String,
    values: Vec<Option<f64>>,
}

impl Table {
    /// An empty table; `corner` is the head of the column of row names.
    pub fn new(corner: &str, columns: &[Column]) -> Self {
        let (corner, columns) = (corner.to_owned(), columns.to_vec());
        Self { corner, columns, rows: Vec::new(), sortable: false, marked: Vec::new() }
    }

    /// A click on a head sorts the rows.
    #[must_use]
    pub fn sortable(self) -> Self {
        Self { sortable: true, ..self }
    }

    /// Marks the number in `row` and `column`, counted from 0, as best.
    #[must_use]
    pub fn mark(mut self, row: usize, column: usize) -> Self {
        self.marked.push((row, column));
        self
    }

    /// Adds a row. `None` and missing values show as a dash, values beyond the last column are dropped.
    #[must_use]
    pub fn row(self, name: &str, values: &[Option<f64>]) -> Self {
        self.explained_row(name, "", values)
    }

    /// [`Table::row`] with what the name means in small below it.
    #[must_use]
    pub fn explained_row(mut self, name: &str, meaning: &str, values: &[Option<f64>]) -> Self {
        let (name, meaning) = (name.to_owned(), meaning.to_owned());
        self.rows.push(Row { name, meaning, values: values.to_vec() });
        self
    }

    pub(super) fn html(&self) -> String {
        let (class, open, close) = match self.sortable {
            true => (" class=\"sortable\"", "<button type=\"button\" class=\"sort\">", "</button>"),
            false => ("", "", ""),
        };
        let mut html = format!(
            "<div class=\"scroll\" tabindex=\"0\"><table{class}>\n<thead><tr><th scope=\"col\">{open}{}{close}</th>",
            escape(&self.corner)
        );
        for column in &self.columns {
            let (sign, meaning) = match column.better {
                Better::Lower => ("\u{2193}", "lower is better"),
                Better::Higher => ("\u{2191}", "higher is better"),
                Better::Neither => ("", ""),
            };
            let head = escape(&column.head);
            let sign = match sign {
                "" => String::new(),
                _ => format!(" <abbr title=\"{meaning}\">{sign}</abbr>"),
            };
            let _ = write!(html, "<th scope=\"col\">{open}{head}{sign}{close}</th>");
        }
        html += "</tr></thead>\n<tbody>\n";
        let cell = |row: &[Option<f64>], j: usize| row.get(j).copied().flatten();
        let best: Vec<Option<String>> = (self.columns.iter().enumerate())
            .map(|(j, column)| column.best(self.rows.iter().filter_map(|row| cell(&row.values, j))))
            .collect();
        for (at, Row { name, meaning, values }) in self.rows.iter().enumerate() {
            let meaning = match meaning.as_str() {
                "" => String::new(),
                text => format!("<small>{}</small>", escape(text)),
            };
            let _ = write!(html, "<tr><th scope=\"row\">{}{meaning}</th>", escape(name));
            for (j, column) in self.columns.iter().enumerate() {
                let text = cell(values, j).map(|v| column.text(v));
                let is_best = text.is_some() && (text == best[j] || self.marked.contains(&(at, j)));
                let text = text.map_or_else(|| "\u{2013}".to_owned(), |text| escape(&text));
                // What is written is rounded, and may hold a sign.
                let value = match cell(values, j).filter(|v| self.sortable && v.is_finite()) {
                    Some(value) => format!(" data-v=\"{value}\""),
                    None => String::new(),
                };
                if is_best {
                    let _ = write!(html, "<td{value} class=\"best\"><strong>{text}</strong></td>");
                } else {
                    let _ = write!(html, "<td{value}>{text}</td>");
                }
            }
            html += "</tr>\n";
        }
        html + "</tbody>\n</table></div>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts marked as best, in the order of the page.
    fn best(table: &Table) -> Vec<String> {
        let html = table.html();
        let marked = html.split("<strong>").skip(1);
        marked.map(|s| s.split('<').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn the_best_of_each_column_is_marked_in_its_own_direction() {
        let columns = [Column::lower("a", 2), Column::higher("b", 1), Column::plain("n", 0)];
        let table = Table::new("system", &columns)
            .row("x", &[Some(0.5), Some(20.0), Some(3.0)])
            .row("y", &[Some(0.25), Some(10.0), Some(1.0)]);
        assert_eq!(best(&table), ["20.0", "0.25"]);
    }

    #[test]
    fn numbers_that_read_the_same_are_equally_good() {
        let table = Table::new("", &[Column::lower("a", 2)])
            .row("x", &[Some(0.2512)])
            .row("y", &[Some(0.2488)])
            .row("z", &[Some(0.26)]);
        assert_eq!(best(&table), ["0.25", "0.25"]);
    }

    #[test]
    fn where_all_read_the_same_none_is_marked_and_a_single_one_is() {
        let table = Table::new("", &[Column::lower("a", 2)]).row("x", &[Some(0.2)]);
        assert_eq!(best(&table), ["0.20"]);
        assert!(best(&table.row("y", &[Some(0.2)])).is_empty());
    }

    #[test]
    fn gaps_and_nan_are_never_best_and_extra_values_are_dropped() {
        let table = Table::new("", &[Column::lower("a", 1), Column::higher("b", 0)])
            .row("none", &[])
            .row("nan", &[Some(f64::NAN), Some(f64::INFINITY), Some(7.0)])
            .row("one", &[Some(-3.0), None]);
        assert_eq!(best(&table), ["\u{221e}", "\u{2212}3.0"]);
        assert_eq!(table.html().matches('\u{2013}').count(), 3);
        assert!(!table.html().contains('7'));
    }

    #[test]
    fn in_an_unmarked_column_nothing_is_best_but_what_is_named() {
        let columns = [Column::lower("a", 2).unmarked(), Column::plain("p", 3).at_least(0.001)];
        let table = Table::new("", &columns).row("x", &[Some(0.1), Some(0.0002)]);
        let table = table.row("y", &[Some(0.2), Some(0.0)]).sortable();
        assert!(best(&table).is_empty());
        let marked = table.mark(0, 0);
        assert_eq!(best(&marked), ["0.10"]);
        let html = marked.html();
        assert!(html.contains("<td data-v=\"0.0002\">&lt;0.001</td>"), "{html}");
        assert!(html.contains(">0.000</td>") && html.contains("<table class=\"sortable\">"));
    }
}
