//! What a set holds at a place: an encoded picture, or its pixels as they are.

use std::path::Path;

use crate::data::Id;
use crate::error::{Error, Result};
use crate::image::{Picture, load_bytes, refuse_size};

/// One picture, as the set holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A JPEG, PNG or WebP, as it would lie in a file.
    Encoded(Vec<u8>),
    /// `[channels, height, width]`, row-major, 8 bits; one channel is grey, three are red, green and blue.
    Raw { height: usize, width: usize, channels: usize, bytes: Vec<u8> },
}

impl Content {
    /// The bytes that the set holds.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Encoded(bytes) | Self::Raw { bytes, .. } => bytes,
        }
    }

    /// The id: the hash of the bytes that the set holds.
    pub fn id(&self) -> Id {
        Id::of(self.bytes())
    }

    /// The picture as the model sees it, at its own size; `name` is what an error calls it.
    ///
    /// # Errors
    /// As [`load_bytes`]; raw pixels whose number does not fit their shape, or over the limits.
    pub fn picture(&self, name: &str) -> Result<Picture> {
        match self {
            Self::Encoded(bytes) => load_bytes(bytes, Path::new(name))?.picture(),
            Self::Raw { height, width, channels, bytes } => {
                let values =
                    height.checked_mul(*width).and_then(|plane| plane.checked_mul(*channels));
                if !matches!(channels, 1 | 3) || values != Some(bytes.len()) {
                    let len = bytes.len();
                    let problem =
                        format!("{len} bytes are no pixels of {channels} x {height} x {width}");
                    return Err(Error::picture(name, problem, "leave it out"));
                }
                refuse_size(name, *width, *height)?;
                let data = bytes.iter().map(|&v| f32::from(v) / 255.0).collect::<Vec<_>>();
                Picture::new(*height, *width, data.repeat(3 / channels))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_pixels_are_planes_and_grey_is_three_equal_ones() {
        let raw = |channels, bytes: &[u8]| {
            Content::Raw { height: 1, width: 2, channels, bytes: bytes.to_vec() }.picture("it")
        };
        let colours = raw(3, &[255, 0, 51, 51, 0, 102]).unwrap();
        assert_eq!(colours.data(), [1.0, 0.0, 0.2, 0.2, 0.0, 0.4]);
        assert_eq!(raw(1, &[255, 0]).unwrap().data(), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        for (channels, bytes) in [(3, &[1][..]), (2, &[1, 2, 3, 4]), (0, &[])] {
            let error = raw(channels, bytes).unwrap_err().to_string();
            assert!(error.contains("`it`") && error.contains(&format!("{channels} x 1 x 2")));
        }
    }

    #[test]
    fn the_id_is_that_of_a_file_with_the_same_bytes() {
        assert_eq!(Content::Encoded(b"abc".to_vec()).id(), Id::of(b"abc"));
    }
}
