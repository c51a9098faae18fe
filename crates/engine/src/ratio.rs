//! Probabilities as integer ratios, so that no float decides anything.

use std::fmt;

/// A probability between 0 and 1, in parts of 2^32.
///
/// ```
/// use wavetank_engine::Ratio;
/// let quarter = Ratio::new(1, 4);
/// assert_eq!(quarter, Ratio::try_from(0.25).unwrap());
/// assert!(Ratio::try_from(1.5).is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Ratio(u64);

const ONE: u64 = 1 << 32;

impl Ratio {
    /// Never.
    pub const ZERO: Ratio = Ratio(0);
    /// Always.
    pub const ONE: Ratio = Ratio(ONE);

    /// `numerator` in `denominator`.
    ///
    /// # Panics
    /// If the denominator is zero or less than the numerator.
    pub const fn new(numerator: u32, denominator: u32) -> Ratio {
        assert!(denominator > 0 && numerator <= denominator, "a probability lies between 0 and 1");
        Ratio(numerator as u64 * ONE / denominator as u64)
    }

    /// From parts of 2^32.
    ///
    /// # Panics
    /// If there are more than 2^32.
    pub const fn from_parts(parts: u64) -> Ratio {
        assert!(parts <= ONE, "a probability lies between 0 and 1");
        Ratio(parts)
    }

    /// Parts of 2^32.
    pub const fn parts(self) -> u64 {
        self.0
    }

    /// Whether it never happens.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether 64 uniform bits fall within it.
    #[inline]
    pub const fn holds(self, draw: u64) -> bool {
        (draw >> 32) < self.0
    }
}

/// A float that is not a probability.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a probability: it must lie between 0 and 1")]
pub struct NotAProbability(pub f64);

impl TryFrom<f64> for Ratio {
    type Error = NotAProbability;

    /// Rounded down to parts of 2^32, but not to zero: what is not impossible may happen.
    fn try_from(value: f64) -> Result<Ratio, NotAProbability> {
        if !(0.0..=1.0).contains(&value) {
            return Err(NotAProbability(value));
        }
        let parts = (value * ONE as f64) as u64;
        Ok(Ratio(if value > 0.0 { parts.max(1) } else { 0 }))
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/2^32", self.0)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0 as f64 / ONE as f64)
    }
}
