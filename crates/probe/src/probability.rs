//! A probability as a ratio of two integers, as a `buggify!` states it. Nothing is
//! drawn here.

/// A probability from 0 to 1, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Probability {
    numerator: u32,
    denominator: u32,
}

impl Probability {
    /// `numerator` in `denominator`.
    ///
    /// # Panics
    /// If the denominator is zero or the ratio is more than one; in a constant, as
    /// in `buggify!(3/2)`, that is an error of the compiler.
    pub const fn new(numerator: u32, denominator: u32) -> Probability {
        assert!(denominator > 0, "a probability's denominator is at least 1");
        assert!(numerator <= denominator, "a probability is at most 1");
        let divisor = gcd(numerator, denominator);
        Probability { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    /// How many of [`denominator`](Self::denominator) cases.
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// At least 1.
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// Reads a decimal literal (`0.25`, `1`, `.5` does not exist in Rust) exactly,
    /// so that no float stands between the source and the decision.
    ///
    /// # Panics
    /// If it is no such literal, has more than nine decimals, or is more than one.
    #[doc(hidden)]
    pub const fn from_literal(text: &str) -> Probability {
        let bytes = text.as_bytes();
        let (mut at, mut value, mut scale, mut decimals) = (0, 0_u64, 1_u64, false);
        while at < bytes.len() {
            match bytes[at] {
                digit @ b'0'..=b'9' => {
                    value = value * 10 + (digit - b'0') as u64;
                    scale *= if decimals { 10 } else { 1 };
                    assert!(
                        value <= 1_000_000_000 && scale <= 1_000_000_000,
                        "a probability has at most nine decimals"
                    );
                }
                b'.' => decimals = true,
                b'_' => {}
                _ => panic!("a probability is written as a decimal from 0 to 1, or as a ratio such as 1/4"),
            }
            at += 1;
        }
        assert!(value <= scale, "a probability is at most 1");
        Probability::new(value as u32, scale as u32)
    }
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(literal: &str, numerator: u32, denominator: u32) {
        let read = Probability::from_literal(literal);
        assert_eq!((read.numerator(), read.denominator()), (numerator, denominator), "{literal}");
    }

    #[test]
    fn decimals_are_read_exactly() {
        check("0", 0, 1);
        check("1", 1, 1);
        check("1.0", 1, 1);
        check("0.25", 1, 4);
        check("0.1", 1, 10);
        check("0.000_001", 1, 1_000_000);
        check("0.333333333", 333_333_333, 1_000_000_000);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for literal in ["2", "1.5", "-0.5", "1e-3", "0.25f64", "true", "\"name\"", "0.1234567891", "0.0000000001"] {
            let refused = std::panic::catch_unwind(|| Probability::from_literal(literal));
            assert!(refused.is_err(), "{literal} was read as {refused:?}");
        }
        assert!(std::panic::catch_unwind(|| Probability::new(1, 0)).is_err());
        assert!(std::panic::catch_unwind(|| Probability::new(3, 2)).is_err());
    }

    #[test]
    fn ratios_are_kept_in_lowest_terms() {
        assert_eq!(Probability::new(25, 100), Probability::new(1, 4));
        assert_eq!(Probability::new(0, 7), Probability::new(0, 1));
    }
}
