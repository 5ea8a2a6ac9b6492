//! What stands under one heading.

use std::fmt::Write;

use super::html::{escape, prose};
use super::{Chart, Figure, Slider, Spread, Table};

/// More figures than this side by side are too small to compare.
const MAX_ABREAST: usize = 6;

/// A heading and what stands under it, in the order of the calls.
#[derive(Debug, Clone)]
pub struct Section {
    pub(super) heading: String,
    pub(super) body: String,
}

impl Section {
    pub fn new(heading: &str) -> Self {
        Self { heading: heading.to_owned(), body: String::new() }
    }

    /// Bytes that it takes up on the page.
    pub fn bytes(&self) -> usize {
        self.heading.len() + self.body.len()
    }

    /// A smaller heading within the section, such as the name of the picture below it.
    #[must_use]
    pub fn subheading(self, text: &str) -> Self {
        self.add(&format!("<h3>{}</h3>\n", escape(text)))
    }

    #[must_use]
    pub fn paragraph(self, text: &str) -> Self {
        self.add(&format!("<p>{}</p>\n", prose(text)))
    }

    /// What the numbers above mean, in small.
    #[must_use]
    pub fn note(self, text: &str) -> Self {
        self.add(&format!("<p class=\"note\">{}</p>\n", prose(text)))
    }

    /// Keys and their values, a pair a line.
    #[must_use]
    pub fn settings<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> Self {
        let mut html = String::from("<dl>\n");
        for (key, value) in pairs {
            let (key, value) = (escape(key.as_ref()), prose(value.as_ref()));
            let _ = writeln!(html, "<div><dt>{key}</dt><dd>{value}</dd></div>");
        }
        self.add(&(html + "</dl>\n"))
    }

    /// Sentences, each on a line of its own.
    #[must_use]
    pub fn list<L: AsRef<str>>(self, lines: &[L]) -> Self {
        let lines = lines.iter().map(|line| format!("<li>{}</li>\n", prose(line.as_ref())));
        self.add(&format!("<ul>\n{}</ul>\n", lines.collect::<String>()))
    }

    /// A few numbers, each with what it counts, in large.
    #[must_use]
    pub fn facts<N: AsRef<str>, W: AsRef<str>>(self, facts: &[(N, W)]) -> Self {
        if facts.is_empty() {
            return self;
        }
        let fact = |(number, what): &(N, W)| {
            let (number, what) = (escape(number.as_ref()), escape(what.as_ref()));
            format!("<div><dt>{what}</dt><dd>{number}</dd></div>")
        };
        self.add(&format!(
            "<dl class=\"facts\">{}</dl>\n",
            facts.iter().map(fact).collect::<String>()
        ))
    }

    /// Lines for a terminal, each under what it does and with a button that copies it.
    #[must_use]
    pub fn commands<W: AsRef<str>, L: AsRef<str>>(self, commands: &[(W, L)]) -> Self {
        let mut html = String::from("<ol class=\"commands\">\n");
        for (what, line) in commands {
            let (what, line) = (escape(what.as_ref()), escape(line.as_ref()));
            let _ = writeln!(
                html,
                "<li>{what}<div class=\"command\"><pre tabindex=\"0\">{line}</pre>\
                 <button type=\"button\" class=\"copy\">Copy</button></div></li>"
            );
        }
        self.add(&(html + "</ol>\n"))
    }

    /// A long text, such as a file of settings, that opens under `summary`.
    #[must_use]
    pub fn folded(self, summary: &str, text: &str) -> Self {
        let (summary, text) = (escape(summary), escape(text));
        self.add(&format!(
            "<details><summary>{summary}</summary><pre tabindex=\"0\">{text}</pre></details>\n"
        ))
    }

    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.add(&table.html())
    }

    /// Figures side by side, up to six in a row and fewer on a phone; a click shows one large.
    #[must_use]
    pub fn figures(self, figures: &[Figure]) -> Self {
        self.figures_by(figures.len(), figures)
    }

    /// [`Section::figures`] with `abreast` in a row, at most six.
    #[must_use]
    pub fn figures_by(self, abreast: usize, figures: &[Figure]) -> Self {
        let Some(cap) = figures.iter().map(Figure::widest).max() else { return self };
        let abreast = abreast.clamp(1, MAX_ABREAST);
        let mut html = format!("<div class=\"figures n{abreast}\" style=\"--cap:{cap}px\">\n");
        html.extend(figures.iter().map(Figure::html));
        self.add(&(html + "</div>\n"))
    }

    /// Any number of small figures, as many in a row as there is room for; two on a phone.
    #[must_use]
    pub fn tiles<'a>(self, figures: impl IntoIterator<Item = &'a Figure>) -> Self {
        let tiles: String = figures.into_iter().map(Figure::html).collect();
        match tiles.is_empty() {
            true => self,
            false => self.add(&format!("<div class=\"tiles\">\n{tiles}</div>\n")),
        }
    }

    #[must_use]
    pub fn slider(self, slider: &Slider) -> Self {
        self.add(&slider.html())
    }

    /// Sliders side by side, up to three in a row.
    #[must_use]
    pub fn sliders(self, sliders: &[Slider]) -> Self {
        let Some(cap) = sliders.iter().map(Slider::widest).max() else { return self };
        let abreast = sliders.len().min(3);
        let mut html = format!("<div class=\"figures n{abreast}\" style=\"--cap:{cap}px\">\n");
        html.extend(sliders.iter().map(Slider::html));
        self.add(&(html + "</div>\n"))
    }

    #[must_use]
    pub fn chart(self, chart: &Chart) -> Self {
        self.add(&chart.html())
    }

    #[must_use]
    pub fn spread(self, spread: &Spread) -> Self {
        self.add(&spread.html())
    }

    /// Two sections side by side where there is room, else `left` above `right`; their headings become smaller ones.
    #[must_use]
    pub fn beside(self, left: Section, right: Section) -> Self {
        let [left, right] = [left, right].map(|part| Section::new("").append(part).body);
        self.add(&format!("<div class=\"beside\"><div>\n{left}</div><div>\n{right}</div></div>\n"))
    }

    /// `other` below the rest; its heading becomes a smaller one.
    #[must_use]
    pub fn append(self, other: Section) -> Self {
        match other.heading.as_str() {
            "" => self.add(&other.body),
            heading => self.subheading(heading).add(&other.body),
        }
    }

    fn add(mut self, html: &str) -> Self {
        self.body += html;
        self
    }
}
