//! Pictures inside the page.

use std::io::Cursor;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage, imageops};

use super::html::{address, escape};
use crate::error::{Error, Result};
use crate::image::{Picture, within};

/// Up to this width a picture is enlarged, its pixels as blocks: smoothed, a 64-pixel restoration would look better
/// than it is.
pub(super) const SMALL: u32 = 320;

/// The longest side of a photo on the page, in pixels: what a laptop shows, a few hundred kB at most.
const LONGEST: u32 = 960;

/// Quality of the JPEG of a photo that is larger than [`SMALL`].
const QUALITY: u8 = 87;

/// A picture with a caption.
#[derive(Debug, Clone)]
pub struct Figure {
    width: u32,
    height: u32,
    uri: String,
    pub(super) caption: String,
    note: String,
    link: Option<String>,
}

impl Figure {
    /// `picture` at 8 bits, every pixel of it. Errors: [`Error::Input`] if PNG cannot hold it.
    pub fn new(picture: &Picture, caption: &str) -> Result<Self> {
        Self::from_rgb8(&picture.to_rgb8(), caption)
    }

    /// A contact sheet, every pixel of it. Errors: as [`Figure::new`].
    pub fn from_rgb8(image: &RgbImage, caption: &str) -> Result<Self> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).map_err(unusable(image))?;
        Ok(Self::embedded(image, "png", bytes.get_ref(), caption))
    }

    /// A photo of any size: a small one with every pixel of it, a larger one as a JPEG of at most 960 pixels a side.
    ///
    /// Errors: as [`Figure::new`].
    pub fn photo(image: &RgbImage, caption: &str) -> Result<Self> {
        match image.width().max(image.height()) {
            ..=SMALL => Self::from_rgb8(image, caption),
            _ => Self::thumbnail(image, LONGEST, caption),
        }
    }

    /// A JPEG of at most `longest` pixels a side. Errors: as [`Figure::new`].
    pub fn thumbnail(image: &RgbImage, longest: u32, caption: &str) -> Result<Self> {
        let shrunk = shrunk(image, longest);
        let image = shrunk.as_ref().unwrap_or(image);
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        image.write_with_encoder(encoder).map_err(unusable(image))?;
        Ok(Self::embedded(image, "jpeg", &bytes, caption))
    }

    fn embedded(image: &RgbImage, kind: &str, bytes: &[u8], caption: &str) -> Self {
        let (width, height) = image.dimensions();
        let uri = format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes));
        let (caption, note) = (caption.to_owned(), String::new());
        Self { width, height, uri, caption, note, link: None }
    }

    /// A line below the caption, such as the error of a restoration.
    #[must_use]
    pub fn note(mut self, text: &str) -> Self {
        self.note = text.to_owned();
        self
    }

    /// Makes the caption a link to the file `below` the folder of the page; a path that leads elsewhere is none.
    #[must_use]
    pub fn link(mut self, below: &Path) -> Self {
        self.link = address(below);
        self
    }

    /// Bytes that it takes up on the page.
    pub fn bytes(&self) -> usize {
        // Its picture, its texts in caption and `alt`, and the elements around them.
        self.uri.len() + 3 * (self.caption.len() + self.note.len()) + 400
    }

    /// The width in CSS pixels beyond which it is not enlarged on the page.
    pub(super) fn widest(&self) -> u32 {
        self.width.max(SMALL)
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The one line that says what is seen.
    pub(super) fn alt(&self) -> String {
        [self.caption.as_str(), self.note.as_str()].map(str::trim).join("  ").trim().to_owned()
    }

    pub(super) fn html(&self) -> String {
        let caption = escape(&self.caption);
        let mut below = match &self.link {
            Some(link) => format!("<a href=\"{link}\">{caption}</a>"),
            None => caption,
        };
        if !self.note.is_empty() {
            below += &format!("<small>{}</small>", escape(&self.note));
        }
        if !below.is_empty() {
            below = format!("<figcaption>{below}</figcaption>");
        }
        // The window that shows it large takes its line from the picture's `alt`.
        format!(
            "<figure><button type=\"button\" class=\"zoom\" title=\"Show large\">{}</button>{below}</figure>\n",
            self.img(&self.alt())
        )
    }

    /// The element itself, its box known before it is decoded.
    pub(super) fn img(&self, alt: &str) -> String {
        let class = if self.width <= SMALL { " class=\"small\"" } else { "" };
        let Self { uri, width, height, .. } = self;
        let alt = escape(alt);
        format!("<img{class} src=\"{uri}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\">")
    }
}

/// `image` with its longest side at `longest`; `None` where it is no longer than that.
pub(crate) fn shrunk(image: &RgbImage, longest: u32) -> Option<RgbImage> {
    within(image.dimensions(), longest)
        .map(|(width, height)| imageops::thumbnail(image, width, height))
}

fn unusable(image: &RgbImage) -> impl FnOnce(image::ImageError) -> Error {
    let (width, height) = image.dimensions();
    move |err| {
        Error::input(
            "figure of the report",
            format!("{width} x {height} pixels cannot become a picture in it ({err})"),
            "give a picture that is not empty and of some thousands of pixels at most",
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::load_bytes;

    pub fn picture(height: usize, width: usize) -> Picture {
        let data = (0..3 * height * width).map(|i| (i * 37 % 256) as f32 / 255.0);
        Picture::new(height, width, data.collect()).unwrap()
    }

    /// The pictures of a piece of HTML, decoded.
    pub fn decoded(html: &str) -> Vec<Picture> {
        let uris = html.split(";base64,").skip(1);
        let bytes = uris.map(|s| BASE64_STANDARD.decode(s.split('"').next().unwrap()).unwrap());
        bytes.map(|b| load_bytes(&b, "embedded".as_ref()).unwrap().picture().unwrap()).collect()
    }

    #[test]
    fn an_embedded_picture_decodes_back_equal() {
        let p = picture(5, 7);
        assert_eq!(decoded(&Figure::new(&p, "a").unwrap().html()), std::slice::from_ref(&p));
        assert_eq!(decoded(&Figure::photo(&p.to_rgb8(), "a").unwrap().html()), [p]);
    }

    #[test]
    fn a_large_photo_is_a_jpeg_of_bounded_size_with_its_aspect() {
        let html = Figure::photo(&picture(1000, 2000).to_rgb8(), "a").unwrap().html();
        let shown = &decoded(&html)[0];
        assert!(html.contains("data:image/jpeg"));
        assert_eq!((shown.height(), shown.width()), (480, 960));
        let thin = Figure::thumbnail(&picture(3, 2000).to_rgb8(), 100, "a").unwrap();
        assert_eq!(thin.size(), (100, 1));
    }

    #[test]
    fn small_pictures_show_their_pixels_and_large_ones_do_not() {
        let is_small =
            |w| Figure::new(&picture(2, w), "").unwrap().html().contains("class=\"small\"");
        assert!(is_small(64) && is_small(320) && !is_small(321));
    }

    #[test]
    fn a_caption_links_to_what_lies_below_the_page_only() {
        let figure = |path: &str| Figure::new(&picture(2, 2), "a").unwrap().link(path.as_ref());
        assert!(figure("b/c d.png").html().contains("<a href=\"./b/c%20d.png\">a</a>"));
        assert!(!figure("../c.png").html().contains("<a "));
    }

    #[test]
    fn an_empty_picture_is_an_error() {
        assert!(Figure::from_rgb8(&RgbImage::new(0, 0), "").is_err());
        assert!(Figure::photo(&RgbImage::new(0, 0), "").is_err());
    }
}
