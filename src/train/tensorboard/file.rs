//! One event file: `DIR/events.out.tfevents.TIME.lacuna.PID`, which is only ever added to.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use super::proto::{Event, VERSION, What};
use super::record;

const PREFIX: &str = "events.out.tfevents.";

pub struct EventFile(File);

impl EventFile {
    /// A new file in `folder`, which is made where it is missing.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // Files are read in the order of their names, and two parts of a run may be of one second.
        let after = times(folder)?.max().map_or(0, |time| time + 1);
        let time = (now() as u64).max(after);
        let path = folder.join(format!("{PREFIX}{time:010}.lacuna.{}", process::id()));
        let mut file = Self(File::create_new(path)?);
        file.write(0, What::FileVersion(VERSION.to_string()))?;
        Ok(file)
    }

    pub fn write(&mut self, step: u64, what: What) -> io::Result<()> {
        let event = Event { wall_time: now(), step: step as i64, what: Some(what) };
        record::write(&mut self.0, &event.encode_to_vec())
    }
}

/// The times in the names of the event files in `folder`.
fn times(folder: &Path) -> io::Result<impl Iterator<Item = u64>> {
    Ok(fs::read_dir(folder)?.flatten().filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
    }))
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_file_comes_later_by_its_name_too() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/board");
        for _ in 0..3 {
            EventFile::create(&folder).unwrap();
        }
        let mut times: Vec<u64> = times(&folder).unwrap().collect();
        times.sort_unstable();
        assert_eq!(times, [times[0], times[0] + 1, times[0] + 2]);
    }
}
