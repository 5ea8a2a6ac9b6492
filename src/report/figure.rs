//! Pictures inside the page.

use std::io::Cursor;

use base64::prelude::{BASE64_STANDARD, Engine};
use image::{ImageFormat, RgbImage};

use super::html::escape;
use crate::error::{Error, Result};
use crate::image::Picture;

/// Up to this width a picture is enlarged, its pixels as blocks: smoothed, a 64-pixel restoration would look better
/// than it is.
const SMALL: u32 = 320;

/// A picture with a caption.
#[derive(Debug, Clone)]
pub struct Figure {
    width: u32,
    height: u32,
    uri: String,
    caption: String,
    note: String,
}

impl Figure {
    /// `picture` at 8 bits. Errors: [`Error::Input`] if PNG cannot hold it.
    pub fn new(picture: &Picture, caption: &str) -> Result<Self> {
        Self::from_rgb8(&picture.to_rgb8(), caption)
    }

    /// A contact sheet, a loss curve. Errors: as [`Figure::new`].
    pub fn from_rgb8(image: &RgbImage, caption: &str) -> Result<Self> {
        let (width, height) = image.dimensions();
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).map_err(|err| {
            Error::input(
                "figure of the report",
                format!("{width} x {height} pixels cannot become a PNG ({err})"),
                "give a picture that is not empty and of some thousands of pixels at most",
            )
        })?;
        let uri = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes.get_ref()));
        Ok(Self { width, height, uri, caption: caption.to_owned(), note: String::new() })
    }

    /// A line below the caption, such as the error of a restoration.
    #[must_use]
    pub fn note(mut self, text: &str) -> Self {
        self.note = text.to_owned();
        self
    }

    /// The width in CSS pixels beyond which it is not enlarged on the page.
    pub(super) fn widest(&self) -> u32 {
        self.width.max(SMALL)
    }

    pub(super) fn html(&self) -> String {
        let (caption, note) = (self.caption.as_str(), self.note.as_str());
        let mut below = escape(caption);
        if !note.is_empty() {
            below += &format!("<small>{}</small>", escape(note));
        }
        if !below.is_empty() {
            below = format!("<figcaption>{below}</figcaption>");
        }
        // The window that shows it large takes its line from here.
        let alt = [caption, note].map(str::trim).join("  ");
        format!(
            "<figure><button type=\"button\" class=\"zoom\" title=\"Show at full size\">{}</button>{below}</figure>\n",
            self.img(alt.trim())
        )
    }

    /// The element itself, its box known before it is decoded.
    fn img(&self, alt: &str) -> String {
        let class = if self.width <= SMALL { " class=\"small\"" } else { "" };
        format!(
            "<img{class} src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}\">",
            self.uri,
            self.width,
            self.height,
            escape(alt)
        )
    }
}

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
        if (before.height(), before.width()) != (after.height(), after.width()) {
            let size = |p: &Picture| format!("{} x {}", p.width(), p.height());
            return Err(Error::input(
                "slider of the report",
                format!("one picture is {}, the other {}", size(before), size(after)),
                "bring both to one size",
            ));
        }
        Ok(Self {
            before: Figure::new(before, before_label)?,
            after: Figure::new(after, after_label)?,
            caption: caption.to_owned(),
        })
    }

    pub(super) fn html(&self) -> String {
        let label = |figure: &Figure, class| match figure.caption.as_str() {
            "" => String::new(),
            text => format!("<span class=\"label {class}\">{}</span>", escape(text)),
        };
        let caption = match self.caption.as_str() {
            "" => String::new(),
            text => format!("<figcaption>{}</figcaption>", escape(text)),
        };
        format!(
            "<figure class=\"slider\" style=\"--cap:{}px\"><div class=\"pair\">\n{}\n{}\n{}{}\
             <span class=\"handle\"></span>\
             <input type=\"range\" min=\"0\" max=\"100\" step=\"any\" value=\"50\" aria-label=\"Move between {} and {}\">\
             </div>{caption}</figure>\n",
            self.before.widest().max(480),
            self.after.img(&self.after.caption),
            self.before.img(&self.before.caption),
            label(&self.before, "left"),
            label(&self.after, "right"),
            escape(&self.before.caption),
            escape(&self.after.caption),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::load_bytes;

    fn picture(height: usize, width: usize) -> Picture {
        let data = (0..3 * height * width).map(|i| (i * 37 % 256) as f32 / 255.0);
        Picture::new(height, width, data.collect()).unwrap()
    }

    /// The pictures of a piece of HTML, decoded.
    fn decoded(html: &str) -> Vec<Picture> {
        let uris = html.split("data:image/png;base64,").skip(1);
        let bytes = uris.map(|s| BASE64_STANDARD.decode(s.split('"').next().unwrap()).unwrap());
        bytes.map(|b| load_bytes(&b, "embedded".as_ref()).unwrap().picture().unwrap()).collect()
    }

    #[test]
    fn an_embedded_picture_decodes_back_equal() {
        let p = picture(5, 7);
        assert_eq!(decoded(&Figure::new(&p, "a").unwrap().html()), [p]);
    }

    #[test]
    fn a_slider_holds_both_pictures_the_first_on_top() {
        let (a, b) = (picture(5, 7), picture(5, 7).flipped());
        let slider = Slider::new(("damaged", &a), ("mended", &b), "").unwrap();
        assert_eq!(decoded(&slider.html()), [b, a]);
    }

    #[test]
    fn small_pictures_show_their_pixels_and_large_ones_do_not() {
        let is_small =
            |w| Figure::new(&picture(2, w), "").unwrap().html().contains("class=\"small\"");
        assert!(is_small(64) && is_small(320) && !is_small(321));
    }

    #[test]
    fn unequal_pictures_and_empty_ones_are_errors() {
        let error = Slider::new(("a", &picture(2, 3)), ("b", &picture(3, 2)), "").unwrap_err();
        assert!(error.to_string().contains("3 x 2") && error.to_string().contains("2 x 3"));
        assert!(Figure::from_rgb8(&RgbImage::new(0, 0), "").is_err());
    }
}
