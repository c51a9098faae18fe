//! Why a corpus cannot be read or written, in one line. Who finds it out is in the other files.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the corpus cannot be read or written.
#[derive(Debug, Error)]
pub enum CorpusError {
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: it is no entry of the corpus: {source}", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Overrides lie beside the seed of another run.
    #[error(
        "{}: it is of another run than the seed.json beside it: whoever wrote them was killed in between, or it was changed there, where a copy elsewhere could be run",
        .0.display()
    )]
    Mixed(PathBuf),
    /// There is no such entry.
    #[error("the corpus has no entry `{0}`")]
    Unknown(String),
}

/// What is to be said of a file or folder that failed.
pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> CorpusError + use<> {
    let path = path.to_path_buf();
    move |source| CorpusError::File { path, source }
}
