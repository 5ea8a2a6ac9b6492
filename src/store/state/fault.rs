//! What can go wrong in the database, in the words of the one error.

use std::any::Any;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, Result};
use crate::guarded::guarded as caught;

const REMEDY: &str = "take another copy of the run, or train anew in another folder";

/// An error before it knows its file.
#[derive(Debug)]
pub(super) enum Fault {
    Database(Box<redb::Error>),
    /// The file says what no writing of ours can have left.
    Damaged(String),
    /// The file is whole and is not what was asked for: the problem and the remedy.
    Other(String, &'static str),
}

/// `?` in the midst of the database's many errors.
macro_rules! from {
    ($($error:ident)*) => {$(
        impl From<redb::$error> for Fault {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}
from!(DatabaseError TransactionError TableError StorageError CommitError SetDurabilityError);

/// `Err(damaged(..))`
pub(super) fn damaged(problem: impl Into<String>) -> Fault {
    Fault::Damaged(problem.into())
}

/// What was being done, for errors of the system, which do not say it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing {
    Reading,
    /// Which takes at most so many bytes more of the disk.
    Writing(u64),
}

/// Runs `work` on the file `path`, and says in an error what went wrong with it.
///
/// The database trusts a file that it has written and can panic where something else has changed it. Such a panic ends
/// here, as damage.
pub(super) fn guarded<T>(
    path: &Path,
    doing: Doing,
    work: impl FnOnce() -> Result<T, Fault>,
) -> Result<T> {
    match caught(work) {
        Ok(done) => done.map_err(|fault| told(path, doing, fault)),
        Err(panic) => Err(told(path, doing, damaged(said(panic.as_ref())))),
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("the database cannot go on with it ({text})")
}

fn told(path: &Path, doing: Doing, fault: Fault) -> Error {
    let fault = match fault {
        Fault::Damaged(problem) => {
            return Error::model(path, format!("it is damaged: {problem}"), REMEDY);
        }
        Fault::Other(problem, remedy) => return Error::model(path, problem, remedy),
        Fault::Database(error) => *error,
    };
    match fault {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Error::input(
            format!("store `{}`", path.display()),
            "another process holds it, or this one for the second time",
            "wait until that has ended, or work in another folder",
        ),
        redb::Error::UpgradeRequired(version) => Error::model(
            path,
            format!("it is in version {version} of the database's format"),
            "open it with the version of lacuna that wrote it",
        ),
        redb::Error::Io(error) => system(path, doing, error),
        redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
            system(path, doing, io::Error::other("an earlier access has failed"))
        }
        redb::Error::Corrupted(problem) => told(path, doing, damaged(problem)),
        error => told(path, doing, damaged(error.to_string())),
    }
}

fn system(path: &Path, doing: Doing, error: io::Error) -> Error {
    match (error.kind(), doing) {
        // So the database says that the first bytes are not its own.
        (ErrorKind::InvalidData, _) => Error::model(path, "it is no store of a run", REMEDY),
        (ErrorKind::UnexpectedEof, _) => told(path, doing, damaged("it ends too early")),
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, Doing::Writing(bytes)) => {
            let needed = bytesize::ByteSize(bytes);
            let text = format!("{error}, and what waits takes up to {needed} more");
            Error::write(path)(io::Error::new(error.kind(), text))
        }
        // What mends a file after a crash writes too.
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem, _)
        | (_, Doing::Writing(_)) => Error::write(path)(error),
        (_, Doing::Reading) => Error::read(path)(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_what_is_needed_and_a_panic_is_damage() {
        let path = Path::new("run/state.redb");
        let full = || Err(redb::StorageError::Io(ErrorKind::StorageFull.into()).into());
        let message = guarded::<()>(path, Doing::Writing(3 << 20), full).unwrap_err().to_string();
        assert!(message.contains("state.redb") && message.contains("3.0 MiB"), "{message}");
        // `resume_unwind` unwinds without calling the panic hook, so the test prints nothing.
        let panics = || std::panic::resume_unwind(Box::new("index out of bounds"));
        let message = guarded::<()>(path, Doing::Reading, panics).unwrap_err().to_string();
        assert!(message.contains("damaged") && message.contains("out of bounds"), "{message}");
    }
}
