//! `report.html`: one page that stands alone, to look at in any browser and to send to a friend.
//!
//! ```text
//! Page --- title, lead
//!  '- Section --- heading
//!      |- paragraph, settings (key | value), Table (best of a column marked)
//!      '- Figure, Figure, ... (click: full size, arrow keys: the next)   Slider (before | after)
//!                                                          Page::render -> String -> store::write_atomically
//! ```
//! - Pictures are PNG inside the page, style and script are too. Nothing is loaded from anywhere, and the page forbids
//!   it to itself by its content security policy; it can be kept for years.
//! - All text is escaped: a caption may be a file name.
//! - It reads on a phone and on a desk, in light and in dark, and without the script, which only adds the zoom and
//!   moves the slider.

mod figure;
mod html;
mod table;

pub use figure::{Figure, Slider};
pub use table::{Column, Table};

use std::fmt::Write;

use html::escape;

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");
/// More figures than this side by side are too small to compare.
const MAX_ABREAST: usize = 6;
/// From so many sections on there are links to them at the top.
const CONTENTS_FROM: usize = 3;

/// The page, built up by value.
///
/// ```
/// use lacuna::image::Picture;
/// use lacuna::report::{Column, Figure, Page, Section, Table};
/// # fn main() -> lacuna::Result<()> {
/// let table = Table::new("system", &[Column::lower("hole MSE", 4)]).row("lcm", &[Some(0.0248)]);
/// let mended = Figure::new(&Picture::constant(64, 64, [0.4; 3])?, "a.jpg, mended")?;
/// let section = Section::new("Inpainting").paragraph("Centre 25 of 64.").table(table).figures(&[mended]);
/// let page = Page::new("Evaluation").section(section).render();
/// assert!(page.starts_with("<!doctype html>"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Page {
    title: String,
    lead: String,
    sections: Vec<Section>,
}

impl Page {
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), lead: String::new(), sections: Vec::new() }
    }

    /// A sentence or two under the title.
    #[must_use]
    pub fn lead(mut self, text: &str) -> Self {
        self.lead = text.to_owned();
        self
    }

    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The whole page as HTML. The same page gives the same text.
    pub fn render(&self) -> String {
        let title = escape(&self.title);
        let mut body = format!("<header>\n<h1>{title}</h1>\n");
        if !self.lead.is_empty() {
            body += &format!("<p class=\"lead\">{}</p>\n", escape(&self.lead));
        }
        if self.sections.len() >= CONTENTS_FROM {
            body += "<nav aria-label=\"Contents\">";
            for (i, section) in self.sections.iter().enumerate() {
                let _ = write!(body, "<a href=\"#s{i}\">{}</a>", escape(&section.heading));
            }
            body += "</nav>\n";
        }
        body += "</header>\n";
        for (i, section) in self.sections.iter().enumerate() {
            let heading = escape(&section.heading);
            let _ = writeln!(
                body,
                "<section id=\"s{i}\">\n<h2>{heading}</h2>\n{}</section>",
                section.body
            );
        }
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>\n{body}\
             <footer>Made with lacuna {version}. Everything on this page is inside this one file.</footer>\n</main>\n\
             {ZOOM}<script>\n{JS}</script>\n</body>\n</html>\n"
        )
    }
}

/// The window that shows a figure at full size; the script fills it.
const ZOOM: &str = "<dialog id=\"zoom\" aria-label=\"Picture at full size\">\
    <div class=\"stage\"><img alt=\"\"></div>\
    <p><button type=\"button\" class=\"prev\" aria-label=\"Previous picture\">\u{2190}</button>\
    <span></span>\
    <button type=\"button\" class=\"next\" aria-label=\"Next picture\">\u{2192}</button>\
    <button type=\"button\" class=\"close\" aria-label=\"Close\">\u{d7}</button></p></dialog>\n";

/// A heading and what stands under it, in the order of the calls.
#[derive(Debug, Clone)]
pub struct Section {
    heading: String,
    body: String,
}

impl Section {
    pub fn new(heading: &str) -> Self {
        Self { heading: heading.to_owned(), body: String::new() }
    }

    /// A smaller heading within the section, such as the name of the picture below it.
    #[must_use]
    pub fn subheading(self, text: &str) -> Self {
        self.add(&format!("<h3>{}</h3>\n", escape(text)))
    }

    #[must_use]
    pub fn paragraph(self, text: &str) -> Self {
        self.add(&format!("<p>{}</p>\n", escape(text)))
    }

    /// Keys and their values, a pair a line.
    #[must_use]
    pub fn settings<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> Self {
        let mut html = String::from("<dl>\n");
        for (key, value) in pairs {
            let (key, value) = (escape(key.as_ref()), escape(value.as_ref()));
            let _ = writeln!(html, "<div><dt>{key}</dt><dd>{value}</dd></div>");
        }
        self.add(&(html + "</dl>\n"))
    }

    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.add(&table.html())
    }

    /// Figures side by side, up to six in a row and fewer on a phone; a click shows one at full size.
    #[must_use]
    pub fn figures(self, figures: &[Figure]) -> Self {
        let Some(cap) = figures.iter().map(Figure::widest).max() else { return self };
        let abreast = figures.len().min(MAX_ABREAST);
        let mut html = format!("<div class=\"figures n{abreast}\" style=\"--cap:{cap}px\">\n");
        html.extend(figures.iter().map(Figure::html));
        self.add(&(html + "</div>\n"))
    }

    #[must_use]
    pub fn slider(self, slider: &Slider) -> Self {
        self.add(&slider.html())
    }

    fn add(mut self, html: &str) -> Self {
        self.body += html;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Picture;

    const NASTY: &str = "<script>alert('a & \"b\"')</script>";

    fn picture() -> Picture {
        Picture::new(4, 6, (0..72).map(|i| i as f32 / 71.0).collect()).unwrap()
    }

    /// A page with every kind of block, all its text `text`.
    fn page(text: &str) -> String {
        let figure = Figure::new(&picture(), text).unwrap().note(text);
        let slider = Slider::new((text, &picture()), (text, &picture().flipped()), text).unwrap();
        let section = Section::new(text)
            .subheading(text)
            .paragraph(text)
            .settings(&[(text, text)])
            .table(Table::new(text, &[Column::lower(text, 2)]).row(text, &[Some(1.0)]))
            .figures(&[figure.clone(), figure])
            .slider(&slider);
        let page = Page::new(text).lead(text);
        page.section(section.clone()).section(section.clone()).section(section).render()
    }

    #[test]
    fn no_text_becomes_markup() {
        let (nasty, plain) = (page(NASTY), page("plain"));
        assert!(!nasty.contains("<script>alert") && !nasty.contains("alert('"));
        for mark in ["<", ">", "\"", "'"] {
            assert_eq!(nasty.matches(mark).count(), plain.matches(mark).count(), "{mark}");
        }
        assert_eq!(nasty.matches(&escape(NASTY)).count(), plain.matches("plain").count());
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = page("plain");
        for loader in ["://", "src=\"/", "url(", "@import", "<link", "<iframe", "fetch(", "import "]
        {
            assert!(!page.contains(loader), "{loader}");
        }
        // The one `http` is the name of the header that forbids loading.
        assert_eq!(page.matches("http").count(), page.matches("http-equiv").count());
        let sources = page.split("src=\"").skip(1);
        assert!(sources.into_iter().all(|s| s.starts_with("data:image/png;base64,")));
    }

    #[test]
    fn every_element_that_opens_closes() {
        let page = page("plain");
        for name in [
            "main", "section", "figure", "div", "table", "tr", "td", "th", "dl", "button", "p",
            "dialog",
        ] {
            let count = |mark: &str| page.matches(mark).count();
            let open = count(&format!("<{name}>")) + count(&format!("<{name} "));
            assert_eq!(open, count(&format!("</{name}>")), "{name}");
        }
    }

    #[test]
    fn a_page_repeats_and_an_empty_one_is_a_page() {
        assert_eq!(page("a"), page("a"));
        let empty = Page::new("")
            .section(Section::new("").figures(&[]).table(Table::new("", &[])))
            .render();
        assert!(empty.ends_with("</html>\n") && !empty.contains("<nav"));
        assert!(page("a").contains("<nav"));
    }
}
