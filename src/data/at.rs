//! Reading and writing at a place of a file, from any thread.

use std::fs::File;
use std::io;

#[cfg(unix)]
use std::os::unix::fs::FileExt;
#[cfg(windows)]
use std::os::windows::fs::FileExt;

/// At least one byte of `bytes` unless the file ends at `at`; how many.
pub(super) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return file.read_at(bytes, at);
    #[cfg(windows)]
    return file.seek_read(bytes, at);
}

/// All of `bytes`, or an error of the kind [`io::ErrorKind::UnexpectedEof`].
pub(super) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match read_at(file, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => (bytes, at) = (&mut bytes[read..], at + read as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of `bytes`.
pub(super) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    #[cfg(unix)]
    return file.write_all_at(bytes, at);
    #[cfg(windows)]
    {
        let mut written = 0;
        while written < bytes.len() {
            match file.seek_write(&bytes[written..], at + written as u64)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => written += count,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_at_its_place_and_nothing_beyond_the_end() {
        let file = tempfile::tempfile().unwrap();
        write_all_at(&file, b"cd", 2).unwrap();
        write_all_at(&file, b"ab", 0).unwrap();
        let mut bytes = [0; 3];
        read_exact_at(&file, &mut bytes, 1).unwrap();
        assert_eq!(&bytes, b"bcd");
        assert_eq!(read_at(&file, &mut bytes, 3).unwrap(), 1);
        assert_eq!(read_at(&file, &mut bytes, 4).unwrap(), 0);
        let error = read_exact_at(&file, &mut bytes, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
