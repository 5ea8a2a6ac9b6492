//! The EXIF of a photo that was turned upright and mended: what they say of its pixels must be true again.
//!
//! | | becomes |
//! |---|---|
//! | orientation | 1: the pixels are upright, and nobody is to turn them twice |
//! | width and height | those of the result |
//! | thumbnail | gone, as JPEG or in strips: it shows the photo as it was, with all that was to be taken out |
//!
//! All else stays, byte for byte at its place, as makers' notes point at places in it.

const IMAGE_WIDTH: u16 = 0x0100;
const IMAGE_HEIGHT: u16 = 0x0101;
const ORIENTATION: u16 = 0x0112;
const STRIPS: u16 = 0x0111;
const STRIP_LENGTHS: u16 = 0x0117;
const THUMBNAIL: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const EXIF_FOLDER: u16 = 0x8769;
const PIXEL_WIDTH: u16 = 0xA002;
const PIXEL_HEIGHT: u16 = 0xA003;

/// `exif` (a TIFF header and what follows) for a result of `width` x `height` upright pixels. What cannot be read in
/// it stays as it is.
pub(super) fn settled_exif(exif: Vec<u8>, width: u32, height: u32) -> Vec<u8> {
    let mut tiff = match exif.get(..4) {
        Some(b"II*\0") => Tiff { bytes: exif, big: false },
        Some(b"MM\0*") => Tiff { bytes: exif, big: true },
        _ => return exif,
    };
    let _ = tiff.settle(width, height);
    tiff.bytes
}

/// A TIFF structure that is changed in place; `None` where it ends too early.
struct Tiff {
    bytes: Vec<u8>,
    big: bool,
}

/// One entry of a folder (IFD).
struct Entry {
    tag: u16,
    kind: u16,
    /// How many numbers it has.
    count: u32,
    /// Where its value stands, or, of more than four bytes, the place where it stands.
    at: usize,
}

impl Tiff {
    fn settle(&mut self, width: u32, height: u32) -> Option<()> {
        let first = self.long(4)? as usize;
        let (entries, next) = self.folder(first)?;
        // The first alone: 65,535 folders of 65,535 entries each fit into a megabyte.
        let below = entries.iter().find(|entry| entry.tag == EXIF_FOLDER);
        let below = below.and_then(|entry| self.folder(self.long(entry.at)? as usize));
        for entry in &entries {
            match entry.tag {
                ORIENTATION => self.put(entry, 1),
                IMAGE_WIDTH => self.put(entry, width),
                IMAGE_HEIGHT => self.put(entry, height),
                _ => {}
            }
        }
        for entry in below.into_iter().flat_map(|(entries, _)| entries) {
            match entry.tag {
                PIXEL_WIDTH => self.put(&entry, width),
                PIXEL_HEIGHT => self.put(&entry, height),
                _ => {}
            }
        }
        let second = self.long(next)? as usize;
        if second != 0 {
            self.bytes[next..next + 4].fill(0);
            self.wipe_thumbnail(second);
        }
        Some(())
    }

    /// Nothing points at the thumbnail any more; its bytes go too.
    fn wipe_thumbnail(&mut self, folder: usize) -> Option<()> {
        let (entries, _) = self.folder(folder)?;
        // No more than there is, whatever a folder claims: strips may lie over each other.
        let mut left = self.bytes.len();
        for (starts, lengths) in [(THUMBNAIL, THUMBNAIL_LENGTH), (STRIPS, STRIP_LENGTHS)] {
            let numbers = |tag: u16| {
                let entry = entries.iter().find(|entry| entry.tag == tag);
                entry.and_then(|entry| self.numbers(entry)).unwrap_or_default()
            };
            for (start, length) in numbers(starts).into_iter().zip(numbers(lengths)).rev() {
                let (start, length) = (start.max(8), length.min(left));
                left -= length;
                let end = start.saturating_add(length).min(self.bytes.len());
                let Some(bytes) = self.bytes.get_mut(start..end) else { continue };
                bytes.fill(0);
                if end == self.bytes.len() {
                    self.bytes.truncate(start);
                }
            }
        }
        Some(())
    }

    /// The whole numbers of an entry, of 16 or 32 bits.
    fn numbers(&self, entry: &Entry) -> Option<Vec<usize>> {
        let (count, size) = (entry.count as usize, if entry.kind == 3 { 2 } else { 4 });
        let inside = count.checked_mul(size)? <= 4;
        let at = if inside { entry.at } else { self.long(entry.at)? as usize };
        let number = |i: usize| match entry.kind {
            3 => self.short(at + 2 * i).map(usize::from),
            4 => self.long(at + 4 * i).map(|v| v as usize),
            _ => None,
        };
        (0..count).map(number).collect()
    }

    /// The entries of the folder at `at`, and where the place of the next folder stands.
    fn folder(&self, at: usize) -> Option<(Vec<Entry>, usize)> {
        let count = usize::from(self.short(at)?);
        let entry = |i: usize| {
            let start = at + 2 + 12 * i;
            let (tag, kind) = (self.short(start)?, self.short(start + 2)?);
            Some(Entry { tag, kind, count: self.long(start + 4)?, at: start + 8 })
        };
        let entries = (0..count).map(entry).collect::<Option<Vec<Entry>>>()?;
        Some((entries, at + 2 + 12 * count))
    }

    /// Writes a number at the width that the entry has, 16 or 32 bits; others hold no such number.
    fn put(&mut self, entry: &Entry, value: u32) {
        let (short, long) = match self.big {
            true => ((value as u16).to_be_bytes(), value.to_be_bytes()),
            false => ((value as u16).to_le_bytes(), value.to_le_bytes()),
        };
        let bytes: &[u8] = match entry.kind {
            3 => &short,
            4 => &long,
            _ => return,
        };
        if let Some(place) = self.bytes.get_mut(entry.at..entry.at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Big-endian: orientation 6, a folder below with the width, a second folder with a thumbnail at the end.
    fn exif() -> Vec<u8> {
        let entry = |tag: u16, kind: u16, value: [u8; 4]| {
            [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &[0, 0, 0, 1], &value].concat()
        };
        let long = |v: u32| v.to_be_bytes();
        [
            b"MM\0*\0\0\0\x08".to_vec(),
            // At 8.
            vec![0, 2],
            entry(ORIENTATION, 3, [0, 6, 0, 0]),
            entry(EXIF_FOLDER, 4, long(38)),
            long(56).to_vec(),
            // At 38.
            vec![0, 1],
            entry(PIXEL_WIDTH, 4, long(4000)),
            long(0).to_vec(),
            // At 56.
            vec![0, 2],
            entry(THUMBNAIL, 4, long(86)),
            entry(THUMBNAIL_LENGTH, 4, long(5)),
            long(0).to_vec(),
            // At 86.
            b"small".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn what_is_said_of_the_pixels_is_true_again_and_the_thumbnail_is_gone() {
        let before = exif();
        let after = settled_exif(before.clone(), 300, 200);
        assert_eq!(after.len(), before.len() - 5);
        assert_eq!(after[18..20], [0, 1], "orientation");
        assert_eq!(after[48..52], 300u32.to_be_bytes(), "width");
        assert_eq!(after[34..38], [0; 4], "the second folder");
        assert!(!after.windows(5).any(|w| w == b"small"));
        let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 1 + 2 + 1, "one digit, 4000 -> 300, 56 -> 0");
    }

    #[test]
    fn a_thumbnail_in_strips_is_wiped_too() {
        let mut strips = exif();
        // Two strips, told at the end of the first folders: `sm` and `all`.
        strips[58..60].copy_from_slice(&STRIPS.to_be_bytes());
        strips[70..72].copy_from_slice(&STRIP_LENGTHS.to_be_bytes());
        for (at, place) in [(58, 91u32), (70, 99)] {
            strips[at + 4..at + 8].copy_from_slice(&2u32.to_be_bytes());
            strips[at + 8..at + 12].copy_from_slice(&place.to_be_bytes());
        }
        strips[72..74].copy_from_slice(&[0, 3]);
        strips[74..78].copy_from_slice(&2u32.to_be_bytes());
        // Two words are four bytes and stand in the entry itself.
        strips[78..82].copy_from_slice(&[0, 2, 0, 3]);
        strips.extend([86u32.to_be_bytes(), 88u32.to_be_bytes()].concat());
        strips.extend(b"end");
        let after = settled_exif(strips.clone(), 300, 200);
        assert_eq!(after.len(), strips.len());
        assert_eq!(after[86..91], [0; 5]);
        assert!(after.ends_with(b"end"));
    }

    /// Were every folder looked into, this test would take a minute.
    #[test]
    fn a_folder_that_is_named_in_itself_60_000_times_is_looked_into_once() {
        let entry = [&EXIF_FOLDER.to_be_bytes()[..], &[0, 4, 0, 0, 0, 1, 0, 0, 0, 8]].concat();
        let folder = [&60_000u16.to_be_bytes()[..], &entry.repeat(60_000), &[0; 4]].concat();
        let exif = [b"MM\0*\0\0\0\x08".to_vec(), folder].concat();
        assert_eq!(settled_exif(exif.clone(), 300, 200), exif);
    }

    #[test]
    fn every_cut_and_every_wrong_byte_is_borne() {
        let whole = exif();
        for cut in 0..whole.len() {
            let _ = settled_exif(whole[..cut].to_vec(), 3, 2);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut wrong = whole.clone();
                wrong[at] = value;
                let _ = settled_exif(wrong, 3, 2);
            }
        }
        assert_eq!(settled_exif(b"nothing".to_vec(), 1, 1), b"nothing");
    }
}
