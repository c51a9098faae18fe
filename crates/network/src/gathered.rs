//! A write of several slices: one write of what they hold together, as the kernel's
//! `writev` is. Decides nothing of its own.

use crate::broken::Broken;
use crate::fabric::Fabric;
use crate::transfer::Handle;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};
use wavetank_engine::Kernel;

/// The most slices that one call takes: `IOV_MAX` of Linux, to which the standard library cuts them.
const SLICES_MAX: usize = 1024;

/// What a gathered write may keep for the next one.
const BYTES_KEPT: usize = 64 * 1024;

/// Where slices are put together; kept, for servers that write so do it with each answer.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    bytes: Vec<u8>,
}

impl Gathered {
    /// What `slices` hold, up to `most` bytes.
    fn gather(&mut self, slices: &[IoSlice<'_>], most: usize) -> &[u8] {
        self.bytes.clear();
        for slice in slices {
            let room = most - self.bytes.len();
            self.bytes.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        &self.bytes
    }

    /// The bytes that it has room for.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Fabric {
    /// Writes as much of `slices`, one behind the other, as the send buffer has room for.
    pub(crate) fn write_vectored(
        &mut self,
        kernel: &mut Kernel,
        handle: Handle,
        cx: &Context<'_>,
        slices: &[IoSlice<'_>],
        replaced: &mut Option<Waker>,
    ) -> Poll<io::Result<usize>> {
        let slices = &slices[..slices.len().min(SLICES_MAX)];
        let mut filled = slices.iter().filter(|slice| !slice.is_empty());
        let first = filled.next().map_or(&[][..], |slice| &**slice);
        if filled.next().is_none() || self.config.broken == Some(Broken::Vectored) {
            return self.write(kernel, handle, cx, first, replaced);
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        // No write takes more than the send buffer holds.
        let data = gathered.gather(slices, self.config.send_buffer as usize);
        let written = self.write(kernel, handle, cx, data, replaced);
        if gathered.memory() <= BYTES_KEPT {
            self.gathered = gathered;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_gathered_in_order_and_no_more_than_asked() {
        let slices = [&b"ab"[..], b"", b"cde", b"f"].map(IoSlice::new);
        let mut gathered = Gathered::default();
        assert_eq!(gathered.gather(&slices, 100), b"abcdef");
        assert_eq!(gathered.gather(&slices, 4), b"abcd");
        assert_eq!(gathered.gather(&[], 4), b"");
    }
}
