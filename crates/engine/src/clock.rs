//! A machine's clocks: monotonic with a rate, wall with an offset and a drift.
//! Global time stays with the engine; nobody else sees it.

use std::time::{Duration, SystemTime};

const BILLION: i128 = 1_000_000_000;

/// The wall clock's time at global time zero: 2026-01-01 00:00:00 UTC, in seconds since 1970.
pub const WALL_START_SECONDS: u64 = 1_767_225_600;

/// One machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    exact: bool,
    base_global: u64,
    base_local: u64,
    rate_ppb: i64,
    wall_offset_nanos: i64,
    wall_drift_ppb: i64,
    /// What the monotonic clock showed when the drift began.
    wall_drift_from: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock {
            exact: true,
            base_global: 0,
            base_local: 0,
            rate_ppb: 0,
            wall_offset_nanos: 0,
            wall_drift_ppb: 0,
            wall_drift_from: 0,
        }
    }
}

/// The largest rate error and drift: 5 % in parts per billion, far beyond what a
/// broken crystal does (Lamport clocks aside, NTP gives up at 500 ppm).
pub const RATE_PPB_MOST: i64 = 50_000_000;

impl Clock {
    /// The monotonic clock when global time is `global`.
    #[inline]
    pub fn local(&self, global: u64) -> u64 {
        if self.exact {
            return global;
        }
        let passed = i128::from(global.saturating_sub(self.base_global));
        clamp(i128::from(self.base_local) + passed + passed * i128::from(self.rate_ppb) / BILLION)
    }

    /// The first global time at which the monotonic clock shows at least `local`.
    #[inline]
    pub fn global(&self, local: u64) -> u64 {
        if self.exact {
            return local;
        }
        if local == u64::MAX {
            return u64::MAX;
        }
        let ahead = i128::from(local) - i128::from(self.base_local);
        let rate = BILLION + i128::from(self.rate_ppb);
        let estimate = i128::from(self.base_global) + (ahead * BILLION).div_euclid(rate);
        // Rounding may have gone either way.
        let mut global = clamp((estimate - 2).max(i128::from(self.base_global)));
        while global < u64::MAX && self.local(global) < local {
            global += 1;
        }
        global
    }

    /// The wall clock when global time is `global`.
    pub fn wall(&self, global: u64) -> SystemTime {
        let local = i128::from(self.local(global));
        let nanos =
            i128::from(WALL_START_SECONDS) * BILLION + local + self.drifted(local) + i128::from(self.wall_offset_nanos);
        SystemTime::UNIX_EPOCH + Duration::from_nanos(clamp(nanos))
    }

    /// Changes the rate from now on, by parts per billion of real time; the clock does not jump.
    ///
    /// # Panics
    /// If the rate is beyond [`RATE_PPB_MOST`].
    pub fn set_rate(&mut self, global: u64, rate_ppb: i64) {
        assert!(rate_ppb.abs() <= RATE_PPB_MOST, "a clock's rate is within 5 % of real time");
        *self = Clock { exact: false, base_global: global, base_local: self.local(global), rate_ppb, ..*self };
    }

    /// Makes the wall clock jump by so many nanoseconds.
    pub fn step_wall(&mut self, nanos: i64) {
        self.wall_offset_nanos = self.wall_offset_nanos.saturating_add(nanos);
    }

    /// Makes the wall clock gain or lose parts per billion against the monotonic one,
    /// from now on; it does not jump.
    ///
    /// # Panics
    /// If the drift is beyond [`RATE_PPB_MOST`].
    pub fn set_wall_drift(&mut self, global: u64, drift_ppb: i64) {
        assert!(drift_ppb.abs() <= RATE_PPB_MOST, "a wall clock's drift is within 5 %");
        let local = self.local(global);
        self.step_wall(self.drifted(i128::from(local)) as i64);
        self.wall_drift_ppb = drift_ppb;
        self.wall_drift_from = local;
    }

    /// Whether the wall clock was stepped, and not back.
    pub fn is_stepped(&self) -> bool {
        self.wall_offset_nanos != 0
    }

    /// Whether the monotonic clock runs fast or slow.
    pub fn is_skewed(&self) -> bool {
        self.rate_ppb != 0
    }

    /// Whether it is stepped or runs at a wrong rate.
    pub fn is_disturbed(&self) -> bool {
        self.is_stepped() || self.is_skewed()
    }

    /// Sets the wall clock right, and lets the monotonic one run at its rate from now on;
    /// what it gained or lost it keeps.
    pub fn correct(&mut self, global: u64) {
        if self.is_skewed() {
            self.set_rate(global, 0);
        }
        self.wall_offset_nanos = 0;
    }

    /// What the wall clock has gained by its drift.
    fn drifted(&self, local: i128) -> i128 {
        (local - i128::from(self.wall_drift_from)) * i128::from(self.wall_drift_ppb) / BILLION
    }
}

fn clamp(nanos: i128) -> u64 {
    nanos.clamp(0, i128::from(u64::MAX)) as u64
}
