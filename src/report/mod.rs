//! `report.html`: one page that stands alone, to look at in any browser and to send to a friend.
//!
//! ```text
//! Page --- kind, title, lead, facts (a few numbers in large)
//!  '- Section --- heading
//!      |- paragraph, settings (key | value), Table (best of a column marked), commands to copy, text folded away
//!      |- Figure, Figure, ... (click: large, arrow keys: the next)   Slider (before | after)   Chart (curve)
//!      |- Spread (many numbers in rows, and their means)
//!      '- beside: two sections side by side, on a phone one below the other
//!                                                          Page::render -> String -> store::write_atomically
//! ```
//! - Pictures are PNG or JPEG inside the page, style and script are too. Nothing is loaded from anywhere, and the page
//!   forbids it to itself by its content security policy; it can be kept for years.
//! - All text is escaped: a caption may be a file name.
//! - It reads on a phone and on a desk, in light and in dark, by keyboard, on paper, and without the script, which only
//!   adds the zoom, moves the slider, sorts tables, tells numbers of a curve and copies commands.
//! - Its head names its [`Kind`], so that a page of ours is replaced and a file of someone else never is.

mod chart;
mod figure;
mod html;
mod kind;
mod section;
mod slider;
mod spread;
mod table;
mod versions;
mod words;

pub use chart::Chart;
pub use figure::Figure;
pub(crate) use figure::shrunk;
pub use kind::Kind;
pub use section::Section;
pub use slider::Slider;
pub use spread::Spread;
pub use table::{Column, Table};
pub use versions::versions;
pub(crate) use words::tenths;
pub use words::{clock, counted, grouped, mebibytes, quoted};

use std::fmt::Write;

use html::escape;

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");
/// From so many sections on there are links to them at the top.
const CONTENTS_FROM: usize = 3;

/// The page, built up by value.
///
/// ```
/// use lacuna::image::Picture;
/// use lacuna::report::{Column, Figure, Kind, Page, Section, Table};
/// # fn main() -> lacuna::Result<()> {
/// let table = Table::new("system", &[Column::lower("hole MSE", 4)]).row("lcm", &[Some(0.0248)]);
/// let mended = Figure::new(&Picture::constant(64, 64, [0.4; 3])?, "a.jpg, mended")?;
/// let section = Section::new("Inpainting").paragraph("Centre 25 of 64.").table(table).figures(&[mended]);
/// let page = Page::new(Kind::Restore, "Evaluation").section(section).render();
/// assert!(page.starts_with("<!doctype html>"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Page {
    kind: Kind,
    title: String,
    lead: String,
    facts: Section,
    sections: Vec<Section>,
}

impl Page {
    pub fn new(kind: Kind, title: &str) -> Self {
        let (title, lead) = (title.to_owned(), String::new());
        Self { kind, title, lead, facts: Section::new(""), sections: Vec::new() }
    }

    /// A sentence or two under the title.
    #[must_use]
    pub fn lead(mut self, text: &str) -> Self {
        self.lead = text.to_owned();
        self
    }

    /// A few numbers, each with what it counts, in large under the lead.
    #[must_use]
    pub fn facts<N: AsRef<str>, W: AsRef<str>>(mut self, facts: &[(N, W)]) -> Self {
        self.facts = self.facts.facts(facts);
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
        body += &self.facts.body;
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
        // Names lead to files beside it, which are not there for whom it was sent to.
        let beside = match body.contains("<a href=\"./") {
            true => " Names that are links lead to files beside it, for who has those too.",
            false => "",
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{mark}\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>\n{body}\
             <footer>Made with lacuna {version}. All that is shown here is inside this one file.{beside}</footer>\n</main>\n\
             {ZOOM}<script>\n{JS}</script>\n</body>\n</html>\n",
            mark = self.kind.mark(),
        )
    }
}

/// The window that shows a figure at full size; the script fills it.
const ZOOM: &str = "<dialog id=\"zoom\" aria-label=\"Picture in large\">\
    <div class=\"stage\"><img alt=\"\"></div>\
    <p><button type=\"button\" class=\"prev\" aria-label=\"Previous picture\">\u{2190}</button>\
    <span></span>\
    <button type=\"button\" class=\"next\" aria-label=\"Next picture\">\u{2192}</button>\
    <button type=\"button\" class=\"close\" aria-label=\"Close\">\u{d7}</button></p></dialog>\n";

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
            .note(text)
            .settings(&[(text, text)])
            .commands(&[(text, text)])
            .folded(text, text)
            .list(&[text])
            .facts(&[(text, text)])
            .chart(&Chart::new(&[(1.0, 0.5)], (text, text), text))
            .spread(&Spread::new(text, text).row(text, &[0.1, 0.2], (0.15, 0.1)))
            .beside(
                Section::new(text).paragraph(text),
                Section::new("").sliders(std::slice::from_ref(&slider)),
            )
            .table(Table::new(text, &[Column::lower(text, 2)]).sortable().explained_row(
                text,
                text,
                &[Some(1.0)],
            ))
            .tiles([&figure])
            .figures(&[figure.clone(), figure])
            .slider(&slider);
        let page = Page::new(Kind::Train, text).lead(text).facts(&[(text, text)]);
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
            "dialog", "svg", "ul", "small", "span", "details", "summary", "pre", "ol", "li",
            "output", "a", "i", "b",
        ] {
            let count = |mark: &str| page.matches(mark).count();
            let open = count(&format!("<{name}>")) + count(&format!("<{name} "));
            assert_eq!(open, count(&format!("</{name}>")), "{name}");
        }
    }

    #[test]
    fn a_page_repeats_and_an_empty_one_is_a_page() {
        assert_eq!(page("a"), page("a"));
        let empty = Page::new(Kind::Demo, "")
            .section(Section::new("").figures(&[]).table(Table::new("", &[])))
            .render();
        assert!(empty.ends_with("</html>\n") && !empty.contains("<nav"));
        assert!(page("a").contains("<nav"));
    }
}
