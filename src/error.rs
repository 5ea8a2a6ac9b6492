//! The one error of the library: it names the value that is wrong and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// All that can go wrong, or end early. Each message is one line: the value, the problem, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read `{}`: {source}; check that it exists and may be read", path.display())]
    Read { path: PathBuf, source: io::Error },

    /// A file or folder could not be written.
    #[error("cannot write `{}`: {}", path.display(), unwritten(source))]
    Write { path: PathBuf, source: io::Error },

    /// A file is there, but it is not a picture that can be used.
    #[error("`{}`: {problem}; {remedy}", path.display())]
    Picture { path: PathBuf, problem: String, remedy: String },

    /// A configuration key is unknown or has a value outside its range.
    #[error("configuration key `{key}`: {problem}; {remedy}")]
    Config { key: String, problem: String, remedy: String },

    /// A model, a checkpoint or a run folder is damaged or of another kind.
    #[error("model `{}`: {problem}; {remedy}", path.display())]
    Model { path: PathBuf, problem: String, remedy: String },

    /// The observer asked to stop before there was anything to hand back.
    #[error("stopped while {doing}")]
    Stopped { doing: String },

    /// Any other value handed in by the caller.
    #[error("{what}: {problem}; {remedy}")]
    Input { what: String, problem: String, remedy: String },
}

/// Why something could not be written, and what to do.
fn unwritten(source: &io::Error) -> String {
    use io::ErrorKind::*;
    let remedy = match source.kind() {
        // What the system says when a folder is to be made where a file stands: "File exists".
        AlreadyExists | NotADirectory => {
            return "it, or what it lies in, is a file; name a folder".into();
        }
        StorageFull | QuotaExceeded => "free some space, or choose another folder",
        PermissionDenied => "check the permissions, or choose another folder",
        NotFound | ReadOnlyFilesystem | Unsupported => {
            "nothing can be made there, choose another folder"
        }
        _ => "free some space, check the permissions, or choose another folder",
    };
    format!("{source}; {remedy}")
}

impl Error {
    /// `map_err(Error::read(path))`
    pub fn read(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Read { path, source }
    }

    /// `map_err(Error::write(path))`
    pub fn write(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Write { path, source }
    }

    /// A picture file with its problem and remedy.
    pub fn picture(
        path: impl AsRef<Path>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        let path = path.as_ref().to_path_buf();
        Error::Picture { path, problem: problem.into(), remedy: remedy.into() }
    }

    /// A configuration key with its problem and remedy.
    pub fn config(
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        Error::Config { key: key.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// A model file or folder with its problem and remedy.
    pub fn model(
        path: impl AsRef<Path>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        let path = path.as_ref().to_path_buf();
        Error::Model { path, problem: problem.into(), remedy: remedy.into() }
    }

    /// The observer asked to stop; `doing` says what was being done, as in "reading photos".
    pub fn stopped(doing: impl Into<String>) -> Error {
        Error::Stopped { doing: doing.into() }
    }

    /// A value handed in by the caller, with its problem and remedy.
    pub fn input(
        what: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        Error::Input { what: what.into(), problem: problem.into(), remedy: remedy.into() }
    }
}
