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
        let gathered = filled.next().is_some().then(|| gather(slices, self.config.send_buffer as usize));
        let data = match &gathered {
            Some(gathered) if self.config.broken != Some(Broken::Vectored) => gathered,
            _ => first,
        };
        self.write(kernel, handle, cx, data, replaced)
    }
}

/// What `slices` hold, up to `most` bytes: no write takes more than the send buffer holds.
fn gather(slices: &[IoSlice<'_>], most: usize) -> Vec<u8> {
    let held = slices.iter().map(|slice| slice.len()).sum::<usize>();
    let mut gathered = Vec::with_capacity(held.min(most));
    for slice in slices {
        gathered.extend_from_slice(&slice[..slice.len().min(most - gathered.len())]);
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_gathered_in_order_and_no_more_than_asked() {
        let slices = [&b"ab"[..], b"", b"cde", b"f"].map(IoSlice::new);
        assert_eq!(gather(&slices, 100), b"abcdef");
        assert_eq!(gather(&slices, 4), b"abcd");
        assert_eq!(gather(&[], 4), b"");
    }
}
