//! TFRecord: one message after another, each with its length and checksums.
//!
//! ```text
//! u64 length | u32 checksum of the length | length bytes | u32 checksum of the bytes        little-endian
//! checksum = rotate(crc32c, 15 bits right) + 0xa282ead8
//! ```

use std::io::{self, Write};

/// A CRC of bytes that hold CRCs is weak, hence TensorFlow's mask.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Writes `message` as one record, in one go: a reader may look at the file at any time.
pub fn write(out: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = (message.len() as u64).to_le_bytes();
    let parts = [&length[..], &checksum(&length), message, &checksum(message)];
    out.write_all(&parts.concat())
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::train::tensorboard::proto::{Event, Image, SessionLog, VERSION, Value, What};

    /// Written by TensorBoard's own writer, see `tests/reference/event_file.py`.
    const REFERENCE: &[u8] = include_bytes!("../../../tests/reference/event_file.tfevents");

    /// What that script writes.
    fn events() -> Vec<Event> {
        let png = (0..100u8).collect();
        let event = |step, what| Event {
            wall_time: 1_700_000_000.25 + step as f64,
            step,
            what: Some(what),
        };
        let scalar = |tag: &str, number| Value::scalar(tag.to_string(), number);
        vec![
            event(0, What::FileVersion(VERSION.to_string())),
            event(
                10,
                What::summary(vec![scalar("loss", 0.1), scalar("learning_rate/phi", 0.0625)]),
            ),
            event(20, What::summary(vec![scalar("loss", 0.0)])),
            event(20, What::summary(vec![Value::image("preview".into(), Image::png(7, 300, png))])),
            event(21, What::SessionLog(SessionLog { status: SessionLog::START })),
        ]
    }

    /// The messages in `bytes`, their checksums checked.
    fn read(mut bytes: &[u8]) -> Vec<&[u8]> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_at(8);
            let (sum, rest) = rest.split_at(4);
            assert_eq!(sum, checksum(length));
            let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
            let (message, rest) = rest.split_at(length);
            let (sum, rest) = rest.split_at(4);
            assert_eq!(sum, checksum(message));
            messages.push(message);
            bytes = rest;
        }
        messages
    }

    #[test]
    fn the_real_writer_writes_the_same_bytes() {
        let mut ours = Vec::new();
        for event in events() {
            write(&mut ours, &event.encode_to_vec()).unwrap();
        }
        assert!(ours == REFERENCE, "{ours:?}");
    }

    #[test]
    fn what_the_real_writer_wrote_is_read_back() {
        let read: Vec<Event> =
            read(REFERENCE).into_iter().map(|message| Event::decode(message).unwrap()).collect();
        assert_eq!(read, events());
    }
}
