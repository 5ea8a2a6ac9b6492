//! What the machine has.

use std::path::Path;

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::Reading;
use crate::error::{Error, Result};
use crate::report::mebibytes;

/// Memory of this machine and of this process.
#[derive(Debug)]
pub struct Machine {
    /// Not there where the system tells nothing; nothing is known then.
    system: Option<System>,
    process: Option<Pid>,
}

impl Machine {
    /// The machine that this runs on.
    pub fn here() -> Self {
        Self { system: System::new().ok(), process: sysinfo::get_current_pid().ok() }
    }

    /// How it stands now. Inside a container the container's limit counts where it is the lower one.
    pub fn read(&mut self) -> Reading {
        let Some(system) = &mut self.system else { return Reading { used: 0, free: u64::MAX } };
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let free = system.available_memory();
        // Not what the container calls free: it counts the pages of files that were read, which make room by themselves.
        let limits = system.cgroup_limits();
        let allowed = limits.map_or(free, |limits| limits.total_memory.saturating_sub(limits.rss));
        let used = self.process.map_or(0, |process| used(system, process));
        Reading { used, free: free.min(allowed) }
    }
}

/// Resident bytes of `process`.
fn used(system: &mut System, process: Pid) -> u64 {
    let what = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), false, what);
    system.process(process).map_or(0, |process| process.memory())
}

/// Bytes that can still be written where `path` is or will be; `None` where the system does not tell.
pub fn disk_free(path: &Path) -> Option<u64> {
    let mut there = path.ancestors().filter(|path| !path.as_os_str().is_empty());
    let there = there.find(|path| path.exists()).unwrap_or(Path::new("."));
    let space = fs4::statvfs(there).ok()?;
    // A place without any room is none of a disk, as /proc.
    (space.total_space() > 0).then(|| space.available_space())
}

/// `Ok` where `free` bytes in `folder`, or as many as the system does not tell, are enough for `needed`.
///
/// # Errors
/// [`Error::Input`], which names both.
pub fn enough_disk(needed: u64, free: Option<u64>, folder: &Path) -> Result<()> {
    let Some(free) = free.filter(|free| *free < needed) else { return Ok(()) };
    let (needed, free, place) = (mebibytes(needed), mebibytes(free), folder.display());
    let problem = format!("about {needed} are needed, {free} are free in `{place}`");
    Err(Error::input("disk", problem, "free some space, or choose another folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_takes_is_seen() {
        let mut machine = Machine::here();
        let before = machine.read();
        let taken = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = machine.read();
        assert!(before.free > 0 && before.used > 0);
        assert!(after.used >= before.used + (60 << 20), "{before:?} {after:?}");
        drop(taken);
    }

    #[test]
    fn the_disk_of_a_folder_that_is_still_to_be_made_is_that_around_it() {
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (disk_free(dir.path()), disk_free(&dir.path().join("a/b")));
        assert!(here.is_some_and(|free| free > 0) && there.is_some());
        assert!(disk_free(Path::new("not/there/yet")).is_some());
        if cfg!(target_os = "linux") {
            assert_eq!(disk_free(Path::new("/proc/there")), None);
        }
    }
}
