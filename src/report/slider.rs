//! Before and after: two pictures on top of each other.

use super::figure::Figure;
use super::html::escape;
use crate::error::{Error, Result};
use crate::image::Picture;

/// Two pictures of one size on top of each other, with a handle that moves the border between them.
#[derive(Debug, Clone)]
pub struct Slider {
    before: Figure,
    after: Figure,
    caption: String,
}

impl Slider {
    /// The picture on the left and the one on the right, each with its label.
    ///
    /// Errors: [`Error::Input`] if they differ in size or PNG cannot hold them.
    pub fn new(
        (before_label, before): (&str, &Picture),
        (after_label, after): (&str, &Picture),
        caption: &str,
    ) -> Result<Self> {
        Self::of(Figure::new(before, before_label)?, Figure::new(after, after_label)?, caption)
    }

    /// The same of figures, whose captions are the labels.
    ///
    /// Errors: [`Error::Input`] if they differ in size.
    pub fn of(before: Figure, after: Figure, caption: &str) -> Result<Self> {
        if before.size() != after.size() {
            let size = |figure: &Figure| format!("{} x {}", figure.size().0, figure.size().1);
            return Err(Error::input(
                "slider of the report",
                format!("one picture is {}, the other {}", size(&before), size(&after)),
                "bring both to one size",
            ));
        }
        Ok(Self { before, after, caption: caption.to_owned() })
    }

    /// The width in CSS pixels beyond which it is not enlarged on the page.
    pub(super) fn widest(&self) -> u32 {
        self.before.widest().max(440)
    }

    pub(super) fn html(&self) -> String {
        // A label shows its own picture large.
        let label = |figure: &Figure, class| match figure.caption.as_str() {
            "" => String::new(),
            text => format!(
                "<button type=\"button\" class=\"zoom label {class}\" title=\"Show large\">{}</button>\n",
                escape(text)
            ),
        };
        let alt = |figure: &Figure| {
            [self.caption.as_str(), figure.caption.as_str()].join("  ").trim().to_owned()
        };
        let caption = match self.caption.as_str() {
            "" => String::new(),
            text => format!("<figcaption>{}</figcaption>", escape(text)),
        };
        format!(
            "<figure class=\"slider\" style=\"--cap:{}px\"><div class=\"pair\">\n{}\n{}\n<span class=\"handle\"></span>\
             <input type=\"range\" min=\"0\" max=\"100\" step=\"1\" value=\"50\" aria-label=\"Border between {} and {}\">\n\
             {}{}</div>{caption}</figure>\n",
            self.widest(),
            self.after.img(&alt(&self.after)),
            self.before.img(&alt(&self.before)),
            escape(&self.before.caption),
            escape(&self.after.caption),
            label(&self.before, "left"),
            label(&self.after, "right"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::{decoded, picture};
    use super::*;

    #[test]
    fn a_slider_holds_both_pictures_the_first_on_top() {
        let (a, b) = (picture(5, 7), picture(5, 7).flipped());
        let slider = Slider::new(("damaged", &a), ("mended", &b), "").unwrap();
        assert_eq!(decoded(&slider.html()), [b, a]);
    }

    #[test]
    fn unequal_pictures_are_an_error() {
        let error = Slider::new(("a", &picture(2, 3)), ("b", &picture(3, 2)), "").unwrap_err();
        assert!(error.to_string().contains("3 x 2") && error.to_string().contains("2 x 3"));
    }
}
