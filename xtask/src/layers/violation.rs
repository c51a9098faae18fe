//! What can be wrong with the layers, and how it reads.
//!
//! `arrows` finds what manifests get wrong, `sources` what files do.

use std::fmt;

/// One violation. A package is given by its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A package that the table does not have, or under another name.
    Unknown { folder: String, package: String },
    /// An arrow to a higher level.
    Up { from: String, to: String },
    /// An arrow within a level.
    Sideways { from: String, to: String },
    /// The network sees the storage, or the other way round.
    DevicesMeet { from: String, to: String },
    /// The framework depends on a system, if only in its tests.
    OnSystem { from: String, to: String },
    /// An arrow down that the table does not have.
    Unlisted { from: String, to: String },
    /// An arrow that the table allows behind a feature only.
    NotOptional { from: String, to: String },
    /// A dev-dependency on something that depends on us.
    DevCycle { from: String, to: String },
    /// Tokio's I/O traits need no feature, and `core` takes nothing else.
    TokioFeature { package: String, feature: String },
    /// A crate without I/O asks the operating system.
    System { place: String, line: usize, path: String },
    /// `unsafe` where the table allows none.
    Unsafe { place: String, line: usize },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { folder, package } => {
                write!(f, "{folder}: package {package} is not in the table of layers (xtask/src/layers/table.rs)")
            }
            Self::Up { from, to } => write!(f, "{from} depends on {to}, which stands above it"),
            Self::Sideways { from, to } => write!(f, "{from} depends on {to}, which stands beside it"),
            Self::DevicesMeet { from, to } => {
                write!(f, "{from} depends on {to}: network and storage never see each other")
            }
            Self::OnSystem { from, to } => write!(f, "{from} depends on {to}: nothing in crates/ depends on systems/"),
            Self::Unlisted { from, to } => {
                write!(f, "{from} depends on {to}, which its row in the table of layers lacks")
            }
            Self::NotOptional { from, to } => write!(f, "{from} depends on {to} without a feature that switches it on"),
            Self::DevCycle { from, to } => write!(f, "{from} dev-depends on {to}, which depends on {from}"),
            Self::TokioFeature { package, feature } => {
                write!(f, "{package} takes tokio's {feature}; of tokio only the I/O traits, without features")
            }
            Self::System { place, line, path } => {
                write!(f, "{place}:{line}: {path} touches the operating system, which this crate must not")
            }
            Self::Unsafe { place, line } => write!(f, "{place}:{line}: unsafe code outside the files that may have it"),
        }
    }
}
