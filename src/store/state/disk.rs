//! A disk in memory that fails when it is told to, and loses what was not synced.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use redb::StorageBackend;

use crate::runtime::stream;

/// What a real disk writes whole or not at all.
const SECTOR: usize = 512;

/// What becomes of the operation that is to fail, and of all after it until [`Disk::mend`] unless it is the only one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Failure {
    /// Nothing is written, and this is said.
    Error(ErrorKind),
    /// Half of it is written.
    Short,
}

#[derive(Debug, Default)]
struct Inner {
    /// What reads see.
    now: Vec<u8>,
    /// What a power cut leaves.
    durable: Vec<u8>,
    /// Since the last sync.
    unsynced: Vec<Change>,
    /// Operations so far: all but reads and questions for the length.
    done: u64,
    reads: u64,
    fail_at: Option<(u64, Failure)>,
    /// Whether only that one fails.
    once: bool,
    fail_read: Option<u64>,
    failed: bool,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(at, data) => {
                // A write behind an end that was lost makes the file longer, as it does on a disk.
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }
}

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

impl Disk {
    pub fn holding(bytes: Vec<u8>) -> Self {
        let inner = Inner { now: bytes.clone(), durable: bytes, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Operations that change it, so far.
    pub fn operations(&self) -> u64 {
        self.inner().done
    }

    pub fn reads(&self) -> u64 {
        self.inner().reads
    }

    /// Of the operations from here on number `n`, counted from 0, and every later one fail.
    pub fn fail_next(&self, n: u64, failure: Failure) {
        let mut inner = self.inner();
        inner.fail_at = Some((inner.done + n, failure));
    }

    /// Of the operations from here on number `n` alone fails.
    pub fn fail_once(&self, n: u64, failure: Failure) {
        self.fail_next(n, failure);
        self.inner().once = true;
    }

    /// Read `n`, counted from 0, and every later one fail.
    pub fn fail_read(&self, n: u64) {
        self.inner().fail_read = Some(n);
    }

    /// From here on nothing fails.
    pub fn mend(&self) {
        let mut inner = self.inner();
        (inner.fail_at, inner.fail_read, inner.failed) = (None, None, false);
    }

    pub fn has_failed(&self) -> bool {
        self.inner().failed
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.inner().now.clone()
    }

    /// What is there after a power cut: all that was synced, and of the rest what `keep` draws, sector by sector, in
    /// any order of the sectors.
    pub fn after_power_cut(&self, keep: Keep) -> Self {
        let inner = self.inner();
        let mut bytes = inner.durable.clone();
        let mut dice = keep.dice();
        for change in &inner.unsynced {
            match change {
                Change::Length(_) if keep.draw(&mut dice) => change.apply(&mut bytes),
                Change::Length(_) => {}
                Change::Write(at, data) => {
                    for (i, sector) in data.chunks(SECTOR).enumerate() {
                        if keep.draw(&mut dice) {
                            Change::Write(at + i * SECTOR, sector.to_vec()).apply(&mut bytes);
                        }
                    }
                }
            }
        }
        Self::holding(bytes)
    }

    /// Counts an operation; what is to be done with it.
    fn step(inner: &mut Inner) -> io::Result<Option<Failure>> {
        let at = inner.done;
        inner.done += 1;
        match inner.fail_at {
            Some((n, failure)) if at == n || at > n && !inner.once => {
                inner.failed = true;
                match failure {
                    Failure::Error(kind) => Err(kind.into()),
                    Failure::Short => Ok(Some(failure)),
                }
            }
            _ => Ok(None),
        }
    }
}

/// Which unsynced sectors a power cut leaves.
#[derive(Debug, Clone, Copy)]
pub enum Keep {
    None,
    /// About one of two, by this seed.
    Some(u64),
}

impl Keep {
    fn dice(self) -> ChaCha8Rng {
        stream(if let Self::Some(seed) = self { seed } else { 0 }, "sectors")
    }

    fn draw(self, dice: &mut ChaCha8Rng) -> bool {
        matches!(self, Self::Some(_)) && dice.next_u32() & 1 == 1
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut inner = self.inner();
        let at = inner.reads;
        inner.reads += 1;
        if inner.fail_read.is_some_and(|n| at >= n) {
            inner.failed = true;
            return Err(io::Error::other("the disk cannot be read"));
        }
        let from = offset as usize;
        let found = from.checked_add(out.len()).and_then(|to| inner.now.get(from..to));
        out.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut inner = self.inner();
        if Self::step(&mut inner)?.is_some() {
            return Err(ErrorKind::StorageFull.into());
        }
        let change = Change::Length(length as usize);
        change.apply(&mut inner.now);
        inner.unsynced.push(change);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        if Self::step(&mut inner)?.is_some() {
            return Err(io::Error::other("the disk cannot be synced"));
        }
        inner.unsynced.clear();
        inner.durable = inner.now.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        let failure = Self::step(&mut inner)?;
        let data = if failure.is_some() { &data[..data.len() / 2] } else { data };
        let change = Change::Write(offset as usize, data.to_vec());
        change.apply(&mut inner.now);
        inner.unsynced.push(change);
        match failure {
            Some(_) => Err(ErrorKind::WriteZero.into()),
            None => Ok(()),
        }
    }
}
