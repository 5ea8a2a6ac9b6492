//! Files <-> pictures, within limits; contact sheets and curves for people to look at.
//!
//! ```text
//! photo.jpg --load--> Photo{original, format} --picture--> Picture [3,H,W] --to_rgb8--> RgbImage
//!                                                                                         |
//!                        |                                                                |
//!                        '-Carried (profile, EXIF, XMP ...)----------------save_photo--> mended.png
//!          Picture, Picture, ... --Sheet--render--> RgbImage                              |
//!          (step, loss), ...     --loss_curve-----> RgbImage ----------------save_png--> out.png
//! ```
//! - A file is judged by its content, never by its name; its size is checked before it is decoded; one that was cut
//!   short is refused rather than filled with grey.
//! - The model sees sRGB: a photo with another colour profile is converted for it, and what the model makes is converted
//!   back. Pixels that are not touched are never converted.
//! - Profile and metadata go along into the mended PNG, true of its pixels.
//! - Whatever is written appears whole or not at all ([`crate::store::write_atomically`]).

mod batch;
mod carried;
mod chunks;
mod curve;
mod exif;
pub(crate) mod fuzz;
mod limits;
mod load;
mod photo;
mod picture;
mod plot;
mod profile;
mod save;
mod sheet;
mod shrunk;
mod size;
mod stroke;
mod text;
pub(crate) mod ticks;
mod whole;
mod words;
mod xmp;

pub(crate) use curve::{drawable, smoothed};

pub use batch::{batch_of, numbers_of, pictures_of};
pub use carried::Carried;
pub(crate) use limits::refuse_size;
pub use limits::{MAX_PIXELS, MAX_SIDE};
pub(crate) use load::size_of;
pub use load::{
    EXTENSIONS, Header, dimensions, header, is_picture_content, is_picture_name, load, load_bytes,
    read_bytes,
};
pub use photo::Photo;
pub use picture::Picture;
pub use plot::{PALETTE, Series, loss_curve};
pub use profile::Profile;
pub use save::{png_bytes, save_photo, save_png};
pub use sheet::Sheet;
pub(crate) use shrunk::within;
