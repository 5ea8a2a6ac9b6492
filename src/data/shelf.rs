//! Decoded photos on disk: what takes a tenth of a second to decode and scale takes no time to read again.

use std::fs::File;
use std::path::Path;

use super::at::{read_exact_at, write_all_at};
use crate::error::{Error, Result};
use crate::image::Picture;

/// Pictures of one size by their numbers, in a file that is gone with the process.
#[derive(Debug)]
pub(super) struct Shelf {
    file: File,
    side: usize,
    /// How many are on it: those with smaller numbers.
    held: u32,
    /// How many it may hold.
    most: u32,
}

impl Shelf {
    /// An empty one in `folder`, for at most `bytes` of pictures `side` x `side`, and at most a quarter of what is free there.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn new(folder: &Path, side: usize, bytes: u64) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(Error::write(folder))?;
        let free = fs4::available_space(folder).unwrap_or(u64::MAX);
        // A picture of no size is refused where it is read.
        let most = bytes.min(free / 4).checked_div(size_of_picture(side)).unwrap_or(0);
        let most = most.min(u64::from(u32::MAX)) as u32;
        Ok(Self { file, side, held: 0, most })
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        u64::from(self.held) * size_of_picture(self.side)
    }

    /// Keeps the picture with number `number`, the next one, if there is room. A disk that is full is no error: what is
    /// not here is decoded again.
    pub fn add(&mut self, number: u32, picture: &Picture) {
        if number != self.held || self.held >= self.most {
            return;
        }
        let bytes: Vec<u8> = picture.data().iter().flat_map(|value| value.to_le_bytes()).collect();
        match write_all_at(&self.file, &bytes, self.bytes()) {
            Ok(()) => self.held += 1,
            Err(_) => self.most = self.held,
        }
    }

    /// The picture with number `number`, if it is here.
    pub fn get(&self, number: u32) -> Option<Picture> {
        if number >= self.held {
            return None;
        }
        let size = size_of_picture(self.side);
        let mut bytes = vec![0; size as usize];
        read_exact_at(&self.file, &mut bytes, u64::from(number) * size).ok()?;
        let (values, _) = bytes.as_chunks();
        let data = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
        Picture::new(self.side, self.side, data).ok()
    }
}

fn size_of_picture(side: usize) -> u64 {
    let plane = (side as u64).saturating_mul(side as u64);
    plane.saturating_mul(3 * size_of::<f32>() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(value: f32) -> Picture {
        Picture::new(2, 2, (0..12).map(|at| value + at as f32).collect()).unwrap()
    }

    #[test]
    fn what_fits_comes_back_bit_for_bit_and_the_rest_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::new(dir.path(), 2, 2 * 48 + 47).unwrap();
        (0..4).for_each(|number| shelf.add(number, &picture(0.1 * number as f32)));
        assert_eq!(shelf.bytes(), 96);
        for number in 0..2 {
            assert_eq!(shelf.get(number), Some(picture(0.1 * number as f32)));
        }
        assert!(shelf.get(2).is_none() && shelf.get(u32::MAX).is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
