//! How slow and how hostile a disk is. Draws nothing.

use crate::broken::Broken;
use std::ops::RangeInclusive;
use std::time::Duration;
use wavetank_engine::Ratio;

/// From one duration to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DurationRange {
    /// The shortest; the benign choice.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl DurationRange {
    /// No time at all.
    pub const ZERO: DurationRange = DurationRange { min: Duration::ZERO, max: Duration::ZERO };

    /// From `min` to `max`.
    pub const fn new(min: Duration, max: Duration) -> DurationRange {
        DurationRange { min, max }
    }

    const fn micros(min: u64, max: u64) -> DurationRange {
        DurationRange { min: Duration::from_micros(min), max: Duration::from_micros(max) }
    }
}

impl From<RangeInclusive<Duration>> for DurationRange {
    fn from(range: RangeInclusive<Duration>) -> DurationRange {
        DurationRange { min: *range.start(), max: *range.end() }
    }
}

/// The disks of a simulation.
///
/// An operation on the device takes `1/iops + size/bandwidth` in a queue per disk,
/// and a drawn latency that does not hold up the next one. Buffered writes and
/// reads from the page cache take no time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfiguration {
    /// Operations per second; above zero.
    pub iops: u64,
    /// Bytes per second; above zero.
    pub bandwidth: u64,
    /// Latency of reads from the device: cold pages, opening, looking up, listing.
    pub read_latency: DurationRange,
    /// Latency of changes to directories: creating, renaming, deleting.
    pub write_latency: DurationRange,
    /// Latency of syncs, of files and of directories.
    pub sync_latency: DurationRange,
    /// Bytes of file contents that a disk has room for, in whole pages of 4 KiB.
    pub capacity: u64,

    /// How often a read is corrupted. Not supported yet.
    pub read_fault_probability: Ratio,
    /// How often a write is corrupted. Not supported yet.
    pub write_fault_probability: Ratio,
    /// How often something unsynced does not survive a machine's crash, drawn for
    /// each write, size and directory entry, and for each operation under way when
    /// its process dies. A write that survives is torn with the same probability.
    pub crash_fault_probability: Ratio,
    /// How often a write goes elsewhere. Not supported yet.
    pub misdirect_write_probability: Ratio,
    /// How often a read comes from elsewhere. Not supported yet.
    pub misdirect_read_probability: Ratio,
    /// How often a write is acknowledged and lost. Not supported yet.
    pub phantom_write_probability: Ratio,
    /// How often a sync fails with `EIO`. What it should have written stays
    /// readable, is marked clean, and is gone after a machine's crash, although a
    /// later sync says `Ok` (Rebello et al., "Can Applications Recover from fsync
    /// Failures?", USENIX ATC 2020). Each other handle that is open then is told once, by
    /// its next sync, as Linux does.
    pub sync_failure_probability: Ratio,

    /// A promise to break: for tests of tests only.
    #[serde(skip)]
    pub broken: Option<Broken>,
}

impl Default for StorageConfiguration {
    /// A cloud volume, and crashes that lose half of what was not synced. 25,000
    /// operations and 150 MB per second are the storage plan's figures.
    #[inline]
    fn default() -> Self {
        StorageConfiguration {
            iops: 25_000,
            bandwidth: 150_000_000,
            read_latency: DurationRange::micros(50, 150),
            write_latency: DurationRange::micros(50, 150),
            sync_latency: DurationRange::micros(200, 2_000),
            capacity: u64::MAX,
            read_fault_probability: Ratio::ZERO,
            write_fault_probability: Ratio::ZERO,
            crash_fault_probability: Ratio::new(1, 2),
            misdirect_write_probability: Ratio::ZERO,
            misdirect_read_probability: Ratio::ZERO,
            phantom_write_probability: Ratio::ZERO,
            sync_failure_probability: Ratio::ZERO,
            broken: None,
        }
    }
}

impl StorageConfiguration {
    /// A disk without latency that loses nothing, not even what was never synced.
    pub fn perfect() -> StorageConfiguration {
        StorageConfiguration {
            iops: 1_000_000_000,
            bandwidth: u64::MAX,
            read_latency: DurationRange::ZERO,
            write_latency: DurationRange::ZERO,
            sync_latency: DurationRange::ZERO,
            crash_fault_probability: Ratio::ZERO,
            ..StorageConfiguration::default()
        }
    }

    /// A slow disk that loses most of what was not synced, and fails one sync in a hundred.
    pub fn hostile() -> StorageConfiguration {
        StorageConfiguration {
            iops: 500,
            bandwidth: 20_000_000,
            read_latency: DurationRange::micros(100, 20_000),
            write_latency: DurationRange::micros(100, 20_000),
            sync_latency: DurationRange::micros(1_000, 200_000),
            crash_fault_probability: Ratio::new(3, 4),
            sync_failure_probability: Ratio::new(1, 100),
            ..StorageConfiguration::default()
        }
    }

    /// Whether a disk can be like that.
    ///
    /// # Errors
    /// A rate of zero, a range that ends before it begins, or a fault that is not
    /// there yet and has a probability above zero.
    #[inline]
    pub fn validate(&self) -> Result<(), StorageConfigError> {
        for (field, rate) in [("iops", self.iops), ("bandwidth", self.bandwidth)] {
            if rate == 0 {
                return Err(StorageConfigError::ZeroRate { field });
            }
        }
        let ranges = [
            ("read_latency", self.read_latency),
            ("write_latency", self.write_latency),
            ("sync_latency", self.sync_latency),
        ];
        for (field, range) in ranges {
            if range.max < range.min {
                return Err(StorageConfigError::InvertedRange { field });
            }
        }
        let missing = [
            ("read_fault_probability", self.read_fault_probability),
            ("write_fault_probability", self.write_fault_probability),
            ("misdirect_write_probability", self.misdirect_write_probability),
            ("misdirect_read_probability", self.misdirect_read_probability),
            ("phantom_write_probability", self.phantom_write_probability),
        ];
        for (field, probability) in missing {
            if !probability.is_zero() {
                return Err(StorageConfigError::NotSupportedYet { field });
            }
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn breaks(&self, promise: Broken) -> bool {
        self.broken == Some(promise)
    }
}

/// A configuration that no disk can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageConfigError {
    /// The fault does not exist yet; its probability must stay zero.
    #[error("{field} is not supported yet: leave it at zero")]
    NotSupportedYet {
        /// The field.
        field: &'static str,
    },
    /// A disk that does nothing per second never ends.
    #[error("{field} must be above zero")]
    ZeroRate {
        /// The field.
        field: &'static str,
    },
    /// The longest is shorter than the shortest.
    #[error("{field} ends before it begins")]
    InvertedRange {
        /// The field.
        field: &'static str,
    },
}
