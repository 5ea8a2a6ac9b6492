//! A process that ends without waiting for its threads leaves no partial file. Alone in its process, in which nothing
//! can be written from there on.

use std::fs;
use std::sync::mpsc::channel;
use std::thread;

use lacuna::store::{abandon_writes, write_with};

#[test]
fn a_file_that_is_being_written_is_taken_away_and_the_old_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.bin");
    fs::write(&path, b"old").unwrap();
    let (begun, was_begun) = channel();
    let (_wait, waiting) = channel::<()>();
    let writing = path.clone();
    thread::spawn(move || {
        write_with(writing, |out| {
            out.write_all(b"half of it")?;
            begun.send(()).unwrap();
            let _ = waiting.recv();
            Ok(())
        })
    });
    was_begun.recv().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    abandon_writes();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(fs::read(&path).unwrap(), b"old");
}
