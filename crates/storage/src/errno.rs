//! The errors that a file system call gives, by their Linux numbers. Decides
//! nowhere when one is due.

use std::io;

/// An error number of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    pub(crate) const NOT_FOUND: Errno = Errno(2);
    pub(crate) const INPUT_OUTPUT: Errno = Errno(5);
    pub(crate) const BAD_HANDLE: Errno = Errno(9);
    pub(crate) const BUSY: Errno = Errno(16);
    pub(crate) const EXISTS: Errno = Errno(17);
    pub(crate) const NOT_A_DIRECTORY: Errno = Errno(20);
    pub(crate) const IS_A_DIRECTORY: Errno = Errno(21);
    pub(crate) const INVALID: Errno = Errno(22);
    pub(crate) const TOO_BIG: Errno = Errno(27);
    pub(crate) const NO_SPACE: Errno = Errno(28);
    pub(crate) const NAME_TOO_LONG: Errno = Errno(36);
    pub(crate) const NOT_EMPTY: Errno = Errno(39);
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.0)
    }
}
